/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps of guests: what the kernel answers itself, and what goes to the VM process. Nothing
 * a guest does reaches an assertion: what is not known is UNDEFINED to it.
 */
#include "arch/arm64/el1_switch.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/trace.h"
#include "kernel/vcpu.h"
#include "kernel/vgic_peek.h"

/* A syndrome that says all, of a translation fault that is no walk's: an access to a device. */
#define ACCESS_MASK  (ISS_ISV | ISS_S1PTW | 0x3cull)
#define ACCESS_VALUE (ISS_ISV | DFSC_TRANSLATION << 2)

/* ESR_EL2 of SVC #0 from AArch64: EC and IL; the immediate is in bits 15:0 (D19.2.37) */
#define SVC64_ESR ((uint64_t)EC_SVC64 << 26 | ESR_IL)

_Static_assert(TRAP_RETURN == SYSCALL_RETURN && TRAP_RESUME == SYSCALL_RESUME,
               "the answers of system calls are traps'");

static inline uint64_t guest_ipa(void)
{
	/* HPFAR_EL2 holds IPA bits 47:12 in bits 43:4 (D19.2.62) */
	return (sysreg_read(hpfar_el2) & 0xfffffffff0ull) << 8 | (sysreg_read(far_el2) & 0xfffu);
}

void guest_undefined(struct context *context, uint64_t esr)
{
	if (!guest_condition_holds(esr, context->pstate))
		guest_advance(context, esr);
	else
		guest_inject(context, ESR_IL, 0u, false); /* EC 0 has IL = 1 always, D19.2.37 */
}

/* External abort syndromes: DFSC 0x10, on a stage-1 walk 0x15; EC by where it came from. */
static __attribute__((cold)) void guest_inject_abort(struct context *context, bool fetch, bool walk,
                                                     uint64_t esr, uint64_t far)
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
static __attribute__((noinline)) uint32_t guest_wfi_quick(struct cpu *cpu)
{
	if ((sysreg_read(spsr_el2) & PSTATE_A32) != 0u)
		return TRAP_FULL;
	guest_advance_quick();
	return vcpu_wait_for_interrupt(cpu->current) ? TRAP_RETURN : TRAP_RESUME;
}

static __attribute__((cold)) void guest_wfi(struct cpu *cpu, struct context *context, uint64_t esr)
{
	bool waits = guest_condition_holds(esr, context->pstate); /* before the IT state moves on */

	guest_advance(context, esr);
	if (waits)
		(void)vcpu_wait_for_interrupt(cpu->current);
}

/* HVC returns behind itself; a trapped SMC has not been executed (D1.16). */
static __attribute__((cold)) void guest_call(struct cpu *cpu, struct context *context, uint64_t esr)
{
	struct thread *thread = cpu->current;
	bool smc = ESR_EC(esr) == EC_SMC64;

	if (smc)
		guest_advance(context, esr);
	if (vcpu_call(context))
		return;
	vcpu_exit(thread, VCPU_EXIT_CALL, context->x[0], context->x[1], context->x[2],
	          context->x[3]);
	thread->host.x[5] = smc ? 1u : 0u;
}

/* The accessed bytes of a register; what is loaded is extended as the syndrome says. */
static inline uint64_t guest_truncate(uint64_t value, uint64_t esr)
{
	uint32_t unused = 64u - (8u << ISS_SAS(esr));

	return value << unused >> unused;
}

static inline uint64_t guest_extend(uint64_t value, uint64_t esr)
{
	uint32_t unused = 64u - (8u << ISS_SAS(esr));

	if ((esr & ISS_SSE) == 0u)
		return guest_truncate(value, esr);
	value = (uint64_t)((int64_t)(value << unused) >> unused);
	return (esr & ISS_SF) != 0u ? value : value & 0xffffffffu;
}

static inline uint64_t guest_store_value(const struct context *context, uint64_t esr)
{
	uint32_t rt = ISS_SRT(esr);

	return rt == 31u ? 0u : guest_truncate(context->x[rt], esr);
}

/* An access to the GIC's frames, which are the kernel's. False: to be tried again. */
static bool guest_gic_access(struct vcpu *vcpu, struct context *context, uint64_t ipa, uint64_t esr)
{
	bool write = (esr & ISS_WRITE) != 0u;
	uint64_t value = write ? guest_store_value(context, esr) : 0u;

	if (vcpu_vgic_access(vcpu, ipa, 1u << ISS_SAS(esr), write, &value) == STATUS_STATE)
		return false; /* the thread is blocked */
	if (!write && ISS_SRT(esr) != 31u)
		context->x[ISS_SRT(esr)] = guest_extend(value, esr);
	return true;
}

