/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of a vCPU for its VM process: reset, get, set (abi/vcpu.h). Host mode only. */
#include "abi/vcpu.h"
#include "arch/arm64/arch.h"

#define PSTATE_SETTABLE_A64 (0xf0000000ull | PSTATE_DAIF | PSTATE_M_MASK)
#define PSTATE_SETTABLE_A32 (0xfe0ffdffull | 0x200ull)
#define PSTATE_A32_USER     0x10ull

void arch_vcpu_reset(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = arch_vcpu_of(vcpu);

	/* whatever is in hardware is dropped: it comes back from memory at the next entry */
	arch_thread_discard(vcpu->thread->cpu, vcpu->thread);
	timer_cancel(&vcpu->thread->cpu->timers, &vcpu->physical_timer);
	words_zero((uint64_t *)(void *)&vcpu->guest, sizeof(vcpu->guest) / sizeof(uint64_t));
	words_zero(vcpu->arch, ARCH_VCPU_WORDS);
	vcpu->guest.pstate = PSTATE_DAIF | PSTATE_EL1H;
	vcpu->ptimer_control = 0u;
	vcpu->ptimer_compare = 0u;
	arch->sctlr = SCTLR_RESET;
	vgic_cpu_reset(&vcpu->vgic);
}

static uint64_t *vcpu_state_word(struct vcpu *vcpu, uint64_t number)
{
	struct arch_vcpu *arch = arch_vcpu_of(vcpu);

	if (number <= VCPU_REG_X30)
		return &vcpu->guest.x[number];
	switch (number) {
	case VCPU_REG_PC:
		return &vcpu->guest.pc;
	case VCPU_REG_PSTATE:
		return &vcpu->guest.pstate;
	case VCPU_REG_SP_EL0:
		return &vcpu->guest.sp;
	case VCPU_REG_SP_EL1:
		return &arch->sp_el1;
	case VCPU_REG_SCTLR:
		return &arch->sctlr;
	case VCPU_REG_TTBR0:
		return &arch->ttbr0;
	case VCPU_REG_TTBR1:
		return &arch->ttbr1;
	case VCPU_REG_TCR:
		return &arch->tcr;
	case VCPU_REG_MAIR:
		return &arch->mair;
	case VCPU_REG_VBAR:
		return &arch->vbar;
	case VCPU_REG_ELR:
		return &arch->elr;
	case VCPU_REG_SPSR:
		return &arch->spsr;
	case VCPU_REG_ESR:
		return &arch->esr;
	case VCPU_REG_FAR:
		return &arch->far;
	default:
		return NULL;
	}
}

/* Where the register lives in memory, brought there from hardware. NULL: not allowed. */
static uint64_t *vcpu_state_at(struct vcpu *vcpu, uint64_t number)
{
	struct cpu *cpu = vcpu->thread->cpu;

	if (number >= VCPU_REG_V0 && number <= VCPU_REG_V31_HIGH) {
		fp_release(cpu, vcpu->thread);
		return &vcpu->thread->fp[number - VCPU_REG_V0];
	}
	el1_release(cpu, vcpu->thread);
	return vcpu_state_word(vcpu, number);
}

bool arch_vcpu_get(struct vcpu *vcpu, uint64_t number, uint64_t *value)
{
	const uint64_t *word;

	if (number == VCPU_REG_MPIDR) {
		*value = vcpu->config->vmpidr;
		return true;
	}
	word = vcpu_state_at(vcpu, number);
	if (word == NULL)
		return false;
	*value = *word;
	return true;
}

/* Only what can be at EL0 or EL1: the return to the guest goes wherever PSTATE says. */
static bool vcpu_state_pstate(uint64_t *value)
{
	uint64_t mode = *value & PSTATE_M_MASK;

	if (mode == PSTATE_A32_USER) {
		/* where EL0 is AArch64 only, the return would be illegal */
		if ((sysreg_read(id_aa64pfr0_el1) & 0xfu) != 2u)
			return false;
		*value &= PSTATE_SETTABLE_A32;
		return true;
	}
	*value &= PSTATE_SETTABLE_A64;
	return mode == PSTATE_EL0T || mode == PSTATE_EL1T || mode == PSTATE_EL1H;
}

bool arch_vcpu_set(struct vcpu *vcpu, uint64_t number, uint64_t value)
{
	uint64_t *word;

	if (number == VCPU_REG_RESET) {
		arch_vcpu_reset(vcpu);
		return true;
	}
	if (number == VCPU_REG_PSTATE && !vcpu_state_pstate(&value))
		return false;
	word = vcpu_state_at(vcpu, number);
	if (word == NULL)
		return false;
	*word = value;
	return true;
}
