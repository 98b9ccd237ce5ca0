/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs; contract in vcpu.h and abi/vcpu.h. */
#include "kernel/vcpu.h"

#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/trace.h"
#include "kernel/vgic_port.h"

#define PHYSICAL_TIMER_INTID 30u /* BSA: EL1 physical timer */
#define TIMER_ENABLE         1u  /* CNTP_CTL_EL0, DDI 0487 D13.8.17 */
#define TIMER_MASK           2u

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

static uint32_t vcpu_refuse(struct thread *thread, status_t status)
{
	thread->host.x[0] = VCPU_EXIT_REFUSED;
	thread->host.x[1] = (uint64_t)status;
	return SYSCALL_RETURN;
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

uint32_t vcpu_run(struct thread *thread)
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
		(void)vcpu_wait_for_interrupt(thread);
	return SYSCALL_RESUME;
}

void vcpu_exit(struct thread *thread, uint32_t reason, uint64_t a, uint64_t b, uint64_t c,
               uint64_t d)
{
	vcpu_leave(thread, reason, a, b, c);
	thread->host.x[4] = d;
	arch_vcpu_leave(thread->cpu, thread);
	trace_event(thread->cpu, TRACE_EXIT, thread->slot, reason | a << 8);
}

void vcpu_notified(struct thread *thread)
{
	/* acquire: pairs with the release in sched_notify */
	uint64_t word = __atomic_load_n(&thread->word, __ATOMIC_ACQUIRE);

	vcpu_exit(thread, VCPU_EXIT_NOTIFIED, word, 0u, 0u, 0u);
}

bool vcpu_wait_for_interrupt(struct thread *thread)
{
	if (__atomic_load_n(&thread->word, __ATOMIC_ACQUIRE) != 0u)
		return false;
	if (vgic_pending(&thread->vcpu->vgic))
		return !thread->cpu->resched;
	return sched_idle(thread);
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

status_t vcpu_vgic_access(struct vcpu *vcpu, uint64_t ipa, uint32_t size, bool write,
                          uint64_t *value)
{
	const struct vm *vm = vcpu->vm;
	bool distributor = ipa - vm->gicd_ipa < VM_GICD_BYTES;
	struct vgic_access access = {
		.self = &vcpu->vgic,
		.offset = ipa - (distributor ? vm->gicd_ipa : vm->gicr_ipa),
		.size = size,
		.write = write,
		.value = *value,
	};
	enum vgic_result result;

	if (!vcpu_vgic_owns(vcpu, ipa))
		return STATUS_INVALID;
	result = distributor ? vgic_distributor(&access) : vgic_redistributor(&access);
	*value = access.value;
	return vcpu_vgic_result(vcpu, result);
}

status_t vcpu_vgic_result(struct vcpu *vcpu, enum vgic_result result)
{
	if (result != VGIC_DONE && vcpu->thread->in_guest)
		sched_block(vcpu->thread, THREAD_SYNC);
	return result == VGIC_RETRY ? STATUS_STATE : STATUS_OK;
}

void vgic_syncing(struct vgic_cpu *waiter)
{
	__atomic_store_n(&vcpu_of_vgic(waiter)->syncing, 1u, __ATOMIC_RELAXED);
}

void vgic_synced(struct vgic_cpu *waiter)
{
	struct vcpu *vcpu = vcpu_of_vgic(waiter);

	/* release: pairs with the acquire in sched_poke */
	__atomic_store_n(&vcpu->syncing, 0u, __ATOMIC_SEQ_CST);
	sched_signal_later(vcpu->thread);
}

void vgic_hw_route(uint32_t physical, struct vgic_cpu *target)
{
	arch_irq_route(physical, vcpu_of_vgic(target)->thread->cpu);
}

void vgic_kick(struct vgic_cpu *target)
{
	sched_signal_later(vcpu_of_vgic(target)->thread);
}
