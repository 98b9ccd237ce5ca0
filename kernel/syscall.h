/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls of processes; contracts in abi/syscall.h. Called from the trap entry on the
 * caller's CPU with interrupts masked. Each handler validates everything, then commits.
 */
#ifndef BULKHEAD_KERNEL_SYSCALL_H
#define BULKHEAD_KERNEL_SYSCALL_H

#include "kernel/object.h"

/*
 * Call `number` by `thread`, arguments and results in thread->host. False: go straight back
 * to the caller; true: the scheduler decides what runs next.
 */
bool syscall_dispatch(struct thread *thread, uint64_t number);

#endif
