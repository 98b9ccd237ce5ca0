/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend "block": a virtio block device (VIRTIO 1.2, 5.2) in front of a disk server. One
 * copy in each direction, between guest RAM and the slots of the channel (abi/block_channel.h),
 * which the server's physical device reads and writes itself.
 *
 * A request of the guest goes out in pieces of a slot each. Requests are taken from the ring one
 * after the other, and the next only when all pieces of the one before are out: so what waits for
 * a slot is at most one, and the rest stays in the ring. State under the device's lock.
 */
#include <stddef.h>

#include "abi/block_channel.h"
#include "user/lib/block_client.h"
#include "user/lib/text.h"
#include "user/vmm/virtio/virtio.h"

#define BLOCK_ID 2u

#define BLOCK_F_SEG_MAX      (1ull << 2) /* 5.2.3 */
#define BLOCK_F_RO           (1ull << 5)
#define BLOCK_F_BLK_SIZE     (1ull << 6)
#define BLOCK_F_FLUSH        (1ull << 9)
#define BLOCK_F_MQ           (1ull << 12)
#define BLOCK_F_DISCARD      (1ull << 13)
#define BLOCK_F_WRITE_ZEROES (1ull << 14)

#define TYPE_IN           0u /* 5.2.6 */
#define TYPE_OUT          1u
#define TYPE_FLUSH        4u
#define TYPE_GET_ID       8u
#define TYPE_DISCARD      11u
#define TYPE_WRITE_ZEROES 13u

#define STATUS_OK          0u
#define STATUS_IOERR       1u
#define STATUS_UNSUPPORTED 2u

#define BLOCK_QUEUES   4u
#define BLOCK_SEGMENTS 32u /* of data in a request, as seg_max says */
#define BLOCK_REQUESTS BLOCK_SLOTS
#define NO_REQUEST     UINT32_MAX
#define PIECE_SECTORS  (BLOCK_SLOT_BYTES / BLOCK_SECTOR_BYTES)
#define ZERO_SECTORS   0x100000u /* of a discard or of zeroes, in one request to the server */
#define UNMAP          (1u << 0) /* flag of write zeroes; any other is unsupported */

/* 5.2.4 */
struct block_config {
	uint64_t capacity;
	uint32_t size_max;
	uint32_t seg_max;
	uint16_t cylinders;
	uint8_t heads;
	uint8_t geometry_sectors;
	uint32_t blk_size;
	uint8_t physical_exponent;
	uint8_t alignment_offset;
	uint16_t min_io;
	uint32_t opt_io;
	uint8_t writeback;
	uint8_t unused0;
	uint16_t num_queues;
	uint32_t max_discard_sectors;
	uint32_t max_discard_seg;
	uint32_t discard_alignment;
	uint32_t max_zeroes_sectors;
	uint32_t max_zeroes_seg;
	uint8_t zeroes_may_unmap;
	uint8_t unused1[3];
};
#define BLOCK_CONFIG_BYTES 60u
_Static_assert(offsetof(struct block_config, zeroes_may_unmap) == 56u, "VIRTIO 1.2, 5.2.4");

struct block_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

struct block_range {
	uint64_t sector;
	uint32_t sectors;
	uint32_t flags;
};

/* A request of the guest. */
struct block_work {
	bool live;
	uint8_t op;
	uint8_t flags;
	uint8_t status;
	uint16_t queue;
	uint16_t id; /* these three: of its chain */
	uint16_t sequence;
	uint16_t slots;
	uint16_t count;   /* segments of data */
	uint16_t flying;  /* pieces */
	uint32_t written; /* bytes of data, to guest RAM */
	uint32_t sent;    /* sectors */
	uint32_t sectors;
	uint64_t sector;
	uint8_t *status_at;
	struct virtio_segment segment[BLOCK_SEGMENTS];
};

/* What a slot is for: sectors [first, first + sectors) of a request's data. */
struct block_piece {
	uint32_t work; /* NO_REQUEST: its guest has reset the device */
	uint32_t first;
	uint32_t sectors;
};

struct block {
	struct virtio virtio; /* first */
	struct block_config config;
	struct block_settings settings;
	struct block_client client;
	uint32_t free;    /* a bit for each of work that is not used */
	uint32_t current; /* the request that is not all out, or NO_REQUEST */
	uint32_t turn;    /* the queue to look at next */
	struct block_work work[BLOCK_REQUESTS];
	struct block_piece piece[BLOCK_SLOTS];
	struct virtqueue queues[BLOCK_QUEUES];
};

