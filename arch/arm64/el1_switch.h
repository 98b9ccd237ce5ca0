/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The turn between a guest and its VM process, on one CPU and within one thread: the registers
 * of EL1 that would steer EL0, HCR_EL2 and VTTBR_EL2. Inline, as every access to a device takes
 * both ways; used by el1.c and guest.c. Which state lies where is told in el1.c.
 *
 * Order (DDI 0487 D8.13, D5.10): into a guest VTTBR and the registers, ISB, HCR; out of one HCR,
 * ISB, the registers and VTTBR. Never is a guest's VTTBR in force with TGE = 1, nor a process's
 * with TGE = 0; and stage 1 of the guest is off (TGE) before its TCR changes, so that no walk
 * mixes two. What comes last takes effect at the latest with the ERET.
 */
#ifndef BULKHEAD_ARCH_ARM64_EL1_SWITCH_H
#define BULKHEAD_ARCH_ARM64_EL1_SWITCH_H

#include "arch/arm64/arch.h"

/* TGE = 1; the guest's four registers go to memory, the host's take their place. */
static inline void el1_to_host(struct cpu *cpu, struct arch_vcpu *arch)
{
	uint64_t sctlr;
	uint64_t cpacr;
	uint64_t tcr;
	uint64_t cntkctl;

	sysreg_write(hcr_el2, HCR_HOST);
	isb();
	sctlr = sysreg_read(sctlr_el1);
	cpacr = sysreg_read(cpacr_el1);
	tcr = sysreg_read(tcr_el1);
	cntkctl = sysreg_read(cntkctl_el1);
	arch->sctlr = sctlr; /* pairs of words */
	arch->cpacr = cpacr;
	arch->tcr = tcr;
	arch->cntkctl = cntkctl;
	sysreg_write(sctlr_el1, SCTLR_HOST);
	sysreg_write(cpacr_el1, 0u);
	sysreg_write(tcr_el1, 0u);
	sysreg_write(cntkctl_el1, CNTKCTL_HOST);
	cpu->guest_live = NULL;
}

/* TGE = 0; VTTBR is the guest's already. */
static inline void el1_to_guest(struct cpu *cpu, struct thread *thread,
                                const struct arch_vcpu *arch)
{
	uint64_t sctlr = arch->sctlr;
	uint64_t cpacr = arch->cpacr;
	uint64_t tcr = arch->tcr;
	uint64_t cntkctl = arch->cntkctl;

	sysreg_write(sctlr_el1, sctlr);
	sysreg_write(cpacr_el1, cpacr);
	sysreg_write(tcr_el1, tcr);
	sysreg_write(cntkctl_el1, cntkctl);
	isb();
	sysreg_write(hcr_el2, HCR_GUEST);
	cpu->guest_live = thread;
}

#endif
