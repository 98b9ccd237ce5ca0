/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two ring formats have in common; contract in virtqueue.h. Owns nothing but what the
 * caller passes. Portable.
 */
#include "user/vmm/virtio/virtqueue_format.h"

#include <stddef.h>

#include "user/lib/text.h"
#include "user/vmm/ram.h"

void virtqueue_reset(struct virtqueue *queue)
{
	memset(queue, 0, sizeof(*queue));
}

bool virtqueue_start(struct virtqueue *queue, uint64_t features)
{
	*queue = (struct virtqueue){
		.size = queue->size,
		.descriptors = queue->descriptors,
		.driver = queue->driver,
		.device = queue->device,
		.packed = (features & VIRTIO_F_RING_PACKED) != 0u,
		.event_idx = (features & VIRTIO_F_EVENT_IDX) != 0u,
		.indirect = (features & VIRTIO_F_INDIRECT_DESC) != 0u,
		.in_order = (features & VIRTIO_F_IN_ORDER) != 0u,
		.take_wrap = true,
		.give_wrap = true,
	};
	if (queue->size == 0u || queue->size > VIRTQUEUE_SIZE_MAX)
		return false;
	queue->live = queue->packed ? packed_start(queue) : split_start(queue);
	return queue->live;
}

struct virtqueue_descriptor virtqueue_read(const struct virtqueue *queue, const uint8_t *at)
{
	uint64_t words[2] = {0u, 0u};
	uint16_t low;
	uint16_t high;

	/* volatile: these two loads and no others; what is checked is what is used */
	if (((uintptr_t)at & 7u) == 0u) {
		words[0] = ((const volatile uint64_t *)(const void *)at)[0];
		words[1] = ((const volatile uint64_t *)(const void *)at)[1];
	} else {
		for (uint32_t i = 0u; i < DESCRIPTOR_BYTES; i++)
			((uint8_t *)words)[i] = ((const volatile uint8_t *)at)[i];
	}
	low = (uint16_t)(words[1] >> 32);
	high = (uint16_t)(words[1] >> 48);
	return (struct virtqueue_descriptor){
		.address = words[0],
		.bytes = (uint32_t)words[1],
		.flags = queue->packed ? high : low,
		.next = queue->packed ? low : high,
	};
}

const uint8_t *virtqueue_indirect(const struct virtqueue *queue,
                                  const struct virtqueue_descriptor *descriptor)
{
	/* 2.7.5.3.1, 2.8.19: negotiated, no NEXT beside it, whole descriptors */
	if (!queue->indirect || (descriptor->flags & DESCRIPTOR_NEXT) != 0u ||
	    descriptor->bytes == 0u || descriptor->bytes % DESCRIPTOR_BYTES != 0u)
		return NULL;
	return ram_pointer(descriptor->address, descriptor->bytes);
}

bool virtqueue_add(struct virtio_chain *chain, const struct virtqueue_descriptor *descriptor)
{
	bool write = (descriptor->flags & DESCRIPTOR_WRITE) != 0u;
	uint32_t *total = write ? &chain->in_bytes : &chain->out_bytes;
	uint32_t count = (uint32_t)chain->out_count + chain->in_count;
	uint8_t *at;

	/* 2.7.4.2, 2.8.17: all that the device writes stands behind all that it reads */
	if (!write && chain->in_count != 0u)
		return false;
	if (descriptor->bytes == 0u)
		return true;
	at = ram_pointer(descriptor->address, descriptor->bytes);
	if (at == NULL || count == VIRTQUEUE_SIZE_MAX || descriptor->bytes > UINT32_MAX - *total)
		return false;
	chain->segment[count] = (struct virtio_segment){.at = at, .bytes = descriptor->bytes};
	*total += descriptor->bytes;
	if (write)
		chain->in_count++;
	else
		chain->out_count++;
	return true;
}

enum virtqueue_answer virtqueue_take(struct virtqueue *queue, struct virtio_chain *chain)
{
	enum virtqueue_answer answer;

	if (!queue->live)
		return VIRTQUEUE_EMPTY;
	if (queue->broken)
		return VIRTQUEUE_BROKEN;
	chain->out_count = 0u;
	chain->in_count = 0u;
	chain->out_bytes = 0u;
	chain->in_bytes = 0u;
	chain->slots = 0u;
	chain->sequence = queue->sequence;
	answer = queue->packed ? packed_take(queue, chain) : split_take(queue, chain);
	if (answer == VIRTQUEUE_BROKEN)
		queue->broken = true;
	if (answer == VIRTQUEUE_TAKEN) {
		queue->sequence++;
		queue->flying = (uint16_t)(queue->flying + chain->slots);
	}
	return answer;
}

