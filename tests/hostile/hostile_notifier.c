/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifies the peers of all its channels, for good: one that works, and one below it, which
 * answers each time (user/tasks/bench_pong.c).
 */
#include "user/lib/clock.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("hostile_notifier", 0u);

#define ROUNDS   16u
#define PAUSE_US 20u /* for others on this CPU */

int main(unsigned thread)
{
	uint64_t pause = clock_ticks_from_us(PAUSE_US);

	(void)thread;
	for (;;) {
		for (uint32_t i = 0u; i < ROUNDS * info_get()->channel_count; i++) {
			(void)svc_notify(info_channel(i % info_get()->channel_count)->handle);
			__asm__ volatile("yield");
		}
		(void)svc_wait(0u, clock_now() + pause);
	}
}
