/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed virtqueues (VIRTIO 1.2, 2.8); contract in virtqueue_format.h. Called by virtqueue.c.
 *
 *	descriptor ring	size descriptors: address, bytes, buffer id, flags; the device writes
 *			those that it has used over them, in the order of use
 *	driver area	when the driver wants interrupts: offset and wrap counter, flags
 *	device area	when the device wants notifications: the same
 */
#include "user/vmm/virtio/virtqueue_format.h"

#include <stddef.h>

#include "user/vmm/ram.h"

#define DESCRIPTOR_BYTES_AT 8u
#define DESCRIPTOR_ID_AT    12u
#define DESCRIPTOR_FLAGS_AT 14u
#define DESCRIPTOR_AVAIL    (1u << 7)
#define DESCRIPTOR_USED     (1u << 15)

/* 2.8.14: event suppression */
#define EVENT_OFFSET_AT  0u
#define EVENT_FLAGS_AT   2u
#define EVENT_ENABLE     0u
#define EVENT_DISABLE    1u
#define EVENT_DESCRIPTOR 2u
#define EVENT_FLAGS      3u
#define EVENT_WRAP       15u

bool packed_start(struct virtqueue *queue)
{
	/* 2.8.10.1: alignments of 16, 4 and 4 */
	if (queue->descriptors % 16u != 0u || queue->driver % 4u != 0u || queue->device % 4u != 0u)
		return false;
	queue->descriptor_ring =
		ram_pointer(queue->descriptors, (uint64_t)DESCRIPTOR_BYTES * queue->size);
	queue->driver_area = ram_pointer(queue->driver, 4u);
	queue->device_area = ram_pointer(queue->device, 4u);
	return queue->descriptor_ring != NULL && queue->driver_area != NULL &&
	       queue->device_area != NULL;
}

/* The descriptor at take_next is the driver's offer of this lap (2.8.1). */
static bool packed_available(const struct virtqueue *queue, uint16_t *flags)
{
	*flags =
		virtqueue_load16(queue->descriptor_ring +
	                         (size_t)DESCRIPTOR_BYTES * queue->take_next + DESCRIPTOR_FLAGS_AT);
	return ((*flags & DESCRIPTOR_AVAIL) != 0u) == queue->take_wrap &&
	       ((*flags & DESCRIPTOR_USED) != 0u) != queue->take_wrap;
}

/* Every entry of an indirect table is one buffer of the chain (2.8.7). */
static bool packed_indirect(const struct virtqueue *queue,
                            const struct virtqueue_descriptor *descriptor,
                            struct virtio_chain *chain)
{
	const uint8_t *table = virtqueue_indirect(queue, descriptor);
	uint32_t entries = descriptor->bytes / DESCRIPTOR_BYTES;

	if (table == NULL || entries > VIRTQUEUE_SIZE_MAX)
		return false;
	for (uint32_t i = 0u; i < entries; i++) {
		struct virtqueue_descriptor entry =
			virtqueue_read(queue, table + (size_t)DESCRIPTOR_BYTES * i);

		/* 2.8.7: of its flags only WRITE counts, the others are ignored */
		if (!virtqueue_add(chain, &entry))
			return false;
	}
	return true;
}

static uint16_t packed_after(const struct virtqueue *queue, uint16_t at, uint32_t steps, bool *wrap)
{
	uint32_t next = at + steps;

	if (next >= queue->size) {
		next -= queue->size;
		*wrap = !*wrap;
	}
	return (uint16_t)next;
}

enum virtqueue_answer packed_take(struct virtqueue *queue, struct virtio_chain *chain)
{
	bool wrap = queue->take_wrap;
	uint16_t at = queue->take_next;
	uint16_t flags;

	if (!packed_available(queue, &flags))
		return VIRTQUEUE_EMPTY;
	for (uint32_t slots = 1u; slots + queue->flying <= queue->size; slots++) {
		struct virtqueue_descriptor descriptor = virtqueue_read(
			queue, queue->descriptor_ring + (size_t)DESCRIPTOR_BYTES * at);

		at = packed_after(queue, at, 1u, &wrap);
		if ((descriptor.flags & DESCRIPTOR_INDIRECT) != 0u) {
			/* 2.8.19: alone in its chain */
			if (slots != 1u || !packed_indirect(queue, &descriptor, chain))
				return VIRTQUEUE_BROKEN;
		} else if (!virtqueue_add(chain, &descriptor)) {
			return VIRTQUEUE_BROKEN;
		}
		if ((descriptor.flags & DESCRIPTOR_NEXT) == 0u) {
			/* 2.8.6: the last descriptor has the id */
			chain->id = descriptor.next;
			chain->slots = (uint16_t)slots;
			queue->take_next = at;
			queue->take_wrap = wrap;
			return VIRTQUEUE_TAKEN;
		}
	}
	/* longer than what is free in the ring */
	return VIRTQUEUE_BROKEN;
}

void packed_give(struct virtqueue *queue, const struct virtqueue_done *done)
{
	uint8_t *at = queue->descriptor_ring + (size_t)DESCRIPTOR_BYTES * queue->give_next;
	uint32_t flags = queue->give_wrap ? DESCRIPTOR_AVAIL | DESCRIPTOR_USED : 0u;

	if (done->written != 0u)
		flags |= DESCRIPTOR_WRITE;
	virtqueue_store32(at + DESCRIPTOR_BYTES_AT, done->written);
	virtqueue_store16(at + DESCRIPTOR_ID_AT, done->id);
	/* release: pairs with the driver's read barrier behind its look at the flags (2.8.22) */
	virtqueue_store16(at + DESCRIPTOR_FLAGS_AT, (uint16_t)flags);
	queue->give_next = packed_after(queue, queue->give_next, done->slots, &queue->give_wrap);
}

bool packed_wants_interrupt(struct virtqueue *queue)
{
	uint32_t flags = virtqueue_load16(queue->driver_area + EVENT_FLAGS_AT) & EVENT_FLAGS;
	uint16_t event;
	uint32_t offset;

	if (flags != EVENT_DESCRIPTOR || !queue->event_idx)
		return flags != EVENT_DISABLE;
	event = virtqueue_load16(queue->driver_area + EVENT_OFFSET_AT);
	offset = event & ((1u << EVENT_WRAP) - 1u);
	/* of the lap before: so many descriptors back from the start of this one */
	if ((event >> EVENT_WRAP != 0u) != queue->give_wrap)
		offset -= queue->size;
	return (uint16_t)(queue->give_next - offset - 1u) < queue->fresh;
}

bool packed_notify(struct virtqueue *queue, bool want)
{
	uint16_t flags;

	if (want && queue->event_idx) {
		virtqueue_store16(
			queue->device_area + EVENT_OFFSET_AT,
			(uint16_t)(queue->take_next | (queue->take_wrap ? 1u << EVENT_WRAP : 0u)));
		virtqueue_store16(queue->device_area + EVENT_FLAGS_AT, EVENT_DESCRIPTOR);
	} else {
		virtqueue_store16(queue->device_area + EVENT_FLAGS_AT,
		                  (uint16_t)(want ? EVENT_ENABLE : EVENT_DISABLE));
	}
	if (!want)
		return false;
	/* pairs with the driver's barrier between its new descriptor and its look at the area (2.8.21.3.1) */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return packed_available(queue, &flags);
}
