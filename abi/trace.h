/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flight recorder: one ring of fixed-size events per CPU, a page each, in the order of the
 * image's CPUs (OBJECT_TRACE). The kernel writes them, always; one process may have them mapped
 * read-only (process.h). No functions here: the writer is kernel/trace.h, the reader
 * user/services/trace_reader.c.
 *
 * Who owns what: all of a ring belongs to its CPU's kernel; the reader has nothing in it, keeps
 * its own index, and the writer never waits for it. Event n (counted from 0) lies in record
 * n % TRACE_EVENTS. `count` is the number of events that are complete.
 *
 * Writer of event n:              Reader of events [next, count):
 *	W1 fence (release)            	R1 load count, acquire
 *	W2 store the record           	R2 load the records, relaxed
 *	W3 store count = n + 1,       	R3 fence (acquire)
 *	   release                    	R4 load count again, relaxed
 *
 * W3 pairs with R1: the records below `count` are seen whole. W1, behind the W3 of the event
 * before, pairs with R3: a reader that got any word of event n loads n or more at R4. So event i
 * was not touched while it was copied if, at R4, count < i + TRACE_EVENTS; else it is lost.
 * Neither side loops: the reader counts what it lost and goes on.
 */
#ifndef BULKHEAD_ABI_TRACE_H
#define BULKHEAD_ABI_TRACE_H

#include "abi/image.h"

/*
 * Kinds of events. A slot is a thread's place in the order of its CPU's threads; a process is
 * its index in the image.
 */
#define TRACE_SWITCH 1u /* a: the slot that runs from now on; TRACE_IDLE: none */
#define TRACE_EXIT   2u /* a: slot, b: VCPU_EXIT_* in bits 7:0, from bit 8 on its first value */
#define TRACE_STOP   3u /* a: process, b: EXIT_REASON_* */
#define TRACE_START  4u /* a: process */
#define TRACE_USER   5u /* a, b: of the system call trace(a, b), by the thread that runs */

#define TRACE_IDLE 255u

#define TRACE_EVENTS 127u /* records of a ring */
#define TRACE_READ   126u /* that a reader can get at most: the oldest may be on its way out */

struct trace_record {
	uint64_t time; /* ticks of the counter */
	uint64_t kind;
	uint64_t a;
	uint64_t b;
};

struct trace_ring {
	struct trace_record record[TRACE_EVENTS];
	uint64_t count;
	uint64_t padding[3];
};

_Static_assert(sizeof(struct trace_ring) == PAGE_BYTES, "a ring is a page, to be mapped alone");

#endif
