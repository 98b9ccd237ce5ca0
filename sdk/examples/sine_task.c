/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example of a native task: the C library and the mathematical functions of picolibc, floating point,
 * a period. Its record says that it uses FP registers; its needs of memory come from its ELF file.
 */
#include <math.h>
#include <stdio.h>
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("sine_task", PROGRAM_FLAG_FP);

int main(unsigned thread)
{
	uint64_t release = clock_now();

	(void)thread;
	console_open();
	for (uint32_t degrees = 0u;; degrees = (degrees + 30u) % 360u) {
		char line[64];

		(void)snprintf(line, sizeof(line), "task: sin(%u) = %.4f\n", (unsigned)degrees,
		               sin(degrees * M_PI / 180.0));
		console_puts(line);
		release += clock_ticks_per_second();
		(void)svc_wait(0u, release);
	}
}
