/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of hostile_driver: asks once in ten milliseconds, and says once a second how often
 * it was answered and how often not. A wrong answer is a failure.
 */
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("hostile_client", 0u);

#define PERIOD_US 10000u
#define REPORT    100u

int main(unsigned thread)
{
	uint64_t release = clock_now();
	uint64_t answers = 0u;
	uint64_t silent = 0u;
	struct channel_end driver;

	(void)thread;
	console_open();
	channel_start(&driver, info_find_channel("driver"));
	for (uint8_t asked = 0u;; asked++) {
		uint8_t answer = 0u;

		(void)channel_write(&driver, &asked, 1u);
		release += clock_ticks_from_us(PERIOD_US);
		(void)svc_wait(0u, release);
		if (channel_read(&driver, &answer, 1u) == 0u)
			silent++;
		else if (answer == (uint8_t)(asked + 1u))
			answers++;
		/* what was asked of a driver that is gone is answered late, or never */
		while (channel_read(&driver, &answer, 1u) != 0u)
			;
		if ((answers + silent) % REPORT == 0u)
			console_print("client: %lu answers, %lu times silent\n", answers, silent);
	}
}
