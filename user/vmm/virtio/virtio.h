/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtio device is made of: the MMIO transport of VIRTIO 1.2 (4.2, version 2 of the
 * registers) around its queues. A device file in user/vmm/dev states its device id, features,
 * queues and configuration, and what to do when a queue has something; the registers, the
 * negotiation, reset and interrupts are here.
 *
 * All functions are called with the device's lock held, but virtio_read, virtio_write and
 * virtio_poll, which take it: those are the device's functions for the bus.
 */
#ifndef BULKHEAD_USER_VMM_VIRTIO_VIRTIO_H
#define BULKHEAD_USER_VMM_VIRTIO_VIRTIO_H

#include "user/vmm/device.h"
#include "user/vmm/virtio/virtqueue.h"

#define VIRTIO_F_VERSION_1 (1ull << 32)
/* What the transport and the queues offer for every device. */
#define VIRTIO_FEATURES                                                                            \
	(VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED | \
	 VIRTIO_F_IN_ORDER)

struct virtio;

struct virtio_ops {
	uint32_t id; /* VIRTIO 1.2, 5 */
	uint32_t padding;
	/* The driver has set DRIVER_OK: queues are live, features are known. May be NULL. */
	void (*start)(struct virtio *virtio);
	/*
	 * The driver has reset the device, at any moment: no chain that was taken may be written
	 * or given any more. The queues are as new. May be NULL.
	 */
	void (*reset)(struct virtio *virtio);
	/* Chains may be available in a queue that is live. Between start and reset only. */
	void (*notify)(struct virtio *virtio, uint32_t queue);
	/* The driver wrote into the configuration, inside its bytes. NULL: nothing there is writable. */
	void (*configure)(struct virtio *virtio, uint32_t offset, uint32_t bytes, uint32_t value);
	/* The peer notified, or the deadline came; also before start. May be NULL. */
	void (*poll)(struct virtio *virtio);
};

/* First member of the state of every virtio device. */
struct virtio {
	const struct virtio_ops *ops;
	struct device *device;
	struct virtqueue *queues;
	uint32_t queue_count;
	uint8_t *config; /* little endian (2.5) */
	uint32_t config_bytes;
	uint32_t config_generation;
	uint64_t offered;  /* features */
	uint64_t accepted; /* what the driver wrote; final from FEATURES_OK on */
	uint32_t offered_select;
	uint32_t accepted_select;
	uint32_t queue_select;
	uint32_t status;
	uint32_t interrupts; /* InterruptStatus */
};

/* From the device's own reset function (device.h). features: those of the device beside VIRTIO_FEATURES. */
void virtio_init(struct device *device, const struct virtio_ops *ops, uint64_t features,
                 struct virtqueue *queues, uint32_t queue_count, void *config,
                 uint32_t config_bytes);

/* For struct device_ops. */
uint32_t virtio_read(struct device *device, uint32_t offset, uint32_t bytes);
void virtio_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value);
void virtio_poll(struct device *device);

/* Between start and reset. */
bool virtio_live(const struct virtio *virtio);
bool virtio_has(const struct virtio *virtio, uint64_t feature);

/*
 * The next chain of a queue; false: there is none now, and the driver will notify when there
 * is. A queue whose driver broke the rules gives none: the device then needs a reset.
 */
bool virtio_take(struct virtio *virtio, uint32_t queue, struct virtio_chain *chain);
/* Interrupts the driver, if it wants that for what was given back in this queue. */
void virtio_told(struct virtio *virtio, uint32_t queue);
/* The device's own configuration changed: the driver is interrupted. */
void virtio_config_changed(struct virtio *virtio);
/* The driver broke a rule of this device: DEVICE_NEEDS_RESET (2.1.2), and no more chains. */
void virtio_break(struct virtio *virtio);

#endif