/*
 * The guest exits to its VM process: an access of `value`, or a read, to a device. cpu->resched is
 * not looked at: it is never set when a lower level runs, and nothing here sets it.
 */
static __attribute__((noinline)) uint32_t guest_exit_access(struct cpu *cpu, struct thread *thread,
                                                            uint64_t esr, uint64_t ipa,
                                                            uint64_t value)
{
	struct vcpu *vcpu = thread->vcpu;
	uint32_t reason = VCPU_EXIT_MMIO_READ + (uint32_t)(esr / ISS_WRITE & 1u);

	vcpu->esr = esr;
	vcpu->far = sysreg_read(far_el2);
	vcpu_leave(thread, reason, ipa, 1ull << ISS_SAS(esr), value);
	trace_event_at(cpu, sysreg_read(cntpct_el0), TRACE_EXIT, thread->slot, reason | ipa << 8);
	el1_to_host(cpu, arch_vcpu_of(vcpu));
	sysreg_write(vttbr_el2, thread->vttbr);
	cpu->next = &thread->host;
	return TRAP_HOST;
}

static __attribute__((noinline)) uint32_t guest_exit_store(struct cpu *cpu, struct thread *thread,
                                                           uint64_t esr, uint64_t ipa)
{
	if (!guest_has_quick(ISS_SRT(esr)))
		return TRAP_FULL;
	guest_spill(&thread->vcpu->guest, ISS_SRT(esr));
	return guest_exit_access(cpu, thread, esr, ipa,
	                         guest_store_value(&thread->vcpu->guest, esr));
}

/* An access that the VM process is to serve. */
static inline uint32_t guest_exit_quick(struct cpu *cpu, struct thread *thread, uint64_t esr,
                                        uint64_t ipa)
{
	if ((esr & ISS_WRITE) != 0u)
		return guest_exit_store(cpu, thread, esr, ipa);
	return guest_exit_access(cpu, thread, esr, ipa, 0u);
}

#define ACCESS_KIND     (ISS_WRITE | ISS_SAS_MASK | ISS_SSE)
#define ACCESS_LOAD_32  ISS_SAS_4
#define ACCESS_STORE_32 (ISS_SAS_4 | ISS_WRITE)

/* What is no read that vgic_peek() answers: GICR and GICD, or what lies between them. */
static __attribute__((noinline, cold)) uint32_t guest_gic_slow(struct cpu *cpu,
                                                               struct thread *thread, uint64_t esr,
                                                               uint64_t ipa)
{
	struct vcpu *vcpu = thread->vcpu;

	if (!vcpu_vgic_owns(vcpu, ipa))
		return guest_exit_quick(cpu, thread, esr, ipa);
	if (!guest_has_quick(ISS_SRT(esr)))
		return TRAP_FULL;
	guest_spill(&vcpu->guest, ISS_SRT(esr));
	if (guest_gic_access(vcpu, &vcpu->guest, ipa, esr))
		guest_advance_quick();
	guest_fill(&vcpu->guest, ISS_SRT(esr));
	return cpu->resched ? TRAP_RESUME : TRAP_RETURN;
}

/* What is no load of a word to x0 to x7; a word from there may go to a register of enables. */
static __attribute__((noinline)) uint32_t guest_gic_store(struct cpu *cpu, struct thread *thread,
                                                          uint64_t esr, uint64_t ipa)
{
	struct vcpu *vcpu = thread->vcpu;
	struct vm *vm = vcpu->vm;
	bool redistributor = ipa - vm->gicd_ipa >= VM_GICD_BYTES;

	if ((esr & ACCESS_KIND) != ACCESS_STORE_32 || ISS_SRT(esr) > 7u ||
	    !vcpu_vgic_owns(vcpu, ipa) ||
	    !vgic_enable(&vcpu->vgic, redistributor,
	                 ipa - (redistributor ? vm->gicr_ipa : vm->gicd_ipa),
	                 (uint32_t)vcpu->guest.x[ISS_SRT(esr)]))
		return guest_gic_slow(cpu, thread, esr, ipa);
	guest_advance_quick();
	return cpu->resched ? TRAP_RESUME : TRAP_RETURN;
}

