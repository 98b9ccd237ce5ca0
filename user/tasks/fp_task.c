/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that owns FP registers: keeps a pattern in them across its periods, while guests
 * on the same CPU use theirs, and says when it has held a thousand times.
 */
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("fp_task", PROGRAM_FLAG_FP);

#define PERIOD_US 2000u

/* v8 to v15 keep their lower halves across a call by the procedure call standard. */
static double fp_task_sum(double a, double b, double c, double d)
{
	(void)svc_wait(0u, clock_now() + clock_ticks_from_us(PERIOD_US));
	return a + b * 3.0 + c * 5.0 + d * 7.0;
}

int main(unsigned thread)
{
	uint64_t good = 0u;

	(void)thread;
	console_open();
	for (double i = 1.0;; i += 1.0) {
		double sum = fp_task_sum(i, i + 0.5, i + 0.25, i + 0.125);
		double expected = i * 16.0 + 1.5 + 1.25 + 0.875;

		if (sum != expected) {
			console_puts("fp_task: FAILED: the registers changed\n");
			return 1;
		}
		good++;
		if (good % 500u == 0u)
			console_print("fp_task: %lu sums ok\n", good);
	}
}
