/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets as sporadic servers; contract in budget.h. */
#include "kernel/budget.h"

void budget_return(struct budget *budget, uint64_t now)
{
	uint32_t due = 0u;

	while (due < budget->chunk_count && budget->chunk[due].at <= now) {
		budget->left += budget->chunk[due].amount;
		due++;
	}
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
