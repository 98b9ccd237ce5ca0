/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets as sporadic servers; contract in budget.h. */
#include "kernel/budget.h"

void budget_consume(struct budget *budget, uint64_t began, uint64_t ticks)
{
	uint64_t at = began + budget->period;
	struct budget_chunk *last;

	/* Only what was taken comes back: an overrun is nobody's credit. */
	if (ticks > budget->left)
		ticks = budget->left;
	if (budget->full == 0u || ticks == 0u)
		return;
	budget->left -= ticks;
	if (budget->chunk_count == BUDGET_CHUNKS) {
		last = &budget->chunk[BUDGET_CHUNKS - 1u];
		last->at = at;
		last->amount += ticks;
		return;
	}
	budget->chunk[budget->chunk_count].at = at;
	budget->chunk[budget->chunk_count].amount = ticks;
	budget->chunk_count++;
}

void budget_replenish(struct budget *budget, uint64_t now)
{
	uint32_t due = 0u;

	while (due < budget->chunk_count && budget->chunk[due].at <= now) {
		budget->left += budget->chunk[due].amount;
		due++;
	}
	if (due == 0u)
		return;
	if (budget->left > budget->full)
		budget->left = budget->full;
	for (uint32_t i = due; i < budget->chunk_count; i++)
		budget->chunk[i - due] = budget->chunk[i];
	budget->chunk_count -= due;
}

uint64_t budget_next(const struct budget *budget)
{
	return budget->chunk_count > 0u ? budget->chunk[0].at : TIMER_NEVER;
}

void budget_reset(struct budget *budget)
{
	budget->left = budget->full;
	budget->chunk_count = 0u;
	budget->depleted = false;
	budget->overrun = false;
}
