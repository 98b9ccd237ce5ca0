/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The info pages of a process (abi/process.h). Called once per process after assign_all() and
 * guest_tree_finish(); it also gives a VM's payloads their virtual addresses. What only the
 * layout knows, physical addresses for a process with allow-dma, it adds itself.
 */
#ifndef BULKHEAD_TOOL_INFO_WRITER_H
#define BULKHEAD_TOOL_INFO_WRITER_H

#include "tool/model.h"

void info_writer_write(struct system *system, struct process *process);
/* Channels, pools and DMA memory have their place. */
void info_writer_place(const struct system *system, struct process *process);

#endif
