/* SPDX-License-Identifier: Apache-2.0 */
/* The flight recorder; contract in trace.h. */
#include "kernel/trace.h"

void trace_event(struct cpu *cpu, enum trace_kind kind, uint64_t a, uint64_t b)
{
	struct trace_ring *ring = cpu->trace;
	struct trace_record *record = &ring->record[ring->count % TRACE_EVENTS];

	record->time = arch_now();
	record->kind = (uint64_t)kind;
	record->a = a;
	record->b = b;
	__atomic_store_n(&ring->count, ring->count + 1u, __ATOMIC_RELEASE);
}
