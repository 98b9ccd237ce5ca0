/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/virtio/virtqueue.c user/vmm/virtio/virtqueue_split.c
 *	user/vmm/virtio/virtqueue_packed.c user/vmm/ram.c guests/lib/bare_ring.c
 *	tests/unit/virtqueue_host.c
 */
/*
 * Virtqueues with a driver that does not obey: every rule of a ring broken once. The queue breaks,
 * stays broken until it is started again, and nothing is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/virtqueue_host.h"

#define SPLIT    0u
#define PACKED   VIRTIO_F_RING_PACKED
#define INDIRECT VIRTIO_F_INDIRECT_DESC
#define N        RING_NEXT
#define W        RING_WRITE
#define I        RING_INDIRECT
#define DATA     (HOST_RAM + HOST_DATA)
#define TABLE    (HOST_RAM + HOST_TABLE)
#define BANK_END (HOST_RAM + HOST_BANK)
#define SIZE     8u
#define MOST     4u

/* A descriptor; packed: AVAIL is added. */
struct bad_descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next;
};

struct bad {
	const char *name;
	uint64_t features;
	struct bad_descriptor ring[MOST];  /* from descriptor 0 on */
	struct bad_descriptor table[MOST]; /* at TABLE */
	uint16_t head;                     /* split */
	uint16_t index;                    /* split: 0 stands for 1 */
};

static const struct bad bads[] = {
	/* clang-format off */
	{"head outside", SPLIT, .ring = {{DATA, 8u, 0u, 0u}}, .head = SIZE},
	{"head far outside", SPLIT, .ring = {{DATA, 8u, 0u, 0u}}, .head = 0xffffu},
	{"next outside", SPLIT, .ring = {{DATA, 8u, N, SIZE}}},
	{"loop to itself", SPLIT, .ring = {{DATA, 8u, N, 0u}}},
	{"loop of two", SPLIT, .ring = {{DATA, 8u, N, 1u}, {DATA, 8u, N, 0u}}},
	{"loop of nothing", SPLIT, .ring = {{DATA, 0u, N, 0u}}},
	{"address in the hole", SPLIT, .ring = {{BANK_END, 8u, 0u, 0u}}},
	{"address below", SPLIT, .ring = {{HOST_RAM - 8u, 8u, W, 0u}}},
	{"address behind", SPLIT, .ring = {{HOST_END, 1u, W, 0u}}},
	{"into the hole", SPLIT, .ring = {{BANK_END - 8u, 9u, W, 0u}}},
	{"over the hole", SPLIT, .ring = {{BANK_END - 8u, HOST_HOLE + 16u, W, 0u}}},
	{"over the end", SPLIT, .ring = {{HOST_END - 8u, 9u, W, 0u}}},
	{"around the end of addresses", SPLIT, .ring = {{UINT64_MAX - 3u, 8u, W, 0u}}},
	{"as long as can be", SPLIT, .ring = {{DATA, UINT32_MAX, W, 0u}}},
	{"second buffer bad", SPLIT, .ring = {{DATA, 8u, N, 1u}, {0u, 8u, W, 0u}}},
	{"readable behind writable", SPLIT, .ring = {{DATA, 8u, N | W, 1u}, {DATA, 8u, 0u, 0u}}},
	{"indirect not agreed", SPLIT, .ring = {{TABLE, 16u, I, 0u}}, .table = {{DATA, 8u, 0u, 0u}}},
	{"indirect and next", INDIRECT, .ring = {{TABLE, 16u, I | N, 1u}, {DATA, 8u, 0u, 0u}}, .table = {{DATA, 8u, 0u, 0u}}},
	{"table of nothing", INDIRECT, .ring = {{TABLE, 0u, I, 0u}}},
	{"table of half a descriptor", INDIRECT, .ring = {{TABLE, 24u, I, 0u}}, .table = {{DATA, 8u, 0u, 0u}}},
	{"table in the hole", INDIRECT, .ring = {{BANK_END, 16u, I, 0u}}},
	{"table into the hole", INDIRECT, .ring = {{BANK_END - 16u, 32u, I, 0u}}},
	{"table of 4 GiB", INDIRECT, .ring = {{TABLE, 0xfffffff0u, I, 0u}}},
	{"table in a table", INDIRECT, .ring = {{TABLE, 16u, I, 0u}}, .table = {{TABLE + 16u, 16u, I, 0u}, {DATA, 8u, 0u, 0u}}},
	{"next outside the table", INDIRECT, .ring = {{TABLE, 16u, I, 0u}}, .table = {{DATA, 8u, N, 1u}}},
	{"loop in a table", INDIRECT, .ring = {{TABLE, 32u, I, 0u}}, .table = {{DATA, 8u, N, 1u}, {DATA, 8u, N, 0u}}},
	{"table's buffer bad", INDIRECT, .ring = {{TABLE, 16u, I, 0u}}, .table = {{HOST_END, 8u, W, 0u}}},
	{"table readable behind writable", INDIRECT, .ring = {{DATA, 8u, N | W, 1u}, {TABLE, 16u, I, 0u}}, .table = {{DATA, 8u, 0u, 0u}}},
	{"index too far", SPLIT, .ring = {{DATA, 8u, 0u, 0u}}, .index = SIZE + 1u},
	{"index backwards", SPLIT, .ring = {{DATA, 8u, 0u, 0u}}, .index = 0xffffu},
	{"packed: hole", PACKED, .ring = {{BANK_END, 8u, W, 0u}}},
	{"packed: over the end", PACKED, .ring = {{HOST_END - 8u, 9u, W, 0u}}},
	{"packed: around", PACKED, .ring = {{UINT64_MAX - 3u, 8u, W, 0u}}},
	{"packed: readable behind writable", PACKED, .ring = {{DATA, 8u, N | W, 0u}, {DATA, 8u, 0u, 0u}}},
	{"packed: indirect not agreed", PACKED, .ring = {{TABLE, 16u, I, 0u}}},
	{"packed: indirect and next", PACKED | INDIRECT, .ring = {{TABLE, 16u, I | N, 0u}, {DATA, 8u, 0u, 0u}}},
	{"packed: indirect in a list", PACKED | INDIRECT, .ring = {{DATA, 8u, N, 0u}, {TABLE, 16u, I, 0u}}},
	{"packed: table of nothing", PACKED | INDIRECT, .ring = {{TABLE, 0u, I, 0u}}},
	{"packed: half a descriptor", PACKED | INDIRECT, .ring = {{TABLE, 40u, I, 0u}}},
	{"packed: table in the hole", PACKED | INDIRECT, .ring = {{BANK_END, 16u, I, 0u}}},
	{"packed: table too long", PACKED | INDIRECT, .ring = {{TABLE, 16u * (VIRTQUEUE_SIZE_MAX + 1u), I, 0u}}},
	{"packed: table's buffer bad", PACKED | INDIRECT, .ring = {{TABLE, 16u, I, 0u}}, .table = {{HOST_END, 8u, 0u, 0u}}},
	/* clang-format on */
};

