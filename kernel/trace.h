/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer of the flight recorder; rings, ownership and barriers are in abi/trace.h. Each CPU
 * writes into its own ring, with interrupts masked.
 */
#ifndef BULKHEAD_KERNEL_TRACE_H
#define BULKHEAD_KERNEL_TRACE_H

#include "abi/trace.h"
#include "kernel/object.h"

/* An event at tick `now`. Inline: it is on the path of every exit. */
static inline void trace_event_at(struct cpu *cpu, uint64_t now, uint64_t kind, uint64_t a,
                                  uint64_t b)
{
	struct trace_ring *ring = cpu->trace;
	struct trace_record *record = cpu->trace_next;
	struct trace_record *next = record + 1;

	cpu->trace_next = next == &ring->record[TRACE_EVENTS] ? ring->record : next;
	__atomic_thread_fence(__ATOMIC_RELEASE); /* W1 */
	/* W2: plain stores, as pairs of words: each aligned word is seen whole (B2.2.1) */
	record->time = now;
	record->kind = kind;
	record->a = a;
	record->b = b;
	__atomic_store_n(&ring->count, ring->count + 1u, __ATOMIC_RELEASE); /* W3 */
}

static inline void trace_event(struct cpu *cpu, uint64_t kind, uint64_t a, uint64_t b)
{
	trace_event_at(cpu, arch_now(), kind, a, b);
}

#endif
