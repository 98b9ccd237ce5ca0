/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about threads, vCPUs and the CPUs they run on. See rules.h. */
#include <libfdt.h>

#include "tool/report.h"
#include "tool/rules.h"

#define SCALE 1000000ull /* shares of a CPU are counted in millionths */

void rule_cpu_missing(const struct system *system, const char *name)
{
	uint64_t used = 1u;
	uint32_t count = 0u;

	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *thread = &system->threads[i];

		if (thread->cpu >= system->board.cpu_count)
			report(name, thread->place,
			       "a thread of %s has no CPU of the board (cpu = <&...>)",
			       thread->process->name);
		else
			used |= 1ull << thread->cpu;
	}
	for (; used != 0u; used &= used - 1u)
		count++;
	if (count > CPU_MAX)
		report(name, model_place(system, system->node, NULL), "%u CPUs are used, %u can be",
		       count, CPU_MAX);
}

void rule_thread_count(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		if (process->vm == NULL &&
		    (process->thread_stated == 0u || process->thread_stated > PROCESS_THREADS))
			report(name, process->place, "%s has %u threads, not 1 to %u",
			       process->name, process->thread_stated, PROCESS_THREADS);
	}
}

void rule_vcpu(const struct system *system, const char *name)
{
	const void *fdt = system->source.fdt;

	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct process *process = system->vms[i].process;

		if (process->thread_stated == 0u || process->thread_stated > PROCESS_THREADS)
			report(name, process->place, "%s has %u vCPUs, not 1 to %u", process->name,
			       process->thread_stated, PROCESS_THREADS);
		for (uint32_t j = 0u; j < process->thread_count; j++) {
			const struct place place = process->threads[j]->place;

			if (tree_cell(fdt, place.node, "reg", 0u, IMAGE_NONE) != j)
				report(name, place, "vCPU %u of %s has another number in reg", j,
				       process->name);
		}
	}
}

void rule_priority(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *thread = &system->threads[i];

		if (thread->priority > 255u)
			report(name, thread->place, "a thread of %s has no priority from 0 to 255",
			       thread->process->name);
	}
}

void rule_stack(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *thread = &system->threads[i];

		if (thread->stack_bytes == 0u || thread->stack_bytes % PAGE_BYTES != 0u ||
		    thread->stack_bytes > STACK_SLOT - PAGE_BYTES)
			report(name, thread->place,
			       "the stack of a thread of %s has %u bytes, not whole pages up to "
			       "%llu",
			       thread->process->name, thread->stack_bytes, STACK_SLOT - PAGE_BYTES);
	}
}

void rule_budget(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *thread = &system->threads[i];

		if ((thread->budget_us == 0u) != (thread->period_us == 0u))
			report(name, thread->place,
			       "a thread of %s has only one of budget-us and period-us",
			       thread->process->name);
		else if (thread->budget_us > thread->period_us)
			report(name, thread->place,
			       "a thread of %s has a budget of %u us in a period of %u us",
			       thread->process->name, thread->budget_us, thread->period_us);
	}
}

void rule_budget_fit(const struct system *system, const char *name)
{
	for (uint32_t cpu = 0u; cpu < system->board.cpu_count; cpu++) {
		const struct thread *most = NULL;
		uint64_t sum = 0u;
		uint64_t largest = 0u;

		for (uint32_t i = 0u; i < system->thread_count; i++) {
			const struct thread *thread = &system->threads[i];
			uint64_t share;

			if (thread->cpu != cpu || thread->period_us == 0u)
				continue;
			share = thread->budget_us * SCALE / thread->period_us;
			sum += share;
			if (share >= largest) {
				largest = share;
				most = thread;
			}
		}
		if (sum > SCALE)
			report(name, most->place,
			       "the budgets on %s (%s) add up to %llu.%llu %%, the largest is that "
			       "of %s",
			       tree_name(system->source.fdt, system->board.cpus[cpu].place.node),
			       source_position(system->board.cpus[cpu].place),
			       (unsigned long long)(sum / 10000u),
			       (unsigned long long)(sum / 1000u % 10u), most->process->name);
	}
}

void rule_unbudgeted_above(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *above = &system->threads[i];

		for (uint32_t j = 0u; above->budget_us == 0u && j < system->thread_count; j++) {
			const struct thread *below = &system->threads[j];

			if (below->cpu != above->cpu || below->period_us == 0u ||
			    below->priority >= above->priority)
				continue;
			report(name, above->place,
			       "%s has no budget and is above %s (%s), which has a period to keep",
			       above->process->name, below->process->name,
			       source_position(below->place));
		}
	}
}

void rule_equal_priority(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *a = &system->threads[i];

		for (uint32_t j = 0u; j < i; j++) {
			const struct thread *b = &system->threads[j];

			if (a->cpu == b->cpu && a->priority == b->priority &&
			    (a->budget_us == 0u || b->budget_us == 0u))
				report(name, a->place,
				       "%s and %s (%s) have priority %u on one CPU, and one has no "
				       "budget",
				       a->process->name, b->process->name,
				       source_position(b->place), a->priority);
		}
	}
}

void rule_cpu_threads(const struct system *system, const char *name)
{
	for (uint32_t cpu = 0u; cpu < system->board.cpu_count; cpu++) {
		uint32_t count = 0u;

		for (uint32_t i = 0u; i < system->thread_count; i++)
			count += system->threads[i].cpu == cpu;
		if (count > CPU_THREADS)
			report(name, system->board.cpus[cpu].place,
			       "%u threads on %s, at most %u fit", count,
			       tree_name(system->source.fdt, system->board.cpus[cpu].place.node),
			       CPU_THREADS);
	}
}

/* A VM with a budget may be above a host process with one: rule budget-fit leaves that its share. */
static void rule_vm_above(const struct system *system, const char *name, const struct process *host)
{
	const struct thread *host_thread;

	if (host == NULL || host->thread_count == 0u)
		return;
	host_thread = host->threads[0];
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *thread = &system->threads[i];

		if (thread->process->vm == NULL || thread->cpu != host_thread->cpu ||
		    thread->priority < host_thread->priority)
			continue;
		if (thread->budget_us == 0u || host_thread->budget_us == 0u)
			report(name, thread->place,
			       "a vCPU of %s has priority %u, not below %s (%s) with %u, and not "
			       "both have a budget",
			       thread->process->name, thread->priority, host->name,
			       source_position(host_thread->place), host_thread->priority);
	}
}

void rule_vm_above_host(const struct system *system, const char *name)
{
	rule_vm_above(system, name, system->console);
	rule_vm_above(system, name, system->supervisor);
}
