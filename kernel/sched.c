/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler; contract in sched.h. */
#include "kernel/sched.h"

#include "kernel/budget.h"
#include "kernel/process.h"
#include "kernel/trace.h"
#include "kernel/vcpu.h"

static inline void sched_ready_inline(struct cpu *cpu, struct thread *thread)
{
	thread->state = THREAD_READY;
	if (thread->budget.depleted)
		return;
	cpu->ready |= thread->bit;
	if (thread->slot < cpu->running_slot)
		cpu->resched = true;
}

void sched_ready(struct thread *thread)
{
	sched_ready_inline(thread->cpu, thread);
}

void sched_block(struct thread *thread, enum thread_state state)
{
	thread->state = (uint8_t)state;
	thread->cpu->ready &= ~thread->bit;
	thread->cpu->resched = true;
}

static __attribute__((noinline)) bool sched_wait_until(struct thread *thread, uint64_t deadline)
{
	timer_arm(&thread->cpu->timers, &thread->wait_timer, deadline);
	return true;
}

bool sched_wait(struct thread *thread, uint64_t mask, uint64_t deadline)
{
	thread->wait_mask = mask;
	sched_block(thread, THREAD_WAITING);
	return deadline == TIMER_NEVER || sched_wait_until(thread, deadline);
}

static __attribute__((noinline)) bool sched_wake_early(struct thread *thread)
{
	timer_remove(&thread->cpu->timers, &thread->wait_timer);
	sched_ready(thread);
	return thread->cpu->resched;
}

bool sched_wake(struct thread *thread)
{
	struct cpu *cpu = thread->cpu;
	uint64_t mask = thread->wait_mask;
	uint64_t bits = __atomic_load_n(&thread->word, __ATOMIC_RELAXED) & mask;

	if (bits == 0u)
		return cpu->resched;
	/* acquire: pairs with the release in sched_notify; what the notifier wrote is seen */
	bits = __atomic_fetch_and(&thread->word, ~mask, __ATOMIC_ACQUIRE) & mask;
	thread->host.x[0] = bits;
	if (thread->wait_timer.position != 0u)
		return sched_wake_early(thread);
	sched_ready_inline(cpu, thread);
	return cpu->resched;
}

