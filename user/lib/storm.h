/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that interrupts more often than it can have reason to. The kernel keeps an interrupt active
 * from its delivery to irq_ack, so a storm costs what its driver's acknowledgements cost, within that
 * driver's budget; this tells the driver that it is one. It then ends without the acknowledgement: the
 * device stays masked until the supervisor starts the driver again, as often as its policy allows.
 */
#ifndef BULKHEAD_USER_LIB_STORM_H
#define BULKHEAD_USER_LIB_STORM_H

#include <stdbool.h>
#include <stdint.h>

struct storm {
	uint64_t window; /* ticks */
	uint32_t most;   /* interrupts within a window */
	uint32_t count;
	uint64_t begin;
};

/* An interrupt at tick `now`. True: it is one too many. */
static inline bool storm_count(struct storm *storm, uint64_t now)
{
	if (now - storm->begin >= storm->window) {
		storm->begin = now;
		storm->count = 0u;
	}
	storm->count++;
	return storm->count > storm->most;
}

#endif
