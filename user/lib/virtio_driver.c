/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of a virtio device; contract in virtio_driver.h. Owns what the caller
 * passes: registers, and the ring's memory, which it shares with the device. Portable but for
 * the addresses.
 */
#include "user/lib/virtio_driver.h"

#include "user/lib/dma.h"
#include "user/lib/text.h"

#define REG_MAGIC            0x000u
#define REG_VERSION          0x004u
#define REG_DEVICE_ID        0x008u
#define REG_FEATURES         0x010u
#define REG_FEATURES_SELECT  0x014u
#define REG_ACCEPT           0x020u
#define REG_ACCEPT_SELECT    0x024u
#define REG_QUEUE_SELECT     0x030u
#define REG_QUEUE_SIZE_MAX   0x034u
#define REG_QUEUE_SIZE       0x038u
#define REG_QUEUE_READY      0x044u
#define REG_QUEUE_NOTIFY     0x050u
#define REG_INTERRUPT_STATUS 0x060u
#define REG_INTERRUPT_ACK    0x064u
#define REG_STATUS           0x070u
#define REG_QUEUE_DESC       0x080u
#define REG_QUEUE_DRIVER     0x090u
#define REG_QUEUE_DEVICE     0x0a0u
#define REG_GENERATION       0x0fcu
#define REG_CONFIG           0x100u

#define MAGIC   0x74726976u
#define VERSION 2u

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u
#define F_VERSION_1        (1ull << 32)
#define RESET_TURNS        1000000u /* a bound, not a time */
#define CONFIG_TURNS       100u

/* The three areas in a ring's memory. */
#define AREA_DRIVER 0x0800u
#define AREA_DEVICE 0x1000u
#define DESCRIPTOR  16u
#define FLAG_NEXT   (1u << 0)
#define AREA_INDEX  2u
#define AREA_RING   4u

static volatile uint32_t *port_register(const struct virtio_port *port, uint32_t offset)
{
	return (volatile uint32_t *)(uintptr_t)(port->va + offset);
}

static uint32_t port_read(const struct virtio_port *port, uint32_t offset)
{
	return *port_register(port, offset);
}

static void port_write(const struct virtio_port *port, uint32_t offset, uint32_t value)
{
	*port_register(port, offset) = value;
}

static void port_add_status(const struct virtio_port *port, uint32_t bits)
{
	port_write(port, REG_STATUS, port_read(port, REG_STATUS) | bits);
}

/* 4.2.3.1, 2.4.2: the reset is done when the status reads 0. */
static bool port_reset(const struct virtio_port *port)
{
	port_write(port, REG_STATUS, 0u);
	for (uint32_t i = 0u; i < RESET_TURNS; i++) {
		if (port_read(port, REG_STATUS) == 0u)
			return true;
	}
	return false;
}

bool virtio_port_open(struct virtio_port *port, uint64_t va, uint32_t id, uint64_t wanted,
                      uint64_t *features)
{
	uint64_t offered;

	*port = (struct virtio_port){.va = va};
	if (port_read(port, REG_MAGIC) != MAGIC || port_read(port, REG_VERSION) != VERSION ||
	    port_read(port, REG_DEVICE_ID) != id || !port_reset(port))
		return false;
	port_add_status(port, STATUS_ACKNOWLEDGE);
	port_add_status(port, STATUS_DRIVER);
	port_write(port, REG_FEATURES_SELECT, 0u);
	offered = port_read(port, REG_FEATURES);
	port_write(port, REG_FEATURES_SELECT, 1u);
	offered |= (uint64_t)port_read(port, REG_FEATURES) << 32;
	if ((offered & F_VERSION_1) == 0u)
		return false;
	*features = offered & (wanted | F_VERSION_1);
	port_write(port, REG_ACCEPT_SELECT, 0u);
	port_write(port, REG_ACCEPT, (uint32_t)*features);
	port_write(port, REG_ACCEPT_SELECT, 1u);
	port_write(port, REG_ACCEPT, (uint32_t)(*features >> 32));
	port_add_status(port, STATUS_FEATURES_OK);
	return (port_read(port, REG_STATUS) & STATUS_FEATURES_OK) != 0u;
}

static void port_write_address(const struct virtio_port *port, uint32_t offset, uint64_t pa)
{
	port_write(port, offset, (uint32_t)pa);
	port_write(port, offset + 4u, (uint32_t)(pa >> 32));
}

