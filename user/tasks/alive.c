/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native safety task: no guest OS, periodic, at the highest priority of its CPU, with its
 * period from the description. It counts its periods, notices every release that it missed,
 * measures how late it was at worst, and says so once a second. Its output never waits: what
 * the console cannot take is dropped there and counted.
 */
#include "abi/marker.h"
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
	uint64_t period = clock_ticks_from_us(period_us != 0u ? period_us : DEFAULT_PERIOD_US);
	uint64_t second = clock_ticks_per_second();
	uint64_t release = clock_now();
	uint64_t report = release + second;
	uint64_t periods = 1u;
	uint64_t missed = 0u;
	uint64_t worst = 0u;

	(void)thread;
	console_open();
	console_puts("alive: first period\n");
	MARKER(MARKER_END, ROW_ALIVE);
	for (;;) {
		uint64_t late;

		release += period;
		(void)svc_wait(0u, release);
		late = clock_now() - release;
		periods++;
		if (late > worst)
			worst = late;
		/* a release that went by is missed, and is not made up for */
		if (late >= period) {
			missed += late / period;
			release += late / period * period;
		}
		if (release < report)
			continue;
		report += second;
		console_print("alive: %lu periods, worst latency %lu us, missed %lu\n", periods,
		              clock_us_from_ticks(worst), missed);
	}
}
