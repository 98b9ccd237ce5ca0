/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps of guests: what the kernel answers itself, and what goes to the VM process. Nothing
 * a guest does reaches an assertion: what is not known is UNDEFINED to it.
 */
#include "arch/arm64/arch.h"
#include "kernel/sched.h"
#include "kernel/vcpu.h"

/* x18 and up are in memory only when the context is full; 31 is the zero register. */
static bool guest_has_register(uint32_t number, bool full)
{
	return full || number < 18u || number == 31u;
}

static uint64_t guest_ipa(void)
{
	/* HPFAR_EL2 holds IPA bits 47:12 in bits 43:4 (D19.2.62) */
	return (sysreg_read(hpfar_el2) & 0xfffffffff0ull) << 8 | (sysreg_read(far_el2) & 0xfffu);
}

uint32_t guest_undefined(struct cpu *cpu, struct context *context, uint64_t esr, bool full)
{
	(void)cpu;
	if (!full)
		return TRAP_FULL;
	if (!guest_condition_holds(esr, context->pstate))
		guest_advance(context, esr, full);
	else
		guest_inject(context, esr & ESR_IL, 0u, false);
	return TRAP_RESUME;
}

/* External abort syndromes: DFSC 0x10, on a stage-1 walk 0x15; EC by where it came from. */
static void guest_inject_abort(struct context *context, bool fetch, bool walk, uint64_t esr,
                               uint64_t far)
{
	bool from_el1 = (context->pstate & PSTATE_M_MASK) >= PSTATE_EL1T &&
	                (context->pstate & PSTATE_A32) == 0u;
	uint64_t ec = (fetch ? 0x20ull : 0x24ull) + (from_el1 ? 1ull : 0ull);
	uint64_t iss = walk ? 0x15ull : 0x10ull;

	if (!fetch)
		iss |= esr & (ISS_WRITE | ISS_CM);
	guest_inject(context, ec << 26 | ESR_IL | iss, far, true);
}

/* A wait by WFI; WFE and the timed forms do not trap or are hidden. */
static uint32_t guest_wfi(struct cpu *cpu, struct context *context, uint64_t esr, bool full)
{
	bool waits = true;

	if (!full && (sysreg_read(spsr_el2) & PSTATE_A32) != 0u)
		return TRAP_FULL;
	if (full)
		waits = guest_condition_holds(esr, context->pstate); /* before the IT state moves */
	guest_advance(context, esr, full);
	return !waits || vcpu_wait_for_interrupt(cpu->current) ? TRAP_RETURN : TRAP_RESUME;
}

static uint32_t guest_call(struct cpu *cpu, struct context *context, uint64_t esr, bool full)
{
	struct thread *thread = cpu->current;
	bool smc = ESR_EC(esr) == EC_SMC64;

	/* HVC returns behind itself; a trapped SMC has not been executed (D1.16) */
	if (vcpu_call(context)) {
		if (smc)
			guest_advance(context, esr, full);
		return full ? TRAP_RESUME : TRAP_RETURN;
	}
	if (!full)
		return TRAP_FULL;
	if (smc)
		guest_advance(context, esr, full);
	vcpu_exit(thread, VCPU_EXIT_CALL, context->x[0], context->x[1], context->x[2],
	          context->x[3]);
	thread->host.x[5] = smc ? 1u : 0u;
	return TRAP_RESUME;
}

static uint64_t guest_extend(uint64_t value, uint64_t esr)
{
	uint32_t bits = 8u << ISS_SAS(esr);

	if (bits < 64u) {
		value &= (1ull << bits) - 1u;
		if ((esr & ISS_SSE) != 0u && (value >> (bits - 1u) & 1u) != 0u)
			value |= ~((1ull << bits) - 1u);
	}
	return (esr & ISS_SF) != 0u ? value : value & 0xffffffffu;
}

static uint64_t guest_store_value(const struct context *context, uint64_t esr)
{
	uint32_t rt = ISS_SRT(esr);
	uint32_t bits = 8u << ISS_SAS(esr);
	uint64_t value = rt == 31u ? 0u : context->x[rt];

	return bits < 64u ? value & ((1ull << bits) - 1u) : value;
}

/* A syndrome that says all, of a translation fault that is no walk's: an access to a device. */
#define ACCESS_MASK  (ISS_ISV | ISS_S1PTW | (0x3cull))
#define ACCESS_VALUE (ISS_ISV | DFSC_TRANSLATION << 2)

/* An access to the GIC's frames, which are the kernel's. */
static uint32_t guest_gic_access(struct cpu *cpu, struct context *context, uint64_t ipa,
                                 uint64_t esr, bool full)
{
	struct vcpu *vcpu = cpu->current->vcpu;
	bool write = (esr & ISS_WRITE) != 0u;
	uint32_t rt = ISS_SRT(esr);
	uint64_t value = 0u;
	status_t status;

	if (!full && (!guest_has_register(rt, full) || (sysreg_read(spsr_el2) & PSTATE_A32) != 0u))
		return TRAP_FULL;
	if (write)
		value = guest_store_value(context, esr);
	status = vcpu_vgic_access(vcpu, ipa, 1u << ISS_SAS(esr), write, &value);
	if (status == STATUS_STATE)
		return TRAP_RESUME; /* the thread is blocked; the guest executes it again */
	if (!write && rt != 31u)
		context->x[rt] = guest_extend(value, esr);
	guest_advance(context, esr, full);
	return cpu->resched ? TRAP_RESUME : TRAP_RETURN;
}

