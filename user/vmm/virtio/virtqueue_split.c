/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split virtqueues (VIRTIO 1.2, 2.7); contract in virtqueue_format.h. Called by virtqueue.c.
 *
 *	descriptor ring	size descriptors: address, bytes, flags, next
 *	driver area	flags, idx, ring[size], used_event: 16 bits each
 *	device area	flags, idx, ring[size] of { id, bytes: 32 bits }, avail_event
 */
#include "user/vmm/virtio/virtqueue_format.h"

#include <stddef.h>

#include "user/vmm/ram.h"

#define AREA_FLAGS 0u
#define AREA_INDEX 2u
#define AREA_RING  4u

#define NO_INTERRUPT 1u /* in the driver area's flags */
#define NO_NOTIFY    1u /* in the device area's flags */

bool split_start(struct virtqueue *queue)
{
	uint64_t size = queue->size;

	/* 2.7: a power of two; alignments of 16, 2 and 4 */
	if ((size & (size - 1u)) != 0u || queue->descriptors % 16u != 0u ||
	    queue->driver % 2u != 0u || queue->device % 4u != 0u)
		return false;
	queue->descriptor_ring = ram_pointer(queue->descriptors, DESCRIPTOR_BYTES * size);
	queue->driver_area = ram_pointer(queue->driver, 6u + 2u * size);
	queue->device_area = ram_pointer(queue->device, 6u + 8u * size);
	return queue->descriptor_ring != NULL && queue->driver_area != NULL &&
	       queue->device_area != NULL;
}

static uint32_t split_ring_mask(const struct virtqueue *queue)
{
	return queue->size - 1u;
}

/* Follows the chain from `head`; false: it breaks a rule. */
static bool split_walk(const struct virtqueue *queue, uint16_t head, struct virtio_chain *chain)
{
	const uint8_t *table = queue->descriptor_ring;
	uint32_t entries = queue->size;
	uint32_t index = head;

	/* a chain that loops is longer than the longest that may be */
	for (uint32_t i = 0u; i < VIRTQUEUE_SIZE_MAX + 1u; i++) {
		struct virtqueue_descriptor descriptor;

		if (index >= entries)
			return false;
		descriptor = virtqueue_read(queue, table + (size_t)DESCRIPTOR_BYTES * index);
		if ((descriptor.flags & DESCRIPTOR_INDIRECT) != 0u) {
			/* 2.7.5.3.1: not inside another table */
			if (table != queue->descriptor_ring)
				return false;
			table = virtqueue_indirect(queue, &descriptor);
			if (table == NULL)
				return false;
			entries = descriptor.bytes / DESCRIPTOR_BYTES;
			index = 0u;
			continue;
		}
		if (!virtqueue_add(chain, &descriptor))
			return false;
		if ((descriptor.flags & DESCRIPTOR_NEXT) == 0u)
			return true;
		index = descriptor.next;
	}
	return false;
}

enum virtqueue_answer split_take(struct virtqueue *queue, struct virtio_chain *chain)
{
	uint16_t index = virtqueue_load16(queue->driver_area + AREA_INDEX);
	uint32_t waiting = (uint16_t)(index - queue->take_next);

	if (waiting == 0u)
		return VIRTQUEUE_EMPTY;
	/* more than there are descriptors */
	if (waiting + queue->flying > queue->size)
		return VIRTQUEUE_BROKEN;
	chain->id = virtqueue_load16(queue->driver_area + AREA_RING +
	                             (size_t)2u * (queue->take_next & split_ring_mask(queue)));
	chain->slots = 1u;
	if (!split_walk(queue, chain->id, chain))
		return VIRTQUEUE_BROKEN;
	queue->take_next++;
	return VIRTQUEUE_TAKEN;
}

void split_give(struct virtqueue *queue, const struct virtqueue_done *done)
{
	uint8_t *used = queue->device_area + AREA_RING +
	                (size_t)8u * (queue->give_next & split_ring_mask(queue));

	virtqueue_store32(used, done->id);
	virtqueue_store32(used + 4u, done->written);
	queue->give_next++;
	/* release: pairs with the driver's read barrier behind its look at idx (2.7.8.2) */
	virtqueue_store16(queue->device_area + AREA_INDEX, queue->give_next);
}

bool split_wants_interrupt(struct virtqueue *queue)
{
	uint16_t event;

	if (!queue->event_idx)
		return (virtqueue_load16(queue->driver_area + AREA_FLAGS) & NO_INTERRUPT) == 0u;
	/* 2.7.7.2: the entry that the driver waits for is among those given since */
	event = virtqueue_load16(queue->driver_area + AREA_RING + (size_t)2u * queue->size);
	return (uint16_t)(queue->give_next - event - 1u) < queue->fresh;
}

bool split_notify(struct virtqueue *queue, bool want)
{
	if (!queue->event_idx)
		virtqueue_store16(queue->device_area + AREA_FLAGS,
		                  (uint16_t)(want ? 0u : NO_NOTIFY));
	else if (want)
		virtqueue_store16(queue->device_area + AREA_RING + (size_t)8u * queue->size,
		                  queue->take_next);
	if (!want)
		return false;
	/* pairs with the driver's barrier between its new idx and its look at this word (2.7.13.4.1) */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return virtqueue_load16(queue->driver_area + AREA_INDEX) != queue->take_next;
}
