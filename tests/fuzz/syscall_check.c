/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's invariants, for the fuzz target `syscall`; contract in syscall_fuzz.h. They hold
 * whenever no CPU is between an entry and its end, except in arch_idle().
 */
#include "tests/fuzz/syscall_fuzz.h"

#include "kernel/budget.h"
#include "kernel/sched.h"
#include "kernel/system.h"

#define STRETCHES 512u

/* What ran for how long, the last of it: budgets are about every window of one period. */
struct stretch {
	uint64_t end;
	uint64_t ticks;
	const struct thread *ran[MACHINE_CPUS];
	bool overrun[MACHINE_CPUS];
};

static struct stretch stretches[STRETCHES];
static uint32_t stretch_count;

void check_start(void)
{
	stretch_count = 0u;
}

/* In any period: the budget, and one overrun, which is capped, for each time it ran out. */
static void check_window(const struct thread *thread)
{
	const struct budget *budget = &thread->budget;
	uint64_t from = host.now - (host.now < budget->period ? host.now : budget->period);
	uint64_t used = 0u;

	for (uint32_t i = 0u; i < STRETCHES && i < stretch_count; i++) {
		const struct stretch *stretch = &stretches[(stretch_count - 1u - i) % STRETCHES];

		if (stretch->end <= from)
			break;
		for (uint32_t cpu = 0u; cpu < MACHINE_CPUS; cpu++) {
			if (stretch->ran[cpu] != thread || stretch->overrun[cpu])
				continue;
			used += stretch->end - stretch->ticks >= from ? stretch->ticks
			                                              : stretch->end - from;
		}
	}
	FUZZ_CHECK(used <= budget->full);
}

void check_ran(uint64_t ticks)
{
	struct stretch *stretch = &stretches[stretch_count % STRETCHES];

	if (ticks == 0u)
		return;
	stretch_count++;
	*stretch = (struct stretch){.end = host.now + ticks, .ticks = ticks};
	for (uint32_t cpu = 0u; cpu < MACHINE_CPUS; cpu++) {
		stretch->ran[cpu] = machine_running(cpu);
		stretch->overrun[cpu] =
			stretch->ran[cpu] != NULL && stretch->ran[cpu]->budget.overrun;
	}
}

static void check_budget(const struct thread *thread)
{
	const struct budget *budget = &thread->budget;
	uint64_t all = budget->left;

	FUZZ_CHECK(budget->left <= budget->full && budget->chunk_count <= BUDGET_CHUNKS);
	for (uint32_t i = 0u; i < budget->chunk_count; i++) {
		all += budget->chunk[i].amount;
		FUZZ_CHECK(i == 0u || budget->chunk[i].at >= budget->chunk[i - 1u].at);
	}
	FUZZ_CHECK(all <= budget->full);
	if (budget->full == 0u) {
		FUZZ_CHECK(!budget->depleted && !budget->overrun);
		return;
	}
	FUZZ_CHECK(!budget->depleted || thread->budget_timer.position != 0u ||
	           thread->state == THREAD_PARKED);
	check_window(thread);
}

static void check_thread(const struct thread *thread)
{
	const struct cpu *cpu = thread->cpu;
	bool ready = thread->state == THREAD_READY && !thread->budget.depleted;

	FUZZ_CHECK(((cpu->ready & thread->bit) != 0u) == ready);
	FUZZ_CHECK(cpu->slots[thread->slot] == thread && thread->bit == 1ull << thread->slot);
	FUZZ_CHECK(thread->context == (thread->in_guest ? &thread->vcpu->guest : &thread->host));
	FUZZ_CHECK(!thread->in_guest || thread->vcpu != NULL);
	FUZZ_CHECK((thread->wait_timer.position != 0u) ==
	           (thread->state == THREAD_WAITING && thread->wait_timer.deadline != TIMER_NEVER &&
	            thread->wait_timer.position != 0u));
	/* a wake-up is never lost: the bit is there to be looked at */
	if (thread->state == THREAD_WAITING && (thread->word & thread->wait_mask) != 0u)
		FUZZ_CHECK((cpu->wake & thread->bit) != 0u);
	if (thread->state == THREAD_IDLE && thread->word != 0u)
		FUZZ_CHECK((cpu->wake & thread->bit) != 0u);
	if (cpu->current == thread && thread->in_guest && thread->word != 0u)
		FUZZ_CHECK((cpu->wake & thread->bit) != 0u || cpu->resched);
	if (thread->state == THREAD_SYNC && thread->vcpu->syncing == 0u)
		FUZZ_CHECK((cpu->wake & thread->bit) != 0u);
	FUZZ_CHECK(thread->state != THREAD_PARKED || !thread->in_guest);
	check_budget(thread);
}

