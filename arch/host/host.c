/* SPDX-License-Identifier: Apache-2.0 */
/* The fake architecture; contract in host.h and kernel/port.h. */
#include "arch/host/host.h"

#include <stdio.h>
#include <stdlib.h>

#include "abi/vcpu.h"
#include "kernel/vgic_port.h"

struct host host;

uint64_t arch_now(void)
{
	return host.now;
}

uint64_t arch_ticks_per_second(void)
{
	return HOST_TICKS_PER_SECOND;
}

void arch_timer_program(uint64_t deadline)
{
	host.deadline = deadline;
}

struct cpu *arch_cpu(void)
{
	return host.cpu;
}

void arch_ipi(const struct cpu *target)
{
	host.ipis[target->index]++;
}

bool arch_idle(struct cpu *cpu)
{
	host.idle(cpu);
	return host.idle_served;
}

void arch_interrupts(struct cpu *cpu)
{
	(void)cpu;
}

void arch_pause(void)
{
}

/* The vCPU's list registers come to the CPU, or go: one vCPU is loaded at a time. */
static void host_unload(struct cpu *cpu)
{
	if (cpu->loaded == NULL)
		return;
	vgic_save(&cpu->loaded->vcpu->vgic);
	cpu->loaded = NULL;
}

void arch_vcpu_unload(struct cpu *cpu)
{
	host_unload(cpu);
}

void arch_thread_load(struct cpu *cpu, struct thread *to)
{
	if (to->vcpu == NULL || cpu->loaded == to)
		return;
	cpu->loaded = to;
	vgic_load(&to->vcpu->vgic);
}

void arch_thread_discard(struct cpu *cpu, struct thread *thread)
{
	host.discards++;
	if (cpu->loaded == thread)
		host_unload(cpu);
}

void arch_context_init(struct context *context, uint64_t entry, uint64_t stack, uint64_t argument)
{
	*context = (struct context){.pc = entry, .sp = stack};
	context->x[0] = argument;
}

void arch_vcpu_enter(struct cpu *cpu, struct thread *thread)
{
	arch_thread_load(cpu,
	                 thread); /* its registers may have been reset since it was dispatched */
	cpu->guest_live = thread;
}

void arch_vcpu_leave(struct cpu *cpu, struct thread *thread)
{
	(void)thread;
	cpu->guest_live = NULL;
}

void arch_vcpu_reset(struct vcpu *vcpu)
{
	struct cpu *cpu = vcpu->thread->cpu;

	if (cpu->loaded == vcpu->thread)
		host_unload(cpu);
	timer_cancel(&cpu->timers, &vcpu->physical_timer);
	vcpu->guest = (struct context){0};
	vcpu->ptimer_control = 0u;
	vcpu->ptimer_compare = 0u;
	vgic_cpu_reset(&vcpu->vgic);
}

void arch_vcpu_complete_read(struct vcpu *vcpu, uint64_t value)
{
	(void)vcpu;
	host.read_value = value;
	host.advances++;
}

void arch_vcpu_advance(struct vcpu *vcpu)
{
	(void)vcpu;
	host.advances++;
}

void arch_vcpu_inject_abort(struct vcpu *vcpu, bool fetch)
{
	(void)vcpu;
	(void)fetch;
	host.injected_aborts++;
}

void arch_vcpu_inject_undefined(struct vcpu *vcpu, bool long_instruction)
{
	(void)vcpu;
	(void)long_instruction;
	host.injected_undefined++;
}

bool arch_vcpu_get(struct vcpu *vcpu, uint64_t number, uint64_t *value)
{
	if (number > VCPU_REG_X30)
		return false;
	*value = vcpu->guest.x[number];
	return true;
}

bool arch_vcpu_set(struct vcpu *vcpu, uint64_t number, uint64_t value)
{
	if (number == VCPU_REG_RESET) {
		arch_vcpu_reset(vcpu);
		return true;
	}
	if (number > VCPU_REG_X30)
		return false;
	vcpu->guest.x[number] = value;
	return true;
}

void arch_irq_enable(uint32_t intid, const struct cpu *cpu)
{
	(void)intid;
	(void)cpu;
	host.irq_enables++;
}

void arch_irq_route(uint32_t intid, const struct cpu *cpu)
{
	(void)intid;
	(void)cpu;
}

void arch_irq_disable(uint32_t intid)
{
	(void)intid;
	host.irq_disables++;
}

void arch_irq_deactivate(uint32_t intid)
{
	(void)intid;
	host.deactivations++;
}

void arch_console_write(const char *text)
{
	fputs(text, stderr);
}

void arch_stop_others(void)
{
}

_Noreturn void arch_halt(void)
{
	abort();
}

void arch_system_off(void)
{
	host.off_calls++;
}

void arch_system_reset(void)
{
	host.off_calls++;
}
