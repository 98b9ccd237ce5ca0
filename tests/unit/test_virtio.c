/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/virtio/virtio.c user/vmm/virtio/virtqueue.c user/vmm/virtio/virtqueue_split.c
 *	user/vmm/virtio/virtqueue_packed.c user/vmm/ram.c guests/lib/bare_ring.c
 *	tests/unit/virtqueue_host.c tests/unit/vmm_host.c
 */
/* The MMIO transport of virtio devices (VIRTIO 1.2, 2.1 to 2.5, 3.1, 4.2), around a toy device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/virtqueue_host.h"
#include "user/vmm/virtio/virtio.h"

#define MAGIC        0x00u
#define VERSION      0x04u
#define DEVICE_ID    0x08u
#define OFFERED      0x10u
#define OFFERED_SEL  0x14u
#define ACCEPTED     0x20u
#define ACCEPTED_SEL 0x24u
#define QUEUE_SEL    0x30u
#define QUEUE_MAX    0x34u
#define QUEUE_SIZE   0x38u
#define QUEUE_READY  0x44u
#define QUEUE_NOTIFY 0x50u
#define INT_STATUS   0x60u
#define INT_ACK      0x64u
#define STATUS       0x70u
#define QUEUE_DESC   0x80u
#define QUEUE_DRIVER 0x90u
#define QUEUE_DEVICE 0xa0u
#define SHM_LENGTH   0xb0u
#define GENERATION   0xfcu
#define CONFIG       0x100u
#define ACKNOWLEDGE  1u
#define DRIVER       2u
#define DRIVER_OK    4u
#define FEATURES_OK  8u
#define NEEDS_RESET  64u
#define FAILED       128u
#define TOY_FEATURE  (1ull << 3)
#define TOY_CONFIG   7u
#define QUEUES       2u

static struct virtqueue_host host;
static struct device device;
static struct virtqueue queues[QUEUES];
static struct {
	struct virtio virtio;
	uint8_t config[TOY_CONFIG];
	uint32_t starts;
	uint32_t resets;
	uint32_t notified;
	uint32_t configured;
} toy;

/* bus.h: no GIC here */
void device_settle(struct device *settled)
{
	settled->line_told = settled->line_wanted;
	lock_release(&settled->lock);
}

static void toy_start(struct virtio *virtio)
{
	assert_true(virtio_live(virtio));
	toy.starts++;
}

static void toy_reset(struct virtio *virtio)
{
	assert_false(virtio_live(virtio));
	toy.resets++;
}

static void toy_notify(struct virtio *virtio, uint32_t queue)
{
	assert_true(virtio_live(virtio));
	assert_true(queue < QUEUES);
	toy.notified++;
}

static void toy_configure(struct virtio *virtio, uint32_t offset, uint32_t bytes, uint32_t value)
{
	(void)virtio;
	assert_true(offset + bytes <= TOY_CONFIG);
	memcpy(toy.config + offset, &value, bytes);
	toy.configured++;
}

static const struct virtio_ops toy_ops = {
	.id = 42u,
	.start = toy_start,
	.reset = toy_reset,
	.notify = toy_notify,
	.configure = toy_configure,
};

static uint32_t rd(uint32_t offset)
{
	return virtio_read(&device, offset, 4u);
}

static void wr(uint32_t offset, uint32_t value)
{
	virtio_write(&device, offset, 4u, value);
}

static int setup(void **state)
{
	(void)state;
	memset(&toy, 0, sizeof(toy));
	memset(queues, 0, sizeof(queues));
	device = (struct device){.state = &toy};
	virtio_init(&device, &toy_ops, TOY_FEATURE, queues, QUEUES, toy.config, TOY_CONFIG);
	return host_start(&host, 0u, 8u) ? 0 : 1;
}

static int teardown(void **state)
{
	(void)state;
	return host_stop(&host) && device.lock.held == 0u ? 0 : 1;
}

static void accept(uint64_t features)
{
	wr(ACCEPTED_SEL, 0u);
	wr(ACCEPTED, (uint32_t)features);
	wr(ACCEPTED_SEL, 1u);
	wr(ACCEPTED, (uint32_t)(features >> 32));
}

