/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives every object its number: CPUs, threads, VMIDs, notification bits, handles and the
 * virtual addresses of devices and channels. Called once, on a model that the rules passed.
 */
#ifndef BULKHEAD_TOOL_ASSIGN_H
#define BULKHEAD_TOOL_ASSIGN_H

#include "tool/model.h"

#define NOTIFY_BIT_COUNT 60u /* bits 0..59 of a thread's word are bhc's: abi/syscall.h */

/* The order of threads alone: what `show` needs of a system that cannot be built. */
void assign_threads(struct system *system);
void assign_all(struct system *system);

#endif
