/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical virtio device on MMIO, from the driver's side (VIRTIO 1.2, 3.1 and 4.2; version 2
 * of the registers; split rings). Used by driver processes, by the one thread that
 * owns the device. The device is distrusted in what it writes into a ring: what it returns is a
 * descriptor that it has, or the device is broken.
 */
#ifndef BULKHEAD_USER_LIB_VIRTIO_DRIVER_H
#define BULKHEAD_USER_LIB_VIRTIO_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_RING_SIZE 128u /* descriptors, at most */

/* Memory of a ring, for the device as well: page aligned. */
#define VIRTIO_RING_BYTES 0x2000u

#define VIRTIO_RING_WRITE (1u << 1) /* the device writes the buffer */
#define VIRTIO_RING_END   UINT32_MAX

struct virtio_port {
	uint64_t va;      /* registers */
	bool broken;      /* it did what no device may */
	uint32_t in_vain; /* interrupts since a chain was last taken */
};

struct virtio_ring {
	struct virtio_port *port;
	uint8_t *memory;
	uint32_t index; /* of the queue */
	uint32_t size;
	uint16_t offered;
	uint16_t shown;
	uint16_t taken;
	bool busy[VIRTIO_RING_SIZE]; /* descriptors that head a chain that the device has */
};

/*
 * Resets the device and negotiates: *features is what both sides have of those that are wanted,
 * VERSION_1 always. False: it is no device of that id and of this version, or it refuses.
 */
bool virtio_port_open(struct virtio_port *port, uint64_t va, uint32_t id, uint64_t wanted,
                      uint64_t *features);
/* Queue `index` with at most `size` descriptors, in VIRTIO_RING_BYTES at memory. False: it has none. */
bool virtio_ring_open(struct virtio_ring *ring, struct virtio_port *port, uint32_t index,
                      uint32_t size, void *memory, uint64_t memory_pa);
/* The rings are there: the device may work. */
void virtio_port_start(struct virtio_port *port);

/* Little-endian configuration, read until it holds still (2.5.1). */
void virtio_port_config(const struct virtio_port *port, uint32_t offset, void *to, uint32_t bytes);
#define VIRTIO_IN_VAIN 1000u /* interrupts in a row for which nothing was done: a storm */

/* Acknowledges the interrupt. True: the device needs a reset, or storms. */
bool virtio_port_interrupt(struct virtio_port *port);

/* Fills in a descriptor that the device does not have; next: another, or VIRTIO_RING_END. */
void virtio_ring_set(struct virtio_ring *ring, uint32_t descriptor, uint64_t pa, uint32_t bytes,
                     uint32_t flags, uint32_t next);
/* Offers the chain that begins there; the device may know of it only after virtio_ring_kick. */
void virtio_ring_offer(struct virtio_ring *ring, uint32_t head);
void virtio_ring_kick(struct virtio_ring *ring);
/* A chain that the device is done with; false: none now. It may set port->broken. */
bool virtio_ring_take(struct virtio_ring *ring, uint32_t *head, uint32_t *bytes);

#endif
