/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between virtqueue.c and the two ring formats. Each function does for its format what
 * virtqueue.h says; the queue is live and not broken.
 */
#ifndef BULKHEAD_USER_VMM_VIRTIO_VIRTQUEUE_FORMAT_H
#define BULKHEAD_USER_VMM_VIRTIO_VIRTQUEUE_FORMAT_H

#include "user/vmm/virtio/virtqueue.h"

/* A descriptor of either format, read once. */
struct virtqueue_descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next; /* split: index of the next; packed: buffer id */
};

#define DESCRIPTOR_BYTES    16u
#define DESCRIPTOR_NEXT     (1u << 0) /* 2.7.5 and 2.8.6: the same bits in both formats */
#define DESCRIPTOR_WRITE    (1u << 1)
#define DESCRIPTOR_INDIRECT (1u << 2)

/* The areas of the format are aligned and in RAM: their places are noted in the queue. */
bool split_start(struct virtqueue *queue);
bool packed_start(struct virtqueue *queue);
enum virtqueue_answer split_take(struct virtqueue *queue, struct virtio_chain *chain);
enum virtqueue_answer packed_take(struct virtqueue *queue, struct virtio_chain *chain);
void split_give(struct virtqueue *queue, const struct virtqueue_done *done);
void packed_give(struct virtqueue *queue, const struct virtqueue_done *done);
bool split_wants_interrupt(struct virtqueue *queue);
bool packed_wants_interrupt(struct virtqueue *queue);
/* want false: stop. */
bool split_notify(struct virtqueue *queue, bool want);
bool packed_notify(struct virtqueue *queue, bool want);

/* A table that an indirect descriptor names; NULL: not one that may be. */
const uint8_t *virtqueue_indirect(const struct virtqueue *queue,
                                  const struct virtqueue_descriptor *descriptor);
/* Adds the buffer of a descriptor to a chain; false: it is not in RAM, or not in its place. */
bool virtqueue_add(struct virtio_chain *chain, const struct virtqueue_descriptor *descriptor);

/* Guest memory, little endian (1.4), read once. */
static inline uint16_t virtqueue_load16(const uint8_t *at)
{
	/* acquire: pairs with the driver's write barrier behind what this word announces */
	return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static inline void virtqueue_store16(void *at, uint16_t value)
{
	/* release: what the word announces is written before it */
	__atomic_store_n((uint16_t *)at, value, __ATOMIC_RELEASE);
}

static inline void virtqueue_store32(void *at, uint32_t value)
{
	__atomic_store_n((uint32_t *)at, value, __ATOMIC_RELAXED);
}

/* The descriptor at `at`, in the queue's format. */
struct virtqueue_descriptor virtqueue_read(const struct virtqueue *queue, const uint8_t *at);

#endif
