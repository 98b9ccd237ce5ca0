/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor does when a child has stopped: the description's policy, as a pure
 * function over the child's record. Used by supervisor.c and by unit tests.
 */
#ifndef BULKHEAD_USER_SERVICES_SUPERVISOR_POLICY_H
#define BULKHEAD_USER_SERVICES_SUPERVISOR_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/process.h"
#include "abi/syscall.h"

#define POLICY_RESTARTS 16u /* most restarts within a window that are remembered */

struct policy {
	uint32_t count;               /* restarts remembered, oldest first */
	uint64_t at[POLICY_RESTARTS]; /* microseconds */
};

enum policy_decision {
	POLICY_STAY,    /* it stays stopped */
	POLICY_RESTART, /* start it again */
	POLICY_GAVE_UP, /* it stays stopped: too many faults in its window */
};

/* The child stopped for `reason` at `now` (microseconds). Counts restarts after faults. */
enum policy_decision policy_decide(struct policy *policy, const struct process_child *child,
				   uint64_t reason, uint64_t now);

#endif
