/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flight recorder as lines of text that pass any console. A line is
 *
 *	~T<type> <fields>*<crc>
 *
 * short enough for the console to show it whole behind the name of its world; crc is 4 hex
 * digits, CRC-16/XMODEM of what stands between `~` and `*`. scripts/trace.py reads them.
 *
 *	b VERSION TICKS_PER_SECOND CPUS NOW     a dump begins, at tick NOW
 *	n CPU SLOT PROCESS INDEX VM PRIORITY NAME   a thread of that CPU
 *	l CPU FIRST COUNT                       events from number FIRST on are lost
 *	e CPU FIRST BYTES                       events from number FIRST on, in base64
 *	z LINES                                 the dump ends; so many lines it had, with these two
 *
 * The bytes of an event: its kind; its time, of the first in a line whole, then since the one
 * before; a; b. Each is a number of 7 bits a byte, lowest first, bit 7 set where more follow.
 * Pure: no system call, no state but what the caller passes. Used by trace.c and unit tests.
 */
#ifndef BULKHEAD_USER_SERVICES_TRACE_CODE_H
#define BULKHEAD_USER_SERVICES_TRACE_CODE_H

#include <stddef.h>

#include "abi/process.h"
#include "abi/trace.h"

#define TRACE_LINE_BYTES 160u /* with its line feed and zero */
#define TRACE_VERSION    1u

/* Each writes a line into `to`, TRACE_LINE_BYTES long, and returns its length. */
size_t trace_line_begin(char *to, uint64_t ticks_per_second, uint32_t cpus, uint64_t now);
size_t trace_line_name(char *to, const struct trace_thread *thread);
size_t trace_line_lost(char *to, uint32_t cpu, uint64_t first, uint64_t count);
size_t trace_line_end(char *to, uint32_t lines);
/*
 * As many of the events as fit; *count is how many there are, and then how many were taken: at
 * least one. One whose time lies before that of its neighbour begins a new line.
 */
size_t trace_line_events(char *to, uint32_t cpu, uint64_t first, const struct trace_record *record,
                         uint32_t *count);

#endif