/* An access between the GIC's first and last byte: reads of one word of state are answered here. */
static __attribute__((noinline)) uint32_t guest_gic_quick(struct cpu *cpu, struct thread *thread,
                                                          uint64_t esr, uint64_t ipa)
{
	struct vcpu *vcpu = thread->vcpu;
	struct vm *vm = vcpu->vm;
	bool redistributor = ipa - vm->gicd_ipa >= VM_GICD_BYTES;
	uint32_t rt = ISS_SRT(esr);
	uint64_t value;

	if ((esr & ACCESS_KIND) != ACCESS_LOAD_32 || rt > 7u)
		return guest_gic_store(cpu, thread, esr, ipa);
	value = vgic_peek(&vm->vgic, redistributor,
	                  ipa - (redistributor ? vm->gicr_ipa : vm->gicd_ipa));
	if (value == VGIC_NO_VALUE)
		return guest_gic_slow(cpu, thread, esr, ipa);
	vcpu->guest.x[rt] = value;
	guest_advance_quick();
	return TRAP_RETURN;
}

static inline uint32_t guest_data_quick(struct cpu *cpu, struct thread *thread, uint64_t esr)
{
	const struct vm *vm = thread->vcpu->vm;
	uint64_t ipa = guest_ipa();

	if ((esr & ACCESS_MASK) != ACCESS_VALUE ||
	    ((sysreg_read(sctlr_el1) & SCTLR_BIG) | (sysreg_read(spsr_el2) & PSTATE_A32)) != 0u)
		return TRAP_FULL;
	if (ipa - vm->gic_ipa < vm->gic_bytes)
		return guest_gic_quick(cpu, thread, esr, ipa);
	return guest_exit_quick(cpu, thread, esr, ipa);
}

/* Are the bytes of the guest's data turned round here? The syndrome does not say (D1.9). */
static bool guest_big_endian(uint64_t pstate)
{
	if ((pstate & PSTATE_A32) != 0u)
		return (pstate & PSTATE_E) != 0u;
	return (sysreg_read(sctlr_el1) &
	        ((pstate & PSTATE_M_MASK) == PSTATE_EL0T ? SCTLR_E0E : SCTLR_EE)) != 0u;
}

/* What guest_data_quick has left over. Big-endian data goes to the VM process to be decoded. */
static __attribute__((cold)) void guest_data_abort(struct cpu *cpu, struct context *context,
                                                   uint64_t esr)
{
	struct thread *thread = cpu->current;
	uint64_t far = sysreg_read(far_el2);

	if ((esr & ACCESS_MASK) == ACCESS_VALUE && !guest_big_endian(context->pstate)) {
		uint64_t ipa = guest_ipa();

		if (!vcpu_vgic_owns(thread->vcpu, ipa))
			(void)guest_exit_access(cpu, thread, esr, ipa,
			                        guest_store_value(context, esr));
		else if (guest_gic_access(thread->vcpu, context, ipa, esr))
			guest_advance(context, esr);
		return;
	}
	if ((esr & ISS_S1PTW) != 0u || DFSC_TYPE(ISS_DFSC(esr)) > DFSC_TRANSLATION) {
		/* page tables outside RAM, or a fault that is no missing mapping */
		guest_inject_abort(context, false, (esr & ISS_S1PTW) != 0u, esr, far);
		return;
	}
	thread->vcpu->esr = esr;
	thread->vcpu->far = far;
	if ((esr & ISS_CM) != 0u)
		guest_advance(context, esr); /* cache maintenance of what is not cached */
	else
		vcpu_exit(thread, VCPU_EXIT_DECODE, guest_ipa(), context->pc, esr, far);
}

static __attribute__((cold)) void guest_fetch_abort(struct cpu *cpu, struct context *context,
                                                    uint64_t esr)
{
	struct thread *thread = cpu->current;
	uint64_t far = sysreg_read(far_el2);

	if ((esr & ISS_S1PTW) != 0u || DFSC_TYPE(ISS_DFSC(esr)) > DFSC_TRANSLATION) {
		guest_inject_abort(context, true, (esr & ISS_S1PTW) != 0u, esr, far);
		return;
	}
	thread->vcpu->esr = esr;
	thread->vcpu->far = far;
	vcpu_exit(thread, VCPU_EXIT_FETCH, guest_ipa(), context->pc, 0u, 0u);
}

static __attribute__((noinline)) uint32_t guest_fp_quick(struct cpu *cpu, struct thread *thread)
{
	fp_take(cpu, thread);
	return TRAP_RETURN;
}

/* A guest's traps, the most frequent first. */
static inline uint32_t guest_quick(struct cpu *cpu, struct thread *thread, uint64_t esr)
{
	uint32_t class = ESR_EC(esr);

	if (class == EC_DATA_LOWER)
		return guest_data_quick(cpu, thread, esr);
	if (class == EC_SYSREG)
		return guest_sysreg_quick(cpu, &thread->vcpu->guest, esr);
	if (class == EC_HVC64)
		return vcpu_call(&thread->vcpu->guest) ? TRAP_RETURN : TRAP_FULL;
	if (class == EC_WFX)
		return guest_wfi_quick(cpu);
	return class == EC_FP ? guest_fp_quick(cpu, thread) : TRAP_FULL;
}

