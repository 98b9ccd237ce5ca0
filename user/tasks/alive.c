/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native safety task: no guest OS, periodic, at the highest priority of its CPU. It
 * counts its periods, notices every one that it missed, and says so once a second. Its
 * output never waits: what the console cannot take is dropped there and counted.
 */
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("alive", 0u);

#define DEFAULT_PERIOD_US 1000u

int main(unsigned thread)
{
	uint64_t period_us = info_get()->period_us;
	uint64_t period;
	uint64_t release = clock_now();
	uint64_t periods = 0u;
	uint64_t missed = 0u;
	uint64_t worst = 0u;
	uint64_t per_second;

	(void)thread;
	if (period_us == 0u)
		period_us = DEFAULT_PERIOD_US;
	period = clock_ticks_from_us(period_us);
	per_second = 1000000u / period_us;
	console_open();
	console_puts("alive: first period\n");
	for (;;) {
		uint64_t late;

		release += period;
		(void)svc_wait(0u, release);
		late = clock_now() - release;
		if (late > worst)
			worst = late;
		/* releases that went by are missed, never run twice */
		while (late >= period) {
			missed++;
			release += period;
			late -= period;
		}
		periods++;
		if (periods % per_second == 0u)
			console_print("alive: %lu periods, worst latency %lu us, missed %lu\n",
				      periods, clock_us_from_ticks(worst), missed);
	}
}