void guest_access(struct cpu *cpu, struct thread *thread)
{
	struct vcpu *vcpu = thread->vcpu;
	uint64_t esr = sysreg_read(esr_el2);
	bool write = (esr & ISS_WRITE) != 0u;

	(void)cpu;
	vcpu->esr = esr;
	vcpu->far = sysreg_read(far_el2);
	vcpu_exit(thread, write ? VCPU_EXIT_MMIO_WRITE : VCPU_EXIT_MMIO_READ, guest_ipa(),
	          1ull << ISS_SAS(esr), write ? guest_store_value(&vcpu->guest, esr) : 0u, 0u);
}

static uint32_t guest_data_abort(struct cpu *cpu, struct context *context, uint64_t esr, bool full)
{
	struct thread *thread = cpu->current;
	uint64_t ipa = guest_ipa();
	uint64_t far;

	if ((esr & ACCESS_MASK) == ACCESS_VALUE)
		return vcpu_vgic_owns(thread->vcpu, ipa)
		               ? guest_gic_access(cpu, context, ipa, esr, full)
		               : TRAP_ACCESS;
	if (!full)
		return TRAP_FULL;
	far = sysreg_read(far_el2);
	if ((esr & ISS_S1PTW) != 0u || DFSC_TYPE(ISS_DFSC(esr)) > DFSC_TRANSLATION) {
		/* page tables outside RAM, or a fault that is no missing mapping */
		guest_inject_abort(context, false, (esr & ISS_S1PTW) != 0u, esr, far);
		return TRAP_RESUME;
	}
	thread->vcpu->esr = esr;
	thread->vcpu->far = far;
	if ((esr & ISS_CM) != 0u)
		guest_advance(context, esr, full); /* cache maintenance of what is not cached */
	else
		vcpu_exit(thread, VCPU_EXIT_DECODE, ipa, context->pc, esr, far);
	return TRAP_RESUME;
}

static uint32_t guest_fetch_abort(struct cpu *cpu, struct context *context, uint64_t esr, bool full)
{
	struct thread *thread = cpu->current;
	uint64_t far = sysreg_read(far_el2);
	if (!full)
		return TRAP_FULL;
	if ((esr & ISS_S1PTW) != 0u || DFSC_TYPE(ISS_DFSC(esr)) > DFSC_TRANSLATION) {
		guest_inject_abort(context, true, (esr & ISS_S1PTW) != 0u, esr, far);
		return TRAP_RESUME;
	}
	thread->vcpu->esr = esr;
	thread->vcpu->far = far;
	vcpu_exit(thread, VCPU_EXIT_FETCH, guest_ipa(), context->pc, 0u, 0u);
	return TRAP_RESUME;
}

static uint32_t guest_fp(struct cpu *cpu, struct context *context, uint64_t esr, bool full)
{
	(void)context;
	(void)esr;
	fp_take(cpu, cpu->current);
	return full ? TRAP_RESUME : TRAP_RETURN;
}

typedef uint32_t (*const guest_handler)(struct cpu *, struct context *, uint64_t, bool);

static guest_handler guest_handlers[64] = {
	[EC_WFX] = guest_wfi,
	[EC_CP15_32] = guest_cp15,
	[EC_CP15_64] = guest_cp15,
	[EC_FP] = guest_fp,
	[EC_HVC64] = guest_call,
	[EC_SMC64] = guest_call,
	[EC_SYSREG] = guest_sysreg,
	[EC_FETCH_LOWER] = guest_fetch_abort,
	[EC_DATA_LOWER] = guest_data_abort,
};

uint32_t guest_trap(struct cpu *cpu, struct context *context, bool full)
{
	uint64_t esr = sysreg_read(esr_el2);
	guest_handler handler = guest_handlers[ESR_EC(esr)];

	return handler != NULL ? handler(cpu, context, esr, full)
	                       : guest_undefined(cpu, context, esr, full);
}

void arch_vcpu_complete_read(struct vcpu *vcpu, uint64_t value)
{
	uint32_t rt = ISS_SRT(vcpu->esr);

	if (rt != 31u)
		vcpu->guest.x[rt] = guest_extend(value, vcpu->esr);
	guest_advance(&vcpu->guest, vcpu->esr, true);
}

void arch_vcpu_advance(struct vcpu *vcpu)
{
	guest_advance(&vcpu->guest, vcpu->esr, true);
}

void arch_vcpu_inject_abort(struct vcpu *vcpu, bool fetch)
{
	guest_inject_abort(&vcpu->guest, fetch, false, vcpu->esr, vcpu->far);
}

void arch_vcpu_inject_undefined(struct vcpu *vcpu, bool long_instruction)
{
	guest_inject(&vcpu->guest, long_instruction ? ESR_IL : 0u, 0u, false);
}
