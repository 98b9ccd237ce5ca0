/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets of threads: a sporadic server. What is consumed in a stretch that began at time t
 * comes back at t + period, so that no window of one period sees more than the budget (and
 * one overrun for each stretch). At most BUDGET_CHUNKS stretches are remembered; beyond that they merge into
 * the latest, which only delays the return. Pure functions over one thread's record.
 */
#ifndef BULKHEAD_KERNEL_BUDGET_H
#define BULKHEAD_KERNEL_BUDGET_H

#include "kernel/object.h"

/* Takes `ticks`, consumed from `began` on. Only what was there comes back: an overrun is no credit. */
static inline void budget_consume(struct budget *budget, uint64_t began, uint64_t ticks)
{
	uint32_t count = budget->chunk_count;
	uint64_t taken = ticks < budget->left ? ticks : budget->left;
	struct budget_chunk *last = &budget->chunk[BUDGET_CHUNKS - 1u];

	if (taken == 0u)
		return;
	budget->left -= taken;
	if (count < BUDGET_CHUNKS) {
		last = &budget->chunk[count];
		last->amount = 0u;
		budget->chunk_count = count + 1u;
	}
	last->at = began + budget->period;
	last->amount += taken;
}
/* Gives back what is due at `now`. */
void budget_return(struct budget *budget, uint64_t now);
static inline void budget_replenish(struct budget *budget, uint64_t now)
{
	if (budget->chunk_count != 0u && budget->chunk[0].at <= now)
		budget_return(budget, now);
}
/* When the next consumption comes back, TIMER_NEVER if none is due. */
uint64_t budget_next(const struct budget *budget);
/* All of it back: at a start of the process. */
void budget_reset(struct budget *budget);

#endif
