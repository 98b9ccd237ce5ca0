/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a ring; contract in trace_reader.h, the steps R1 to R4 in abi/trace.h. */
#include "user/services/trace_reader.h"

#include "user/lib/text.h"

void trace_reader_open(struct trace_reader *reader, const struct trace_ring *ring)
{
	*reader = (struct trace_reader){.ring = ring};
}

/* The oldest event that is whole when `count` are complete and one more is being written. */
static uint64_t trace_oldest(uint64_t count)
{
	return count > TRACE_READ ? count - TRACE_READ : 0u;
}

/* R2: word by word, as the writer may be at it. */
static void trace_copy(struct trace_record *to, const struct trace_record *from)
{
	to->time = __atomic_load_n(&from->time, __ATOMIC_RELAXED);
	to->kind = __atomic_load_n(&from->kind, __ATOMIC_RELAXED);
	to->a = __atomic_load_n(&from->a, __ATOMIC_RELAXED);
	to->b = __atomic_load_n(&from->b, __ATOMIC_RELAXED);
}

struct trace_pass trace_reader_pass(struct trace_reader *reader, struct trace_record *to)
{
	const struct trace_ring *ring = reader->ring;
	uint64_t end = __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE); /* R1 */
	uint64_t start = trace_oldest(end) > reader->next ? trace_oldest(end) : reader->next;
	struct trace_pass pass;

	for (uint64_t i = start; i < end; i++)
		trace_copy(&to[i - start], &ring->record[i % TRACE_EVENTS]);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);                                    /* R3 */
	pass.first = trace_oldest(__atomic_load_n(&ring->count, __ATOMIC_RELAXED)); /* R4 */
	if (pass.first < start)
		pass.first = start;
	if (pass.first > end)
		pass.first = end;
	pass.count = (uint32_t)(end - pass.first);
	pass.lost = pass.first - reader->next;
	memmove(to, &to[pass.first - start], pass.count * sizeof(*to));
	reader->lost += pass.lost;
	reader->next = end;
	return pass;
}
