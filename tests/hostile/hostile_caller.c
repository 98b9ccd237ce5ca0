/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test process that makes every system call in every way; a task, or with devices a driver.
 * Ends with the reason that says whether it was surprised.
 */
#include "tests/hostile/hostile_process.h"
#include "user/lib/console.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("hostile_caller", 0u);

int main(unsigned thread)
{
	(void)thread;
	console_open();
	svc_exit(hostile_calls() ? EXIT_REASON_OFF : EXIT_REASON_FAILED, 0u);
}
