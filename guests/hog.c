/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: keeps its CPU busy for good, and prints a line per second of the counter: what is
 * left of the CPU to others is for the scheduler to decide.
 */
#include "guests/lib/bare.h"

void guest_main(uint64_t tree)
{
	uint64_t end = counter_now();

	(void)tree;
	for (uint32_t second = 1;; second++) {
		uint64_t turns = 0;

		end += counter_hz();
		while (counter_now() < end) {
			turns++;
			cpu_relax();
		}
		print("hog: second %u, %lu turns\n", second, turns);
	}
}
