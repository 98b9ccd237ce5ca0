/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of a virtqueue; contract in bare_ring.h. Owns what the caller passes.
 * Little endian machines. Portable.
 */
#include "guests/lib/bare_ring.h"

#include <stddef.h>

#define FLAGS_AT 0u /* split: driver and device area */
#define INDEX_AT 2u
#define RING_AT  4u

#define EVENT_DISABLE    1u /* packed, 2.8.14 */
#define EVENT_ENABLE     0u
#define EVENT_DESCRIPTOR 2u

static uint16_t load16(const void *at)
{
	return __atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE);
}

static void store16(void *at, uint32_t value)
{
	__atomic_store_n((uint16_t *)at, (uint16_t)value, __ATOMIC_RELEASE);
}

static uint32_t load32(const void *at)
{
	return __atomic_load_n((const uint32_t *)at, __ATOMIC_RELAXED);
}

void ring_init(struct ring *ring, bool packed, bool event_idx, uint16_t size, void *descriptors,
               void *driver, void *device)
{
	*ring = (struct ring){.packed = packed,
	                      .event_idx = event_idx,
	                      .size = size,
	                      .descriptors = descriptors,
	                      .driver = driver,
	                      .device = device,
	                      .avail_wrap = true,
	                      .used_wrap = true,
	                      .free_count = size};
	for (uint16_t i = 0u; i < size; i++) {
		ring->free[i] = i;
		ring->descriptors[i] = (struct ring_descriptor){0};
	}
	for (uint32_t i = 0u; i < (packed ? 4u : RING_DRIVER_BYTES(size)); i++)
		ring->driver[i] = 0u;
	for (uint32_t i = 0u; i < (packed ? 4u : RING_DEVICE_BYTES(size)); i++)
		ring->device[i] = 0u;
}

/* Free descriptors are used again in the order in which they came back: in ring order (2.7.9). */
static uint16_t take_free(struct ring *ring)
{
	uint16_t taken = ring->free[ring->free_first];

	ring->free_first = (uint16_t)((ring->free_first + 1u) % ring->size);
	return taken;
}

static void put_free(struct ring *ring, uint16_t index)
{
	ring->free[ring->free_last] = index;
	ring->free_last = (uint16_t)((ring->free_last + 1u) % ring->size);
}

static uint16_t way_of(const struct ring_buffer *buffer, bool last)
{
	return (uint16_t)((buffer->write ? RING_WRITE : 0u) | (last ? 0u : RING_NEXT));
}

/* 2.7.5.3, 2.8.7 */
static void fill_table(const struct ring *ring, const struct ring_buffer *buffers, uint32_t count,
                       struct ring_descriptor *table)
{
	for (uint32_t i = 0u; i < count; i++) {
		table[i].address = buffers[i].address;
		table[i].bytes = buffers[i].bytes;
		table[i].flags_or_id = ring->packed ? 0u : way_of(&buffers[i], i + 1u == count);
		table[i].next_or_flags =
			(uint16_t)(ring->packed ? way_of(&buffers[i], true) : i + 1u);
	}
}

/* 2.7.13 */
static uint16_t add_split(struct ring *ring, const struct ring_buffer *buffers, uint32_t count,
                          uint16_t flags)
{
	uint16_t head = take_free(ring);
	uint16_t at = head;

	for (uint32_t i = 0u; i < count; i++) {
		struct ring_descriptor *descriptor = &ring->descriptors[at];
		bool last = i + 1u == count;

		ring->next[at] = last ? at : take_free(ring);
		descriptor->address = buffers[i].address;
		descriptor->bytes = buffers[i].bytes;
		descriptor->flags_or_id = (uint16_t)(way_of(&buffers[i], last) | flags);
		descriptor->next_or_flags = last ? 0u : ring->next[at];
		at = ring->next[at];
	}
	store16(ring->driver + RING_AT + 2u * (ring->avail & (ring->size - 1u)), head);
	ring->avail++;
	ring->added++;
	/* release: 2.7.13.3.1 */
	store16(ring->driver + INDEX_AT, ring->avail);
	return head;
}

static void packed_on(const struct ring *ring, uint16_t *at, bool *wrap, uint32_t steps)
{
	*at = (uint16_t)(*at + steps);
	if (*at >= ring->size) {
		*at = (uint16_t)(*at - ring->size);
		*wrap = !*wrap;
	}
}

/* 2.8.21.1 */
static uint16_t add_packed(struct ring *ring, const struct ring_buffer *buffers, uint32_t count,
                           uint16_t more)
{
	uint16_t id = take_free(ring);
	struct ring_descriptor *first = &ring->descriptors[ring->avail];
	uint32_t first_flags = 0u;

	for (uint32_t i = 0u; i < count; i++) {
		struct ring_descriptor *descriptor = &ring->descriptors[ring->avail];
		uint32_t flags = way_of(&buffers[i], i + 1u == count) | more |
		                 (ring->avail_wrap ? RING_AVAIL : RING_USED);

		descriptor->address = buffers[i].address;
		descriptor->bytes = buffers[i].bytes;
		descriptor->flags_or_id = id;
		if (i == 0u)
			first_flags = flags;
		else
			store16(&descriptor->next_or_flags, flags);
		packed_on(ring, &ring->avail, &ring->avail_wrap, 1u);
	}
	ring->added = (uint16_t)(ring->added + count);
	/* release: 2.8.21.1.1 */
	store16(&first->next_or_flags, first_flags);
	return id;
}

