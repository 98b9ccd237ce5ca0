/* SPDX-License-Identifier: Apache-2.0 */
/* Restart policy; contract in supervisor_policy.h. */
#include "user/services/supervisor_policy.h"

static enum policy_decision policy_after_fault(struct policy *policy,
					       const struct process_child *child, uint64_t now)
{
	uint64_t window = (uint64_t)child->restart_window_sec * 1000000u;
	uint32_t limit = child->restart_limit < POLICY_RESTARTS ? child->restart_limit :
								  POLICY_RESTARTS;
	uint32_t kept = 0u;

	if ((child->flags & (CHILD_RESTART_ON_FAULT | CHILD_RESTART_ALWAYS)) == 0u)
		return POLICY_STAY;
	for (uint32_t i = 0u; i < policy->count; i++) {
		if (now - policy->at[i] < window)
			policy->at[kept++] = policy->at[i];
	}
	policy->count = kept;
	if (kept >= limit)
		return POLICY_GAVE_UP;
	policy->at[policy->count++] = now;
	return POLICY_RESTART;
}

enum policy_decision policy_decide(struct policy *policy, const struct process_child *child,
				   uint64_t reason, uint64_t now)
{
	switch (reason) {
	case EXIT_REASON_RESET:
		return POLICY_RESTART;
	case EXIT_REASON_FAULT:
	case EXIT_REASON_FAILED:
	case EXIT_REASON_SERROR:
		return policy_after_fault(policy, child, now);
	case EXIT_REASON_OFF:
		return (child->flags & CHILD_RESTART_ALWAYS) != 0u ? POLICY_RESTART : POLICY_STAY;
	default: /* stopped by command, or never started */
		return POLICY_STAY;
	}
}