/* What may have changed for a thread of a process that runs and is not being stopped. */
static void sched_look_running(struct thread *thread)
{
	switch ((enum thread_state)thread->state) {
	case THREAD_WAITING:
		(void)sched_wake(thread);
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
static inline void sched_charge_inline(struct cpu *cpu, uint64_t now)
{
	struct thread *thread = cpu->current;
	uint64_t since = cpu->since;

	cpu->since = now;
	if (thread == NULL)
		return;
	thread->ticks_used += now - since;
	if (thread->budget.full != 0u)
		budget_consume(&thread->budget, since, now - since);
}

static __attribute__((noinline)) void sched_charge(struct cpu *cpu, uint64_t now)
{
	sched_charge_inline(cpu, now);
}

void sched_forget(struct thread *thread)
{
	struct cpu *cpu = thread->cpu;

	if (cpu->current != thread)
		return;
	sched_charge(cpu, arch_now());
	cpu->current = NULL;
	cpu->budget_end = TIMER_NEVER;
	trace_event(cpu, TRACE_SWITCH, TRACE_IDLE, 0u);
}

static __attribute__((cold)) void sched_deplete(struct thread *thread)
{
	struct cpu *cpu = thread->cpu;

	thread->budget.depleted = true;
	thread->budget.overrun = false;
	cpu->ready &= ~thread->bit;
	cpu->resched = true;
	cpu->budget_end = TIMER_NEVER;
	timer_arm(&cpu->timers, &thread->budget_timer, budget_next(&thread->budget));
}

/* Something of a depleted thread's budget has come back. */
static __attribute__((cold)) void sched_budget_back(struct thread *thread, uint64_t now)
{
	struct budget *budget = &thread->budget;

	budget_replenish(budget, now);
	if (budget->left == 0u) {
		timer_arm(&thread->cpu->timers, &thread->budget_timer, budget_next(budget));
		return;
	}
	budget->depleted = false;
	if (thread->state == THREAD_READY)
		sched_ready(thread);
}

/* The budget of the thread that runs has come to its end. */
static __attribute__((cold)) void sched_budget_end(struct cpu *cpu, struct thread *thread,
                                                   uint64_t now)
{
	struct budget *budget = &thread->budget;

	sched_charge(cpu, now);
	budget_replenish(budget, now);
	if (budget->left > 0u) {
		cpu->budget_end = now + budget->left;
	} else if (!thread->in_guest && !budget->overrun) {
		budget->overrun = true;
		thread->overruns++;
		cpu->budget_end = now + SCHED_OVERRUN_US * arch_ticks_per_second() / 1000000u;
	} else {
		sched_deplete(thread);
	}
}

__attribute__((cold)) void sched_overrun_end(struct thread *thread)
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
		sched_budget_back(thread, now);
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

static uint64_t sched_next(const struct cpu *cpu)
{
	uint64_t next = timer_next(&cpu->timers);

	return cpu->budget_end < next ? cpu->budget_end : next;
}

void sched_timer_interrupt(struct cpu *cpu)
{
	uint64_t now = arch_now();
	struct timer *timer;

	cpu->programmed = TIMER_NEVER;
	if (cpu->budget_end <= now) {
		sched_budget_end(cpu, cpu->current, now);
	} else {
		timer = timer_take(&cpu->timers, now);
		if (timer != NULL)
			sched_timer(timer, now);
	}
	cpu->timers_due = sched_next(cpu) <= now;
	cpu->resched = true;
}

/*
 * The vCPU that is loaded gives way to another thread: a piece of its own, which what ran until now
 * is charged with.
 */
static __attribute__((noinline)) void sched_unload(struct cpu *cpu)
{
	arch_vcpu_unload(cpu);
	sched_charge(cpu, arch_now());
	cpu->current = NULL;
	cpu->budget_end = TIMER_NEVER;
}

/* Makes `next` current; false: it has no budget, choose again. */
static inline bool sched_switch(struct cpu *cpu, struct thread *next)
{
	uint64_t now = arch_now();

	sched_charge_inline(cpu, now);
	if (next->budget.full == 0u) {
		cpu->budget_end = TIMER_NEVER;
	} else {
		budget_replenish(&next->budget, now);
		if (next->budget.left == 0u) {
			cpu->current = NULL;
			sched_deplete(next);
			return false;
		}
		cpu->budget_end = now + next->budget.left;
	}
	cpu->current = next;
	trace_event_at(cpu, now, TRACE_SWITCH, next->slot, 0u);
	arch_thread_load(cpu, next);
	return true;
}

static inline void sched_program(struct cpu *cpu)
{
	uint64_t next = sched_next(cpu);

	if (next != cpu->programmed) {
		cpu->programmed = next;
		arch_timer_program(next);
	}
}

/*
 * Publishes what runs; slots: that slot and all above it. True: a signal may have been sent without
 * an interrupt, as its sender still saw the slot before. While the slot stays the same every signal
 * to it comes with an interrupt, so nobody can keep this CPU here by signalling it.
 */
static inline bool sched_publish(struct cpu *cpu, uint32_t slot, uint64_t slots)
{
	__atomic_store_n(&cpu->running_slot, slot, __ATOMIC_SEQ_CST);
	return (__atomic_load_n(&cpu->wake, __ATOMIC_SEQ_CST) & slots) != 0u;
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
	/* as sched_poke, which is longer: it runs, so that only a notification is news */
	if (thread->state != THREAD_READY ||
	    __atomic_load_n(&thread->process->state, __ATOMIC_ACQUIRE) != PROCESS_STATE_RUNNING)
		sched_poke(thread);
	else if (thread->in_guest && __atomic_load_n(&thread->word, __ATOMIC_ACQUIRE) != 0u)
		cpu->resched = true;
	sched_flush(cpu);
}

/* Work that comes before the choice, one piece of it: an expired timer, or a thread to look at. */
static __attribute__((noinline)) void sched_work(struct cpu *cpu, uint64_t best)
{
	if (cpu->timers_due) {
		sched_timer_interrupt(cpu);
		return;
	}
	/* cleared before the look: what comes later sets it again */
	__atomic_fetch_and(&cpu->wake, ~best, __ATOMIC_SEQ_CST);
	sched_look(cpu->slots[__builtin_ctzll(best)]);
}

/* Nothing may run. False: something has changed meanwhile. */
static bool sched_nothing(struct cpu *cpu)
{
	if (cpu->current != NULL)
		sched_forget(cpu->current);
	return cpu->running_slot == SLOT_IDLE || !sched_publish(cpu, SLOT_IDLE, UINT64_MAX);
}

/* The vCPU that is loaded gets its interrupts. False: something has changed meanwhile. */
static __attribute__((noinline)) bool sched_deliver(struct cpu *cpu)
{
	sched_flush(cpu);
	return !cpu->resched &&
	       (cpu->current != cpu->loaded || !vgic_requested(&cpu->loaded->vcpu->vgic));
}

/*
 * Makes the best ready thread current and published. False: there was a piece of work that comes
 * before, or something has changed meanwhile.
 */
static inline bool sched_choose(struct cpu *cpu)
{
	uint64_t wake = __atomic_load_n(&cpu->wake, __ATOMIC_RELAXED); /* again in sched_publish */
	uint64_t slots = cpu->ready | wake;
	uint64_t best = slots & (0u - slots);
	struct thread *next;

	if ((wake & best) != 0u || cpu->timers_due) {
		sched_work(cpu, best);
		return false;
	}
	cpu->resched = false;
	if (best == 0u)
		return sched_nothing(cpu) && (cpu->loaded == NULL || sched_deliver(cpu));
	next = cpu->slots[__builtin_ctzll(best)];
	if (next != cpu->current) {
		if (cpu->loaded != NULL && cpu->loaded != next) {
			sched_unload(cpu);
			return false;
		}
		if (!sched_switch(cpu, next) || sched_publish(cpu, next->slot, 2u * best - 1u))
			return false;
		/* the interrupts of a vCPU that has just been loaded are another piece of work */
		return cpu->loaded == NULL;
	}
	return cpu->loaded == NULL || sched_deliver(cpu);
}

/*
 * A thread is looked at when it is the best: what is done for it never keeps a better one
 * waiting. Interrupts stay masked for one piece of work at a time: between two a pending one
 * is taken.
 */
struct context *sched_resume(struct cpu *cpu)
{
	struct thread *next = NULL;

	while (next == NULL) {
		if (!sched_choose(cpu)) {
			arch_interrupts(cpu);
			continue;
		}
		sched_program(cpu);
		next = cpu->current;
		if (next == NULL)
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
