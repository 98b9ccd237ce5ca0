/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled system; contract in system.h. */
#include "kernel/system.h"

#include "kernel/budget.h"
#include "kernel/panic.h"
#include "kernel/process.h"
#include "kernel/trace.h"

#define OBJECT_ALIGN 64u
#define OBJECT_STRIDE(type) \
	((uint32_t)((sizeof(type) + OBJECT_ALIGN - 1u) / OBJECT_ALIGN * OBJECT_ALIGN))

/* bhc reads this record of the kernel ELF and reserves the arrays. */
const struct object_size object_sizes[OBJECT_KINDS]
	__attribute__((section(".bulkhead.sizes"), used)) = {
		{OBJECT_CPU, OBJECT_STRIDE(struct cpu)},
		{OBJECT_THREAD, OBJECT_STRIDE(struct thread)},
		{OBJECT_PROCESS, OBJECT_STRIDE(struct process)},
		{OBJECT_VM, OBJECT_STRIDE(struct vm)},
		{OBJECT_VCPU, OBJECT_STRIDE(struct vcpu)},
		{OBJECT_INTERRUPT, OBJECT_STRIDE(struct interrupt)},
		{OBJECT_TRACE, OBJECT_STRIDE(struct trace_ring)},
};

_Static_assert(SYSTEM_THREAD_BYTES == OBJECT_STRIDE(struct thread), "both are the array's stride");

static const struct config *the_config;
char *system_threads;

const struct config *system_config(void)
{
	return the_config;
}

static void *system_object(uint32_t kind, uint32_t index, uint32_t stride)
{
	return (void *)(uintptr_t)(the_config->objects[kind] + (uint64_t)index * stride);
}

struct cpu *system_cpu(uint32_t index)
{
	return system_object(OBJECT_CPU, index, OBJECT_STRIDE(struct cpu));
}

struct process *system_process(uint32_t index)
{
	return system_object(OBJECT_PROCESS, index, OBJECT_STRIDE(struct process));
}

struct vm *system_vm(uint32_t index)
{
	return system_object(OBJECT_VM, index, OBJECT_STRIDE(struct vm));
}

struct vcpu *system_vcpu(uint32_t index)
{
	return system_object(OBJECT_VCPU, index, OBJECT_STRIDE(struct vcpu));
}

struct interrupt *system_interrupt(uint32_t index)
{
	return system_object(OBJECT_INTERRUPT, index, OBJECT_STRIDE(struct interrupt));
}

static void system_init_process(uint32_t index)
{
	const struct config_process *config = (const void *)(uintptr_t)the_config->processes;
	const struct config_handle *handles = (const void *)(uintptr_t)the_config->handles;
	struct process *process = system_process(index);

	process->config = &config[index];
	process->handles = &handles[config[index].handle_first];
	process->handle_count = config[index].handle_count;
}

static void system_init_cpu(uint32_t index)
{
	const struct config_cpu *config = (const void *)(uintptr_t)the_config->cpus;
	struct cpu *cpu = system_cpu(index);

	cpu->config = &config[index];
	cpu->index = index;
	cpu->running_slot = SLOT_IDLE;
	cpu->programmed = TIMER_NEVER;
	cpu->budget_end = TIMER_NEVER;
	cpu->trace = system_object(OBJECT_TRACE, index, OBJECT_STRIDE(struct trace_ring));
	cpu->trace_next = cpu->trace->record;
	for (uint32_t i = 0u; i < cpu->config->thread_count; i++) {
		struct thread *thread = system_thread(cpu->config->thread_first + i);

		cpu->slots[i] = thread;
		thread->cpu = cpu;
		thread->slot = i;
		thread->bit = 1ull << i;
	}
}

static void system_init_thread(uint32_t index)
{
	const struct config_thread *config = (const void *)(uintptr_t)the_config->threads;
	struct thread *thread = system_thread(index);
	uint64_t per_second = arch_ticks_per_second();

	thread->config = &config[index];
	thread->process = system_process(thread->config->process);
	thread->vttbr = thread->process->config->vttbr;
	thread->context = &thread->host;
	thread->state = THREAD_PARKED;
	thread->owns_fp = (thread->process->config->flags & PROCESS_FLAG_FP) != 0u;
	thread->budget.full = thread->config->budget_us * per_second / 1000000u;
	thread->budget.period = thread->config->period_us * per_second / 1000000u;
	budget_reset(&thread->budget);
	thread->wait_timer.thread = thread;
	thread->wait_timer.kind = TIMER_WAIT;
	thread->budget_timer.thread = thread;
	thread->budget_timer.kind = TIMER_BUDGET;
}

