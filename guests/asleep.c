/* SPDX-License-Identifier: Apache-2.0 */
/* Guest: asleep for good, in WFI with nothing to wake it. */
#include "guests/lib/bare.h"

void guest_main(uint64_t tree)
{
	(void)tree;
	for (;;)
		cpu_wait_irq();
}
