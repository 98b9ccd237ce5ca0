/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: as fptest, but for good, to share a CPU with other users of FP: arithmetic without
 * exits, then exits, and a line per second, "fploop: second 1 ok".
 */
#include "guests/fp_state.h"
#include "guests/lib/bare.h"

#define ROUND_EXITS 200u
#define TERMS       20000u

/* Exact in binary: 0.5 + 1.5 + 2.5 and so on is TERMS squared over 2. */
static bool sum_is_right(void)
{
	volatile double sum = 0.0;

	for (uint32_t i = 0; i < TERMS; i++)
		sum += (double)i + 0.5;
	return sum == (double)TERMS * (double)TERMS / 2.0;
}

void guest_main(uint64_t tree)
{
	uint64_t end = counter_now();
	uint64_t seed = 0;

	(void)tree;
	for (uint32_t second = 1;; second++) {
		bool right = true;

		end += counter_hz();
		while (counter_now() < end)
			right = right && sum_is_right() && fp_round(seed++, ROUND_EXITS);
		print("fploop: second %u %s\n", second, right ? "ok" : "FAILED");
	}
}
