/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler; contract in sched.h. */
#include "kernel/sched.h"

#include "kernel/budget.h"
#include "kernel/process.h"
#include "kernel/trace.h"
#include "kernel/vcpu.h"

/* The slots from the highest priority down to and including `slot`. */
static uint64_t sched_slots_to(uint32_t slot)
{
	return slot >= CPU_THREADS - 1u ? UINT64_MAX : (2ull << slot) - 1u;
}

void sched_ready(struct thread *thread)
{
	struct cpu *cpu = thread->cpu;

	thread->state = THREAD_READY;
	if (thread->budget.depleted)
		return;
	cpu->ready |= thread->bit;
	if (thread->slot < cpu->running_slot)
		cpu->resched = true;
}

void sched_block(struct thread *thread, enum thread_state state)
{
	thread->state = (uint8_t)state;
	thread->cpu->ready &= ~thread->bit;
	thread->cpu->resched = true;
}

void sched_wait(struct thread *thread, uint64_t mask, uint64_t deadline)
{
	thread->wait_mask = mask;
	if (deadline != TIMER_NEVER) /* no timer is armed while the thread runs */
		timer_arm(&thread->cpu->timers, &thread->wait_timer, deadline);
	sched_block(thread, THREAD_WAITING);
}

static void sched_poke_waiting(struct thread *thread)
{
	uint64_t mask = thread->wait_mask;
	uint64_t bits = __atomic_load_n(&thread->word, __ATOMIC_ACQUIRE) & mask;

	if (bits == 0u)
		return;
	/* acquire: pairs with the release in sched_notify; what the notifier wrote is seen */
	bits = __atomic_fetch_and(&thread->word, ~mask, __ATOMIC_ACQUIRE) & mask;
	timer_cancel(&thread->cpu->timers, &thread->wait_timer);
	thread->host.x[0] = bits;
	sched_ready(thread);
}

/* What may have changed for a thread of a process that runs and is not being stopped. */
static void sched_look_running(struct thread *thread)
{
	switch ((enum thread_state)thread->state) {
	case THREAD_WAITING:
		sched_poke_waiting(thread);
		break;
	case THREAD_IDLE:
		sched_ready(thread);
		break;
	case THREAD_SYNC:
		if (__atomic_load_n(&thread->vcpu->syncing, __ATOMIC_ACQUIRE) == 0u)
			sched_ready(thread);
		break;
	case THREAD_READY:
		/* a guest that runs is to leave for a notification */
		if (thread->cpu->current == thread && thread->in_guest &&
		    __atomic_load_n(&thread->word, __ATOMIC_ACQUIRE) != 0u)
			thread->cpu->resched = true;
		break;
	default:
		break;
	}
}

/*
 * All that may have changed for the thread: one piece of work. Called by sched_resume only, when
 * the context of what ran is saved: a thread may be parked and started here.
 */
static void sched_look(struct thread *thread)
{
	/*
	 * In this order: pairs with process_start. A state that is still STOPPING may be over before
	 * the thread, which has answered it already, gets to the count of starts.
	 */
	uint32_t starts = __atomic_load_n(&thread->process->starts, __ATOMIC_ACQUIRE);
	uint32_t state = __atomic_load_n(&thread->process->state, __ATOMIC_ACQUIRE);

	if (state == PROCESS_STATE_STOPPING)
		process_answer_stop(thread, starts);
	else if (thread->state != THREAD_PARKED)
		sched_look_running(thread);
	else if (state == PROCESS_STATE_RUNNING)
		process_start_thread(thread);
}

void sched_poke(struct thread *thread)
{
	uint32_t state = __atomic_load_n(&thread->process->state, __ATOMIC_ACQUIRE);

	if (state != PROCESS_STATE_RUNNING || thread->state == THREAD_PARKED)
		sched_signal_later(thread);
	else
		sched_look_running(thread);
}

/*
 * The wake word and running_slot form a store-then-load protocol between the signaller
 * (wake |= bit; read running_slot) and sched_resume (running_slot = slot; read wake). Both
 * sides are sequentially consistent, so at least one sees the other's store: a wake-up is
 * never lost, and an IPI goes out only where the thread would run now.
 */
void sched_signal(struct thread *thread)
{
	struct cpu *target = thread->cpu;

	if (target == arch_cpu()) {
		sched_poke(thread);
		return;
	}
	__atomic_fetch_or(&target->wake, thread->bit, __ATOMIC_SEQ_CST);
	if (thread->slot <= __atomic_load_n(&target->running_slot, __ATOMIC_SEQ_CST))
		arch_ipi(target);
}

void sched_signal_later(struct thread *thread)
{
	struct cpu *target = thread->cpu;

	__atomic_fetch_or(&target->wake, thread->bit, __ATOMIC_SEQ_CST);
	if (target == arch_cpu())
		target->resched = true;
	else if (thread->slot <= __atomic_load_n(&target->running_slot, __ATOMIC_SEQ_CST))
		arch_ipi(target);
}

