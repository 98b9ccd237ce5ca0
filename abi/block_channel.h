/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel between a disk server and one client of it, both processes. No functions here; the
 * code of a client is user/lib/block_client.c.
 *
 * The client owns the data area: BLOCK_SLOTS slots. A request names the slot with its data, and
 * the slot belongs to the server until the reply with that slot's number is taken. The
 * server's device may read and write slots by DMA. Requests that are in flight together are
 * served in any order.
 *
 * Connecting: client_generation says which life of the client the requests are of. A client that
 * starts, or that finds server_generation changed, adds 1 to client_generation, notifies, and
 * does nothing until served_generation equals it. A server that finds client_generation
 * different from served_generation takes no request of that client, waits until its device has
 * finished with the client's slots, drops the requests that it has not taken, and then stores
 * the client's generation in served_generation with release. The client, behind an acquire load
 * of that, drops the replies that it has not taken, and sends the requests that it still wants
 * served again: all of them can be repeated.
 *
 * A server that starts resets its device before anything else, so that no DMA of its
 * earlier life remains; adds 1 to server_generation, and notifies its clients.
 *
 * A client that asks for what is not its own, for what is read-only, or for nothing that there
 * is, is cut off until it connects anew.
 *
 * The kind of disk (sectors, flags) is valid from the first served_generation on.
 */
#ifndef BULKHEAD_ABI_BLOCK_CHANNEL_H
#define BULKHEAD_ABI_BLOCK_CHANNEL_H

#include "abi/message_ring.h"
#include "abi/process.h"

#define BLOCK_SECTOR_BYTES  512u
#define BLOCK_SLOTS         32u
#define BLOCK_SLOT_BYTES    0x8000u
#define BLOCK_RING          64u /* messages: more than slots, so that a ring is never full */
#define BLOCK_DATA_OFFSET   0x1000u
#define BLOCK_CHANNEL_BYTES (BLOCK_DATA_OFFSET + BLOCK_SLOTS * BLOCK_SLOT_BYTES)

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH, /* what was replied to as written is on the medium; sector and sectors are 0 */
	BLOCK_DISCARD, /* the contents may be forgotten */
	BLOCK_ZERO,    /* zeroes are written; no data in the slot */
	BLOCK_OPS,
};
#define BLOCK_THROUGH (1u << 0) /* flag of a write: on the medium before the reply */

enum block_status { BLOCK_OK, BLOCK_ERROR };

struct block_request {
	uint64_t sector;
	uint32_t sectors; /* read and write: 1 to BLOCK_SLOT_BYTES / BLOCK_SECTOR_BYTES */
	uint16_t slot;
	uint8_t op;
	uint8_t flags;
};

struct block_reply {
	uint16_t slot;
	uint8_t status; /* enum block_status */
	uint8_t padding;
};

#define BLOCK_DISK_READ_ONLY (1u << 0)

struct block_channel {
	/* written by the client */
	uint32_t client_generation;
	uint8_t padding0[60];
	/* written by the server */
	uint32_t server_generation;
	uint32_t served_generation;
	uint64_t sectors;
	uint32_t flags; /* BLOCK_DISK_* */
	uint8_t padding1[44];
	struct message_ring requests; /* by the client */
	struct block_request request[BLOCK_RING];
	struct message_ring replies; /* by the server */
	struct block_reply reply[BLOCK_RING];
};

/* Of a client's channel, from the description (process_channel.settings). */
struct block_settings {
	uint32_t read_only;
	uint32_t partition; /* of a GPT, from 1; 0: the whole disk, or the range below */
	uint64_t first_sector;
	uint64_t sectors;        /* 0: up to the end */
	uint32_t priority;       /* 0 lowest; a client of higher priority is served first */
	uint32_t kib_per_second; /* 0: no limit */
	uint32_t queues;         /* of the virtual device */
	char serial[20];         /* VIRTIO 1.2, 5.2.6.1: zero padded */
};

_Static_assert(sizeof(struct block_request) == 16, "both sides agree");
_Static_assert(sizeof(struct block_reply) == 4, "both sides agree");
_Static_assert(sizeof(struct block_channel) <= BLOCK_DATA_OFFSET, "the data follow");
_Static_assert(sizeof(struct block_settings) <= CHANNEL_SETTINGS, "they fit");

#endif
