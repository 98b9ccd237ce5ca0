/* SPDX-License-Identifier: Apache-2.0 */
/* The per-CPU timer heap; contract in timer.h. */
#include "kernel/timer.h"

static void timer_place(struct timer_queue *queue, struct timer *timer, uint32_t index)
{
	queue->heap[index] = timer;
	timer->position = index + 1u;
}

static void timer_sift_up(struct timer_queue *queue, struct timer *timer, uint32_t index)
{
	while (index > 0u) {
		uint32_t parent = (index - 1u) / 2u;

		if (queue->heap[parent]->deadline <= timer->deadline)
			break;
		timer_place(queue, queue->heap[parent], index);
		index = parent;
	}
	timer_place(queue, timer, index);
}

static void timer_sift_down(struct timer_queue *queue, struct timer *timer, uint32_t index)
{
	for (;;) {
		uint32_t child = 2u * index + 1u;

		if (child >= queue->count)
			break;
		if (child + 1u < queue->count &&
		    queue->heap[child + 1u]->deadline < queue->heap[child]->deadline)
			child++;
		if (timer->deadline <= queue->heap[child]->deadline)
			break;
		timer_place(queue, queue->heap[child], index);
		index = child;
	}
	timer_place(queue, timer, index);
}

void timer_remove(struct timer_queue *queue, struct timer *timer)
{
	uint32_t index = timer->position - 1u;
	struct timer *last;

	timer->position = 0u;
	queue->count--;
	last = queue->heap[queue->count];
	if (last == timer)
		return;
	if (index > 0u && last->deadline < queue->heap[(index - 1u) / 2u]->deadline)
		timer_sift_up(queue, last, index);
	else
		timer_sift_down(queue, last, index);
}

void timer_arm(struct timer_queue *queue, struct timer *timer, uint64_t deadline)
{
	timer_cancel(queue, timer);
	if (deadline == TIMER_NEVER)
		return;
	timer->deadline = deadline;
	queue->count++;
	timer_sift_up(queue, timer, queue->count - 1u);
}

struct timer *timer_take(struct timer_queue *queue, uint64_t now)
{
	struct timer *timer = queue->heap[0];

	if (queue->count == 0u || timer->deadline > now)
		return NULL;
	timer_cancel(queue, timer);
	return timer;
}
