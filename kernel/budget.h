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

/* Takes `ticks`, consumed from `began` on. */
void budget_consume(struct budget *budget, uint64_t began, uint64_t ticks);
/* Gives back what is due at `now`. */
void budget_replenish(struct budget *budget, uint64_t now);
/* When the next consumption comes back, TIMER_NEVER if none is due. */
uint64_t budget_next(const struct budget *budget);
/* All of it back: at a start of the process. */
void budget_reset(struct budget *budget);

#endif