static struct virtqueue_host host;
static struct virtio_chain chain;
static uint8_t before[HOST_END - HOST_RAM];

static void set(uint64_t ipa, const struct bad_descriptor *is, bool packed, uint16_t more)
{
	*(struct ring_descriptor *)host_at(&host, ipa) = (struct ring_descriptor){
		.address = is->address,
		.bytes = is->bytes,
		.flags_or_id = packed ? is->next : is->flags,
		.next_or_flags = packed ? (uint16_t)(is->flags | more) : is->next,
	};
}

static uint16_t *word(uint64_t offset)
{
	return host_at(&host, HOST_RAM + offset);
}

static void make_bad(const struct bad *bad)
{
	bool packed = (bad->features & PACKED) != 0u;

	assert_true(host_start(&host, bad->features, SIZE));
	for (uint32_t i = 0u; i < MOST; i++) {
		set(HOST_RAM + 16u * i, &bad->ring[i], packed, RING_AVAIL);
		set(TABLE + 16u * i, &bad->table[i], packed, 0u);
	}
	if (packed)
		return;
	word(HOST_DRIVER)[1] = bad->index != 0u ? bad->index : 1u;
	word(HOST_DRIVER)[2] = bad->head;
}

/* Broken; nothing is taken, given or asked for any more, and nothing is written. */
static void must_break(const char *name)
{
	struct virtio_chain some = {.slots = 1u};

	memcpy(before, host.memory, sizeof(before));
	for (uint32_t i = 0u; i < 2u; i++) {
		if (virtqueue_take(&host.queue, &chain) != VIRTQUEUE_BROKEN)
			fail_msg("%s: not broken", name);
		virtqueue_give(&host.queue, &some, 0u);
		assert_false(virtqueue_wants_interrupt(&host.queue));
		assert_false(virtqueue_want_notify(&host.queue));
		virtqueue_stop_notify(&host.queue);
	}
	if (memcmp(before, host.memory, sizeof(before)) != 0)
		fail_msg("%s: something was written", name);
}

