/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical virtio block device (VIRTIO 1.2, 5.2) on MMIO; contract in user/lib/disk_device.h. Owns the
 * device's registers and the process's DMA memory, mapped in this process alone. The first device
 * of the description is the disk.
 *
 * Request n uses descriptors 3n to 3n + 2: header, data, status. So nothing is allocated, and the
 * device can only return what it was given.
 */
#include <stddef.h>

#include "user/lib/disk_device.h"
#include "user/lib/info.h"
#include "user/lib/syscalls.h"
#include "user/lib/virtio_driver.h"

#define BLOCK_ID             2u
#define BLOCK_F_RO           (1ull << 5)
#define BLOCK_F_FLUSH        (1ull << 9)
#define BLOCK_F_DISCARD      (1ull << 13)
#define BLOCK_F_WRITE_ZEROES (1ull << 14)

#define CONFIG_CAPACITY     0u
#define CONFIG_DISCARD      36u
#define CONFIG_WRITE_ZEROES 48u

#define TYPE_IN           0u
#define TYPE_OUT          1u
#define TYPE_FLUSH        4u
#define TYPE_DISCARD      11u
#define TYPE_WRITE_ZEROES 13u
#define DISK_GOOD         0u
#define DISK_PENDING      0xffu

#define CHAIN 3u
_Static_assert(DISK_TAGS *CHAIN <= VIRTIO_RING_SIZE, "each request has its descriptors");

/* What the device reads and writes of a request, beside the data. */
struct block_frame {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
	struct {
		uint64_t sector;
		uint32_t sectors;
		uint32_t flags;
	} range; /* discard and write zeroes */
	uint8_t status;
	uint8_t padding[31];
};
_Static_assert(sizeof(struct block_frame) == 64, "a cache line each");

/* The process's DMA memory. */
struct block_memory {
	uint8_t ring[VIRTIO_RING_BYTES];
	uint8_t spare[DISK_SPARE_BYTES];
	struct block_frame frame[DISK_TAGS];
};

static struct virtio_port block_port;
static struct virtio_ring block_ring;
static struct block_memory *block_memory;
static uint64_t block_memory_pa;
static uint32_t block_interrupt_handle;

const char *disk_open(struct disk_kind *kind)
{
	const struct process_info *info = info_get();
	const struct process_device *device = info_device(0u);
	uint64_t features;

	if (info->device_count == 0u || info->dma_bytes < sizeof(struct block_memory))
		return "the description gives it no device, or too little DMA memory";
	if (!virtio_port_open(&block_port, device->va, BLOCK_ID,
	                      BLOCK_F_RO | BLOCK_F_FLUSH | BLOCK_F_DISCARD | BLOCK_F_WRITE_ZEROES,
	                      &features))
		return "there is no virtio block device (version 2)";
	block_memory = (struct block_memory *)(uintptr_t)info->dma_va;
	block_memory_pa = info->dma_pa;
	memset(block_memory, 0, sizeof(*block_memory));
	if (!virtio_ring_open(&block_ring, &block_port, 0u, VIRTIO_RING_SIZE, block_memory->ring,
	                      block_memory_pa + offsetof(struct block_memory, ring)) ||
	    block_ring.size < DISK_TAGS * CHAIN)
		return "the virtio block device has no queue of 128";
	*kind = (struct disk_kind){
		.spare = block_memory->spare,
		.spare_pa = block_memory_pa + offsetof(struct block_memory, spare),
		.interrupt_bit = device->bit,
		.read_only = (features & BLOCK_F_RO) != 0u,
		.flush = (features & BLOCK_F_FLUSH) != 0u,
	};
	virtio_port_config(&block_port, CONFIG_CAPACITY, &kind->sectors, 8u);
	if ((features & BLOCK_F_DISCARD) != 0u)
		virtio_port_config(&block_port, CONFIG_DISCARD, &kind->discard_sectors, 4u);
	if ((features & BLOCK_F_WRITE_ZEROES) != 0u)
		virtio_port_config(&block_port, CONFIG_WRITE_ZEROES, &kind->zero_sectors, 4u);
	virtio_port_start(&block_port);
	block_interrupt_handle = device->handle;
	(void)svc_irq_ack(block_interrupt_handle);
	return NULL;
}

void disk_submit(uint32_t tag, const struct disk_request *request)
{
	static const uint32_t types[BLOCK_OPS] = {
		[BLOCK_READ] = TYPE_IN,           [BLOCK_WRITE] = TYPE_OUT,
		[BLOCK_FLUSH] = TYPE_FLUSH,       [BLOCK_DISCARD] = TYPE_DISCARD,
		[BLOCK_ZERO] = TYPE_WRITE_ZEROES,
	};
	struct block_frame *frame = &block_memory->frame[tag];
	uint64_t frame_pa = block_memory_pa + offsetof(struct block_memory, frame) +
	                    tag * sizeof(struct block_frame);
	uint32_t head = tag * CHAIN;
	uint64_t data_pa = request->pa;
	uint32_t data_bytes = request->sectors * BLOCK_SECTOR_BYTES;
	bool data = request->op != BLOCK_FLUSH;

	*frame = (struct block_frame){.type = types[request->op], .status = DISK_PENDING};
	if (request->op == BLOCK_READ || request->op == BLOCK_WRITE)
		frame->sector = request->sector;
	if (request->op == BLOCK_DISCARD || request->op == BLOCK_ZERO) {
		frame->range.sector = request->sector;
		frame->range.sectors = request->sectors;
		data_pa = frame_pa + offsetof(struct block_frame, range);
		data_bytes = sizeof(frame->range);
	}
	virtio_ring_set(&block_ring, head, frame_pa, offsetof(struct block_frame, range), 0u,
	                data ? head + 1u : head + 2u);
	if (data)
		virtio_ring_set(&block_ring, head + 1u, data_pa, data_bytes,
		                request->op == BLOCK_READ ? VIRTIO_RING_WRITE : 0u, head + 2u);
	virtio_ring_set(&block_ring, head + 2u, frame_pa + offsetof(struct block_frame, status), 1u,
	                VIRTIO_RING_WRITE, VIRTIO_RING_END);
	virtio_ring_offer(&block_ring, head);
}

void disk_kick(void)
{
	virtio_ring_kick(&block_ring);
}

bool disk_interrupt(void)
{
	if (virtio_port_interrupt(&block_port))
		block_port.broken = true;
	(void)svc_irq_ack(block_interrupt_handle);
	return !block_port.broken;
}

bool disk_done(uint32_t *tag, bool *good)
{
	uint32_t head;
	uint32_t bytes;

	if (!virtio_ring_take(&block_ring, &head, &bytes))
		return false;
	*tag = head / CHAIN;
	*good = *(volatile uint8_t *)&block_memory->frame[*tag].status == DISK_GOOD;
	return true;
}
