/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers of guests that trap: emulated here, or UNDEFINED. What does not trap is
 * switched with the vCPU (el1.c); docs/registers.md has the whole table.
 */
#include "arch/arm64/arch.h"
#include "kernel/vcpu.h"
#include "kernel/vgic_port.h"

#define REG(op0, op1, crn, crm, op2) SYSREG_ENCODE(op0##u, op1##u, crn##u, crm##u, op2##u)
#define REG_OP0(reg)                 ((reg) >> 20 & 3u)
#define REG_OP1(reg)                 ((reg) >> 14 & 7u)
#define REG_CRN(reg)                 ((reg) >> 10 & 15u)
#define REG_CRM(reg)                 ((reg) >> 1 & 15u)
#define REG_OP2(reg)                 ((reg) >> 17 & 7u)

#define REG_ICC_SGI1R REG(3, 0, 12, 11, 5)

#define OSLSR_OSLM 8u /* the OS Lock is implemented, and open: D19.3.34 */

/* The emulated EL1 physical timer, DDI 0487 D11.2.4. */
enum cntp_register { CNTP_TVAL, CNTP_CTL, CNTP_CVAL };
#define CNTP_ISTATUS 4u

static uint64_t cntp_read(const struct vcpu *vcpu, enum cntp_register reg)
{
	uint64_t now = arch_now();

	if (reg == CNTP_CVAL)
		return vcpu->ptimer_compare;
	if (reg == CNTP_TVAL)
		return (vcpu->ptimer_compare - now) & 0xffffffffu;
	return vcpu->ptimer_control |
	       ((vcpu->ptimer_control & 1u) != 0u && now >= vcpu->ptimer_compare ? CNTP_ISTATUS
	                                                                         : 0u);
}

static void cntp_write(struct vcpu *vcpu, enum cntp_register reg, uint64_t value)
{
	if (reg == CNTP_CVAL)
		vcpu->ptimer_compare = value;
	else if (reg == CNTP_TVAL)
		vcpu->ptimer_compare = arch_now() + (uint64_t)(int64_t)(int32_t)(uint32_t)value;
	else
		vcpu->ptimer_control = value & 3u;
	vcpu_physical_timer(vcpu);
}

/* Debug registers (op0 2): there are none that work, as ID_AA64DFR0 cannot say so. */
static bool guest_debug(struct vcpu *vcpu, uint32_t reg, bool write, uint64_t *value)
{
	struct arch_vcpu *arch = arch_vcpu_of(vcpu);

	if (REG_OP0(reg) != 2u || (REG_OP1(reg) != 0u && REG_OP1(reg) != 3u))
		return false;
	if (reg == REG(2, 0, 0, 2, 2)) { /* MDSCR_EL1 */
		if (write)
			arch->mdscr = *value;
		else
			*value = arch->mdscr;
	} else if (!write) {
		*value = reg == REG(2, 0, 1, 1, 4) ? OSLSR_OSLM : 0u; /* OSLSR_EL1 */
	}
	return true;
}

/* ICC_SGI1R_EL1, where the SGI is not for list register 0 of the sender. */
static __attribute__((noinline)) void guest_sgi_other(struct vgic_cpu *vgic, uint64_t value,
                                                      uint32_t n)
{
	if (n < VGIC_LRS)
		arch_lr_write(n, vgic->lr[n]);
	else
		vgic_sgi(vgic, value, 1u);
}

/* The register that operating systems write most. */
static inline void guest_sgi(struct vgic_cpu *vgic, uint64_t value)
{
	uint32_t n = vgic_sgi_own(vgic, value, sysreg_read(ICH_ELRSR_EL2));

	if (n == 0u)
		sysreg_write(ICH_LR0_EL2, vgic->lr[0]);
	else
		guest_sgi_other(vgic, value, n);
}

