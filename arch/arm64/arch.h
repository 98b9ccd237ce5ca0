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
	uint64_t tpidr_el0;
	uint64_t tpidrro_el0;
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
#define TRAP_FULL   2u /* save the rest, then guest_trap again, full */
#define TRAP_ACCESS 3u /* save the rest, then guest_access */

/*
 * A trap of the guest that runs. `full`: all of the context is saved and its PC is in
 * context->pc; otherwise only x0..x17 are, the PC is in ELR_EL2, and the answer may be
 * TRAP_FULL as long as nothing was changed.
 */
uint32_t guest_trap(struct cpu *cpu, struct context *context, bool full);
/* The data abort at hand, with its syndrome, is an access to a device of the VM process. */
void guest_access(struct cpu *cpu, struct thread *thread);
/* EC 0x18 and the AArch32 coprocessor traps. */
uint32_t guest_sysreg(struct cpu *cpu, struct context *context, uint64_t esr, bool full);
uint32_t guest_cp15(struct cpu *cpu, struct context *context, uint64_t esr, bool full);
/* A feature ID register as guests see it; unknown ones read as zero. */
uint64_t id_register(uint32_t crm, uint32_t op2);
/* The trapped instruction is done. */
void guest_advance(struct context *context, uint64_t esr, bool full);
/* A conditional AArch32 instruction whose condition failed is only skipped. */
bool guest_condition_holds(uint64_t esr, uint64_t pstate);
/* An exception to the guest's EL1; the PC and PSTATE are in *context (full). */
void guest_inject(struct context *context, uint64_t esr, uint64_t far, bool set_far);
uint32_t guest_undefined(struct cpu *cpu, struct context *context, uint64_t esr, bool full);

/* el1.c: what is in hardware goes to memory, or the other way */
void fp_take(struct cpu *cpu, struct thread *thread);
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
void gic_init_cpu(const struct cpu *cpu);
void gic_timer_set_active(const struct cpu *cpu, bool active);
/* The vector of interrupts; answers TRAP_RETURN or TRAP_RESUME. */
uint32_t trap_irq(struct cpu *cpu);

/* psci.c: 0 is success (DEN 0022 5.1) */
int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry_pa, uint64_t argument);

#endif
