/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A system for a person to look at: memory, CPUs, interrupts, channels. Called last, with a
 * model that the rules passed and a layout, or NULL when the kernel or programs are not built.
 */
#ifndef BULKHEAD_TOOL_SHOW_H
#define BULKHEAD_TOOL_SHOW_H

#include <stdio.h>

#include "tool/layout.h"

void show_text(const struct system *system, const struct layout *layout, FILE *out);
void show_svg(const struct system *system, const struct layout *layout, FILE *out);
/* 4096 -> "4 KiB". The text lives until the end of the run. */
const char *show_bytes(uint64_t bytes);
/* The regions of a layout in the order of their addresses. */
const struct region **show_order(const struct layout *layout);

#endif