bool virtio_ring_open(struct virtio_ring *ring, struct virtio_port *port, uint32_t index,
                      uint32_t size, void *memory, uint64_t memory_pa)
{
	uint32_t most;

	memset(ring, 0, sizeof(*ring));
	memset(memory, 0, VIRTIO_RING_BYTES);
	ring->port = port;
	ring->memory = memory;
	ring->index = index;
	port_write(port, REG_QUEUE_SELECT, index);
	most = port_read(port, REG_QUEUE_SIZE_MAX);
	ring->size = size < VIRTIO_RING_SIZE ? size : VIRTIO_RING_SIZE;
	/* 2.7: a power of two */
	while (ring->size > most || (ring->size & (ring->size - 1u)) != 0u)
		ring->size &= ring->size - 1u;
	if (ring->size == 0u || port_read(port, REG_QUEUE_READY) != 0u)
		return false;
	port_write(port, REG_QUEUE_SIZE, ring->size);
	port_write_address(port, REG_QUEUE_DESC, memory_pa);
	port_write_address(port, REG_QUEUE_DRIVER, memory_pa + AREA_DRIVER);
	port_write_address(port, REG_QUEUE_DEVICE, memory_pa + AREA_DEVICE);
	dma_write_barrier();
	port_write(port, REG_QUEUE_READY, 1u);
	return true;
}

void virtio_port_start(struct virtio_port *port)
{
	port_add_status(port, STATUS_DRIVER_OK);
}

void virtio_port_config(const struct virtio_port *port, uint32_t offset, void *to, uint32_t bytes)
{
	for (uint32_t turn = 0u; turn < CONFIG_TURNS; turn++) {
		uint32_t before = port_read(port, REG_GENERATION);

		for (uint32_t i = 0u; i < bytes; i++)
			((uint8_t *)to)[i] = *(
				volatile uint8_t *)(uintptr_t)(port->va + REG_CONFIG + offset + i);
		if (port_read(port, REG_GENERATION) == before)
			return;
	}
}

bool virtio_port_interrupt(struct virtio_port *port)
{
	port_write(port, REG_INTERRUPT_ACK, port_read(port, REG_INTERRUPT_STATUS));
	port->in_vain++;
	return (port_read(port, REG_STATUS) & STATUS_NEEDS_RESET) != 0u ||
	       port->in_vain > VIRTIO_IN_VAIN;
}

static uint16_t ring_load16(const struct virtio_ring *ring, uint32_t offset)
{
	return *(const volatile uint16_t *)(const void *)(ring->memory + offset);
}

static void ring_store16(struct virtio_ring *ring, uint32_t offset, uint32_t value)
{
	*(volatile uint16_t *)(void *)(ring->memory + offset) = (uint16_t)value;
}

static void ring_store32(struct virtio_ring *ring, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(void *)(ring->memory + offset) = value;
}

void virtio_ring_set(struct virtio_ring *ring, uint32_t descriptor, uint64_t pa, uint32_t bytes,
                     uint32_t flags, uint32_t next)
{
	uint32_t at = descriptor * DESCRIPTOR;

	ring_store32(ring, at, (uint32_t)pa);
	ring_store32(ring, at + 4u, (uint32_t)(pa >> 32));
	ring_store32(ring, at + 8u, bytes);
	ring_store16(ring, at + 12u, flags | (next != VIRTIO_RING_END ? FLAG_NEXT : 0u));
	ring_store16(ring, at + 14u, next != VIRTIO_RING_END ? next : 0u);
}

void virtio_ring_offer(struct virtio_ring *ring, uint32_t head)
{
	ring_store16(ring, AREA_DRIVER + AREA_RING + 2u * (ring->offered & (ring->size - 1u)),
	             head);
	ring->offered++;
	ring->busy[head] = true;
}

void virtio_ring_kick(struct virtio_ring *ring)
{
	if (ring->offered == ring->shown)
		return;
	ring->shown = ring->offered;
	/* 2.7.13.3.1: the ring before its index, the index before the notification */
	dma_write_barrier();
	ring_store16(ring, AREA_DRIVER + AREA_INDEX, ring->offered);
	dma_full_barrier();
	port_write(ring->port, REG_QUEUE_NOTIFY, ring->index);
}

bool virtio_ring_take(struct virtio_ring *ring, uint32_t *head, uint32_t *bytes)
{
	uint16_t index = ring_load16(ring, AREA_DEVICE + AREA_INDEX);
	uint32_t at = AREA_DEVICE + AREA_RING + 8u * (ring->taken & (ring->size - 1u));

	if (ring->port->broken || index == ring->taken)
		return false;
	/* 2.7.14: the index before what it announces */
	dma_read_barrier();
	*head = *(const volatile uint32_t *)(const void *)(ring->memory + at);
	*bytes = *(const volatile uint32_t *)(const void *)(ring->memory + at + 4u);
	if (*head >= ring->size || !ring->busy[*head]) {
		ring->port->broken = true;
		return false;
	}
	ring->busy[*head] = false;
	ring->taken++;
	ring->port->in_vain = 0u;
	return true;
}
