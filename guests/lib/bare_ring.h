/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtqueue, seen from the driver: VIRTIO 1.2, 2.7 (split) and 2.8 (packed), with indirect
 * descriptors and EVENT_IDX. Written from the specification alone and shares nothing with
 * user/vmm/virtio, so that each shows the other's mistakes: the small guests drive devices with it,
 * and tests on the build host the device's side. Portable. One thread at a time.
 */
#ifndef BULKHEAD_GUESTS_LIB_BARE_RING_H
#define BULKHEAD_GUESTS_LIB_BARE_RING_H

#include <stdbool.h>
#include <stdint.h>

#define RING_SIZE_MAX 128u

/* The areas of a ring of `size` descriptors, both formats. */
#define RING_DESCRIPTOR_BYTES(size) (16u * (size))
#define RING_DRIVER_BYTES(size)     (6u + 2u * (size))
#define RING_DEVICE_BYTES(size)     (6u + 8u * (size))

/* Where the fields are, for who writes nonsense into them. */
#define RING_NEXT     (1u << 0) /* flags of a descriptor, 2.7.5 and 2.8.6 */
#define RING_WRITE    (1u << 1)
#define RING_INDIRECT (1u << 2)
#define RING_AVAIL    (1u << 7) /* packed, 2.8.1 */
#define RING_USED     (1u << 15)

struct ring_descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags_or_id; /* split: flags; packed: buffer id */
	uint16_t next_or_flags;
};

struct ring_buffer {
	uint64_t address; /* as the device sees it */
	uint32_t bytes;
	bool write; /* the device writes it */
};

struct ring_chain {
	bool busy;
	uint16_t slots; /* descriptors in the ring */
};

struct ring {
	bool packed;
	bool event_idx;
	bool broken; /* the device returned what it does not have */
	uint16_t size;
	struct ring_descriptor *descriptors;
	uint8_t *driver;
	uint8_t *device;
	uint16_t avail; /* split: free running; packed: position */
	uint16_t used;
	bool avail_wrap;
	bool used_wrap;
	uint16_t added;      /* chains (split) or descriptors (packed) since ring_kick */
	uint16_t free_count; /* descriptors */
	uint16_t free_first; /* of the queue of free descriptors (split) or buffer ids (packed) */
	uint16_t free_last;
	uint16_t free[RING_SIZE_MAX];
	uint16_t next[RING_SIZE_MAX]; /* split: our own chaining, whatever happens to theirs */
	struct ring_chain chain[RING_SIZE_MAX]; /* by what identifies it */
};

/* Empty, all areas zeroed; size: split: a power of two. */
void ring_init(struct ring *ring, bool packed, bool event_idx, uint16_t size, void *descriptors,
               void *driver, void *device);
/*
 * Makes a chain of `count` buffers available; `table` (count descriptors, NULL: none) with its
 * address is where they are listed if they are to be indirect. False: no room.
 */
bool ring_add(struct ring *ring, const struct ring_buffer *buffers, uint32_t count,
              struct ring_descriptor *table, uint64_t table_address, uint16_t *id);
/* True: the device wants to be notified of what was added since the last call. */
bool ring_kick(struct ring *ring);
/* The next chain that the device is done with, and what it wrote; false: none now. */
bool ring_used(struct ring *ring, uint16_t *id, uint32_t *written);
/* The device need not interrupt: the driver looks by itself. */
void ring_stop_interrupts(struct ring *ring);
/*
 * It must, once it has returned `more` + 1 more chains (split with EVENT_IDX; else: with the next).
 * True: it has returned some meanwhile, look again.
 */
bool ring_want_interrupt(struct ring *ring, uint16_t more);

#endif