void sched_notify(struct thread *thread, uint64_t bits)
{
	/* release: pairs with the acquire where the bits are taken */
	uint64_t before = __atomic_fetch_or(&thread->word, bits, __ATOMIC_SEQ_CST);

	if ((before & bits) != bits)
		sched_signal(thread);
}

/* The list registers of the vCPU that is loaded follow its VM's interrupts. */
static void sched_flush(const struct cpu *cpu)
{
	if (cpu->loaded != NULL && vgic_requested(&cpu->loaded->vcpu->vgic))
		vgic_flush(&cpu->loaded->vcpu->vgic);
}

/* Charges the running stretch to current. */
static void sched_charge(struct cpu *cpu, uint64_t now)
{
	struct thread *thread = cpu->current;

	if (thread != NULL) {
		thread->ticks_used += now - cpu->since;
		if (thread->budget.full != 0u)
			budget_consume(&thread->budget, cpu->since, now - cpu->since);
	}
	cpu->since = now;
}

void sched_forget(struct thread *thread)
{
	struct cpu *cpu = thread->cpu;

	if (cpu->current != thread)
		return;
	sched_charge(cpu, arch_now());
	cpu->current = NULL;
	trace_event(cpu, TRACE_SWITCH, TRACE_IDLE, 0u);
}

static void sched_deplete(struct thread *thread)
{
	thread->budget.depleted = true;
	thread->budget.overrun = false;
	thread->cpu->ready &= ~thread->bit;
	thread->cpu->resched = true;
	timer_arm(&thread->cpu->timers, &thread->budget_timer, budget_next(&thread->budget));
}

/* Arms the end of the budget of a thread that is about to run; false: there is none left. */
static bool sched_budget_start(struct thread *thread, uint64_t now)
{
	if (thread->budget.full == 0u)
		return true;
	budget_replenish(&thread->budget, now);
	if (thread->budget.left == 0u) {
		sched_deplete(thread);
		return false;
	}
	timer_arm(&thread->cpu->timers, &thread->budget_timer, now + thread->budget.left);
	return true;
}

/* The budget timer of a thread: it is depleted and something came back, or it just ran out. */
static void sched_budget_timer(struct thread *thread, uint64_t now)
{
	struct cpu *cpu = thread->cpu;
	struct budget *budget = &thread->budget;

	if (budget->depleted) {
		budget_replenish(budget, now);
		if (budget->left == 0u) {
			timer_arm(&cpu->timers, &thread->budget_timer, budget_next(budget));
			return;
		}
		budget->depleted = false;
		if (thread->state == THREAD_READY)
			sched_ready(thread);
		return;
	}
	if (cpu->current != thread)
		return;
	sched_charge(cpu, now);
	budget_replenish(budget, now);
	if (budget->left > 0u) {
		timer_arm(&cpu->timers, &thread->budget_timer, now + budget->left);
	} else if (!thread->in_guest && !budget->overrun) {
		budget->overrun = true;
		thread->overruns++;
		timer_arm(&cpu->timers, &thread->budget_timer,
		          now + SCHED_OVERRUN_US * arch_ticks_per_second() / 1000000u);
	} else {
		sched_deplete(thread);
	}
}

void sched_overrun_end(struct thread *thread)
{
	uint64_t now = arch_now();

	sched_charge(thread->cpu, now);
	thread->budget.overrun = false;
	if (thread->budget.left == 0u)
		sched_deplete(thread);
}

static void sched_timer(struct timer *timer, uint64_t now)
{
	struct thread *thread = timer->thread;

	switch ((enum timer_kind)timer->kind) {
	case TIMER_WAIT:
		thread->host.x[0] = 0u;
		thread->periods++;
		sched_ready(thread);
		break;
	case TIMER_BUDGET:
		sched_budget_timer(thread, now);
		break;
	case TIMER_VIRTUAL:
		sched_poke(thread);
		break;
	case TIMER_PHYSICAL:
		vcpu_physical_timer(thread->vcpu);
		sched_poke(thread);
		break;
	}
}

void sched_timer_interrupt(struct cpu *cpu)
{
	uint64_t now = arch_now();
	struct timer *timer = timer_take(&cpu->timers, now);

	cpu->programmed = TIMER_NEVER;
	if (timer != NULL)
		sched_timer(timer, now);
	cpu->timers_due = timer_next(&cpu->timers) <= now;
	cpu->resched = true;
}

/* Makes `next` (NULL: nothing) current; false: it has no budget, choose again. */
static bool sched_switch(struct cpu *cpu, struct thread *next)
{
	uint64_t now = arch_now();
	struct thread *before = cpu->current;

	sched_charge(cpu, now);
	if (before != NULL && !before->budget.depleted)
		timer_cancel(&cpu->timers, &before->budget_timer);
	cpu->current = NULL;
	if (next == NULL) {
		trace_event_at(cpu, now, TRACE_SWITCH, TRACE_IDLE, 0u);
		return true;
	}
	if (!sched_budget_start(next, now))
		return false;
	cpu->current = next;
	trace_event_at(cpu, now, TRACE_SWITCH, next->slot, 0u);
	arch_thread_load(cpu, next);
	return true;
}

