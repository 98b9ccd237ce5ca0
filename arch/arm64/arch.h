/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of arch/arm64 share among themselves: the architecture's part of a vCPU,
 * traps, the physical GIC, the firmware. EL2, interrupts masked, on the CPU concerned.
 */
#ifndef BULKHEAD_ARCH_ARM64_ARCH_H
#define BULKHEAD_ARCH_ARM64_ARCH_H

#include "arch/arm64/sysreg.h"
#include "kernel/object.h"

/* EL1 state of a vCPU that is not in hardware: see el1.c for which is where when. */
struct arch_vcpu {
	uint64_t sctlr; /* these four are saved at each exit to the VM process */
	uint64_t cpacr;
	uint64_t tcr;
	uint64_t cntkctl;
	uint64_t ttbr0; /* the others when another vCPU takes the CPU */
	uint64_t ttbr1;
	uint64_t mair;
	uint64_t amair;
	uint64_t vbar;
	uint64_t esr;
	uint64_t afsr0;
	uint64_t afsr1;
	uint64_t far;
	uint64_t par;
	uint64_t contextidr;
	uint64_t tpidr_el1;
	uint64_t sp_el1;
	uint64_t elr;
	uint64_t spsr;
	uint64_t csselr;
	uint64_t dacr32;
	uint64_t ifsr32;
	uint64_t fpexc32;
	uint64_t vdisr;
	uint64_t mdscr;    /* emulated: the guest's value never reaches hardware */
	uint64_t cntv_ctl; /* while the vCPU is not loaded */
	uint64_t cntv_cval;
};
_Static_assert(sizeof(struct arch_vcpu) <= ARCH_VCPU_WORDS * sizeof(uint64_t),
               "the vCPU object has room for the architecture's part");

static inline struct arch_vcpu *arch_vcpu_of(struct vcpu *vcpu)
{
	return (struct arch_vcpu *)(void *)vcpu->arch;
}

/* vectors.S */
extern const char vectors[];
_Noreturn void context_enter(struct context *context);
void fp_save(uint64_t *words);
void fp_load(const uint64_t *words);

/* What a trap handler answers to the entry code, see vectors.S. */
#define TRAP_RETURN 0u /* back to where we came from */
#define TRAP_RESUME 1u /* save the rest, let the scheduler decide */
#define TRAP_FULL   2u /* save the rest, then the handler of guest_handlers */
#define TRAP_HOST   4u /* save the rest, then on to cpu->next: the thread has turned to its host, */
#define TRAP_GUEST  8u /* or to its guest, by vcpu_run */

/* trap.c: a process has trapped, and not by SVC. */
uint32_t trap_process(struct cpu *cpu, struct thread *thread, uint64_t esr);

/*
 * guest.c. The vector of synchronous exceptions: what is quick runs with only x0..x7 saved and
 * the PC in ELR_EL2, and answers TRAP_FULL as long as nothing was changed. Then the handler of the
 * class (NULL: UNDEFINED) runs, with all of the context saved.
 */
uint32_t trap_sync(struct cpu *cpu);
typedef void (*guest_handler)(struct cpu *cpu, struct context *context, uint64_t esr);
extern const guest_handler guest_handlers[64];
/* EC 0x18 and the AArch32 coprocessor traps. */
uint32_t guest_sysreg_quick(struct cpu *cpu, struct context *context, uint64_t esr);
void guest_sysreg(struct cpu *cpu, struct context *context, uint64_t esr);
void guest_cp15(struct cpu *cpu, struct context *context, uint64_t esr);
/* A feature ID register as guests see it; unknown ones read as zero. */
uint64_t id_register(uint32_t crm, uint32_t op2);
/* The trapped instruction is done; all of the context is saved. */
void guest_advance(struct context *context, uint64_t esr);
/*
 * registers.c: x8 to x18 stay in the CPU where only x0 to x7 are saved. guest_spill puts register
 * rt into the context, guest_fill takes it back into the CPU; others are left alone.
 */
void guest_spill_high(struct context *context, uint32_t rt);
void guest_fill_high(const struct context *context, uint32_t rt);
static inline void guest_spill(struct context *context, uint32_t rt)
{
	if (rt - 8u <= 10u)
		guest_spill_high(context, rt);
}
static inline void guest_fill(const struct context *context, uint32_t rt)
{
	if (rt - 8u <= 10u)
		guest_fill_high(context, rt);
}
/* x19 and up are in memory only when all of the context is; 31 is the zero register. */
static inline bool guest_has_quick(uint32_t rt)
{
	return rt - 19u > 11u;
}
/* The same for an AArch64 instruction of which only x0..x7 are saved. */
static inline void guest_advance_quick(void)
{
	sysreg_write(elr_el2, sysreg_read(elr_el2) + 4u);
	/* D1.3.4, D5.8: no branch is pending behind it, nor a step */
	sysreg_write(spsr_el2, sysreg_read(spsr_el2) & ~(PSTATE_BTYPE | PSTATE_SS));
}
/* A conditional AArch32 instruction whose condition failed is only skipped. */
bool guest_condition_holds(uint64_t esr, uint64_t pstate);
/* An exception to the guest's EL1; the PC and PSTATE are in *context (full). */
void guest_inject(struct context *context, uint64_t esr, uint64_t far, bool set_far);
void guest_undefined(struct context *context, uint64_t esr);

/* el1.c: what is in hardware goes to memory, or the other way */
void fp_take(struct cpu *cpu, struct thread *thread);

/* runtime.c: clears whole words. */
void words_zero(uint64_t *words, uint64_t count);
void fp_release(struct cpu *cpu, const struct thread *thread);
/* The thread, in host mode, has its EL1 registers in memory and not in hardware. */
void el1_release(struct cpu *cpu, struct thread *thread);

/* gich.c: ICC_PMR, ICC_CTLR, ICC_RPR_EL1 of the guest, trapped by ICH_HCR_EL2.TC */
bool gich_common(uint32_t reg, bool write, uint64_t *value);

/* gicv3.c */
#define INTID_KICK        0u
#define INTID_STOP        1u
#define INTID_MAINTENANCE 25u /* BSA PPI numbers */
#define INTID_HYP_TIMER   26u
#define INTID_VIRT_TIMER  27u
void gic_init_distributor(void);
void gic_init_cpu(struct cpu *cpu);
void gic_timer_set_active(const struct cpu *cpu, bool active);
/* The vector of interrupts; answers TRAP_RETURN or TRAP_RESUME. */
uint32_t trap_irq(struct cpu *cpu);

/* psci.c: 0 is success (DEN 0022 5.1) */
int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry_pa, uint64_t argument);

#endif
