/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs; contract in vcpu.h and abi/vcpu.h. */
#include "kernel/vcpu.h"

#include "kernel/sched.h"
#include "kernel/trace.h"
#include "kernel/vgic_port.h"

#define PHYSICAL_TIMER_INTID 30u /* BSA: EL1 physical timer */
#define TIMER_ENABLE         1u  /* CNTP_CTL_EL0, DDI 0487 D13.8.17 */
#define TIMER_MASK           2u

#define GICD_BYTES 0x10000ull
#define GICR_BYTES 0x20000ull

/* SMC Calling Convention (DEN 0028) and PSCI (DEN 0022) */
#define SMCCC_NOT_SUPPORTED 0xffffffffffffffffull
#define SMCCC_FAST          0x80000000ull
#define SMCCC_64            0x40000000ull
#define SMCCC_SERVICE       0xffff0000ull /* owner and reserved bits */
#define SMCCC_VERSION       0x80000000ull
#define PSCI_SERVICE        0x84000000ull
#define PSCI_FUNCTIONS      0x20ull
#define PSCI_VERSION        0x84000000ull
#define VERSION_1_1         0x10001ull

#define ANSWERS(exit) (1u << (exit))
#define ANSWERS_ACCESS \
	(ANSWERS(VCPU_EXIT_MMIO_READ) | ANSWERS(VCPU_EXIT_MMIO_WRITE) | ANSWERS(VCPU_EXIT_DECODE))

/* Which pending exits each operation answers. */
static const uint32_t vcpu_answers[] = {
	[VCPU_RESUME] = ANSWERS(VCPU_EXIT_NOTIFIED),
	[VCPU_READ_VALUE] = ANSWERS(VCPU_EXIT_MMIO_READ),
	[VCPU_DONE] = ANSWERS(VCPU_EXIT_MMIO_WRITE) | ANSWERS(VCPU_EXIT_DECODE),
	[VCPU_CALL_RETURN] = ANSWERS(VCPU_EXIT_CALL),
	[VCPU_CALL_IDLE] = ANSWERS(VCPU_EXIT_CALL),
	[VCPU_ABORT] = ANSWERS_ACCESS | ANSWERS(VCPU_EXIT_FETCH),
	[VCPU_UNDEF] = ANSWERS(VCPU_EXIT_DECODE),
	[VCPU_RETRY] = ANSWERS_ACCESS | ANSWERS(VCPU_EXIT_FETCH),
};

static struct vcpu *vcpu_of_vgic(struct vgic_cpu *vgic)
{
	return (struct vcpu *)(void *)((char *)vgic - offsetof(struct vcpu, vgic));
}

static bool vcpu_refuse(struct thread *thread, status_t status)
{
	thread->host.x[0] = VCPU_EXIT_REFUSED;
	thread->host.x[1] = (uint64_t)status;
	return true;
}

/* Answers the exit before; the guest's registers are in hardware again. */
static void vcpu_answer(struct vcpu *vcpu, uint64_t op, const uint64_t *values)
{
	switch (op) {
	case VCPU_READ_VALUE:
		arch_vcpu_complete_read(vcpu, values[0]);
		break;
	case VCPU_DONE:
		arch_vcpu_advance(vcpu);
		break;
	case VCPU_CALL_RETURN:
	case VCPU_CALL_IDLE:
		for (uint32_t i = 0u; i < 4u; i++)
			vcpu->guest.x[i] = values[i];
		break;
	case VCPU_ABORT:
		arch_vcpu_inject_abort(vcpu, vcpu->pending == VCPU_EXIT_FETCH);
		break;
	case VCPU_UNDEF:
		arch_vcpu_inject_undefined(vcpu, true);
		break;
	default: /* RESUME and RETRY change nothing */
		break;
	}
}

bool vcpu_run(struct thread *thread)
{
	struct vcpu *vcpu = thread->vcpu;
	uint64_t op = thread->host.x[0];

	if (vcpu == NULL)
		return vcpu_refuse(thread, STATUS_DENIED);
	if (op >= sizeof(vcpu_answers) / sizeof(vcpu_answers[0]))
		return vcpu_refuse(thread, STATUS_INVALID);
	if ((vcpu_answers[op] & ANSWERS(vcpu->pending)) == 0u)
		return vcpu_refuse(thread, STATUS_STATE);
	thread->in_guest = true;
	thread->context = &vcpu->guest;
	arch_vcpu_enter(thread->cpu, thread);
	vcpu_answer(vcpu, op, &thread->host.x[1]);
	vcpu->pending = VCPU_EXIT_NOTIFIED;
	if (op == VCPU_CALL_IDLE)
		vcpu_wait_for_interrupt(thread);
	return false;
}

