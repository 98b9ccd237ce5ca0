/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtqueue, seen from the device: VIRTIO 1.2, 2.7 (split) and 2.8 (packed), with indirect
 * descriptors, EVENT_IDX and IN_ORDER. The only code that reads or writes rings and descriptors;
 * a device sees chains of checked memory.
 *
 * Everything in guest memory is hostile and may change at any time. Each descriptor is read
 * once, into memory of our own, checked there, and never looked at again. What is found wrong
 * breaks the queue: it stays broken, and gives and takes nothing, until it is started again.
 *
 * A queue belongs to its device and is used with the device's lock held. No system call.
 */
#ifndef BULKHEAD_USER_VMM_VIRTIO_VIRTQUEUE_H
#define BULKHEAD_USER_VMM_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTQUEUE_SIZE_MAX 128u /* descriptors; also the most that one chain may have */

/* Feature bits that a queue depends on (6, reserved feature bits). */
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX     (1ull << 29)
#define VIRTIO_F_RING_PACKED   (1ull << 34)
#define VIRTIO_F_IN_ORDER      (1ull << 35)

/* A piece of guest RAM, all of it in one bank. */
struct virtio_segment {
	uint8_t *at;
	uint32_t bytes;
	uint32_t padding;
};

/*
 * A chain that the driver has made available: segment[0 .. out_count) is for the device to
 * read, the in_count segments behind it for the device to write.
 */
struct virtio_chain {
	uint16_t id; /* what the driver gets back: index of the first descriptor, or buffer id */
	uint16_t sequence; /* of taking, modulo 2^16 */
	uint16_t slots;    /* what it takes in the ring: packed: its descriptors, split: 1 */
	uint16_t out_count;
	uint16_t in_count;
	uint16_t padding;
	uint32_t out_bytes;
	uint32_t in_bytes;
	struct virtio_segment segment[VIRTQUEUE_SIZE_MAX];
};

/* A chain that was given back before its turn (IN_ORDER). */
struct virtqueue_done {
	uint32_t written;
	uint16_t id;
	uint16_t slots;
	bool done;
};

struct virtqueue {
	/* As the driver wrote it; 0 when the device is reset. */
	uint32_t size; /* may be any value until the queue is started */
	uint64_t descriptors;
	uint64_t driver;
	uint64_t device;
	/* From here on: valid while live. */
	bool live;
	bool broken; /* the driver broke the rules: the device needs a reset */
	bool packed;
	bool event_idx;
	bool indirect;
	bool in_order;
	bool take_wrap; /* packed: wrap counters (2.8.1) */
	bool give_wrap;
	uint16_t take_next; /* split: free running; packed: position in the ring */
	uint16_t give_next;
	/* Descriptors (packed) or chains (split) given since the driver was asked: more than 2^16 from
	 * a driver that refills while the device gives */
	uint32_t fresh;
	uint16_t flying;   /* the same, taken and not yet given */
	uint16_t sequence; /* of the next chain taken */
	uint16_t oldest;   /* IN_ORDER: sequence of the next that the driver may see */
	uint8_t *descriptor_ring;
	uint8_t *driver_area;
	uint8_t *device_area;
	struct virtqueue_done order[VIRTQUEUE_SIZE_MAX];
};

enum virtqueue_answer { VIRTQUEUE_EMPTY, VIRTQUEUE_TAKEN, VIRTQUEUE_BROKEN };

/* Forgets everything: not live, size and addresses 0. */
void virtqueue_reset(struct virtqueue *queue);
/*
 * Starts the queue at size, descriptors, driver, device. False: the size is not one that the
 * format allows, or an area is misaligned or not all in one bank of RAM.
 */
bool virtqueue_start(struct virtqueue *queue, uint64_t features);

/*
 * The next chain that the driver has made available. VIRTQUEUE_EMPTY and VIRTQUEUE_BROKEN
 * leave *chain undefined.
 */
enum virtqueue_answer virtqueue_take(struct virtqueue *queue, struct virtio_chain *chain);
/* Returns a chain of virtqueue_take to the driver; `written` bytes were written to it, at most in_bytes. */
void virtqueue_give(struct virtqueue *queue, const struct virtio_chain *chain, uint32_t written);
/* The same by the three numbers of the chain, for who does not keep the rest. */
void virtqueue_give_id(struct virtqueue *queue, uint16_t id, uint16_t sequence, uint16_t slots,
                       uint32_t written);

/* True: what was given since the last call wants an interrupt (2.7.7.2, 2.8.10). */
bool virtqueue_wants_interrupt(struct virtqueue *queue);
/* The driver need not notify: the device looks again by itself. */
void virtqueue_stop_notify(struct virtqueue *queue);
/* It must from now on. True: something became available meanwhile, look again. */
bool virtqueue_want_notify(struct virtqueue *queue);

/*
 * Copies between a buffer and the bytes of `count` segments, from byte `offset` of them on;
 * returns how many there were. Guest memory is read once.
 */
uint32_t virtio_copy_from(const struct virtio_segment *segments, uint32_t count, uint32_t offset,
                          void *to, uint32_t bytes);
uint32_t virtio_copy_to(const struct virtio_segment *segments, uint32_t count, uint32_t offset,
                        const void *from, uint32_t bytes);
/* The segments without their first `bytes` bytes: *segments and *count are moved on. */
void virtio_skip(struct virtio_segment **segments, uint32_t *count, uint32_t bytes);

/* The part of a chain that the device reads, and the part that it writes. */
static inline struct virtio_segment *virtio_out(struct virtio_chain *chain)
{
	return chain->segment;
}

static inline struct virtio_segment *virtio_in(struct virtio_chain *chain)
{
	return chain->segment + chain->out_count;
}

#endif
