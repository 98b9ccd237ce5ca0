/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feature ID registers that guests read (HCR_EL2.TID3): the core's own, less every
 * feature that is not virtualised: it traps and is UNDEFINED, so it must not be announced.
 * One line per register: encoding, fields shown as they are, and the most that a field may say
 * where the core could say more. Registers not listed read as zero (DDI 0487 D19.1.1).
 */
#include "arch/arm64/arch.h"

/* Fields by their lowest bit. */
#define F(bit) (0xfull << (bit))

/* ID_AA64PFR0_EL1: EL0 FP AdvSIMD GIC DIT CSV2 CSV3; no EL2, EL3, RAS, SVE, MPAM, AMU, RME */
#define PFR0_SHOWN (F(0) | F(4) | F(16) | F(20) | F(24) | F(48) | F(56) | F(60))
/* ID_AA64PFR1_EL1: SSBS; no BT, MTE, SME */
#define PFR1_SHOWN F(4)
/* ID_AA64DFR0_EL1: DebugVer, DoubleLock; the fewest breakpoints and watchpoints there can be */
#define DFR0_SHOWN (F(0) | F(36))
#define DFR0_FIXED (1ull << 12 | 1ull << 20)
/* ID_AA64ISAR0_EL1: all but TME */
#define ISAR0_SHOWN (~F(24))
/* ID_AA64ISAR1_EL1: all but pointer authentication (APA API GPA GPI), XS and LS64 */
#define ISAR1_SHOWN (~(F(4) | F(8) | F(24) | F(28) | F(56) | F(60)))
/* ID_AA64ISAR2_EL1: RPRES and BC; no WFxT, pointer authentication, MOPS */
#define ISAR2_SHOWN (F(4) | F(20))
/* ID_AA64MMFR0_EL1: all but the stage-2 granules, FGT and ECV */
#define MMFR0_SHOWN (F(0) | F(4) | F(8) | F(12) | F(16) | F(20) | F(24) | F(28) | F(44))
/* ID_AA64MMFR1_EL1: HAFDBS HPDS PAN SpecSEI ETS nTLBPA */
#define MMFR1_SHOWN (F(0) | F(12) | F(20) | F(24) | F(36) | F(48))
/* ID_AA64MMFR2_EL1: CnP UAO LSM VARange CCIDX ST AT IDS TTL BBM E0PD */
#define MMFR2_SHOWN \
	(F(0) | F(4) | F(8) | F(16) | F(20) | F(28) | F(32) | F(36) | F(48) | F(52) | F(60))

#define READ(crm, op2) sysreg_read(S3_0_C0_C##crm##_##op2)
#define CASE(crm, op2, shown)  \
	case (crm)*8u + (op2): \
		return READ(crm, op2) & (shown)

static uint64_t id_at_most(uint64_t value, uint32_t bit, uint64_t most)
{
	return (value >> bit & 0xfu) > most ? (value & ~F(bit)) | most << bit : value;
}

static uint64_t id_pfr0(void)
{
	uint64_t value = READ(4, 0) & PFR0_SHOWN;

	/* AArch64 at EL1 only (HCR_EL2.RW); CSV2_2 would come with SCXTNUM */
	return id_at_most(id_at_most(value, 4u, 1u), 56u, 1u);
}

uint64_t id_register(uint32_t crm, uint32_t op2)
{
	/* clang-format off */
	switch (crm * 8u + op2) {
	CASE(1, 0, 0x0f0fffffull);      /* ID_PFR0: no RAS, AMU */
	CASE(1, 1, ~(F(4) | F(12)));    /* ID_PFR1: no Security, Virtualization */
	CASE(1, 2, F(0));               /* ID_DFR0: CopDbg; no PMU, trace */
	CASE(1, 4, UINT64_MAX);         /* ID_MMFR0..3 */
	CASE(1, 5, UINT64_MAX);
	CASE(1, 6, UINT64_MAX);
	CASE(1, 7, UINT64_MAX);
	CASE(2, 0, UINT64_MAX);         /* ID_ISAR0..5 */
	CASE(2, 1, UINT64_MAX);
	CASE(2, 2, UINT64_MAX);
	CASE(2, 3, UINT64_MAX);
	CASE(2, 4, UINT64_MAX);
	CASE(2, 5, UINT64_MAX);
	CASE(2, 6, UINT64_MAX);         /* ID_MMFR4 */
	CASE(2, 7, UINT64_MAX);         /* ID_ISAR6 */
	CASE(3, 0, UINT64_MAX);         /* MVFR0..2 */
	CASE(3, 1, UINT64_MAX);
	CASE(3, 2, UINT64_MAX);
	CASE(3, 4, F(4));               /* ID_PFR2: SSBS */
	CASE(3, 6, UINT64_MAX);         /* ID_MMFR5 */
	case 4u * 8u:
		return id_pfr0();
	CASE(4, 1, PFR1_SHOWN);
	case 5u * 8u:
		return (READ(5, 0) & DFR0_SHOWN) | DFR0_FIXED;
	CASE(6, 0, ISAR0_SHOWN);
	CASE(6, 1, ISAR1_SHOWN);
	CASE(6, 2, ISAR2_SHOWN);
	case 7u * 8u:
		/* as many PA bits as stage 2 puts out */
		return id_at_most(READ(7, 0) & MMFR0_SHOWN, 0u, 2u);
	CASE(7, 1, MMFR1_SHOWN);
	CASE(7, 2, MMFR2_SHOWN);
	default:
		return 0u;
	}
	/* clang-format on */
}
