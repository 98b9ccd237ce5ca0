/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flight recorder: one ring of fixed-size events per CPU, always on, written by its CPU
 * only. `count` is the number of events ever written, stored with release after the event:
 * a reader loads it with acquire before and after it copies, and drops what was overwritten.
 */
#ifndef BULKHEAD_KERNEL_TRACE_H
#define BULKHEAD_KERNEL_TRACE_H

#include "kernel/object.h"

enum trace_kind {
	TRACE_SWITCH = 1, /* a: slot */
	TRACE_EXIT = 2,   /* a: slot, b: exit reason */
	TRACE_STOP = 3,   /* a: process, b: reason */
	TRACE_START = 4,  /* a: process */
	TRACE_USER = 5,   /* the two words of the trace system call */
};

#define TRACE_EVENTS 127u

struct trace_record {
	uint64_t time; /* ticks */
	uint64_t kind;
	uint64_t a;
	uint64_t b;
};

struct trace_ring {
	uint64_t count;
	uint64_t padding[3];
	struct trace_record record[TRACE_EVENTS];
};

_Static_assert(sizeof(struct trace_ring) == PAGE_BYTES, "a ring is a page, to be mapped alone");

/* On the CPU whose ring it is, at tick `now`. Inline: it is on the path of every exit. */
static inline void trace_event_at(struct cpu *cpu, uint64_t now, enum trace_kind kind, uint64_t a,
                                  uint64_t b)
{
	struct trace_ring *ring = cpu->trace;
	struct trace_record *record = &ring->record[cpu->trace_next];

	cpu->trace_next = cpu->trace_next + 1u < TRACE_EVENTS ? cpu->trace_next + 1u : 0u;
	record->time = now;
	record->kind = (uint64_t)kind;
	record->a = a;
	record->b = b;
	__atomic_store_n(&ring->count, ring->count + 1u, __ATOMIC_RELEASE);
}

static inline void trace_event(struct cpu *cpu, enum trace_kind kind, uint64_t a, uint64_t b)
{
	trace_event_at(cpu, arch_now(), kind, a, b);
}

#endif