static void sched_program(struct cpu *cpu)
{
	uint64_t next = timer_next(&cpu->timers);

	if (next != cpu->programmed) {
		cpu->programmed = next;
		arch_timer_program(next);
	}
}

/*
 * Publishes what runs. True: a signal may have been sent without an interrupt, as its sender
 * still saw the slot before. While the slot stays the same every signal to it comes with an
 * interrupt, so nobody can keep this CPU here by signalling it.
 */
static bool sched_publish(struct cpu *cpu, uint32_t slot)
{
	if (slot == cpu->running_slot)
		return false;
	__atomic_store_n(&cpu->running_slot, slot, __ATOMIC_SEQ_CST);
	return (__atomic_load_n(&cpu->wake, __ATOMIC_SEQ_CST) & sched_slots_to(slot)) != 0u;
}

bool sched_idle(struct thread *thread)
{
	struct cpu *cpu = thread->cpu;
	bool served = false;

	if (cpu->resched || cpu->ready != thread->bit || thread->budget.full != 0u) {
		sched_block(thread, THREAD_IDLE);
		return false;
	}
	/* Nobody else could run: the CPU waits here, and the thread stays loaded. */
	sched_charge(cpu, arch_now());
	__atomic_store_n(&cpu->running_slot, SLOT_IDLE, __ATOMIC_SEQ_CST);
	while (!served && !cpu->resched && __atomic_load_n(&cpu->wake, __ATOMIC_SEQ_CST) == 0u)
		served = arch_idle(cpu);
	cpu->since = arch_now();
	/* from here as in sched_publish: a signal without an interrupt may have come */
	__atomic_store_n(&cpu->running_slot, thread->slot, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&cpu->wake, __ATOMIC_SEQ_CST) != 0u)
		cpu->resched = true;
	if (served)
		return !cpu->resched;
	/* not ready: it has been stopped meanwhile */
	if (thread->state == THREAD_READY && !vgic_requested(&thread->vcpu->vgic) &&
	    __atomic_load_n(&thread->word, __ATOMIC_ACQUIRE) == 0u)
		sched_block(thread, THREAD_IDLE);
	return false;
}

void sched_kick(struct cpu *cpu)
{
	struct thread *thread = cpu->current;

	if (thread == NULL || __atomic_load_n(&cpu->wake, __ATOMIC_SEQ_CST) != thread->bit) {
		cpu->resched = true;
		return;
	}
	/* Only what runs has news, most often an interrupt for its guest. */
	__atomic_fetch_and(&cpu->wake, ~thread->bit, __ATOMIC_SEQ_CST);
	sched_poke(thread);
	sched_flush(cpu);
}

/* Work that comes before the choice, one piece of it; false: there is none. */
static bool sched_work(struct cpu *cpu)
{
	uint64_t wake = __atomic_load_n(&cpu->wake, __ATOMIC_SEQ_CST);
	uint64_t slots = cpu->ready | wake;
	uint64_t best = slots & (0u - slots);

	if (cpu->timers_due) {
		sched_timer_interrupt(cpu);
		return true;
	}
	if ((wake & best) == 0u)
		return false;
	/* cleared before the look: what comes later sets it again */
	__atomic_fetch_and(&cpu->wake, ~best, __ATOMIC_SEQ_CST);
	sched_look(cpu->slots[__builtin_ctzll(best)]);
	return true;
}

/* Makes the best ready thread current and published. False: something has changed meanwhile. */
static bool sched_choose(struct cpu *cpu)
{
	struct thread *next = NULL;

	cpu->resched = false;
	if (cpu->ready != 0u)
		next = cpu->slots[__builtin_ctzll(cpu->ready)];
	if (next != cpu->current && !sched_switch(cpu, next))
		return false;
	if (sched_publish(cpu, next != NULL ? next->slot : SLOT_IDLE))
		return false;
	sched_flush(cpu);
	return !cpu->resched &&
	       (next == NULL || next != cpu->loaded || !vgic_requested(&next->vcpu->vgic));
}

/*
 * A thread is looked at when it is the best: what is done for it never keeps a better one
 * waiting. Interrupts stay masked for one piece of work at a time: between two a pending one
 * is taken.
 */
struct context *sched_resume(struct cpu *cpu)
{
	struct thread *next;

	for (;;) {
		if (sched_work(cpu) || !sched_choose(cpu)) {
			arch_interrupts(cpu);
			continue;
		}
		sched_program(cpu);
		next = cpu->current;
		if (next != NULL)
			break;
		(void)arch_idle(cpu);
	}
	if (next->in_guest)
		vcpu_prepare(next);
	cpu->context = next->context;
	return next->context;
}

uint64_t sched_ticks_used(const struct thread *thread)
{
	uint64_t used = __atomic_load_n(&thread->ticks_used, __ATOMIC_RELAXED);
	const struct cpu *cpu = thread->cpu;

	if (__atomic_load_n(&cpu->current, __ATOMIC_RELAXED) == thread &&
	    __atomic_load_n(&cpu->running_slot, __ATOMIC_RELAXED) != SLOT_IDLE)
		used += arch_now() - __atomic_load_n(&cpu->since, __ATOMIC_RELAXED);
	return used;
}
