/* SPDX-License-Identifier: Apache-2.0 */
/* A process that reads outside its space, a moment after it has said so. */
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("faulter", 0u);

#define NOWHERE 0x12345678000ull

int main(unsigned thread)
{
	(void)thread;
	console_open();
	console_puts("faulter: reads at 0x12345678000\n");
	(void)svc_wait(0u, clock_now() + clock_ticks_from_us(100000u));
	return *(volatile int *)NOWHERE;
}
