/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of processes; contracts in abi/syscall.h. Called from the trap entry on the
 * caller's CPU with interrupts masked. Each handler validates everything, then commits.
 */
#ifndef BULKHEAD_KERNEL_SYSCALL_H
#define BULKHEAD_KERNEL_SYSCALL_H

#include "kernel/object.h"

#define SYSCALL_RETURN 0u /* straight back to the caller */
#define SYSCALL_RESUME 1u /* the scheduler decides what runs next */

/* Any call; the two below, which are the most frequent; any while the caller is past its budget. */
uint32_t syscall_other(struct thread *thread, uint64_t number);
uint32_t sys_wait(struct thread *thread);
uint32_t sys_notify(struct thread *thread);
uint32_t syscall_overrun(struct thread *thread, uint64_t number);

/* Call `number` by `thread`, arguments and results in thread->host. SYSCALL_RETURN or _RESUME. */
static inline uint32_t syscall_dispatch(struct thread *thread, uint64_t number)
{
	if (thread->budget.overrun)
		return syscall_overrun(thread, number);
	if (number == SYSCALL_NOTIFY)
		return sys_notify(thread);
	if (number == SYSCALL_WAIT)
		return sys_wait(thread);
	return syscall_other(thread, number);
}

#endif
