/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MMIO transport; contract in virtio.h, registers in VIRTIO 1.2, 4.2.2. Owns nothing but
 * the device's state. Called by the bus, on any vCPU thread; every value is hostile. Portable.
 */
#include "user/vmm/virtio/virtio.h"

#include <stddef.h>

#include "user/lib/text.h"

#define REG_MAGIC             0x000u
#define REG_VERSION           0x004u
#define REG_DEVICE_ID         0x008u
#define REG_VENDOR_ID         0x00cu
#define REG_OFFERED           0x010u
#define REG_OFFERED_SELECT    0x014u
#define REG_ACCEPTED          0x020u
#define REG_ACCEPTED_SELECT   0x024u
#define REG_QUEUE_SELECT      0x030u
#define REG_QUEUE_SIZE_MAX    0x034u
#define REG_QUEUE_SIZE        0x038u
#define REG_QUEUE_READY       0x044u
#define REG_QUEUE_NOTIFY      0x050u
#define REG_INTERRUPT_STATUS  0x060u
#define REG_INTERRUPT_ACK     0x064u
#define REG_STATUS            0x070u
#define REG_QUEUE_DESCRIPTORS 0x080u /* each of the three: low word, high word */
#define REG_QUEUE_DRIVER      0x090u
#define REG_QUEUE_DEVICE      0x0a0u
#define REG_SHM_LENGTH        0x0b0u
#define REG_SHM_BASE          0x0b8u
#define REG_GENERATION        0x0fcu
#define REG_CONFIG            0x100u

#define MAGIC   0x74726976u /* "virt" */
#define VERSION 2u
#define VENDOR  0x444b4c42u /* "BLKD" */
#define NO_SHM  UINT32_MAX  /* 4.2.2: of a region that is not there */

#define STATUS_ACKNOWLEDGE (1u << 0) /* 2.1 */
#define STATUS_DRIVER      (1u << 1)
#define STATUS_DRIVER_OK   (1u << 2)
#define STATUS_FEATURES_OK (1u << 3)
#define STATUS_NEEDS_RESET (1u << 6)
#define STATUS_FAILED      (1u << 7)
#define STATUS_OF_DRIVER \
	(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | STATUS_FEATURES_OK | STATUS_FAILED)

#define INTERRUPT_USED   (1u << 0)
#define INTERRUPT_CONFIG (1u << 1)

void virtio_init(struct device *device, const struct virtio_ops *ops, uint64_t features,
                 struct virtqueue *queues, uint32_t queue_count, void *config,
                 uint32_t config_bytes)
{
	struct virtio *virtio = device->state;

	*virtio = (struct virtio){
		.ops = ops,
		.device = device,
		.queues = queues,
		.queue_count = queue_count,
		.config = config,
		.config_bytes = config_bytes,
		.offered = VIRTIO_FEATURES | features,
	};
}

static void virtio_interrupt(struct virtio *virtio, uint32_t bits)
{
	virtio->interrupts |= bits;
	virtio->device->line_wanted = virtio->interrupts != 0u;
}