static void test_rules(void **state)
{
	(void)state;
	for (uint32_t i = 0u; i < sizeof(bads) / sizeof(bads[0]); i++) {
		make_bad(&bads[i]);
		must_break(bads[i].name);
		/* started again it is as new */
		assert_true(virtqueue_start(&host.queue, bads[i].features));
		assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_BROKEN);
		virtqueue_reset(&host.queue);
		assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_EMPTY);
		assert_true(host_stop(&host));
	}
}

static void many(bool packed, uint32_t count, uint32_t bytes)
{
	struct bad bad = {.features = INDIRECT | (packed ? PACKED : 0u),
	                  .ring = {{TABLE, 16u * count, I, 0u}}};

	make_bad(&bad);
	for (uint32_t i = 0u; i < count; i++) {
		struct bad_descriptor one = {DATA, bytes, i + 1u < count ? N : 0u,
		                             (uint16_t)(i + 1u)};

		set(TABLE + 16u * i, &one, packed, 0u);
	}
	if (count > VIRTQUEUE_SIZE_MAX)
		must_break("too many");
	else
		assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_TAKEN);
	assert_true(host_stop(&host));
}

/* More buffers than a chain may have, though each is good, or empty. */
static void test_too_many(void **state)
{
	(void)state;
	for (uint32_t kind = 0u; kind < 4u; kind++)
		for (uint32_t count = VIRTQUEUE_SIZE_MAX; count <= VIRTQUEUE_SIZE_MAX + 1u; count++)
			many((kind & 1u) != 0u, count, kind >> 1);
}

/* What 2.8.7 ignores: flags of a table's entries but WRITE. A table may be at any address. */
static void test_packed_table(void **state)
{
	struct bad bad = {.features = PACKED | INDIRECT, .ring = {{TABLE + 3u, 32u, I | W, 77u}}};
	struct ring_descriptor entries[2] = {{DATA, 8u, 99u, N | I | 0x8080u},
	                                     {DATA + 8u, 4u, 98u, W | N | I}};

	(void)state;
	make_bad(&bad);
	memcpy(host_at(&host, TABLE + 3u), entries, sizeof(entries));
	assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_TAKEN);
	assert_int_equal(chain.id, 77u);
	assert_int_equal(chain.slots, 1u);
	assert_int_equal(chain.out_bytes, 8u);
	assert_int_equal(chain.in_bytes, 4u);
	assert_true(host_stop(&host));
}

/* 2.7.5.3.2: direct descriptors and then a table, WRITE beside INDIRECT ignored. */
static void test_split_mixed(void **state)
{
	struct bad bad = {.features = INDIRECT,
	                  .ring = {{DATA, 8u, N, 2u}, {0u, 0u, 0u, 0u}, {TABLE, 32u, I | W, 0u}},
	                  .table = {{DATA + 8u, 8u, N, 1u}, {DATA + 16u, 8u, W, 0u}}};

	(void)state;
	make_bad(&bad);
	assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_TAKEN);
	assert_int_equal(chain.out_bytes, 16u);
	assert_int_equal(chain.in_bytes, 8u);
	assert_true(host_stop(&host));
}

/* Descriptors that the device still has are made available again. */
static void test_not_returned(void **state)
{
	struct ring_buffer buffer = {DATA, 8u, true};
	uint16_t id;

	(void)state;
	for (uint32_t packed = 0u; packed < 2u; packed++) {
		assert_true(host_start(&host, packed != 0u ? PACKED : 0u, 4u));
		for (uint32_t i = 0u; i < 4u; i++) {
			assert_true(ring_add(&host.ring, &buffer, 1u, NULL, 0u, &id));
			assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_TAKEN);
		}
		assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_EMPTY);
		host.ring.free_count = 1u;
		assert_true(ring_add(&host.ring, &buffer, 1u, NULL, 0u, &id));
		must_break("not returned");
		assert_true(host_stop(&host));
	}
	/* a list of descriptors longer than what is free of the ring */
	assert_true(host_start(&host, PACKED, 4u));
	for (uint32_t i = 0u; i < 4u; i++) {
		struct bad_descriptor one = {DATA, 1u, (uint16_t)(i == 0u ? 0u : N), 0u};

		set(HOST_RAM + 16u * i, &one, true, RING_AVAIL);
	}
	assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_TAKEN);
	must_break("longer than the ring");
	assert_true(host_stop(&host));
}