bool ring_add(struct ring *ring, const struct ring_buffer *buffers, uint32_t count,
              struct ring_descriptor *table, uint64_t table_address, uint16_t *id)
{
	uint32_t slots = table != NULL ? 1u : count;
	struct ring_buffer whole = {.address = table_address, .bytes = 16u * count};
	uint16_t flags = table != NULL ? RING_INDIRECT : 0u;

	if (count == 0u || slots > ring->free_count)
		return false;
	if (table != NULL) {
		fill_table(ring, buffers, count, table);
		buffers = &whole;
	}
	*id = ring->packed ? add_packed(ring, buffers, slots, flags)
	                   : add_split(ring, buffers, slots, flags);
	ring->free_count = (uint16_t)(ring->free_count - slots);
	ring->chain[*id] = (struct ring_chain){.busy = true, .slots = (uint16_t)slots};
	return true;
}

static bool kick_packed(struct ring *ring, uint16_t added)
{
	uint32_t both = load32(ring->device); /* offset and flags at once */
	uint32_t flags = both >> 16 & 3u;
	uint32_t back;

	if (flags != EVENT_DESCRIPTOR)
		return flags != EVENT_DISABLE;
	/* how far behind us the descriptor is that the device waits for: 1 is the last one added */
	back = ring->avail - (both & 0x7fffu);
	if ((both >> 15 & 1u) != (ring->avail_wrap ? 1u : 0u))
		back += ring->size;
	return back >= 1u && back <= added;
}

bool ring_kick(struct ring *ring)
{
	uint16_t added = ring->added;
	uint16_t back;

	ring->added = 0u;
	if (added == 0u)
		return false;
	/* 2.7.13.4.1, 2.8.21.3.1 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->packed)
		return kick_packed(ring, added);
	if (!ring->event_idx)
		return (load16(ring->device + FLAGS_AT) & 1u) == 0u;
	/* 2.7.10.1: the entry that the device waits for is among the new ones */
	back = (uint16_t)(ring->avail - load16(ring->device + RING_AT + 8u * ring->size));
	return back >= 1u && back <= added;
}

/* Its descriptors are free again. */
static void release(struct ring *ring, uint16_t id)
{
	uint16_t slots = ring->chain[id].slots;
	uint16_t at = id;

	ring->chain[id].busy = false;
	ring->free_count = (uint16_t)(ring->free_count + slots);
	if (ring->packed) {
		put_free(ring, id);
		packed_on(ring, &ring->used, &ring->used_wrap, slots);
		return;
	}
	for (uint16_t i = 0u; i < slots; i++) {
		put_free(ring, at);
		at = ring->next[at];
	}
	ring->used++;
}

static bool seen_split(const struct ring *ring, uint32_t *id, uint32_t *written)
{
	const uint8_t *entry = ring->device + RING_AT + 8u * (ring->used & (ring->size - 1u));

	/* acquire: the index before what it announces (2.7.14) */
	if (load16(ring->device + INDEX_AT) == ring->used)
		return false;
	*id = load32(entry);
	*written = load32(entry + 4u);
	return true;
}

static bool seen_packed(const struct ring *ring, uint32_t *id, uint32_t *written)
{
	const struct ring_descriptor *descriptor = &ring->descriptors[ring->used];
	uint16_t flags = load16(&descriptor->next_or_flags);

	if (((flags & RING_AVAIL) != 0u) != ring->used_wrap ||
	    ((flags & RING_USED) != 0u) != ring->used_wrap)
		return false;
	*id = load16(&descriptor->flags_or_id);
	/* 2.8.4: the length counts with WRITE only */
	*written = (flags & RING_WRITE) != 0u ? load32(&descriptor->bytes) : 0u;
	return true;
}

bool ring_used(struct ring *ring, uint16_t *id, uint32_t *written)
{
	uint32_t which;

	if (ring->broken || !(ring->packed ? seen_packed(ring, &which, written)
	                                   : seen_split(ring, &which, written)))
		return false;
	if (which >= ring->size || !ring->chain[which].busy) {
		ring->broken = true;
		return false;
	}
	*id = (uint16_t)which;
	release(ring, *id);
	return true;
}

void ring_stop_interrupts(struct ring *ring)
{
	if (ring->packed)
		store16(ring->driver + 2u, EVENT_DISABLE);
	else if (!ring->event_idx)
		store16(ring->driver + FLAGS_AT, 1u);
}

bool ring_want_interrupt(struct ring *ring, uint16_t more)
{
	uint32_t id;
	uint32_t written;

	if (ring->packed && ring->event_idx) {
		store16(ring->driver, ring->used | (ring->used_wrap ? 0x8000u : 0u));
		store16(ring->driver + 2u, EVENT_DESCRIPTOR);
	} else if (ring->packed) {
		store16(ring->driver + 2u, EVENT_ENABLE);
	} else if (ring->event_idx) {
		store16(ring->driver + RING_AT + 2u * ring->size, (uint32_t)ring->used + more);
	} else {
		store16(ring->driver + FLAGS_AT, 0u);
	}
	/* 2.7.14, 2.8.22: pairs with the device's barrier between its return and its look at this */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->packed)
		return seen_packed(ring, &id, &written);
	return (uint16_t)(load16(ring->device + INDEX_AT) - ring->used) > more;
}
