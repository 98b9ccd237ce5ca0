/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: makes so many exits of each kind, for the flight recorder to show: reads and writes of
 * the RTC, calls to its VM process, and then off. Prints nothing, as that would be exits too.
 * The target test that counts them knows the numbers.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"

#define READS  23u
#define WRITES 17u
#define CALLS  11u

#define RTC_DR 0x0u /* DDI 0224 section 3.2 */
#define RTC_LR 0x8u

void guest_main(uint64_t tree)
{
	(void)tree;
	for (uint32_t i = 0u; i < READS; i++)
		(void)read32(RTC_BASE + RTC_DR);
	for (uint32_t i = 0u; i < WRITES; i++)
		write32(RTC_BASE + RTC_LR, i);
	for (uint32_t i = 0u; i < CALLS; i++)
		(void)hvc_call(PSCI_AFFINITY_INFO, 0u, 0u, 0u);
	psci_system_off();
}