/* Each time it was available, and then it was not: an answer, not a loop. */
static void test_index_to_and_fro(void **state)
{
	(void)state;
	assert_true(host_start(&host, 0u, SIZE));
	for (uint32_t i = 0u; i < 8u; i++) {
		word(HOST_DRIVER)[1] = 1u;
		assert_true(virtqueue_want_notify(&host.queue));
		word(HOST_DRIVER)[1] = 0u;
		assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_EMPTY);
	}
	assert_true(host_stop(&host));
}

/* 2.8.14: values that are reserved, or not agreed, stop no interrupt. */
static void test_event_flags(void **state)
{
	struct ring_buffer buffer = {DATA, 8u, true};
	uint16_t id;

	(void)state;
	for (uint16_t flags = 0u; flags < 8u; flags++) {
		assert_true(host_start(&host, PACKED, 4u));
		assert_true(ring_add(&host.ring, &buffer, 1u, NULL, 0u, &id));
		assert_int_equal(virtqueue_take(&host.queue, &chain), VIRTQUEUE_TAKEN);
		word(HOST_DRIVER)[0] = 3u;
		word(HOST_DRIVER)[1] = flags;
		virtqueue_give(&host.queue, &chain, 0u);
		assert_int_equal(virtqueue_wants_interrupt(&host.queue), (flags & 3u) != 1u);
		assert_true(host_stop(&host));
	}
}

static bool starts(uint64_t features, uint32_t size, uint64_t descriptors, uint64_t driver,
                   uint64_t device)
{
	host.queue.size = size;
	host.queue.descriptors = descriptors;
	host.queue.driver = driver;
	host.queue.device = device;
	return virtqueue_start(&host.queue, features);
}

static void test_start(void **state)
{
	static const uint64_t bad[] = {HOST_RAM - 16u, BANK_END,
	                               BANK_END - 16u, BANK_END + HOST_HOLE - 4u,
	                               HOST_END,       UINT64_MAX - 15u};
	const uint64_t good = HOST_RAM;

	(void)state;
	assert_true(host_start(&host, 0u, SIZE));
	for (uint32_t size = 0u; size <= 300u; size++) {
		bool split = size != 0u && size <= VIRTQUEUE_SIZE_MAX && (size & (size - 1u)) == 0u;

		assert_int_equal(starts(0u, size, good, good, good), split);
		assert_int_equal(starts(PACKED, size, good, good, good),
		                 size != 0u && size <= VIRTQUEUE_SIZE_MAX);
	}
	assert_false(starts(0u, 0x10008u, good, good, good));
	assert_false(starts(PACKED, UINT32_MAX, good, good, good));
	for (uint32_t i = 0u; i < 32u; i++) {
		assert_int_equal(starts(0u, SIZE, good + i, good, good), i % 16u == 0u);
		assert_int_equal(starts(0u, SIZE, good, good + i, good), i % 2u == 0u);
		assert_int_equal(starts(0u, SIZE, good, good, good + i), i % 4u == 0u);
		assert_int_equal(starts(PACKED, SIZE, good + i, good, good), i % 16u == 0u);
		assert_int_equal(starts(PACKED, SIZE, good, good + i, good), i % 4u == 0u);
		assert_int_equal(starts(PACKED, SIZE, good, good, good + i), i % 4u == 0u);
	}
	for (uint32_t i = 0u; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(starts(0u, SIZE, bad[i], good, good));
		assert_int_equal(starts(0u, SIZE, good, bad[i], good), false);
		assert_false(starts(0u, SIZE, good, good, bad[i]));
		assert_false(starts(PACKED, SIZE, bad[i], good, good));
		/* 16 bytes before the end are enough for these two */
		assert_int_equal(starts(PACKED, SIZE, good, bad[i], good), i == 2u);
		assert_int_equal(starts(PACKED, SIZE, good, good, bad[i]), i == 2u);
	}
	/* to the last byte of a bank, and one too many: 6 + 2 * 8 and 6 + 8 * 8 */
	assert_true(starts(0u, SIZE, BANK_END - 128u, BANK_END - 22u, BANK_END - 72u));
	assert_false(starts(0u, SIZE, good, BANK_END - 20u, good));
	assert_false(starts(0u, SIZE, good, good, BANK_END - 68u));
	assert_false(starts(0u, SIZE, BANK_END - 112u, good, good));
	assert_true(starts(PACKED, SIZE, BANK_END - 128u, BANK_END - 4u, BANK_END - 4u));
	assert_true(host_stop(&host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),        cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_packed_table), cmocka_unit_test(test_split_mixed),
		cmocka_unit_test(test_not_returned), cmocka_unit_test(test_index_to_and_fro),
		cmocka_unit_test(test_event_flags),  cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
