/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/dev/virtio_rng.c user/vmm/virtio/virtio.c user/vmm/virtio/virtqueue.c
 *	user/vmm/virtio/virtqueue_split.c user/vmm/virtio/virtqueue_packed.c user/vmm/bus.c
 *	user/vmm/ram.c user/lib/channel.c guests/lib/bare_ring.c tests/unit/virtqueue_host.c
 *	tests/unit/vmm_host.c
 */
/* The entropy device (VIRTIO 1.2, 5.4), with its driver and with the source of its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/virtqueue_host.h"
#include "tests/unit/vmm_host.h"
#include "user/lib/channel.h"
#include "user/vmm/bus.h"

#define DEVICE      0xa000000u
#define INTID       48u
#define SIZE        8u
#define NEEDS_RESET 64u

static struct virtqueue_host host;
static struct channel shared;
static struct channel_end source;
static uint8_t next;

static uint32_t rd(uint32_t reg)
{
	uint64_t value = 0u;

	assert_true(bus_read(bus_find(DEVICE), DEVICE + reg, 4u, &value));
	return (uint32_t)value;
}

static void wr(uint32_t reg, uint32_t value)
{
	assert_true(bus_write(bus_find(DEVICE), DEVICE + reg, 4u, value));
}

/* The source writes so many bytes, counting, and notifies if it must. */
static void feed(uint32_t bytes)
{
	bool tell = false;

	for (uint32_t i = 0u; i < bytes; i++, next++)
		assert_int_equal(channel_put(&source, &next, 1u, &tell), 1u);
	if (tell)
		bus_poll(1u << 5);
}

/* Resets the device and brings it up, with a new ring. */
static void bring_up(void)
{
	wr(0x70u, 0u);
	wr(0x70u, 3u);
	wr(0x24u, 1u);
	wr(0x20u, 1u);
	wr(0x70u, 11u);
	assert_int_equal(rd(0x70u), 11u);
	wr(0x38u, SIZE);
	wr(0x80u, (uint32_t)HOST_RAM);
	wr(0x90u, (uint32_t)HOST_RAM + HOST_DRIVER);
	wr(0xa0u, (uint32_t)HOST_RAM + HOST_DEVICE);
	memset(host.memory, 0, HOST_DATA);
	ring_init(&host.ring, false, false, SIZE, host.memory, host.memory + HOST_DRIVER,
	          host.memory + HOST_DEVICE);
	wr(0x44u, 1u);
	wr(0x70u, 15u);
	assert_int_equal(rd(0x70u), 15u);
}

static void ask(uint32_t bytes, bool write)
{
	struct ring_buffer buffer = {HOST_RAM + HOST_DATA, bytes, write};
	uint16_t id = 0u;

	assert_true(ring_add(&host.ring, &buffer, 1u, NULL, 0u, &id));
	wr(0x50u, 0u);
}

/* What the driver gets back: so many bytes, from `first` on; 0: nothing. */
static void check(uint32_t bytes, uint8_t first)
{
	const uint8_t *data = host_at(&host, HOST_RAM + HOST_DATA);
	uint32_t written = 0u;
	uint16_t id;

	assert_int_equal(ring_used(&host.ring, &id, &written), bytes != 0u);
	assert_int_equal(written, bytes);
	assert_true(bytes == 0u || fake_host.lines[INTID]);
	for (uint32_t i = 0u; i < bytes; i++)
		assert_int_equal(data[i], (uint8_t)(first + i));
	wr(0x64u, 1u);
}

static int setup(void **state)
{
	static struct process_channel channel;
	const struct vm_device devices[] = {
		{.backend = "rng", .ipa = DEVICE, .bytes = 0x200u, .intid = INTID, .channel = 0u}};

	(void)state;
	channel = (struct process_channel){
		.va = (uintptr_t)&shared, .bytes = 4096u, .handle = 77u, .bit = 5u};
	fake_host_reset();
	memset(&shared, 0, sizeof(shared));
	next = 0u;
	channel_open(&source, &shared, 1u, 0u);
	if (!host_start(&host, 0u, SIZE) || bus_init(devices, 1u, &channel, 1u) != NULL)
		return 1;
	bring_up();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return host_stop(&host) ? 0 : 1;
}

static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(rd(0x08u), 4u);
	wr(0x14u, 0u);
	assert_int_equal(rd(0x10u) & 0xffffffu, 0u);
	assert_int_equal(fake_host.notify_calls, 1u); /* the source knows that there is a reader */
}

/* A buffer gets what there is, at most 64 bytes, and no byte comes twice. */
static void test_bytes(void **state)
{
	(void)state;
	feed(100u);
	ask(10u, true);
	check(10u, 0u);
	ask(1000u, true);
	check(64u, 10u);
	ask(1000u, true);
	check(26u, 74u);
	ask(5u, true);
	check(0u, 0u);
	feed(3u);
	check(3u, 100u);
}

/* The source is told when its ring was full. */
static void test_refill(void **state)
{
	(void)state;
	feed(CHANNEL_RING_BYTES);
	fake_host.notify_calls = 0u;
	ask(1u, true);
	check(1u, 0u);
	assert_int_equal(fake_host.notify_calls, 1u);
	ask(1u, true);
	check(1u, 1u);
	assert_int_equal(fake_host.notify_calls, 1u);
}

/* A buffer that is not for writing costs a reset, and after that the device works. */
static void test_misuse(void **state)
{
	struct ring_buffer both[2] = {{HOST_RAM + HOST_DATA, 8u, false},
	                              {HOST_RAM + HOST_DATA, 8u, true}};
	uint16_t id = 0u;

	(void)state;
	feed(100u);
	ask(8u, false);
	check(0u, 0u);
	assert_int_equal(rd(0x70u) & NEEDS_RESET, NEEDS_RESET);
	bring_up();
	assert_int_equal(rd(0x70u) & NEEDS_RESET, 0u);
	assert_true(ring_add(&host.ring, both, 2u, NULL, 0u, &id));
	wr(0x50u, 0u);
	check(0u, 0u);
	assert_int_equal(rd(0x70u) & NEEDS_RESET, NEEDS_RESET);
	feed(10u);
	check(0u, 0u);
	bring_up();
	ask(0u, true);
	assert_int_equal(rd(0x70u) & NEEDS_RESET, NEEDS_RESET);
	bring_up();
	ask(8u, true);
	check(8u, 0u);
}

/* A source that breaks its ring gives nothing, and harms nothing. */
static void test_source_lies(void **state)
{
	(void)state;
	shared.ring[1].head = 5000u;
	ask(8u, true);
	bus_poll(1u << 5);
	check(0u, 0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_misuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source_lies, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
