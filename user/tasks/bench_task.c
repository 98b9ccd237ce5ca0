/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures what a process pays: the cheapest system call, a notify with a handle that the
 * process does not have, which is refused after the normal way into the kernel and through its
 * dispatch; and a notification to `pong`, on the same CPU, and back. Counted from outside
 * between markers (abi/marker.h, bench/count.c). Runs once, and ends.
 */
#include "abi/marker.h"
#include "user/lib/clock.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("bench_task", 0u);

#define COUNT     1000u
#define NO_HANDLE 0xffffffu
#define SETTLE_US 100000u /* the measuring guest begins at 200000 */

static void measure_call(void)
{
	for (unsigned i = 0; i < COUNT; i++) {
		register uint64_t x0 __asm__("x0") = NO_HANDLE;

		__asm__ volatile(MARKER_ASM(MARKER_BEGIN, ROW_SYSCALL) "svc %1\n\t" MARKER_ASM(
					 MARKER_END, ROW_SYSCALL)
		                 : "+r"(x0)
		                 : "i"(SYSCALL_NOTIFY)
		                 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", SVC_CLOBBERS);
	}
}

static void measure_notify(const struct process_channel *pong)
{
	for (unsigned i = 0; i < COUNT; i++) {
		MARKER(MARKER_BEGIN, ROW_NOTIFY);
		(void)svc_notify(pong->handle);
		(void)svc_wait(1ull << pong->bit, SVC_NEVER);
		MARKER(MARKER_END, ROW_NOTIFY);
	}
}

int main(unsigned thread)
{
	const struct process_channel *pong = info_find_channel("pong");

	(void)thread;
	/* until what else starts, and prints, has gone to sleep */
	(void)svc_wait(0u, clock_now() + clock_ticks_from_us(SETTLE_US));
	measure_call();
	if (pong != NULL)
		measure_notify(pong);
	return 0;
}