static void system_init_vcpu(uint32_t index)
{
	const struct config_vcpu *config = (const void *)(uintptr_t)the_config->vcpus;
	struct vcpu *vcpu = system_vcpu(index);

	vcpu->config = &config[index];
	vcpu->vm = system_vm(vcpu->config->vm);
	vcpu->index = index - vcpu->vm->config->vcpu_first;
	vcpu->thread = system_thread(vcpu->config->thread);
	vcpu->thread->vcpu = vcpu;
	vcpu->thread->owns_fp = false;
	vcpu->vttbr = vcpu->vm->config->vttbr;
	vcpu->virtual_timer.thread = vcpu->thread;
	vcpu->virtual_timer.kind = TIMER_VIRTUAL;
	vcpu->physical_timer.thread = vcpu->thread;
	vcpu->physical_timer.kind = TIMER_PHYSICAL;
}

static void system_init_vm(uint32_t index)
{
	const struct config_vm *config = (const void *)(uintptr_t)the_config->vms;
	struct vm *vm = system_vm(index);

	vm->config = &config[index];
	vm->process = system_process(vm->config->process);
	vm->process->vm = vm;
	vm->gicd_ipa = vm->config->gicd_ipa;
	vm->gicr_ipa = vm->config->gicr_ipa;
	vm->gicr_bytes = VM_GICR_BYTES * vm->config->vcpu_count;
	vm->gic_ipa = vm->gicd_ipa < vm->gicr_ipa ? vm->gicd_ipa : vm->gicr_ipa;
	vm->gic_bytes = (vm->gicd_ipa + VM_GICD_BYTES > vm->gicr_ipa + vm->gicr_bytes
	                         ? vm->gicd_ipa + VM_GICD_BYTES
	                         : vm->gicr_ipa + vm->gicr_bytes) -
	                vm->gic_ipa;
	vgic_init(&vm->vgic, &system_vcpu(vm->config->vcpu_first)->vgic, OBJECT_STRIDE(struct vcpu),
	          vm->config->vcpu_count, vm->config->spi_count);
}

void system_init(const struct config *config)
{
	const struct config_interrupt *interrupts = (const void *)(uintptr_t)config->interrupts;
	uint64_t *object = (void *)(uintptr_t)config->objects_start;

	if (config->magic != CONFIG_MAGIC || config->abi_version != ABI_VERSION)
		panic("configuration of another ABI version");
	the_config = config;
	system_threads = system_object(OBJECT_THREAD, 0u, 0u);
	__builtin_memset(object, 0, config->objects_bytes);
	for (uint32_t i = 0u; i < config->process_count; i++)
		system_init_process(i);
	for (uint32_t i = 0u; i < config->thread_count; i++)
		system_init_thread(i);
	for (uint32_t i = 0u; i < config->cpu_count; i++)
		system_init_cpu(i);
	for (uint32_t i = 0u; i < config->vm_count; i++)
		system_init_vm(i);
	for (uint32_t i = 0u; i < config->vcpu_count; i++)
		system_init_vcpu(i);
	for (uint32_t i = 0u; i < config->interrupt_count; i++) {
		struct interrupt *interrupt = system_interrupt(i);
		struct thread *thread = system_thread(interrupts[i].thread);

		interrupt->config = &interrupts[i];
		interrupt->thread = thread;
		interrupt->next = thread->interrupts;
		thread->interrupts = interrupt;
		if (interrupts[i].guest_intid != 0u)
			vgic_back(&thread->process->vm->vgic, interrupts[i].guest_intid,
			          interrupts[i].intid);
	}
}

void system_autostart(void)
{
	for (uint32_t i = 0u; i < the_config->process_count; i++) {
		struct process *process = system_process(i);

		if ((process->config->flags & PROCESS_FLAG_AUTOSTART) != 0u &&
		    process_start(process) == STATUS_ABSENT) {
			print_text("bulkhead: ");
			print_text(process->config->name);
			print_text(" not started: its CPU is missing\r\n");
		}
	}
}
