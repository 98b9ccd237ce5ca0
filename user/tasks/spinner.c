/* SPDX-License-Identifier: Apache-2.0 */
/* A process that never gives up the CPU: what its budget and its priority are good for. */
#include "user/lib/console.h"
#include "user/lib/program.h"

PROGRAM_RECORD("spinner", 0u);

int main(unsigned thread)
{
	(void)thread;
	console_open();
	console_puts("spinner: spins\n");
	for (;;)
		__asm__ volatile("yield");
}
