/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: the first words. MMU and caches on, one line through the PL011, then off.
 */
#include "guests/lib/bare.h"

void guest_main(uint64_t tree)
{
	(void)tree;
	print("hello from EL1\n");
	psci_system_off();
}