const guest_handler guest_handlers[64] = {
	[EC_WFX] = guest_wfi,
	[EC_CP15_32] = guest_cp15,
	[EC_CP15_64] = guest_cp15,
	[EC_HVC64] = guest_call,
	[EC_SMC64] = guest_call,
	[EC_SYSREG] = guest_sysreg,
	[EC_FETCH_LOWER] = guest_fetch_abort,
	[EC_DATA_LOWER] = guest_data_abort,
};

static __attribute__((noinline)) void guest_load_extended(struct context *context, uint64_t esr,
                                                          uint64_t value)
{
	context->x[ISS_SRT(esr)] = guest_extend(value, esr);
}

/* What a load of `value` gives its register; most often a word that is not extended. */
static inline void guest_load(struct context *context, uint64_t esr, uint64_t value)
{
	uint32_t rt = ISS_SRT(esr);

	if (rt == 31u)
		return;
	if ((esr & (ISS_SAS_MASK | ISS_SSE)) == ISS_SAS_4)
		context->x[rt] = (uint32_t)value;
	else
		guest_load_extended(context, esr, value);
}

/* The trapped AArch64 instruction is done; guest_advance is for all. */
static inline void guest_behind(struct context *context)
{
	context->pc += 4u;
	context->pstate = context->pstate & ~PSTATE_BTYPE & ~PSTATE_SS;
}

void arch_vcpu_complete_read(struct vcpu *vcpu, uint64_t value)
{
	guest_load(&vcpu->guest, vcpu->esr, value);
	guest_advance(&vcpu->guest, vcpu->esr);
}

_Static_assert(VCPU_READ_VALUE == VCPU_EXIT_MMIO_READ && VCPU_DONE == VCPU_EXIT_MMIO_WRITE,
               "the answer to an access has the number of its exit");

/* The system call vcpu_run, when it answers an access to a device; else as syscall_dispatch. */
static __attribute__((noinline)) uint32_t guest_run_quick(struct cpu *cpu, struct thread *thread)
{
	struct vcpu *vcpu = thread->vcpu;
	uint64_t op = thread->host.x[0];

	/* el1_owner: then vcpu is there, and loaded too */
	if (cpu->el1_owner != thread || op != vcpu->pending || op - VCPU_READ_VALUE > 1u ||
	    (vcpu->guest.pstate & PSTATE_A32) != 0u || thread->budget.overrun)
		return syscall_dispatch(thread, SYSCALL_VCPU_RUN);
	thread->in_guest = true;
	thread->context = &vcpu->guest;
	sysreg_write(vttbr_el2, vcpu->vttbr);
	el1_to_guest(cpu, thread, arch_vcpu_of(vcpu));
	guest_behind(&vcpu->guest);
	vcpu->pending = VCPU_EXIT_NOTIFIED;
	cpu->next = &vcpu->guest;
	if (op == VCPU_READ_VALUE)
		guest_load(&vcpu->guest, vcpu->esr, thread->host.x[1]);
	/* a bit that comes later comes with an interrupt; cpu->resched as in guest_exit_access */
	return __atomic_load_n(&thread->word, __ATOMIC_RELAXED) != 0u ? TRAP_RESUME : TRAP_GUEST;
}

void arch_vcpu_advance(struct vcpu *vcpu)
{
	guest_advance(&vcpu->guest, vcpu->esr);
}

void arch_vcpu_inject_abort(struct vcpu *vcpu, bool fetch)
{
	guest_inject_abort(&vcpu->guest, fetch, false, vcpu->esr, vcpu->far);
}

void arch_vcpu_inject_undefined(struct vcpu *vcpu, bool long_instruction)
{
	guest_inject(&vcpu->guest, long_instruction ? ESR_IL : 0u, 0u, false);
}

uint32_t trap_sync(struct cpu *cpu)
{
	struct thread *thread = cpu->current;
	uint64_t esr = sysreg_read(esr_el2);
	uint64_t number = esr - SVC64_ESR;

	cpu->entries++;
	if (thread->in_guest)
		return guest_quick(cpu, thread, esr);
	if (number == SYSCALL_VCPU_RUN)
		return guest_run_quick(cpu, thread);
	if (number > 0xffffu)
		return trap_process(cpu, thread, esr);
	return syscall_dispatch(thread, number);
}
