/* SPDX-License-Identifier: Apache-2.0 */
/* Start, stop and fault of processes; contract in process.h. */
#include "kernel/process.h"

#include "abi/vcpu.h"
#include "kernel/interrupt.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/system.h"
#include "kernel/trace.h"

static struct thread *process_thread(const struct process *process, uint32_t index)
{
	return system_thread(process->config->thread[index]);
}

static void process_tell_supervisor(const struct process *process)
{
	const struct config_process *config = process->config;

	if (config->supervisor_thread != IMAGE_NONE)
		sched_notify(system_thread(config->supervisor_thread),
		             1ull << config->supervisor_bit);
}

static bool process_change(struct process *process, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&process->state, &from, to, false, __ATOMIC_ACQ_REL,
	                                   __ATOMIC_RELAXED);
}

uint32_t process_state(const struct process *process)
{
	uint32_t state = __atomic_load_n(&process->state, __ATOMIC_ACQUIRE);

	return state == PROCESS_STATE_STARTING ? PROCESS_STATE_STOPPED : state;
}

static bool process_has_cpus(const struct process *process)
{
	for (uint32_t i = 0u; i < process->config->thread_count; i++) {
		if (__atomic_load_n(&process_thread(process, i)->cpu->online, __ATOMIC_ACQUIRE) ==
		    0u)
			return false;
	}
	return true;
}

/* In the image: the objects' stride is not their size, but the configuration's is. */
static uint64_t process_index(const struct process *process)
{
	return (uint64_t)(process->config - system_process(0u)->config);
}

status_t process_start(struct process *process)
{
	if (!process_has_cpus(process)) {
		(void)process_change(process, PROCESS_STATE_STOPPED, PROCESS_STATE_ABSENT);
		return STATUS_ABSENT;
	}
	if (!process_change(process, PROCESS_STATE_STOPPED, PROCESS_STATE_STARTING))
		return STATUS_STATE;
	/* All threads are parked: their CPUs leave them alone until the state is RUNNING. */
	/* release: whoever sees the new number no longer sees the stop before; sched_look */
	__atomic_store_n(&process->starts, process->starts + 1u, __ATOMIC_RELEASE);
	process->remaining = process->config->thread_count + 1u; /* and whoever stops it */
	process->reason = EXIT_REASON_NONE;
	process->code = 0u;
	process->address = 0u;
	for (uint32_t i = 0u; i < process->config->thread_count; i++)
		__atomic_store_n(&process_thread(process, i)->word, 0u, __ATOMIC_RELAXED);
	trace_event(arch_cpu(), TRACE_START, process_index(process), 0u);
	/* release: pairs with the acquire in sched_poke; the fields above are seen there */
	__atomic_store_n(&process->state, PROCESS_STATE_RUNNING, __ATOMIC_RELEASE);
	for (uint32_t i = 0u; i < process->config->thread_count; i++)
		sched_signal_later(process_thread(process, i));
	return STATUS_OK;
}

/*
 * The next interrupt that a start or a stop (`step`, unlike all others of the thread) has to
 * enable or disable: one a time, as the interrupt controller may be slow. NULL: all are done.
 */
static struct interrupt *process_step(struct thread *thread, uint32_t step)
{
	struct interrupt *interrupt;

	if (thread->step_of != step) {
		thread->step_of = step;
		thread->step_next = thread->interrupts;
	}
	interrupt = thread->step_next;
	if (interrupt != NULL) {
		thread->step_next = interrupt->next;
		sched_signal_later(thread); /* it is looked at again */
	}
	return interrupt;
}

void process_start_thread(struct thread *thread)
{
	const struct config_thread *config = thread->config;
	struct interrupt *interrupt = process_step(thread, 2u * thread->process->starts);

	if (interrupt != NULL) {
		interrupt_start(interrupt);
		return;
	}
	arch_context_init(&thread->host, thread->process->config->entry, config->stack_top,
	                  config->index);
	thread->context = &thread->host;
	thread->in_guest = false;
	/* what it has used stays used: a restart is no way to a fresh budget */
	thread->budget.depleted = false;
	thread->budget.overrun = false;
	if (thread->vcpu != NULL) {
		thread->vcpu->pending = VCPU_EXIT_NOTIFIED;
		arch_vcpu_reset(thread->vcpu);
	}
	sched_ready(thread);
}

/*
 * All threads have answered. On the CPU of thread 0, so that one CPU alone does it; a VM's GIC
 * is reset first, a step each time that the thread is looked at.
 */
static void process_finish_stop(struct process *process)
{
	if (process->vm != NULL) {
		if (vgic_reset_step(&process->vm->vgic)) {
			sched_signal_later(process_thread(process, 0u));
			return;
		}
		/* the next guest starts with no translations of this one */
		for (uint32_t i = 0u; i < CPU_MAX; i++)
			process->vm->last_vcpu[i] = 0u;
	}
	__atomic_store_n(&process->state, PROCESS_STATE_STOPPED, __ATOMIC_RELEASE);
	process_tell_supervisor(process);
}

/* One of those that a stop waits for is done; after the last one thread 0 finishes it. */
static void process_answered(struct process *process)
{
	/* acq_rel: the last one sees what the others did before their answer */
	if (__atomic_sub_fetch(&process->remaining, 1u, __ATOMIC_ACQ_REL) == 0u)
		sched_signal_later(process_thread(process, 0u));
}

status_t process_stop(struct process *process, uint64_t reason, uint64_t code, uint64_t address)
{
	if (!process_change(process, PROCESS_STATE_RUNNING, PROCESS_STATE_STOPPING))
		return STATUS_STATE;
	/* Read by others only once the state is STOPPED, which comes after our own answer below. */
	process->reason = reason;
	process->code = code;
	process->address = address;
	trace_event(arch_cpu(), TRACE_STOP, process_index(process), reason);
	if ((reason == EXIT_REASON_FAULT || reason == EXIT_REASON_SERROR) &&
	    (process->config->flags & PROCESS_FLAG_CRITICAL) != 0u)
		panic_process(process);
	for (uint32_t i = 0u; i < process->config->thread_count; i++)
		sched_signal_later(process_thread(process, i));
	process_answered(process);
	return STATUS_OK;
}

static void process_park(struct thread *thread)
{
	struct cpu *cpu = thread->cpu;

	sched_forget(thread);
	sched_block(thread, THREAD_PARKED);
	timer_cancel(&cpu->timers, &thread->wait_timer);
	timer_cancel(&cpu->timers, &thread->budget_timer);
	if (thread->vcpu != NULL) {
		timer_cancel(&cpu->timers, &thread->vcpu->virtual_timer);
		timer_cancel(&cpu->timers, &thread->vcpu->physical_timer);
	}
	arch_thread_discard(cpu, thread);
	thread->in_guest = false;
	thread->context = &thread->host;
}

void process_answer_stop(struct thread *thread, uint32_t starts)
{
	struct process *process = thread->process;
	struct interrupt *interrupt;

	if (thread->stop_seen == starts) {
		/* acquire: pairs with process_answered; nobody else ends this state */
		if (thread->config->index == 0u &&
		    __atomic_load_n(&process->remaining, __ATOMIC_ACQUIRE) == 0u)
			process_finish_stop(process);
		return;
	}
	interrupt = process_step(thread, 2u * starts + 1u);
	if (interrupt != NULL) {
		interrupt_stop(interrupt);
		return;
	}
	thread->stop_seen = starts;
	process_park(thread);
	process_answered(process);
}
