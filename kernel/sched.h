/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: per-CPU, fixed priority, preemptive. A CPU's threads are numbered by
 * priority (slot 0 highest; bhc orders them, equal priorities in the order of the
 * description), so that the ready set is one word and the choice is one instruction.
 *
 * Called with interrupts masked, on the CPU that owns the thread, unless a function says
 * "any CPU".
 */
#ifndef BULKHEAD_KERNEL_SCHED_H
#define BULKHEAD_KERNEL_SCHED_H

#include "kernel/object.h"

/* Longest that a thread out of budget runs on in host mode before it is cut off. */
#define SCHED_OVERRUN_US 50u

/*
 * Looks at what may have changed for the thread: bits and interrupts here, a stop or a start
 * later in sched_resume.
 */
void sched_poke(struct thread *thread);
/* Any CPU: as sched_poke, on the thread's CPU, at once if the thread would run now. */
void sched_signal(struct thread *thread);
/* Any CPU, also inside a lock: as sched_signal, but here only once the kernel is left. */
void sched_signal_later(struct thread *thread);
/* Any CPU: sets bits in the thread's notification word. */
void sched_notify(struct thread *thread, uint64_t bits);
/* The thread may run. */
void sched_ready(struct thread *thread);
/* The thread, which is ready, may not run: state says why. */
void sched_block(struct thread *thread, enum thread_state state);
/* Blocks the current thread in wait(). Always true: sched_resume is to be called. */
bool sched_wait(struct thread *thread, uint64_t mask, uint64_t deadline);
/*
 * A thread of this CPU that waits: ready, if one of its bits is there. True: sched_resume is to be
 * called. Its process may be on its way to a stop: then the thread is marked in the wake word, so
 * it is looked at before it can run.
 */
bool sched_wake(struct thread *thread);
/* The thread stops being current, if it is: it is about to be parked. */
void sched_forget(struct thread *thread);
/* The current thread, past its budget, made a system call: it stops here. */
void sched_overrun_end(struct thread *thread);
/* The hardware timer fired, or may have: serves one due timer; sched_resume serves the others. */
void sched_timer_interrupt(struct cpu *cpu);
/* Another CPU has interrupted this one: looks at what it wants looked at. */
void sched_kick(struct cpu *cpu);
/*
 * The guest of the current thread waits for an interrupt, and none is pending. True: it may go
 * on at once. False: the thread is blocked, or something else is to run: sched_resume decides.
 */
bool sched_idle(struct thread *thread);
/* Decides what runs, loads it, and returns the context to go to. Idles while there is none. */
struct context *sched_resume(struct cpu *cpu);
/* Ticks the thread has used so far, the running stretch included. */
uint64_t sched_ticks_used(const struct thread *thread);

#endif