static void check_timers(const struct timer_queue *queue)
{
	FUZZ_CHECK(queue->count <= TIMER_MAX);
	for (uint32_t i = 0u; i < queue->count; i++) {
		FUZZ_CHECK(queue->heap[i]->position == i + 1u);
		FUZZ_CHECK(i == 0u ||
		           queue->heap[(i - 1u) / 2u]->deadline <= queue->heap[i]->deadline);
	}
}

static void check_cpu(const struct cpu *cpu)
{
	uint64_t seen = cpu->running_slot >= CPU_THREADS - 1u ? UINT64_MAX
	                                                      : (2ull << cpu->running_slot) - 1u;
	const struct thread *best =
		cpu->ready != 0u ? cpu->slots[__builtin_ctzll(cpu->ready)] : NULL;
	bool news = machine_kicked(cpu->index);

	FUZZ_CHECK((cpu->wake >> cpu->config->thread_count) == 0u);
	/* what the CPU must look at now comes with an interrupt */
	FUZZ_CHECK((cpu->wake & seen) == 0u || news);
	FUZZ_CHECK(cpu->current == best);
	FUZZ_CHECK(machine_running(cpu->index) == NULL || cpu->running_slot == cpu->current->slot);
	FUZZ_CHECK(machine_running(cpu->index) != NULL || cpu->running_slot == SLOT_IDLE);
	FUZZ_CHECK(machine_running(cpu->index) == NULL || cpu->context == cpu->current->context);
	FUZZ_CHECK(cpu->loaded == NULL || cpu->loaded->vcpu->vgic.loaded);
	check_timers(&cpu->timers);
	/* the hardware timer is never later than what it is needed for */
	FUZZ_CHECK(cpu->programmed <= timer_next(&cpu->timers));
}

static void check_process(const struct process *process)
{
	const struct thread *first = system_thread(process->config->thread[0]);
	uint32_t left = 0u;

	for (uint32_t i = 0u; i < process->config->thread_count; i++) {
		const struct thread *thread = system_thread(process->config->thread[i]);

		left += thread->stop_seen != process->starts;
		if (process->state == PROCESS_STATE_STOPPED)
			FUZZ_CHECK(thread->state == THREAD_PARKED &&
			           thread->cpu->current != thread);
	}
	if (process->state == PROCESS_STATE_RUNNING)
		FUZZ_CHECK(process->remaining == process->config->thread_count + 1u);
	else
		FUZZ_CHECK(process->remaining ==
		           (process->state == PROCESS_STATE_STOPPING ? left : 0u));
	/* when all have answered, thread 0 is to be looked at and ends it */
	if (process->state == PROCESS_STATE_STOPPING && left == 0u)
		FUZZ_CHECK((first->cpu->wake & first->bit) != 0u);
}

void check_kernel(void)
{
	for (uint32_t i = 0u; i < MACHINE_CPUS; i++)
		check_cpu(system_cpu(i));
	for (uint32_t i = 0u; i < MACHINE_THREADS; i++)
		check_thread(system_thread(i));
	for (uint32_t i = 0u; i < PROCESSES; i++)
		check_process(system_process(i));
	FUZZ_CHECK(system_config() == &machine_config);
}
