/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel ends; contract in channel.h, the shared layout and its ownership in
 * abi/channel.h. Owns nothing but what the caller passes. Portable.
 */
#include "user/lib/channel.h"

#include <stddef.h>

static struct channel_ring *channel_out(const struct channel_end *end)
{
	return &end->shared->ring[end->side];
}

static struct channel_ring *channel_in(const struct channel_end *end)
{
	return &end->shared->ring[end->side ^ 1u];
}

/* keep: what has not been read is kept, unless the indices contradict each other. */
static void channel_join(struct channel_end *end, struct channel *shared, uint32_t side,
                         uint32_t handle, bool keep)
{
	uint32_t tail;

	*end = (struct channel_end){.shared = shared, .handle = handle, .side = side & 1u};
	end->head = __atomic_load_n(&channel_out(end)->head, __ATOMIC_RELAXED);
	end->peer_generation =
		__atomic_load_n(&shared->generation[end->side ^ 1u], __ATOMIC_ACQUIRE);
	end->tail = __atomic_load_n(&channel_in(end)->head, __ATOMIC_ACQUIRE);
	tail = __atomic_load_n(&channel_in(end)->tail, __ATOMIC_RELAXED);
	if (keep && end->tail - tail <= CHANNEL_RING_BYTES)
		end->tail = tail;
	__atomic_store_n(&channel_in(end)->tail, end->tail, __ATOMIC_RELEASE);
	__atomic_fetch_add(&shared->generation[end->side], 1u, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void channel_open(struct channel_end *end, struct channel *shared, uint32_t side, uint32_t handle)
{
	channel_join(end, shared, side, handle, false);
}

void channel_resume(struct channel_end *end, struct channel *shared, uint32_t side, uint32_t handle)
{
	channel_join(end, shared, side, handle, true);
}

void channel_open_info(struct channel_end *end, const struct process_channel *info)
{
	channel_open(end, (struct channel *)(uintptr_t)info->va, info->side, info->handle);
}

/* A peer that started again continues at its last head; if it does not, we do at its new one. */
static uint32_t channel_filled(struct channel_end *end)
{
	uint32_t generation =
		__atomic_load_n(&end->shared->generation[end->side ^ 1u], __ATOMIC_ACQUIRE);
	/* acquire: pairs with the release of head in channel_put */
	uint32_t head = __atomic_load_n(&channel_in(end)->head, __ATOMIC_ACQUIRE);

	if (generation != end->peer_generation) {
		end->peer_generation = generation;
		if (head - end->tail > CHANNEL_RING_BYTES) {
			end->tail = head;
			__atomic_store_n(&channel_in(end)->tail, head, __ATOMIC_RELEASE);
		}
	}
	return head - end->tail <= CHANNEL_RING_BYTES ? head - end->tail : 0u;
}

uint32_t channel_room(const struct channel_end *end)
{
	uint32_t used;

	if (end->shared == NULL)
		return 0u;
	/* acquire: pairs with the release of tail in channel_take */
	used = end->head - __atomic_load_n(&channel_out(end)->tail, __ATOMIC_ACQUIRE);
	return used <= CHANNEL_RING_BYTES ? CHANNEL_RING_BYTES - used : 0u;
}

uint32_t channel_used(struct channel_end *end)
{
	return end->shared != NULL ? channel_filled(end) : 0u;
}

uint32_t channel_put(struct channel_end *end, const void *data, uint32_t bytes, bool *tell)
{
	const uint8_t *from = data;
	uint32_t room = channel_room(end);
	uint32_t count = bytes < room ? bytes : room;
	uint32_t before = end->head;
	struct channel_ring *ring;

	if (count == 0u)
		return 0u;
	ring = channel_out(end);
	for (uint32_t i = 0u; i < count; i++)
		ring->data[(before + i) % CHANNEL_RING_BYTES] = from[i];
	end->head = before + count;
	/* release: pairs with the acquire of head in channel_filled */
	__atomic_store_n(&ring->head, end->head, __ATOMIC_RELEASE);
	/* pairs with the fence in channel_take: one of us sees the other's index */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ring->tail, __ATOMIC_RELAXED) == before)
		*tell = true;
	return count;
}

uint32_t channel_take(struct channel_end *end, void *data, uint32_t bytes, bool *tell)
{
	uint8_t *to = data;
	uint32_t used = channel_used(end);
	uint32_t count = bytes < used ? bytes : used;
	uint32_t before = end->tail;
	struct channel_ring *ring;

	if (count == 0u)
		return 0u;
	ring = channel_in(end);
	for (uint32_t i = 0u; i < count; i++)
		to[i] = ring->data[(before + i) % CHANNEL_RING_BYTES];
	end->tail = before + count;
	/* release: pairs with the acquire of tail in channel_room */
	__atomic_store_n(&ring->tail, end->tail, __ATOMIC_RELEASE);
	/* pairs with the fence in channel_put: one of us sees the other's index */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ring->head, __ATOMIC_RELAXED) - before >= CHANNEL_RING_BYTES)
		*tell = true;
	return count;
}
