/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place for mrs, msr, barriers and TLB maintenance at EL2, and the constants of the
 * system registers that the kernel writes (DDI 0487, chapter D19 unless said otherwise).
 */
#ifndef BULKHEAD_ARCH_ARM64_SYSREG_H
#define BULKHEAD_ARCH_ARM64_SYSREG_H

/* HCR_EL2, D19.2.48 */
#define HCR_VM    (1ull << 0)  /* stage 2 on */
#define HCR_SWIO  (1ull << 1)  /* invalidate by set/way cleans too */
#define HCR_PTW   (1ull << 2)  /* a stage-1 walk to device memory faults */
#define HCR_FMO   (1ull << 3)  /* physical FIQ to EL2, virtual FIQ on */
#define HCR_IMO   (1ull << 4)  /* physical IRQ to EL2, virtual IRQ on */
#define HCR_AMO   (1ull << 5)  /* SError to EL2 */
#define HCR_DC    (1ull << 12) /* stage 1 off means Normal write-back, not Device */
#define HCR_TWI   (1ull << 13) /* trap WFI */
#define HCR_TID1  (1ull << 16) /* trap REVIDR, AIDR */
#define HCR_TID3  (1ull << 18) /* trap the feature ID registers */
#define HCR_TSC   (1ull << 19) /* trap SMC */
#define HCR_TIDCP (1ull << 20) /* trap IMPLEMENTATION DEFINED registers */
#define HCR_TACR  (1ull << 21) /* trap ACTLR_EL1 */
#define HCR_TSW   (1ull << 22) /* trap cache maintenance by set/way */
#define HCR_TGE   (1ull << 27) /* EL0 belongs to EL2 */
#define HCR_RW    (1ull << 31) /* EL1 is AArch64 */
#define HCR_TLOR  (1ull << 35) /* trap LORegions registers */
#define HCR_TERR  (1ull << 36) /* trap RAS error records */

#define HCR_HOST (HCR_RW | HCR_TGE | HCR_DC | HCR_TWI | HCR_VM)
#define HCR_GUEST                                                                                  \
	(HCR_RW | HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TWI | HCR_TID1 | \
	 HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_TLOR | HCR_TERR)

/* Stage 2, stage 1 of EL2 */
#define VTCR_VALUE     0x80023559ull /* T0SZ 25, SL0 1, WB WA inner shareable, 4 KiB, 40-bit PA */
#define TCR_EL2_VALUE  0x80823519ull /* T0SZ 25, WB WA inner shareable, 4 KiB, 40-bit PA, RES1 */
#define MAIR_EL2_VALUE 0xff04ull     /* 0: Device-nGnRE, 1: Normal write-back */
#define SCTLR_EL2_VALUE \
	0x30cd183dull /* M, A off (strict alignment by compiler), C, SA, I, WXN, RES1 */

/* What governs a process at EL0 (E2H is 0, so the EL1 registers do). */
#define SCTLR_HOST   0x34d5d99cull /* little endian, UCI, UCT, DZE, no WFI/WFE trap, no UMA, RES1 */
#define CPACR_FP     (3ull << 20)  /* no trap of FP to EL1 */
#define CNTKCTL_HOST 3ull          /* EL0 reads CNTVCT; CNTPCT too where CNTHCTL_EL2 lets it */

/* CPTR_EL2 (E2H 0): RES1, SVE (bit 8), trace (20) and AMU (30) trapped; TFP is bit 10 */
#define CPTR_VALUE (0x33ffull | (1ull << 20) | (1ull << 30))
#define CPTR_TFP   (1ull << 10)

/* MDCR_EL2: TDRA TDOSA TDA TPM TPMCR, TPMS, TTRF; HPMN is filled in */
#define MDCR_VALUE                                                                              \
	((1ull << 11) | (1ull << 10) | (1ull << 9) | (1ull << 6) | (1ull << 5) | (1ull << 14) | \
	 (1ull << 19))

/* CNTHCTL_EL2 (E2H 0): EL1PCTEN; the physical timer traps */
#define CNTHCTL_VALUE 1ull

/* PSTATE and SPSR, C5.2 */
#define PSTATE_M_MASK 0x1full
#define PSTATE_EL0T   0x0ull
#define PSTATE_EL1T   0x4ull
#define PSTATE_EL1H   0x5ull
#define PSTATE_A32    (1ull << 4)
#define PSTATE_E      (1ull << 9) /* AArch32: big-endian data */
#define PSTATE_DAIF   (0xfull << 6)
#define PSTATE_IL     (1ull << 20)
#define PSTATE_SS     (1ull << 21)
#define PSTATE_PAN    (1ull << 22)
#define PSTATE_UAO    (1ull << 23)
#define PSTATE_TCO    (1ull << 25)
#define PSTATE_SSBS   (1ull << 12)
#define PSTATE_BTYPE  (3ull << 10)

