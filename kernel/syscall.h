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

/* Call `number` by `thread`, arguments and results in thread->host. SYSCALL_RETURN or _RESUME. */
uint32_t syscall_dispatch(struct thread *thread, uint64_t number);

#endif
