/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's program counter and exceptions: going on behind a trapped instruction, and
 * exception entry to its EL1, done as hardware does it (DDI 0487 D1.3).
 */
#include "arch/arm64/arch.h"

#define CV_CONDITION_VALID (1ull << 24)

/* AArch32 condition codes, F1.3.1: pairs of a test and its inverse. */
bool guest_condition_holds(uint64_t esr, uint64_t pstate)
{
	uint32_t ec = ESR_EC(esr);
	bool conditional = ec == EC_WFX || (ec >= EC_CP15_32 && ec <= EC_CP14_64);
	uint32_t condition = (uint32_t)(esr >> 20) & 0xfu;
	bool n = (pstate >> 31 & 1u) != 0u;
	bool z = (pstate >> 30 & 1u) != 0u;
	bool c = (pstate >> 29 & 1u) != 0u;
	bool v = (pstate >> 28 & 1u) != 0u;
	bool holds = true;

	if (!conditional || (pstate & PSTATE_A32) == 0u)
		return true;
	/* Without a valid condition (Thumb) it is in the IT state: 15:10 and 26:25, F1.2.3 */
	if ((esr & CV_CONDITION_VALID) == 0u) {
		uint32_t it = (uint32_t)(pstate >> 8 & 0xfcu) | (uint32_t)(pstate >> 25 & 3u);

		condition = it != 0u ? it >> 4 : 14u;
	}
	switch (condition >> 1) {
	case 0:
		holds = z;
		break;
	case 1:
		holds = c;
		break;
	case 2:
		holds = n;
		break;
	case 3:
		holds = v;
		break;
	case 4:
		holds = c && !z;
		break;
	case 5:
		holds = n == v;
		break;
	case 6:
		holds = n == v && !z;
		break;
	default:
		return true;
	}
	return (condition & 1u) != 0u ? !holds : holds;
}

/* ITAdvance(), F1.2.3 */
static uint64_t guest_it_advance(uint64_t pstate)
{
	uint64_t it = (pstate >> 8 & 0xfcu) | (pstate >> 25 & 3u);

	it = (it & 7u) == 0u ? 0u : (it & 0xe0u) | (it << 1 & 0x1fu);
	return (pstate & ~0x600fc00ull) | (it & 0xfcu) << 8 | (it & 3u) << 25;
}

void guest_advance(struct context *context, uint64_t esr)
{
	context->pc += (esr & ESR_IL) != 0u ? 4u : 2u;
	if ((context->pstate & PSTATE_A32) != 0u)
		context->pstate = guest_it_advance(context->pstate);
	else
		context->pstate &= ~(PSTATE_BTYPE | PSTATE_SS);
}

/* Offset into the vector table: D1.3.1.5. */
static uint64_t guest_vector(uint64_t pstate)
{
	if ((pstate & PSTATE_A32) != 0u)
		return 0x600u;
	switch (pstate & PSTATE_M_MASK) {
	case PSTATE_EL1H:
		return 0x200u;
	case PSTATE_EL1T:
		return 0x000u;
	default:
		return 0x400u;
	}
}

static bool guest_has_pan(void)
{
	return (sysreg_read(id_aa64mmfr1_el1) >> 20 & 0xfu) != 0u;
}

void guest_inject(struct context *context, uint64_t esr, uint64_t far, bool set_far)
{
	uint64_t old = context->pstate;
	uint64_t sctlr = sysreg_read(sctlr_el1);
	uint64_t kept = (old & PSTATE_A32) != 0u ? 0xf0000000ull | PSTATE_PAN
	                                         : 0xf1000000ull | PSTATE_PAN | PSTATE_TCO;
	uint64_t now = (old & kept) | PSTATE_DAIF | PSTATE_EL1H;

	if ((sctlr & SCTLR_SPAN) == 0u && guest_has_pan())
		now |= PSTATE_PAN;
	if ((sctlr & SCTLR_DSSBS) != 0u)
		now |= PSTATE_SSBS;
	sysreg_write(spsr_el1, old);
	sysreg_write(elr_el1, context->pc);
	sysreg_write(esr_el1, esr);
	if (set_far)
		sysreg_write(far_el1, far);
	context->pc = sysreg_read(vbar_el1) + guest_vector(old);
	context->pstate = now;
}