static void virtqueue_show(struct virtqueue *queue, const struct virtqueue_done *done)
{
	if (queue->packed)
		packed_give(queue, done);
	else
		split_give(queue, done);
	queue->fresh += done->slots;
	queue->flying = (uint16_t)(queue->flying - done->slots);
}

void virtqueue_give_id(struct virtqueue *queue, uint16_t id, uint16_t sequence, uint16_t slots,
                       uint32_t written)
{
	struct virtqueue_done done = {
		.written = written,
		.id = id,
		.slots = slots,
		.done = true,
	};

	if (!queue->live || queue->broken)
		return;
	if (!queue->in_order) {
		virtqueue_show(queue, &done);
		return;
	}
	queue->order[sequence % VIRTQUEUE_SIZE_MAX] = done;
	for (;;) {
		struct virtqueue_done *next = &queue->order[queue->oldest % VIRTQUEUE_SIZE_MAX];

		if (!next->done)
			return;
		next->done = false;
		queue->oldest++;
		virtqueue_show(queue, next);
	}
}

void virtqueue_give(struct virtqueue *queue, const struct virtio_chain *chain, uint32_t written)
{
	virtqueue_give_id(queue, chain->id, chain->sequence, chain->slots, written);
}

bool virtqueue_wants_interrupt(struct virtqueue *queue)
{
	bool wants;

	if (!queue->live || queue->broken || queue->fresh == 0u)
		return false;
	/* what was given is seen before the driver is asked; pairs with the barrier between its
	 * change of the event and its next look at the ring (2.7.14, 2.8.22) */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wants = queue->packed ? packed_wants_interrupt(queue) : split_wants_interrupt(queue);
	queue->fresh = 0u;
	return wants;
}

void virtqueue_stop_notify(struct virtqueue *queue)
{
	if (!queue->live || queue->broken)
		return;
	(void)(queue->packed ? packed_notify(queue, false) : split_notify(queue, false));
}

bool virtqueue_want_notify(struct virtqueue *queue)
{
	if (!queue->live || queue->broken)
		return false;
	return queue->packed ? packed_notify(queue, true) : split_notify(queue, true);
}

/* The piece of a segment from byte *offset on, at most `bytes`; *offset falls by what is skipped. */
static struct virtio_segment segment_piece(const struct virtio_segment *segment, uint32_t *offset,
                                           uint32_t bytes)
{
	struct virtio_segment piece = {.at = segment->at};

	if (*offset >= segment->bytes) {
		*offset -= segment->bytes;
		return piece;
	}
	piece.at += *offset;
	piece.bytes = segment->bytes - *offset < bytes ? segment->bytes - *offset : bytes;
	*offset = 0u;
	return piece;
}

uint32_t virtio_copy_from(const struct virtio_segment *segments, uint32_t count, uint32_t offset,
                          void *to, uint32_t bytes)
{
	uint32_t done = 0u;

	for (uint32_t i = 0u; i < count && done < bytes; i++) {
		struct virtio_segment piece = segment_piece(&segments[i], &offset, bytes - done);

		memcpy((uint8_t *)to + done, piece.at, piece.bytes);
		done += piece.bytes;
	}
	/* the compiler must not look at guest memory again instead of at the copy */
	__asm__ volatile("" : : : "memory");
	return done;
}

uint32_t virtio_copy_to(const struct virtio_segment *segments, uint32_t count, uint32_t offset,
                        const void *from, uint32_t bytes)
{
	uint32_t done = 0u;

	for (uint32_t i = 0u; i < count && done < bytes; i++) {
		struct virtio_segment piece = segment_piece(&segments[i], &offset, bytes - done);

		memcpy(piece.at, (const uint8_t *)from + done, piece.bytes);
		done += piece.bytes;
	}
	return done;
}

void virtio_skip(struct virtio_segment **segments, uint32_t *count, uint32_t bytes)
{
	while (*count != 0u && bytes >= (*segments)->bytes) {
		bytes -= (*segments)->bytes;
		(*segments)++;
		(*count)--;
	}
	if (*count != 0u) {
		(*segments)->at += bytes;
		(*segments)->bytes -= bytes;
	}
}
