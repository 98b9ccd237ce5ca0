/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: all FP registers hold patterns over 100,000 device accesses and are compared after
 * each 1,000: "fp: 100000 exits ok".
 */
#include "guests/fp_state.h"
#include "guests/lib/bare.h"

#define ROUND_EXITS 1000u
#define ROUNDS      100u

void guest_main(uint64_t tree)
{
	(void)tree;
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		if (!fp_round(round, ROUND_EXITS)) {
			print("fp: FAILED in exits to %u\n", round * ROUND_EXITS);
			psci_system_off();
		}
	}
	print("fp: %u exits ok\n", ROUNDS * ROUND_EXITS);
	psci_system_off();
}
