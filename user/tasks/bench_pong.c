/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of bench_task's notifications: answers each at once, for good. */
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("bench_pong", 0u);

int main(unsigned thread)
{
	const struct process_channel *ping = info_find_channel("task");

	(void)thread;
	if (ping == NULL)
		return 1;
	for (;;) {
		(void)svc_wait(1ull << ping->bit, SVC_NEVER);
		(void)svc_notify(ping->handle);
	}
}
