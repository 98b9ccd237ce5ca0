/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that a guest finally gets: its own, without what is disabled, and with what only
 * bhc knows: CPUs, the initrd's place, room for a seed. Called once per VM, after the rules.
 */
#ifndef BULKHEAD_TOOL_GUEST_TREE_H
#define BULKHEAD_TOOL_GUEST_TREE_H

#include "tool/model.h"

void guest_tree_finish(const struct system *system, struct vm *vm);

#endif