/* Gives a chain back, with its status: a request ends. */
static void block_finish(struct block *block, struct block_work *work)
{
	*work->status_at = work->status;
	virtqueue_give_id(&block->queues[work->queue], work->id, work->sequence, work->slots,
	                  work->written + 1u);
	virtio_told(&block->virtio, work->queue);
	work->live = false;
	block->free |= 1u << (uint32_t)(work - block->work);
}

/* The request wants sectors that are there, and may. */
static uint8_t block_check(const struct block *block, const struct block_work *work)
{
	uint64_t capacity = block->config.capacity;

	if (work->op != BLOCK_READ &&
	    (block->settings.read_only != 0u || block_client_read_only(&block->client)))
		return STATUS_IOERR;
	if (work->sector > capacity || work->sectors > capacity - work->sector)
		return STATUS_IOERR;
	return STATUS_OK;
}

static void block_parse_range(struct block *block, struct block_work *work, uint32_t out_bytes)
{
	struct block_range range;

	if (out_bytes != sizeof(range)) {
		work->status = STATUS_UNSUPPORTED;
		return;
	}
	(void)virtio_copy_from(work->segment, work->count, 0u, &range, sizeof(range));
	work->sector = range.sector;
	work->sectors = range.sectors;
	/* 5.2.6.2: unmap is a hint for write zeroes, and none for discard */
	if ((range.flags & ~(work->op == BLOCK_ZERO ? UNMAP : 0u)) != 0u)
		work->status = STATUS_UNSUPPORTED;
	else
		work->status = block_check(block, work);
	work->count = 0u;
}

static void block_parse_data(struct block *block, struct block_work *work, uint64_t sector,
                             uint32_t bytes)
{
	work->sector = sector;
	work->sectors = bytes / BLOCK_SECTOR_BYTES;
	work->status = bytes % BLOCK_SECTOR_BYTES == 0u ? block_check(block, work) : STATUS_IOERR;
}

static void block_get_id(struct block *block, struct block_work *work, uint32_t in_bytes)
{
	uint32_t bytes = sizeof(block->settings.serial);

	bytes = bytes < in_bytes ? bytes : in_bytes;
	(void)virtio_copy_to(work->segment, work->count, 0u, block->settings.serial, bytes);
	work->written = bytes;
}

/* What the header asks for; out and in are the bytes of data behind it. */
static void block_parse(struct block *block, struct block_work *work,
                        const struct block_header *header, uint32_t out, uint32_t in)
{
	switch (header->type) {
	case TYPE_IN:
		work->op = BLOCK_READ;
		block_parse_data(block, work, header->sector, in);
		break;
	case TYPE_OUT:
		work->op = BLOCK_WRITE;
		/* 5.2.5.2: without FLUSH the driver takes every write as stable */
		if (!virtio_has(&block->virtio, BLOCK_F_FLUSH))
			work->flags = BLOCK_THROUGH;
		block_parse_data(block, work, header->sector, out);
		break;
	case TYPE_FLUSH:
		work->op = BLOCK_FLUSH;
		work->count = 0u;
		break;
	case TYPE_GET_ID:
		work->op = BLOCK_OPS;
		block_get_id(block, work, in);
		break;
	case TYPE_DISCARD:
		work->op = BLOCK_DISCARD;
		block_parse_range(block, work, out);
		break;
	case TYPE_WRITE_ZEROES:
		work->op = BLOCK_ZERO;
		block_parse_range(block, work, out);
		break;
	default:
		work->status = STATUS_UNSUPPORTED;
		break;
	}
}

/*
 * Makes a request of a chain: header in front, status in the last byte, data between, however
 * they are cut into segments (2.7.4). False: it lacks one of them, and nothing was done.
 */
static bool block_accept(struct block *block, struct block_work *work, struct virtio_chain *chain,
                         uint32_t queue)
{
	struct virtio_segment *out = virtio_out(chain);
	struct virtio_segment *in = virtio_in(chain);
	struct virtio_segment *last;
	struct virtio_segment *data;
	struct block_header header;
	uint32_t out_count = chain->out_count;
	uint32_t in_count = chain->in_count;

	if (chain->out_bytes < sizeof(header) || chain->in_bytes == 0u)
		return false;
	(void)virtio_copy_from(out, out_count, 0u, &header, sizeof(header));
	virtio_skip(&out, &out_count, sizeof(header));
	last = in + in_count - 1u;
	last->bytes--;
	work->live = true;
	work->op = BLOCK_OPS;
	work->flags = 0u;
	work->status = STATUS_OK;
	work->queue = (uint16_t)queue;
	work->id = chain->id;
	work->sequence = chain->sequence;
	work->slots = chain->slots;
	work->flying = 0u;
	work->written = 0u;
	work->sent = 0u;
	work->sectors = 0u;
	work->sector = 0u;
	work->status_at = last->at + last->bytes;
	if (last->bytes == 0u)
		in_count--;
	data = out_count != 0u ? out : in;
	work->count = (uint16_t)(out_count != 0u ? out_count : in_count);
	if (work->count > BLOCK_SEGMENTS) {
		work->status = STATUS_IOERR;
		return true;
	}
	memcpy(work->segment, data, work->count * sizeof(*data));
	block_parse(block, work, &header, chain->out_bytes - (uint32_t)sizeof(header),
	            out_count != 0u ? 0u : chain->in_bytes - 1u);
	return true;
}

