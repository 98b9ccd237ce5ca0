/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual interface of the physical GICv3 for the vGIC (IHI 0069 12.4). */
#include "arch/arm64/arch.h"
#include "kernel/vgic_port.h"

#define ICH_LR(n) \
	case n:   \
		return sysreg_read(S3_4_C12_C12_##n)
#define ICH_LR_HIGH(n, m) \
	case n:           \
		return sysreg_read(S3_4_C12_C13_##m)
#define ICH_LR_SET(n)                                  \
	case n:                                        \
		sysreg_write(S3_4_C12_C12_##n, value); \
		break
#define ICH_LR_HIGH_SET(n, m)                          \
	case n:                                        \
		sysreg_write(S3_4_C12_C13_##m, value); \
		break

#define LR_STRAIGHT 4u /* as many as most cores have are written without a jump each */

uint64_t arch_lr_read(uint32_t n)
{
	switch (n) {
		ICH_LR(0);
		ICH_LR(1);
		ICH_LR(2);
		ICH_LR(3);
		ICH_LR(4);
		ICH_LR(5);
		ICH_LR(6);
		ICH_LR(7);
		ICH_LR_HIGH(8, 0);
		ICH_LR_HIGH(9, 1);
		ICH_LR_HIGH(10, 2);
		ICH_LR_HIGH(11, 3);
		ICH_LR_HIGH(12, 4);
		ICH_LR_HIGH(13, 5);
		ICH_LR_HIGH(14, 6);
		ICH_LR_HIGH(15, 7);
	default:
		return 0u;
	}
}

void arch_lr_write(uint32_t n, uint64_t value)
{
	if (n == 0u) { /* where SGIs go */
		sysreg_write(ICH_LR0_EL2, value);
		return;
	}
	switch (n) {
		ICH_LR_SET(1);
		ICH_LR_SET(2);
		ICH_LR_SET(3);
		ICH_LR_SET(4);
		ICH_LR_SET(5);
		ICH_LR_SET(6);
		ICH_LR_SET(7);
		ICH_LR_HIGH_SET(8, 0);
		ICH_LR_HIGH_SET(9, 1);
		ICH_LR_HIGH_SET(10, 2);
		ICH_LR_HIGH_SET(11, 3);
		ICH_LR_HIGH_SET(12, 4);
		ICH_LR_HIGH_SET(13, 5);
		ICH_LR_HIGH_SET(14, 6);
		ICH_LR_HIGH_SET(15, 7);
	default:
		break;
	}
}

#define ICH_LR_TAKE(n)                                               \
	case (n) + 1u:                                               \
		if ((used >> (n)&1u) != 0u)                          \
			values[(n)] = sysreg_read(S3_4_C12_C12_##n); \
		__attribute__((fallthrough))

void arch_lr_read_all(uint64_t *values, uint32_t used, uint32_t count)
{
	for (uint32_t n = LR_STRAIGHT; n < count; n++) {
		if ((used >> n & 1u) != 0u)
			values[n] = arch_lr_read(n);
	}
	switch (count < LR_STRAIGHT ? count : LR_STRAIGHT) {
		ICH_LR_TAKE(3);
		ICH_LR_TAKE(2);
		ICH_LR_TAKE(1);
		ICH_LR_TAKE(0);
	default:
		break;
	}
}

#define ICH_LR_ONE(n)                                                                      \
	case (n) + 1u:                                                                     \
		sysreg_write(S3_4_C12_C12_##n, (used >> (n)&1u) != 0u ? values[(n)] : 0u); \
		__attribute__((fallthrough))

void arch_lr_write_all(const uint64_t *values, uint32_t used, uint32_t count)
{
	for (uint32_t n = LR_STRAIGHT; n < count; n++)
		arch_lr_write(n, (used >> (n)&1u) != 0u ? values[(n)] : 0u);
	switch (count < LR_STRAIGHT ? count : LR_STRAIGHT) {
		ICH_LR_ONE(3);
		ICH_LR_ONE(2);
		ICH_LR_ONE(1);
		ICH_LR_ONE(0);
	default:
		break;
	}
}

#define VTR_TDS  (1ull << 19) /* ICH_HCR_EL2.TDIR is implemented */
#define HCR_TC   (1ull << 10)
#define HCR_TDIR (1ull << 14)

uint32_t arch_lr_count(void)
{
	return (uint32_t)(sysreg_read(ICH_VTR_EL2) & 0x1fu) + 1u;
}

uint64_t arch_ich_empty(void)
{
	return sysreg_read(ICH_ELRSR_EL2) | sysreg_read(ICH_EISR_EL2);
}

uint64_t arch_ich_hcr_read(void)
{
	return sysreg_read(ICH_HCR_EL2);
}

void arch_ich_hcr_write(uint64_t value)
{
	if ((value & HCR_TDIR) != 0u && (sysreg_read(ICH_VTR_EL2) & VTR_TDS) == 0u)
		value = (value & ~HCR_TDIR) | HCR_TC;
	sysreg_write(ICH_HCR_EL2, value);
}

uint64_t arch_ich_vmcr_read(void)
{
	return sysreg_read(ICH_VMCR_EL2);
}

void arch_ich_vmcr_write(uint64_t value)
{
	sysreg_write(ICH_VMCR_EL2, value);
}

uint64_t arch_ich_apr_read(uint32_t group)
{
	return group == 0u ? sysreg_read(S3_4_C12_C8_0) : sysreg_read(S3_4_C12_C9_0);
}

void arch_ich_apr_write(uint32_t group, uint64_t value)
{
	if (group == 0u)
		sysreg_write(S3_4_C12_C8_0, value);
	else
		sysreg_write(S3_4_C12_C9_0, value);
}

bool vgic_hw_line(void)
{
	/* enabled, not masked, condition met: D11.2.4 */
	return (sysreg_read(cntv_ctl_el0) & 7u) == 5u;
}

#define VMCR_CBPR      (1ull << 4)
#define VMCR_EOIM      (1ull << 9)
#define VMCR_PMR_SHIFT 24u
#define REG_ICC_PMR    SYSREG_ENCODE(3u, 0u, 4u, 6u, 0u)
#define REG_ICC_CTLR   SYSREG_ENCODE(3u, 0u, 12u, 12u, 4u)

/* ICC_CTLR_EL1 as IHI 0069 12.2.6 has it: CBPR 0, EOImode 1, PRIbits 10:8, IDbits 13:11. */
static uint64_t gich_control(uint64_t vmcr)
{
	uint64_t vtr = sysreg_read(ICH_VTR_EL2);

	return ((vmcr & VMCR_CBPR) != 0u ? 1u : 0u) | ((vmcr & VMCR_EOIM) != 0u ? 2u : 0u) |
	       (vtr >> 29 & 7u) << 8 | (vtr >> 23 & 7u) << 11;
}

/* The running priority: the highest active one of either group, 5 bits of preemption. */
static uint64_t gich_running(void)
{
	uint32_t active = (uint32_t)(arch_ich_apr_read(0u) | arch_ich_apr_read(1u));

	return active == 0u ? 0xffu : (uint64_t)(uint32_t)__builtin_ctz(active) << 3;
}

bool gich_common(uint32_t reg, bool write, uint64_t *value)
{
	uint64_t vmcr = sysreg_read(ICH_VMCR_EL2);

	if (!write) {
		if (reg == REG_ICC_PMR)
			*value = vmcr >> VMCR_PMR_SHIFT & 0xffu;
		else
			*value = reg == REG_ICC_CTLR ? gich_control(vmcr) : gich_running();
		return true;
	}
	if (reg == REG_ICC_PMR)
		vmcr = (vmcr & ~(0xffull << VMCR_PMR_SHIFT)) | (*value & 0xf8u) << VMCR_PMR_SHIFT;
	else if (reg == REG_ICC_CTLR)
		vmcr = (vmcr & ~(VMCR_CBPR | VMCR_EOIM)) | ((*value & 1u) != 0u ? VMCR_CBPR : 0u) |
		       ((*value & 2u) != 0u ? VMCR_EOIM : 0u);
	else
		return false; /* ICC_RPR_EL1 is read-only */
	sysreg_write(ICH_VMCR_EL2, vmcr);
	return true;
}