static void place(uint32_t queue, uint32_t size, uint64_t base)
{
	static const uint32_t area[3] = {QUEUE_DESC, QUEUE_DRIVER, QUEUE_DEVICE};

	wr(QUEUE_SEL, queue);
	wr(QUEUE_SIZE, size);
	for (uint32_t i = 0u; i < 3u; i++) {
		wr(area[i], (uint32_t)base + 0x1000u * i);
		wr(area[i] + 4u, (uint32_t)(base >> 32));
	}
	wr(QUEUE_READY, 1u);
}

static void begin(uint64_t features)
{
	wr(STATUS, 0u);
	wr(STATUS, ACKNOWLEDGE);
	wr(STATUS, ACKNOWLEDGE | DRIVER);
	accept(features | VIRTIO_F_VERSION_1);
	wr(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
}

static void bring_up(uint64_t features)
{
	begin(features);
	place(0u, 8u, HOST_RAM);
	wr(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

static void test_registers(void **state)
{
	(void)state;
	assert_int_equal(rd(MAGIC), 0x74726976u);
	assert_int_equal(rd(VERSION), 2u);
	assert_int_equal(rd(DEVICE_ID), 42u);
	assert_int_equal(rd(OFFERED), 1u << 3 | 1u << 28 | 1u << 29);
	wr(OFFERED_SEL, 1u);
	assert_int_equal(rd(OFFERED), 1u << 0 | 1u << 2 | 1u << 3);
	wr(OFFERED_SEL, 2u);
	assert_int_equal(rd(OFFERED), 0u);
	wr(OFFERED_SEL, UINT32_MAX);
	assert_int_equal(rd(OFFERED), 0u);
	for (uint32_t i = 0u; i < 4u; i++)
		assert_int_equal(rd(SHM_LENGTH + 4u * i), UINT32_MAX);
	wr(QUEUE_SEL, QUEUES - 1u);
	assert_int_equal(rd(QUEUE_MAX), VIRTQUEUE_SIZE_MAX);
	wr(QUEUE_SEL, QUEUES);
	assert_int_equal(rd(QUEUE_MAX), 0u);
	assert_int_equal(rd(QUEUE_READY), 0u);
	wr(QUEUE_READY, 1u);
	wr(QUEUE_SIZE, 4u);
	/* 4.2.2.2: words only */
	assert_int_equal(virtio_read(&device, MAGIC, 1u), 0u);
	assert_int_equal(virtio_read(&device, MAGIC, 2u), 0u);
	virtio_write(&device, STATUS, 1u, ACKNOWLEDGE);
	assert_int_equal(rd(STATUS), 0u);
	/* all others, for both ways */
	for (uint32_t offset = 0u; offset < CONFIG; offset += 4u) {
		(void)rd(offset);
		if (offset != STATUS)
			wr(offset, UINT32_MAX);
	}
	assert_int_equal(rd(STATUS), 0u);
	assert_int_equal(toy.notified, 0u);
}

/* 2.2, 3.1.1 */
static void test_features(void **state)
{
	(void)state;
	wr(STATUS, ACKNOWLEDGE | DRIVER);
	accept(0u);
	wr(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	assert_int_equal(rd(STATUS), ACKNOWLEDGE | DRIVER); /* VERSION_1 is missing */
	for (uint32_t bit = 0u; bit < 64u; bit++) {
		bool offered = ((VIRTIO_FEATURES | TOY_FEATURE) >> bit & 1u) != 0u;

		begin(1ull << bit);
		assert_int_equal((rd(STATUS) & FEATURES_OK) != 0u, offered);
		assert_int_equal(virtio_has(&toy.virtio, 1ull << bit), true);
		if (!offered) {
			/* no way round it */
			wr(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
			assert_false(virtio_live(&toy.virtio));
			continue;
		}
		accept(UINT64_MAX); /* final */
		assert_int_equal(toy.virtio.accepted, 1ull << bit | VIRTIO_F_VERSION_1);
	}
	assert_int_equal(toy.starts, 0u);
}

static void test_status(void **state)
{
	(void)state;
	/* a driver sets no other bits and clears none */
	wr(STATUS, NEEDS_RESET | 0xffffff10u);
	assert_int_equal(rd(STATUS), 0u);
	wr(STATUS, DRIVER_OK);
	assert_int_equal(rd(STATUS), 0u);
	bring_up(0u);
	assert_int_equal(toy.starts, 1u);
	wr(STATUS, ACKNOWLEDGE);
	assert_int_equal(rd(STATUS), ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	wr(STATUS, DRIVER_OK);
	assert_int_equal(toy.starts, 1u);
	wr(STATUS, FAILED);
	assert_int_equal(rd(STATUS) & FAILED, FAILED);
	wr(STATUS, 0u);
	assert_int_equal(rd(STATUS), 0u);
	assert_int_equal(toy.virtio.accepted, 0u);
}

static void test_queue(void **state)
{
	(void)state;
	/* not before FEATURES_OK */
	place(0u, 8u, HOST_RAM);
	assert_int_equal(rd(QUEUE_READY), 0u);
	begin(0u);
	place(0u, 8u, HOST_RAM);
	assert_int_equal(rd(QUEUE_READY), 1u);
	/* while it is ready nothing of it changes */
	place(0u, 4u, HOST_RAM + 0x10000u);
	assert_int_equal(queues[0].size, 8u);
	assert_int_equal(queues[0].descriptors, HOST_RAM);
	assert_int_equal(queues[0].device, HOST_RAM + 0x2000u);
	/* stopped, it can be another */
	wr(QUEUE_READY, 0u);
	assert_int_equal(rd(QUEUE_READY), 0u);
	place(0u, 4u, HOST_RAM);
	assert_int_equal(rd(QUEUE_READY), 1u);
	wr(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	/* a second one comes too late */
	place(1u, 8u, HOST_RAM + 0x8000u);
	assert_int_equal(rd(QUEUE_READY), 0u);
	wr(QUEUE_NOTIFY, 1u);
	wr(QUEUE_NOTIFY, QUEUES);
	wr(QUEUE_NOTIFY, UINT32_MAX);
	assert_int_equal(toy.notified, 0u);
	wr(QUEUE_NOTIFY, 0u);
	assert_int_equal(toy.notified, 1u);
	/* stopped in use: it stays so until the reset, and is not touched */
	wr(QUEUE_SEL, 0u);
	wr(QUEUE_READY, 0u);
	assert_int_equal(rd(QUEUE_READY), 0u);
	wr(QUEUE_NOTIFY, 0u);
	wr(QUEUE_READY, 1u);
	assert_int_equal(rd(QUEUE_READY), 0u);
	assert_int_equal(toy.notified, 1u);
	assert_int_equal(rd(STATUS) & NEEDS_RESET, 0u);
	/* a queue that cannot be is one, and the driver is not up yet: no interrupt */
	begin(0u);
	place(0u, 3u, HOST_RAM);
	assert_int_equal(rd(QUEUE_READY), 0u);
	assert_int_equal(rd(STATUS) & NEEDS_RESET, NEEDS_RESET);
	assert_int_equal(rd(INT_STATUS), 0u);
	wr(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	assert_false(virtio_live(&toy.virtio));
	assert_int_equal(toy.starts, 1u);
}

static uint16_t add(void)
{
	struct ring_buffer buffer = {HOST_RAM + HOST_DATA, 8u, true};
	uint16_t id = 0u;

	assert_true(ring_add(&host.ring, &buffer, 1u, NULL, 0u, &id));
	return id;
}

static void test_interrupt(void **state)
{
	struct virtio_chain chain;
	struct virtio_chain none;

	(void)state;
	bring_up(0u);
	(void)add();
	assert_true(virtio_take(&toy.virtio, 0u, &chain));
	assert_false(virtio_take(&toy.virtio, 0u, &none));
	assert_false(virtio_take(&toy.virtio, 1u, &none));
	virtio_told(&toy.virtio, 0u);
	assert_false(device.line_wanted);
	virtqueue_give(&queues[0], &chain, 8u);
	virtio_told(&toy.virtio, 0u);
	assert_true(device.line_wanted);
	virtio_config_changed(&toy.virtio);
	assert_int_equal(rd(INT_STATUS), 3u);
	wr(INT_ACK, 2u);
	assert_true(device.line_wanted);
	assert_int_equal(rd(INT_STATUS), 1u);
	wr(INT_ACK, 0xfffffffeu);
	assert_true(device.line_wanted);
	wr(INT_ACK, 1u);
	assert_false(device.line_wanted);
	assert_int_equal(rd(INT_STATUS), 0u);
}

static void test_reset(void **state)
{
	struct virtio_chain chain;
	uint8_t before[0x3000];

	(void)state;
	bring_up(VIRTIO_F_EVENT_IDX | VIRTIO_F_IN_ORDER);
	(void)add();
	assert_true(virtio_take(&toy.virtio, 0u, &chain));
	virtio_config_changed(&toy.virtio);
	toy.resets = 0u;
	wr(STATUS, 0u);
	assert_int_equal(toy.resets, 1u);
	assert_false(device.line_wanted);
	assert_int_equal(rd(INT_STATUS), 0u);
	wr(QUEUE_SEL, 0u);
	assert_int_equal(rd(QUEUE_READY), 0u);
	/* a chain of before is no longer anyone's */
	memcpy(before, host.memory, sizeof(before));
	virtqueue_give(&queues[0], &chain, 8u);
	virtio_told(&toy.virtio, 0u);
	assert_false(virtio_take(&toy.virtio, 0u, &chain));
	assert_memory_equal(before, host.memory, sizeof(before));
	assert_false(device.line_wanted);
	/* and up again, in the other format */
	ring_init(&host.ring, true, false, 8u, host.memory, host.memory + HOST_DRIVER,
	          host.memory + HOST_DEVICE);
	bring_up(VIRTIO_F_RING_PACKED);
	(void)add();
	assert_true(virtio_take(&toy.virtio, 0u, &chain));
}

/* 2.1.2 */
static void test_needs_reset(void **state)
{
	struct virtio_chain chain;
	uint32_t generation;

	(void)state;
	bring_up(0u);
	generation = rd(GENERATION);
	host.ring.descriptors[add()].address = 0u;
	assert_false(virtio_take(&toy.virtio, 0u, &chain));
	assert_int_equal(rd(STATUS) & NEEDS_RESET, NEEDS_RESET);
	assert_int_equal(rd(INT_STATUS), 2u);
	assert_true(rd(GENERATION) != generation);
	wr(INT_ACK, 2u);
	/* said once, and nothing more is done */
	virtio_break(&toy.virtio);
	assert_int_equal(rd(INT_STATUS), 0u);
	wr(QUEUE_NOTIFY, 0u);
	assert_int_equal(toy.notified, 0u);
	assert_false(virtio_take(&toy.virtio, 0u, &chain));
	wr(STATUS, 0u);
	assert_int_equal(rd(STATUS), 0u);
	bring_up(0u);
	assert_true(virtio_live(&toy.virtio));
}

static void test_config(void **state)
{
	(void)state;
	for (uint8_t i = 0u; i < TOY_CONFIG; i++)
		toy.config[i] = (uint8_t)(0x10u + i);
	assert_int_equal(rd(CONFIG), 0x13121110u);
	assert_int_equal(virtio_read(&device, CONFIG + 4u, 2u), 0x1514u);
	assert_int_equal(virtio_read(&device, CONFIG + 6u, 1u), 0x16u);
	/* 7 bytes: not over the end */
	assert_int_equal(rd(CONFIG + 4u), 0u);
	assert_int_equal(virtio_read(&device, CONFIG + 7u, 1u), 0u);
	assert_int_equal(rd(0x1fcu), 0u);
	virtio_write(&device, CONFIG + 6u, 1u, 0x99u);
	assert_int_equal(toy.config[6], 0x99u);
	wr(CONFIG + 4u, 0u);
	virtio_write(&device, CONFIG + 6u, 2u, 0u);
	wr(0x1fcu, 0u);
	assert_int_equal(toy.configured, 1u);
	assert_int_equal(toy.config[6], 0x99u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_features, setup, teardown),
		cmocka_unit_test_setup_teardown(test_status, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_needs_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