/* False: UNDEFINED. */
static __attribute__((cold)) bool guest_register(struct vcpu *vcpu, uint32_t reg, bool write,
                                                 uint64_t *value)
{
	switch (reg) {
	case REG(3, 3, 14, 2, 0):
	case REG(3, 3, 14, 2, 1):
	case REG(3, 3, 14, 2, 2):
		if (write)
			cntp_write(vcpu, (enum cntp_register)REG_OP2(reg), *value);
		else
			*value = cntp_read(vcpu, (enum cntp_register)REG_OP2(reg));
		return true;
	case REG_ICC_SGI1R:
		if (write)
			guest_sgi(&vcpu->vgic, *value);
		return write;
	case REG(3, 0, 12, 11,
	         6): /* ICC_ASGI1R_EL1, ICC_SGI0R_EL1: with one security state the same */
	case REG(3, 0, 12, 11, 7):
		if (write)
			vgic_sgi(&vcpu->vgic, *value, 0u);
		return write;
	case REG(3, 0, 12, 11, 1): /* ICC_DIR_EL1, trapped while active interrupts overflow */
		if (write)
			(void)vcpu_vgic_result(vcpu, vgic_deactivate(&vcpu->vgic, *value));
		return write;
	case REG(3, 0, 12, 12, 5): /* ICC_SRE_EL1: system registers are all there is */
		*value = ICC_SRE_VALUE;
		return true;
	case REG(3, 0, 4, 6, 0):   /* ICC_PMR_EL1, ICC_CTLR_EL1, ICC_RPR_EL1: where ICC_DIR_EL1 */
	case REG(3, 0, 12, 12, 4): /* cannot be trapped alone (ICH_VTR_EL2.TDS is 0) */
	case REG(3, 0, 12, 11, 3):
		return gich_common(reg, write, value);
	case REG(3, 0, 1, 0, 1): /* ACTLR_EL1: RAZ/WI */
	case REG(3, 1, 0, 0, 7): /* AIDR_EL1 */
	case REG(3, 0, 0, 0, 6): /* REVIDR_EL1 */
		*value = 0u;
		return reg == REG(3, 0, 1, 0, 1) || !write;
	case REG(1, 0, 7, 6, 2): /* DC ISW, CSW, CISW: nothing to do, memory is coherent by VA */
	case REG(1, 0, 7, 10, 2):
	case REG(1, 0, 7, 14, 2):
		return write;
	default:
		if (REG_OP0(reg) == 3u && REG_OP1(reg) == 0u && REG_CRN(reg) == 0u && !write) {
			*value = id_register(REG_CRM(reg), REG_OP2(reg));
			return true;
		}
		return guest_debug(vcpu, reg, write, value);
	}
}

static uint32_t guest_register_quick(struct cpu *cpu, struct context *context, uint64_t esr)
{
	uint32_t reg = (uint32_t)esr & SYSREG_MASK;
	uint32_t rt = SYSREG_RT(esr);
	bool write = (esr & SYSREG_READ) == 0u;
	uint64_t value = 0u;

	if (!guest_has_quick(rt))
		return TRAP_FULL;
	guest_spill(context, rt);
	if (write && rt != 31u)
		value = context->x[rt];
	if (!guest_register(cpu->current->vcpu, reg, write, &value))
		return TRAP_FULL;
	if (!write && rt != 31u) {
		context->x[rt] = value;
		guest_fill(context, rt);
	}
	guest_advance_quick();
	return cpu->resched ? TRAP_RESUME : TRAP_RETURN;
}

uint32_t guest_sysreg_quick(struct cpu *cpu, struct context *context, uint64_t esr)
{
	uint32_t rt = SYSREG_RT(esr);

	if ((esr & (SYSREG_MASK | SYSREG_READ)) != REG_ICC_SGI1R || rt >= 8u)
		return guest_register_quick(cpu, context, esr);
	guest_sgi(&cpu->current->vcpu->vgic, context->x[rt]);
	guest_advance_quick();
	return cpu->resched ? TRAP_RESUME : TRAP_RETURN;
}

__attribute__((cold)) void guest_sysreg(struct cpu *cpu, struct context *context, uint64_t esr)
{
	uint32_t rt = SYSREG_RT(esr);
	bool write = (esr & SYSREG_READ) == 0u;
	uint64_t value = write && rt != 31u ? context->x[rt] : 0u;

	if (!guest_register(cpu->current->vcpu, (uint32_t)esr & SYSREG_MASK, write, &value)) {
		guest_undefined(context, esr);
		return;
	}
	if (!write && rt != 31u)
		context->x[rt] = value;
	guest_advance(context, esr);
}

/* AArch32 at EL0 reaches the physical timer when its kernel lets it; nothing else. */
__attribute__((cold)) void guest_cp15(struct cpu *cpu, struct context *context, uint64_t esr)
{
	struct vcpu *vcpu = cpu->current->vcpu;
	bool pair = ESR_EC(esr) == EC_CP15_64;
	bool write = (esr & SYSREG_READ) == 0u;
	uint32_t rt = SYSREG_RT(esr);
	uint32_t rt2 = (uint32_t)(esr >> 10) & 0x1fu;
	uint32_t op2 = (uint32_t)(esr >> 17) & 7u;
	bool timer = pair ? (esr >> 16 & 0xfu) == 2u && (esr >> 1 & 0xfu) == 14u
	                  : (esr >> 14 & 7u) == 0u && (esr >> 10 & 0xfu) == 14u &&
	                             (esr >> 1 & 0xfu) == 2u && op2 < 2u;
	enum cntp_register reg = pair ? CNTP_CVAL : (enum cntp_register)op2;

	if (!timer || rt > 14u || (pair && rt2 > 14u) ||
	    !guest_condition_holds(esr, context->pstate)) {
		guest_undefined(context, esr);
		return;
	}
	if (write) {
		cntp_write(vcpu, reg,
		           pair ? (context->x[rt2] << 32) | (context->x[rt] & 0xffffffffu)
		                : context->x[rt] & 0xffffffffu);
	} else {
		uint64_t value = cntp_read(vcpu, reg);

		context->x[rt] = value & 0xffffffffu;
		if (pair)
			context->x[rt2] = value >> 32;
	}
	guest_advance(context, esr);
}