bool virtio_live(const struct virtio *virtio)
{
	return (virtio->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
}

bool virtio_has(const struct virtio *virtio, uint64_t feature)
{
	return (virtio->accepted & feature) != 0u;
}

void virtio_break(struct virtio *virtio)
{
	if ((virtio->status & STATUS_NEEDS_RESET) != 0u)
		return;
	virtio->status |= STATUS_NEEDS_RESET;
	/* 2.1.2: a driver that is up is told by a configuration change */
	if ((virtio->status & STATUS_DRIVER_OK) != 0u)
		virtio_config_changed(virtio);
}

void virtio_config_changed(struct virtio *virtio)
{
	virtio->config_generation++;
	virtio_interrupt(virtio, INTERRUPT_CONFIG);
}

bool virtio_take(struct virtio *virtio, uint32_t queue, struct virtio_chain *chain)
{
	enum virtqueue_answer answer;

	if (!virtio_live(virtio))
		return false;
	answer = virtqueue_take(&virtio->queues[queue], chain);
	if (answer == VIRTQUEUE_EMPTY) {
		if (!virtqueue_want_notify(&virtio->queues[queue]))
			return false;
		answer = virtqueue_take(&virtio->queues[queue], chain);
	}
	if (answer == VIRTQUEUE_TAKEN)
		return true;
	/* 2.7.6.1, 2.8.16: what was available is not taken back; one who does could go on for ever */
	virtio_break(virtio);
	return false;
}

void virtio_told(struct virtio *virtio, uint32_t queue)
{
	if (virtqueue_wants_interrupt(&virtio->queues[queue]))
		virtio_interrupt(virtio, INTERRUPT_USED);
}

static void virtio_reset(struct virtio *virtio)
{
	for (uint32_t i = 0u; i < virtio->queue_count; i++)
		virtqueue_reset(&virtio->queues[i]);
	virtio->accepted = 0u;
	virtio->offered_select = 0u;
	virtio->accepted_select = 0u;
	virtio->queue_select = 0u;
	virtio->status = 0u;
	virtio->interrupts = 0u;
	virtio->device->line_wanted = false;
	if (virtio->ops->reset != NULL)
		virtio->ops->reset(virtio);
}

/* The features are final: those that the driver may have chosen from what is offered. */
static bool virtio_features_good(const struct virtio *virtio)
{
	return (virtio->accepted & ~virtio->offered) == 0u &&
	       (virtio->accepted & VIRTIO_F_VERSION_1) != 0u;
}

static void virtio_set_status(struct virtio *virtio, uint32_t value)
{
	uint32_t set = value & STATUS_OF_DRIVER & ~virtio->status;

	if (value == 0u) {
		virtio_reset(virtio);
		return;
	}
	/* 2.1.1: a driver clears no bit */
	if ((set & STATUS_FEATURES_OK) != 0u && !virtio_features_good(virtio))
		set &= ~STATUS_FEATURES_OK;
	if (((virtio->status | set) & STATUS_FEATURES_OK) == 0u)
		set &= ~STATUS_DRIVER_OK;
	virtio->status |= set;
	if ((set & STATUS_DRIVER_OK) != 0u && virtio_live(virtio) && virtio->ops->start != NULL)
		virtio->ops->start(virtio);
}

static void virtio_set_ready(struct virtio *virtio, struct virtqueue *queue, uint32_t value)
{
	bool may = (virtio->status & STATUS_FEATURES_OK) != 0u &&
	           (virtio->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == 0u;

	/* a queue is started between FEATURES_OK and DRIVER_OK (3.1.1), so no old chain comes back to it */
	if (value == 1u && may && !queue->live && !virtqueue_start(queue, virtio->accepted))
		virtio_break(virtio);
	/* 4.2.2.1: the ring is not accessed while this is 0 */
	if (value == 0u)
		queue->live = false;
}

static void virtio_write_half(uint64_t *whole, uint32_t half, uint32_t value)
{
	if (half == 0u)
		*whole = (*whole & ~(uint64_t)UINT32_MAX) | value;
	else
		*whole = (*whole & UINT32_MAX) | (uint64_t)value << 32;
}

static void virtio_write_queue(struct virtio *virtio, uint32_t offset, uint32_t value)
{
	struct virtqueue *queue;

	if (virtio->queue_select >= virtio->queue_count)
		return;
	queue = &virtio->queues[virtio->queue_select];
	if (offset == REG_QUEUE_READY) {
		virtio_set_ready(virtio, queue, value);
		return;
	}
	/* 4.2.2.2: not while it is in use */
	if (queue->live)
		return;
	switch (offset & ~4u) {
	case REG_QUEUE_SIZE & ~4u:
		if (offset == REG_QUEUE_SIZE)
			queue->size = value;
		break;
	case REG_QUEUE_DESCRIPTORS:
		virtio_write_half(&queue->descriptors, offset & 4u, value);
		break;
	case REG_QUEUE_DRIVER:
		virtio_write_half(&queue->driver, offset & 4u, value);
		break;
	case REG_QUEUE_DEVICE:
		virtio_write_half(&queue->device, offset & 4u, value);
		break;
	default:
		break;
	}
}

static void virtio_write_register(struct virtio *virtio, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case REG_OFFERED_SELECT:
		virtio->offered_select = value;
		break;
	case REG_ACCEPTED:
		/* 2.2: final once FEATURES_OK is set */
		if ((virtio->status & STATUS_FEATURES_OK) == 0u && virtio->accepted_select < 2u)
			virtio_write_half(&virtio->accepted, virtio->accepted_select, value);
		break;
	case REG_ACCEPTED_SELECT:
		virtio->accepted_select = value;
		break;
	case REG_QUEUE_SELECT:
		virtio->queue_select = value;
		break;
	case REG_QUEUE_NOTIFY:
		if (value < virtio->queue_count && virtio_live(virtio) &&
		    virtio->queues[value].live)
			virtio->ops->notify(virtio, value);
		break;
	case REG_INTERRUPT_ACK:
		virtio->interrupts &= ~value;
		virtio->device->line_wanted = virtio->interrupts != 0u;
		break;
	case REG_STATUS:
		virtio_set_status(virtio, value);
		break;
	default:
		virtio_write_queue(virtio, offset, value);
		break;
	}
}

static uint32_t virtio_half(uint64_t whole, uint32_t half)
{
	return half < 2u ? (uint32_t)(whole >> (32u * half)) : 0u;
}

static uint32_t virtio_value(const struct virtio *virtio, uint32_t offset)
{
	bool queue = virtio->queue_select < virtio->queue_count;

	switch (offset) {
	case REG_MAGIC:
		return MAGIC;
	case REG_VERSION:
		return VERSION;
	case REG_DEVICE_ID:
		return virtio->ops->id;
	case REG_VENDOR_ID:
		return VENDOR;
	case REG_OFFERED:
		return virtio_half(virtio->offered, virtio->offered_select);
	case REG_QUEUE_SIZE_MAX:
		return queue ? VIRTQUEUE_SIZE_MAX : 0u;
	case REG_QUEUE_READY:
		return queue && virtio->queues[virtio->queue_select].live ? 1u : 0u;
	case REG_INTERRUPT_STATUS:
		return virtio->interrupts;
	case REG_STATUS:
		return virtio->status;
	case REG_SHM_LENGTH:
	case REG_SHM_LENGTH + 4u:
	case REG_SHM_BASE:
	case REG_SHM_BASE + 4u:
		return NO_SHM;
	case REG_GENERATION:
		return virtio->config_generation;
	default:
		return 0u;
	}
}

static bool virtio_in_config(const struct virtio *virtio, uint32_t offset, uint32_t bytes)
{
	return offset >= REG_CONFIG && offset - REG_CONFIG < virtio->config_bytes &&
	       bytes <= virtio->config_bytes - (offset - REG_CONFIG);
}

static uint32_t virtio_read_config(const struct virtio *virtio, uint32_t offset, uint32_t bytes)
{
	uint32_t value = 0u;

	if (virtio_in_config(virtio, offset, bytes))
		memcpy(&value, virtio->config + (offset - REG_CONFIG), bytes);
	return value;
}

uint32_t virtio_read(struct device *device, uint32_t offset, uint32_t bytes)
{
	struct virtio *virtio = device->state;
	uint32_t value = 0u;

	device_lock(device);
	if (offset >= REG_CONFIG)
		value = virtio_read_config(virtio, offset, bytes);
	else if (bytes == 4u) /* 4.2.2.2: all others are read and written by words */
		value = virtio_value(virtio, offset);
	device_unlock(device);
	return value;
}

void virtio_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
	struct virtio *virtio = device->state;

	device_lock(device);
	if (offset < REG_CONFIG) {
		if (bytes == 4u)
			virtio_write_register(virtio, offset, value);
	} else if (virtio->ops->configure != NULL && virtio_in_config(virtio, offset, bytes)) {
		virtio->ops->configure(virtio, offset - REG_CONFIG, bytes, value);
	}
	device_unlock(device);
}

void virtio_poll(struct device *device)
{
	struct virtio *virtio = device->state;

	device_lock(device);
	if (virtio->ops->poll != NULL)
		virtio->ops->poll(virtio);
	device_unlock(device);
}