void vcpu_exit(struct thread *thread, uint32_t reason, const uint64_t values[6])
{
	thread->host.x[0] = reason;
	for (uint32_t i = 0u; i < 6u; i++)
		thread->host.x[1u + i] = values[i];
	thread->vcpu->pending = reason;
	thread->in_guest = false;
	thread->context = &thread->host;
	thread->exits++;
	arch_vcpu_leave(thread->cpu, thread);
	trace_event(thread->cpu, TRACE_EXIT, thread->slot, reason);
}

void vcpu_prepare(struct thread *thread)
{
	/* acquire: pairs with the release in sched_notify */
	uint64_t word = __atomic_load_n(&thread->word, __ATOMIC_ACQUIRE);

	if (word != 0u) {
		const uint64_t values[6] = {word};

		vcpu_exit(thread, VCPU_EXIT_NOTIFIED, values);
		return;
	}
}

void vcpu_wait_for_interrupt(struct thread *thread)
{
	struct vgic_cpu *vgic = &thread->vcpu->vgic;

	if (vgic_requested(vgic))
		vgic_flush(vgic);
	if (__atomic_load_n(&thread->word, __ATOMIC_ACQUIRE) == 0u && !vgic_pending(vgic))
		sched_block(thread, THREAD_IDLE);
}

void vcpu_physical_timer(struct vcpu *vcpu)
{
	bool enabled = (vcpu->ptimer_control & TIMER_ENABLE) != 0u;
	bool due = enabled && arch_now() >= vcpu->ptimer_compare;

	timer_arm(&vcpu->thread->cpu->timers, &vcpu->physical_timer,
	          enabled && !due && (vcpu->ptimer_control & TIMER_MASK) == 0u
	                  ? vcpu->ptimer_compare
	                  : TIMER_NEVER);
	vcpu->thread->cpu->resched = true; /* the hardware timer may have to be earlier */
	(void)vgic_line(&vcpu->vm->vgic, vcpu->index, PHYSICAL_TIMER_INTID,
	                due && (vcpu->ptimer_control & TIMER_MASK) == 0u);
}

bool vcpu_vgic_owns(const struct vcpu *vcpu, uint64_t ipa)
{
	const struct config_vm *config = vcpu->vm->config;

	return ipa - config->gicd_ipa < GICD_BYTES ||
	       ipa - config->gicr_ipa < GICR_BYTES * config->vcpu_count;
}

status_t vcpu_vgic_access(struct vcpu *vcpu, uint64_t ipa, uint32_t size, bool write,
                          uint64_t *value)
{
	const struct config_vm *config = vcpu->vm->config;
	bool distributor = ipa - config->gicd_ipa < GICD_BYTES;
	struct vgic_access access = {
		.self = &vcpu->vgic,
		.offset = ipa - (distributor ? config->gicd_ipa : config->gicr_ipa),
		.size = size,
		.write = write,
		.value = *value,
	};
	enum vgic_result result;

	if (!vcpu_vgic_owns(vcpu, ipa))
		return STATUS_INVALID;
	/* before the access, which may be answered at once by another CPU: vgic_synced */
	__atomic_store_n(&vcpu->syncing, 1u, __ATOMIC_SEQ_CST);
	result = distributor ? vgic_distributor(&access) : vgic_redistributor(&access);
	*value = access.value;
	return vcpu_vgic_result(vcpu, result);
}

status_t vcpu_vgic_result(struct vcpu *vcpu, enum vgic_result result)
{
	if (result == VGIC_DONE)
		__atomic_store_n(&vcpu->syncing, 0u, __ATOMIC_RELAXED);
	else if (vcpu->thread->in_guest)
		sched_block(vcpu->thread, THREAD_SYNC);
	return result == VGIC_RETRY ? STATUS_STATE : STATUS_OK;
}

void vgic_synced(struct vgic_cpu *waiter)
{
	struct vcpu *vcpu = vcpu_of_vgic(waiter);

	/* release: pairs with the acquire in sched_poke */
	__atomic_store_n(&vcpu->syncing, 0u, __ATOMIC_SEQ_CST);
	sched_signal_later(vcpu->thread);
}

void vgic_kick(struct vgic_cpu *target)
{
	sched_signal_later(vcpu_of_vgic(target)->thread);
}

bool vcpu_call(struct context *guest)
{
	uint64_t function = guest->x[0] & 0xffffffffu;
	uint64_t service = function & SMCCC_SERVICE & ~SMCCC_64;

	if (function == PSCI_VERSION || function == SMCCC_VERSION) {
		guest->x[0] = VERSION_1_1;
		return true;
	}
	if (service == SMCCC_FAST ||
	    (service == PSCI_SERVICE && (function & 0xffffu) < PSCI_FUNCTIONS))
		return false;
	guest->x[0] = SMCCC_NOT_SUPPORTED;
	return true;
}