/* Sends what is left of a request, as long as there are slots. True: all of it is out. */
static bool block_send(struct block *block, uint32_t number)
{
	struct block_work *work = &block->work[number];
	bool data = work->op == BLOCK_READ || work->op == BLOCK_WRITE;
	uint32_t most = data ? PIECE_SECTORS : ZERO_SECTORS;

	do {
		uint32_t left = work->sectors - work->sent;
		uint32_t sectors = left < most ? left : most;
		uint32_t slot = block_client_slot(&block->client);
		struct block_request request = {
			.sector = work->sector + work->sent,
			.sectors = sectors,
			.slot = (uint16_t)slot,
			.op = work->op,
			.flags = work->flags,
		};

		if (slot == BLOCK_NO_SLOT)
			return false;
		if (work->op == BLOCK_WRITE)
			(void)virtio_copy_from(work->segment, work->count,
			                       work->sent * BLOCK_SECTOR_BYTES,
			                       block_client_data(&block->client, slot),
			                       sectors * BLOCK_SECTOR_BYTES);
		block->piece[slot] = (struct block_piece){number, work->sent, sectors};
		block_client_send(&block->client, &request);
		work->sent += sectors;
		work->flying++;
	} while (work->sent < work->sectors);
	return true;
}

/* The next request of any queue, in turn. */
static bool block_next(struct block *block, struct block_work *work)
{
	struct virtio_chain chain;

	for (uint32_t i = 0u; i < block->virtio.queue_count; i++) {
		uint32_t queue = (block->turn + i) % block->virtio.queue_count;

		if (!virtio_take(&block->virtio, queue, &chain))
			continue;
		block->turn = queue + 1u;
		if (block_accept(block, work, &chain, queue))
			return true;
		/* 2.1.2: there is no status byte to say it in */
		virtio_break(&block->virtio);
		return false;
	}
	return false;
}

/*
 * Takes and sends requests as long as there is room. Those that end at once need none: a driver that
 * adds more of them meanwhile than its queues hold does nothing that a disk is for.
 */
static void block_pump(struct block *block)
{
	for (uint32_t i = 0u; i < BLOCK_QUEUES * VIRTQUEUE_SIZE_MAX; i++) {
		struct block_work *work;
		uint32_t number;

		if (block->current != NO_REQUEST && !block_send(block, block->current))
			return;
		block->current = NO_REQUEST;
		if (block->free == 0u)
			return;
		number = (uint32_t)__builtin_ctz(block->free);
		work = &block->work[number];
		if (!block_next(block, work))
			return;
		block->free &= ~(1u << number);
		if (work->status != STATUS_OK || work->op == BLOCK_OPS ||
		    (work->sectors == 0u && work->op != BLOCK_FLUSH))
			block_finish(block, work);
		else
			block->current = number;
	}
	virtio_break(&block->virtio);
}

/* A piece has been served. */
static void block_done(struct block *block, uint32_t slot, enum block_status status)
{
	struct block_piece *piece = &block->piece[slot];
	struct block_work *work;

	if (piece->work == NO_REQUEST)
		return;
	work = &block->work[piece->work];
	if (status != BLOCK_OK)
		work->status = STATUS_IOERR;
	else if (work->op == BLOCK_READ)
		work->written += virtio_copy_to(work->segment, work->count,
		                                piece->first * BLOCK_SECTOR_BYTES,
		                                block_client_data(&block->client, slot),
		                                piece->sectors * BLOCK_SECTOR_BYTES);
	work->flying--;
	if (work->flying == 0u && block->current != piece->work)
		block_finish(block, work);
}

static void block_settle(struct block *block)
{
	if (block_client_tell(&block->client))
		block->virtio.device->peer_tell = true;
}

