/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the vectors lead. The fast part runs with only the caller-saved registers stored;
 * trap_resume runs when the whole context is.
 */
#include "arch/arm64/arch.h"
#include "kernel/panic.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/vcpu.h"

uint32_t trap_serror(struct cpu *cpu);
struct context *trap_resume(uint64_t code, struct cpu *cpu);
_Noreturn void trap_bug(uint64_t vector);

struct cpu *arch_cpu(void)
{
	return (struct cpu *)(uintptr_t)sysreg_read(tpidr_el2);
}

/* FAR_EL2 where this class of exception sets it (DDI 0487 D19.2.40); else it is stale, and PC. */
static uint64_t trap_process_address(uint64_t esr)
{
	switch (ESR_EC(esr)) {
	case EC_FETCH_LOWER:
	case EC_PC:
	case EC_DATA_LOWER:
	case EC_WATCHPOINT:
		return sysreg_read(far_el2);
	default:
		return sysreg_read(elr_el2);
	}
}

/* A process did what it must not: it stops, its supervisor hears of it. */
static uint32_t trap_process_fault(struct thread *thread, uint64_t reason, uint64_t esr)
{
	(void)process_stop(thread->process, reason, esr, trap_process_address(esr));
	sched_poke(thread);
	return TRAP_RESUME;
}

uint32_t trap_process(struct cpu *cpu, struct thread *thread, uint64_t esr)
{
	/* it finds another thread's FP registers in the CPU */
	if (ESR_EC(esr) == EC_FP && thread->owns_fp) {
		fp_take(cpu, thread);
		return TRAP_RETURN;
	}
	return trap_process_fault(thread, EXIT_REASON_FAULT, esr);
}

uint32_t trap_serror(struct cpu *cpu)
{
	cpu->entries++;
	return trap_process_fault(cpu->current, EXIT_REASON_SERROR, sysreg_read(esr_el2));
}

/* Whatever blocks the thread, or wakes another, sets resched. */
static inline struct context *trap_on(struct cpu *cpu)
{
	struct thread *thread = cpu->current;

	if (cpu->resched)
		return sched_resume(cpu);
	if (thread->in_guest)
		vcpu_prepare(thread);
	cpu->context = thread->context;
	return thread->context;
}

/* A trap of a guest that was not quick. */
static __attribute__((noinline)) struct context *trap_guest_full(struct cpu *cpu)
{
	struct context *context = &cpu->current->vcpu->guest;
	uint64_t esr = sysreg_read(esr_el2);
	guest_handler handler = guest_handlers[ESR_EC(esr)];

	if (handler != NULL)
		handler(cpu, context, esr);
	else
		guest_undefined(context, esr);
	return trap_on(cpu);
}

struct context *trap_resume(uint64_t code, struct cpu *cpu)
{
	return code == TRAP_FULL ? trap_guest_full(cpu) : trap_on(cpu);
}

_Noreturn void trap_bug(uint64_t vector)
{
	print_text("\r\nbulkhead: exception in the kernel, vector ");
	print_decimal(vector);
	panic_values("ESR_EL2, ELR_EL2, FAR_EL2:", sysreg_read(esr_el2), sysreg_read(elr_el2),
	             sysreg_read(far_el2));
}

_Noreturn void arch_halt(void)
{
	for (;;)
		wfi();
}

uint64_t arch_now(void)
{
	/* D11.2.1: without the barrier the counter may be read early */
	isb();
	return sysreg_read(cntpct_el0);
}

uint64_t arch_ticks_per_second(void)
{
	return sysreg_read(cntfrq_el0);
}

void arch_timer_program(uint64_t deadline)
{
	if (deadline == UINT64_MAX) {
		sysreg_write(cnthp_ctl_el2, 0u);
		return;
	}
	sysreg_write(cnthp_cval_el2, deadline);
	sysreg_write(cnthp_ctl_el2, 1u);
}

void arch_pause(void)
{
	cpu_yield();
}

void arch_context_init(struct context *context, uint64_t entry, uint64_t stack, uint64_t argument)
{
	uint64_t isar0 = sysreg_read(id_aa64isar0_el1); /* EL0 cannot read what it may use */

	words_zero(context->x, sizeof(context->x) / sizeof(context->x[0]));
	context->x[0] = argument;
	context->x[1] = isar0;
	context->pc = entry;
	context->pstate = PSTATE_EL0T; /* interrupts are not masked; they go to EL2 */
	context->sp = stack;
}
