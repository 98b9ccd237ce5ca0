/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/lib/virtio_driver.c */
/* A physical virtio device that does what none may: interrupts in vain, a corrupted used ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "user/lib/dma.h"
#include "user/lib/virtio_driver.h"

#define STATUS    0x070u
#define QUEUE_MAX 0x034u
#define USED      0x1000u /* of the ring's memory: the device's area */
#define NEEDS     64u

static uint32_t registers[128];
static uint8_t memory[VIRTIO_RING_BYTES] __attribute__((aligned(4096)));
static struct virtio_port port;
static struct virtio_ring ring;

void dma_write_barrier(void)
{
}

void dma_read_barrier(void)
{
}

void dma_full_barrier(void)
{
}

/* A ring of eight, chain 2 of which the device has. */
static int start(void **state)
{
	(void)state;
	memset(registers, 0, sizeof(registers));
	memset(memory, 0, sizeof(memory));
	registers[QUEUE_MAX / 4u] = 8u;
	port = (struct virtio_port){.va = (uintptr_t)registers};
	memset(&ring, 0, sizeof(ring));
	assert_true(virtio_ring_open(&ring, &port, 0u, 8u, memory, 0x1000u));
	virtio_ring_set(&ring, 2u, 0x5000u, 64u, 0u, VIRTIO_RING_END);
	virtio_ring_offer(&ring, 2u);
	virtio_ring_kick(&ring);
	return 0;
}

/* The device says that it is done with a chain. */
static void returns(uint32_t head)
{
	uint16_t index;

	memcpy(&index, memory + USED + 2u, sizeof(index));
	memcpy(memory + USED + 4u + 8u * (index % 8u), &head, sizeof(head));
	index++;
	memcpy(memory + USED + 2u, &index, sizeof(index));
}

static void test_storm(void **state)
{
	uint32_t head, bytes, i;

	(void)state;
	for (i = 0u; i < VIRTIO_IN_VAIN; i++)
		assert_false(virtio_port_interrupt(&port));
	returns(2u);
	assert_true(virtio_ring_take(&ring, &head, &bytes)); /* one that was not in vain */
	assert_int_equal(head, 2);
	for (i = 0u; i < VIRTIO_IN_VAIN; i++)
		assert_false(virtio_port_interrupt(&port));
	assert_true(virtio_port_interrupt(&port));
}

static void test_needs_reset(void **state)
{
	(void)state;
	registers[STATUS / 4u] = NEEDS;
	assert_true(virtio_port_interrupt(&port));
}

/* What the device was not given, or has given back already, breaks it, and nothing is taken any more. */
static void test_corrupted(void **state)
{
	static const uint32_t wrong[] = {3u, 8u, UINT32_MAX};
	uint32_t head, bytes;

	for (uint32_t i = 0u; i < 3u; i++) {
		start(state);
		returns(wrong[i]);
		assert_false(virtio_ring_take(&ring, &head, &bytes));
		assert_true(port.broken);
		returns(2u);
		assert_false(virtio_ring_take(&ring, &head, &bytes));
	}
	start(state);
	returns(2u);
	returns(2u);
	assert_true(virtio_ring_take(&ring, &head, &bytes));
	assert_false(virtio_ring_take(&ring, &head, &bytes));
	assert_true(port.broken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_storm, start),
		cmocka_unit_test_setup(test_needs_reset, start),
		cmocka_unit_test_setup(test_corrupted, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
