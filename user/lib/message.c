/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rings of messages; contract in message.h, ownership and barriers in abi/message_ring.h. Owns
 * nothing but what the caller passes. Portable.
 */
#include "user/lib/message.h"

#include <stddef.h>

#include "user/lib/text.h"

static uint8_t *message_at(const struct message_end *end, uint32_t index)
{
	return (uint8_t *)(end->shared + 1) + (size_t)(index & (end->count - 1u)) * end->bytes;
}

static void message_open(struct message_end *end, struct message_ring *shared, uint32_t count,
                         uint32_t bytes)
{
	*end = (struct message_end){.shared = shared, .count = count, .bytes = bytes};
	end->next = __atomic_load_n(&shared->head, __ATOMIC_ACQUIRE);
	end->shown = end->next;
}

void message_open_writer(struct message_end *end, struct message_ring *shared, uint32_t count,
                         uint32_t bytes)
{
	message_open(end, shared, count, bytes);
}

void message_open_reader(struct message_end *end, struct message_ring *shared, uint32_t count,
                         uint32_t bytes)
{
	message_open(end, shared, count, bytes);
	__atomic_store_n(&shared->tail, end->next, __ATOMIC_RELEASE);
}

void message_continue_reader(struct message_end *end, struct message_ring *shared, uint32_t count,
                             uint32_t bytes)
{
	message_open(end, shared, count, bytes);
	end->next = __atomic_load_n(&shared->tail, __ATOMIC_ACQUIRE);
}

void message_clear(struct message_end *end)
{
	__atomic_store_n(&end->shared->tail, end->next, __ATOMIC_RELEASE);
}

bool message_put(struct message_end *end, const void *message)
{
	if (end->shared == NULL)
		return false;
	/* acquire: pairs with the release of tail in message_take */
	if (end->next - __atomic_load_n(&end->shared->tail, __ATOMIC_ACQUIRE) >= end->count)
		return false;
	memcpy(message_at(end, end->next), message, end->bytes);
	end->next++;
	return true;
}

bool message_show(struct message_end *end)
{
	uint32_t before = end->shown;

	if (end->next == before)
		return false;
	end->shown = end->next;
	/* release: pairs with the acquire of head in message_take */
	__atomic_store_n(&end->shared->head, end->next, __ATOMIC_RELEASE);
	/* pairs with the fence in message_take: one of us sees the other's index */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&end->shared->tail, __ATOMIC_RELAXED) == before;
}

static uint32_t message_waiting(const struct message_end *end)
{
	uint32_t waiting = __atomic_load_n(&end->shared->head, __ATOMIC_ACQUIRE) - end->next;

	return waiting <= end->count ? waiting : 0u;
}

bool message_take(struct message_end *end, void *message)
{
	if (end->shared == NULL)
		return false;
	if (message_waiting(end) == 0u) {
		/* pairs with the fence in message_show */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (message_waiting(end) == 0u)
			return false;
	}
	memcpy(message, message_at(end, end->next), end->bytes);
	end->next++;
	/* release: pairs with the acquire of tail in message_put */
	__atomic_store_n(&end->shared->tail, end->next, __ATOMIC_RELEASE);
	return true;
}
