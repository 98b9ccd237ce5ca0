/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of one CPU: a binary heap ordered by deadline. Owned by its CPU; called there with
 * interrupts masked. Insertion and removal take O(log n) steps, n <= TIMER_MAX.
 */
#ifndef BULKHEAD_KERNEL_TIMER_H
#define BULKHEAD_KERNEL_TIMER_H

#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"

#define TIMER_MAX   (4u * CPU_THREADS) /* a thread has four at most */
#define TIMER_NEVER UINT64_MAX

struct thread;

enum timer_kind {
	TIMER_WAIT,
	TIMER_BUDGET,
	TIMER_VIRTUAL,
	TIMER_PHYSICAL,
};

struct timer {
	uint64_t deadline; /* ticks */
	struct thread *thread;
	uint32_t position; /* 1 + place in the heap, 0: not armed */
	uint32_t kind;     /* enum timer_kind */
};

struct timer_queue {
	uint32_t count;
	struct timer *heap[TIMER_MAX];
};

/* Arms (or moves) the timer; TIMER_NEVER disarms it. timer_remove: it is armed. */
void timer_arm(struct timer_queue *queue, struct timer *timer, uint64_t deadline);
void timer_remove(struct timer_queue *queue, struct timer *timer);
static inline void timer_cancel(struct timer_queue *queue, struct timer *timer)
{
	if (timer->position != 0u)
		timer_remove(queue, timer);
}
/* Earliest deadline, TIMER_NEVER when none is armed. */
static inline uint64_t timer_next(const struct timer_queue *queue)
{
	return queue->count > 0u ? queue->heap[0]->deadline : TIMER_NEVER;
}
/* Takes out one timer whose deadline is at most now, or returns NULL. */
struct timer *timer_take(struct timer_queue *queue, uint64_t now);

#endif
