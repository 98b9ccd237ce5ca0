/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a guest's kernel, initrd and tree go in its own address space (IPA): the addresses
 * that its description fixes, else those that a loader of its kind of kernel would choose.
 * Called by the model once the guest's RAM banks and files are known.
 */
#ifndef BULKHEAD_TOOL_GUEST_MEMORY_H
#define BULKHEAD_TOOL_GUEST_MEMORY_H

#include "tool/model.h"

void guest_memory_place(const struct system *system, struct vm *vm);
/* Room that the finished tree may take. */
#define GUEST_TREE_ROOM 0x10000ull

#endif
