/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the cheapest system call: a notify with a handle that the process does not have,
 * which is refused after the normal way into the kernel and through its dispatch. Counted from
 * outside between markers (abi/marker.h, bench/count.c). Runs once, and ends.
 */
#include "abi/marker.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("bench_task", 0u);

#define COUNT     1000u
#define NO_HANDLE 0xffffffu

int main(unsigned thread)
{
	(void)thread;
	for (unsigned i = 0; i < COUNT; i++) {
		register uint64_t x0 __asm__("x0") = NO_HANDLE;

		__asm__ volatile(MARKER_ASM(MARKER_BEGIN, ROW_SYSCALL) "svc %1\n\t" MARKER_ASM(
					 MARKER_END, ROW_SYSCALL)
		                 : "+r"(x0)
		                 : "i"(SYSCALL_NOTIFY)
		                 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", SVC_CLOBBERS);
	}
	return 0;
}