/* SCTLR_EL1 bits that exception entry looks at */
#define SCTLR_SPAN  (1ull << 23)
#define SCTLR_DSSBS (1ull << 44)
/* and those that a device access looks at: big-endian data at EL0, at EL1 */
#define SCTLR_E0E   (1ull << 24)
#define SCTLR_EE    (1ull << 25)
#define SCTLR_BIG   (SCTLR_E0E | SCTLR_EE)
#define SCTLR_RESET 0x30d00800ull /* RES1; MMU, caches, alignment check off, little endian */

/* Exception classes, ESR_EL2.EC */
#define ESR_EC(esr)    ((uint32_t)((esr) >> 26) & 0x3fu)
#define EC_UNKNOWN     0x00u
#define EC_WFX         0x01u
#define EC_CP15_32     0x03u
#define EC_CP15_64     0x04u
#define EC_CP14_32     0x05u
#define EC_CP14_LDC    0x06u
#define EC_FP          0x07u
#define EC_VMRS        0x08u
#define EC_CP14_64     0x0cu
#define EC_SVC64       0x15u
#define EC_HVC64       0x16u
#define EC_SMC64       0x17u
#define EC_SYSREG      0x18u
#define EC_FETCH_LOWER 0x20u
#define EC_PC          0x22u
#define EC_DATA_LOWER  0x24u
#define EC_SERROR      0x2fu
#define EC_WATCHPOINT  0x34u
#define ESR_IL         (1ull << 25)

/* Data and instruction abort syndromes */
#define ISS_DFSC(esr)    ((uint32_t)(esr)&0x3fu)
#define DFSC_TYPE(dfsc)  ((dfsc) >> 2) /* without the level */
#define DFSC_TRANSLATION 1u
#define ISS_WRITE        (1ull << 6)
#define ISS_S1PTW        (1ull << 7)
#define ISS_CM           (1ull << 8)
#define ISS_AR           (1ull << 14)
#define ISS_SF           (1ull << 15)
#define ISS_SRT(esr)     ((uint32_t)((esr) >> 16) & 0x1fu)
#define ISS_SSE          (1ull << 21)
#define ISS_SAS(esr)     ((uint32_t)((esr) >> 22) & 3u)
#define ISS_SAS_MASK     (3ull << 22)
#define ISS_SAS_4        (2ull << 22)
#define ISS_ISV          (1ull << 24)

/* System registers by their encoding, as a trap's syndrome gives it (ISS bits 21:10, 4:1) */
#define SYSREG_ENCODE(op0, op1, crn, crm, op2) \
	(((op0) << 20) | ((op2) << 17) | ((op1) << 14) | ((crn) << 10) | ((crm) << 1))
#define SYSREG_MASK    SYSREG_ENCODE(3u, 7u, 15u, 15u, 7u)
#define SYSREG_RT(esr) ((uint32_t)((esr) >> 5) & 0x1fu)
#define SYSREG_READ    1u

/* GICv3 CPU interface and virtual interface names that old assemblers lack */
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_BPR1_EL1    S3_0_C12_C12_3
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_DIR_EL1     S3_0_C12_C11_1
#define ICC_SGI1R_EL1   S3_0_C12_C11_5
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define ICC_SRE_VALUE   7ull /* system registers on, bypass off */
#define ICH_HCR_EL2     S3_4_C12_C11_0
#define ICH_VTR_EL2     S3_4_C12_C11_1
#define ICH_MISR_EL2    S3_4_C12_C11_2
#define ICH_EISR_EL2    S3_4_C12_C11_3
#define ICH_ELRSR_EL2   S3_4_C12_C11_5
#define ICH_VMCR_EL2    S3_4_C12_C11_7
#define ICH_LR0_EL2     S3_4_C12_C12_0
#define ICH_LR3_EL2     S3_4_C12_C12_3

#ifndef __ASSEMBLER__
#include <stdint.h>

#define SYSREG_READ_(name)                                         \
	({                                                         \
		uint64_t value_;                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)); \
		value_;                                            \
	})
#define SYSREG_WRITE_(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)))
#define sysreg_read(name)          SYSREG_READ_(name)
#define sysreg_write(name, value)  SYSREG_WRITE_(name, value)

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

static inline void dsb_sy(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

static inline void dsb_ishst(void)
{
	__asm__ volatile("dsb ishst" : : : "memory");
}

static inline void wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

static inline void cpu_yield(void)
{
	__asm__ volatile("yield" : : : "memory");
}

/* Another vCPU of the same VMID takes over this PE: D8.13.4, D7.5.9; NSH is enough for one PE. */
static inline void tlb_drop_vmid(void)
{
	__asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb" : : : "memory");
}

static inline uint64_t mpidr_affinity(void)
{
	/* bit 31 is RES1 and bit 30 U: firmware takes the affinity fields only */
	return sysreg_read(mpidr_el1) & 0xff00ffffffull;
}
#endif

#endif