static void block_poll(struct virtio *virtio)
{
	struct block *block = (struct block *)virtio;
	enum block_status status;
	uint64_t sectors;
	uint32_t slot;

	if (block_client_poll(&block->client)) {
		sectors = block_client_sectors(&block->client);
		if (sectors != block->config.capacity) {
			block->config.capacity = sectors;
			virtio_config_changed(virtio);
		}
	}
	while (block_client_reply(&block->client, &slot, &status)) {
		block_done(block, slot, status);
		block_client_free(&block->client, slot);
	}
	block_pump(block);
	block_settle(block);
}

static void block_notify(struct virtio *virtio, uint32_t queue)
{
	struct block *block = (struct block *)virtio;

	(void)queue;
	block_pump(block);
	block_settle(block);
}

/* The slots in flight stay the server's until it replies; nobody waits for them. */
static void block_forget(struct virtio *virtio)
{
	struct block *block = (struct block *)virtio;

	for (uint32_t i = 0u; i < BLOCK_SLOTS; i++)
		block->piece[i].work = NO_REQUEST;
	block->current = NO_REQUEST;
	block->free = UINT32_MAX;
	block->turn = 0u;
}

static const struct virtio_ops block_virtio_ops = {
	.id = BLOCK_ID,
	.reset = block_forget,
	.notify = block_notify,
	.poll = block_poll,
};

static void block_reset(struct device *device)
{
	struct block *block = device->state;
	uint64_t features = BLOCK_F_SEG_MAX | BLOCK_F_BLK_SIZE | BLOCK_F_FLUSH | BLOCK_F_DISCARD |
	                    BLOCK_F_WRITE_ZEROES;
	uint32_t queues = 1u;

	if (device->peer != NULL) {
		memcpy(&block->settings, device->peer->settings, sizeof(block->settings));
		queues = block->settings.queues;
		device->peer_tell = block_client_open(&block->client, device->peer);
	}
	queues = queues >= 1u && queues <= BLOCK_QUEUES ? queues : 1u;
	if (queues > 1u)
		features |= BLOCK_F_MQ;
	if (block->settings.read_only != 0u)
		features |= BLOCK_F_RO;
	block->config = (struct block_config){
		.seg_max = BLOCK_SEGMENTS,
		.blk_size = BLOCK_SECTOR_BYTES,
		.num_queues = (uint16_t)queues,
		.max_discard_sectors = UINT32_MAX,
		.max_discard_seg = 1u,
		.discard_alignment = 1u,
		.max_zeroes_sectors = UINT32_MAX,
		.max_zeroes_seg = 1u,
		.zeroes_may_unmap = 1u,
	};
	virtio_init(device, &block_virtio_ops, features, block->queues, queues, &block->config,
	            BLOCK_CONFIG_BYTES);
	block_forget(&block->virtio);
}

static bool block_ready(struct device *device)
{
	const struct block *block = device->state;

	return block->client.shared == NULL || block->config.capacity != 0u;
}

static const struct device_ops block_ops = {
	.backend = "block",
	.state_bytes = sizeof(struct block),
	.reset = block_reset,
	.read = virtio_read,
	.write = virtio_write,
	.poll = virtio_poll,
	.ready = block_ready,
};
DEVICE_BACKEND(block_ops);
DEVICE_RECORD(block_record, "block", "virtio,mmio", .channel_bytes = BLOCK_CHANNEL_BYTES,
              .peer = DEVICE_PEER_MUST);
DEVICE_SETTING(block_read_only, "block", "read-only", struct block_settings, read_only,
               .kind = SETTING_FLAG);
DEVICE_SETTING(block_partition, "block", "partition", struct block_settings, partition,
               .kind = SETTING_NUMBER, .minimum = 1u, .maximum = 128u);
DEVICE_SETTING(block_first_sector, "block", "first-sector", struct block_settings, first_sector,
               .kind = SETTING_WIDE);
DEVICE_SETTING(block_sectors, "block", "sectors", struct block_settings, sectors,
               .kind = SETTING_WIDE);
DEVICE_SETTING(block_priority, "block", "priority", struct block_settings, priority,
               .kind = SETTING_NUMBER, .maximum = 255u);
DEVICE_SETTING(block_rate, "block", "kib-per-second", struct block_settings, kib_per_second,
               .kind = SETTING_NUMBER, .minimum = 1u, .maximum = UINT32_MAX);
DEVICE_SETTING(block_queues, "block", "queues", struct block_settings, queues,
               .kind = SETTING_NUMBER, .minimum = 1u, .maximum = BLOCK_QUEUES, .absent = 1u);
DEVICE_SETTING(block_serial, "block", "serial", struct block_settings, serial,
               .kind = SETTING_TEXT);
