/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/virtio/virtqueue.c user/vmm/virtio/virtqueue_split.c
 *	user/vmm/virtio/virtqueue_packed.c user/vmm/ram.c guests/lib/bare_ring.c
 *	tests/unit/virtqueue_host.c
 */
/*
 * Virtqueues with a driver that obeys: all sizes and features, chains of all lengths in random
 * schedules; what is taken is what was made available, what is given comes back once, with its
 * length, in order where that is agreed; every notification and interrupt that must be, and no other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/virtqueue_host.h"

#define AREA_BYTES  512u /* of buffers, for each chain */
#define MOST        8u   /* buffers in a random chain */
#define TABLE_BYTES (16u * MOST)

/* What the driver knows of a chain. */
struct sent {
	uint64_t order; /* of adding */
	uint32_t area;
	uint32_t out_bytes;
	uint32_t in_bytes;
	uint32_t written; /* as the device said when it gave it */
	bool taken;
	bool given;
};

static struct virtqueue_host host;
static uint64_t features;
static uint64_t random_state;
static struct sent sent[RING_SIZE_MAX]; /* by id */
static bool area_busy[RING_SIZE_MAX];
static struct virtio_chain held[RING_SIZE_MAX]; /* by the device */
static uint32_t held_count;
static uint64_t added;
static uint64_t returned;
static bool armed;      /* the device is idle and must be told */
static bool wants_next; /* the driver must be interrupted */

static uint32_t pick(uint32_t count)
{
	/* xorshift64*, Vigna 2016 */
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 33) % count;
}

static bool has(uint64_t feature)
{
	return (features & feature) != 0u;
}

static uint32_t free_area(void)
{
	for (uint32_t i = 0u; i < RING_SIZE_MAX; i++) {
		if (!area_busy[i])
			return i;
	}
	fail_msg("more chains than descriptors");
	return 0u;
}

/* Buffers of a chain in its area: readable ones with a pattern, then writable ones. */
static void make(struct ring_buffer *buffers, uint32_t count, uint32_t area, struct sent *is)
{
	uint64_t ipa = HOST_RAM + HOST_DATA + AREA_BYTES * area;
	uint32_t readable = pick(count + 1u);

	*is = (struct sent){.order = added, .area = area};
	memset(host_at(&host, ipa), (int)(added & 0x7fu), AREA_BYTES);
	for (uint32_t i = 0u; i < count; i++) {
		uint32_t bytes = pick(8u) == 0u ? 0u : pick(AREA_BYTES / MOST) + 1u;

		buffers[i] = (struct ring_buffer){ipa, bytes, i >= readable};
		ipa += bytes;
		*(i < readable ? &is->out_bytes : &is->in_bytes) += bytes;
	}
}

static bool driver_adds(void)
{
	struct ring_buffer buffers[MOST];
	uint32_t count = 1u + pick(MOST);
	uint32_t area = free_area();
	bool indirect = has(VIRTIO_F_INDIRECT_DESC) && pick(2u) == 0u;
	uint64_t table = HOST_RAM + HOST_TABLE + TABLE_BYTES * area;
	struct sent is;
	uint16_t id;

	if (!indirect && count > host.ring.size)
		count = host.ring.size;
	make(buffers, count, area, &is);
	if (!ring_add(&host.ring, buffers, count, indirect ? host_at(&host, table) : NULL, table,
	              &id))
		return false;
	area_busy[area] = true;
	sent[id] = is;
	added++;
	return true;
}

/* Whether a notification is due is known exactly: the device is idle and has said so. */
static void driver_kicks(bool new)
{
	bool kick = ring_kick(&host.ring);

	/* a packed ring's event that was not renewed comes again two laps later (2.8.10) */
	if (has(VIRTIO_F_EVENT_IDX) && (armed || !host.ring.packed))
		assert_int_equal(kick, new &&armed);
	else if (!has(VIRTIO_F_EVENT_IDX))
		assert_int_equal(kick, new); /* never suppressed in these schedules */
	armed = armed && !new;
}

static void device_takes(uint32_t most)
{
	for (uint32_t i = 0u; i < most; i++) {
		struct virtio_chain *chain = &held[held_count];
		struct sent *is;
		uint8_t bytes[MOST * AREA_BYTES];
		enum virtqueue_answer answer = virtqueue_take(&host.queue, chain);

		if (answer == VIRTQUEUE_EMPTY) {
			armed = true;
			assert_false(virtqueue_want_notify(&host.queue));
			return;
		}
		assert_int_equal(answer, VIRTQUEUE_TAKEN);
		assert_true(chain->id < host.ring.size);
		is = &sent[chain->id];
		assert_false(is->taken);
		is->taken = true;
		assert_int_equal(chain->out_bytes, is->out_bytes);
		assert_int_equal(chain->in_bytes, is->in_bytes);
		assert_int_equal(virtio_copy_from(virtio_out(chain), chain->out_count, 0u, bytes,
		                                  sizeof(bytes)),
		                 is->out_bytes);
		for (uint32_t j = 0u; j < is->out_bytes; j++)
			assert_int_equal(bytes[j], is->order & 0x7fu);
		held_count++;
	}
}

static void device_gives(void)
{
	uint8_t bytes[MOST * AREA_BYTES];
	uint32_t which = pick(held_count);
	struct virtio_chain *chain = &held[which];
	struct sent *is = &sent[chain->id];

	is->written = pick(is->in_bytes + 1u);
	is->given = true;
	memset(bytes, 0x80, sizeof(bytes));
	assert_int_equal(virtio_copy_to(virtio_in(chain), chain->in_count, 0u, bytes, is->written),
	                 is->written);
	virtqueue_give(&host.queue, chain, is->written);
	*chain = held[--held_count];
}

/* What the driver finds; with stop, how many it leaves is not known: nothing is. */
static uint32_t driver_collects(void)
{
	uint32_t count = 0u;
	uint32_t written;
	uint16_t id;

	while (ring_used(&host.ring, &id, &written)) {
		struct sent *is = &sent[id];
		const uint8_t *data;

		assert_true(is->given);
		assert_int_equal(written, is->written);
		if (has(VIRTIO_F_IN_ORDER))
			assert_int_equal(is->order, returned);
		data = host_at(&host, HOST_RAM + HOST_DATA + AREA_BYTES * is->area);
		for (uint32_t i = 0u; i < AREA_BYTES; i++) {
			bool theirs = i >= is->out_bytes && i < is->out_bytes + written;

			assert_int_equal(data[i], theirs ? 0x80u : is->order & 0x7fu);
		}
		area_busy[is->area] = false;
		*is = (struct sent){0};
		returned++;
		count++;
	}
	assert_false(host.ring.broken);
	return count;
}

/* The interrupt comes exactly when something was returned that the driver waits for. */
static void device_tells(void)
{
	uint16_t used = host.ring.used;
	bool wrap = host.ring.used_wrap;
	bool wants = virtqueue_wants_interrupt(&host.queue);
	bool something = driver_collects() != 0u;

	/* packed: as in driver_kicks */
	if (has(VIRTIO_F_EVENT_IDX) && (wants_next || !host.ring.packed))
		assert_int_equal(wants, something && wants_next);
	else if (!has(VIRTIO_F_EVENT_IDX))
		assert_int_equal(wants, something);
	assert_int_equal(something, used != host.ring.used || wrap != host.ring.used_wrap);
	if (something)
		wants_next = false;
	if (!wants_next && pick(3u) != 0u) {
		wants_next = true;
		assert_false(ring_want_interrupt(&host.ring, 0u));
	}
}

static void schedule(uint64_t which, uint16_t size, uint64_t chains)
{
	features = which;
	added = returned = 0u;
	held_count = 0u;
	/* rings of zeroes: the device waits for the first, and so does the driver */
	armed = true;
	wants_next = true;
	memset(sent, 0, sizeof(sent));
	memset(area_busy, 0, sizeof(area_busy));
	assert_true(host_start(&host, features, size));
	while (added < chains) {
		uint32_t new = 0u;

		for (uint32_t i = pick(4u); i != 0u && driver_adds(); i--)
			new ++;
		driver_kicks(new != 0u);
		device_takes(pick(6u));
		for (uint32_t i = pick(5u); i != 0u && held_count != 0u; i--)
			device_gives();
		device_tells();
	}
	device_takes(UINT32_MAX);
	while (held_count != 0u)
		device_gives();
	device_tells();
	assert_int_equal(returned, added);
	assert_int_equal(host.ring.free_count, size);
	assert_true(host_stop(&host));
}

static uint64_t features_of(uint32_t bits)
{
	return ((bits & 1u) != 0u ? VIRTIO_F_INDIRECT_DESC : 0u) |
	       ((bits & 2u) != 0u ? VIRTIO_F_EVENT_IDX : 0u) |
	       ((bits & 4u) != 0u ? VIRTIO_F_IN_ORDER : 0u) |
	       ((bits & 8u) != 0u ? VIRTIO_F_RING_PACKED : 0u);
}

static void test_schedules(void **state)
{
	(void)state;
	random_state = 1u;
	for (uint32_t bits = 0u; bits < 16u; bits++) {
		for (uint16_t size = 1u; size <= VIRTQUEUE_SIZE_MAX; size++) {
			if ((bits & 8u) != 0u || (size & (size - 1u)) == 0u)
				schedule(features_of(bits), size, 6u * size);
		}
	}
}

/* Indices of 16 bits and the count of interrupts wrap. */
static void test_long(void **state)
{
	(void)state;
	random_state = 2u;
	schedule(VIRTIO_F_EVENT_IDX, 4u, 0x10100u);
	schedule(VIRTIO_F_EVENT_IDX | VIRTIO_F_IN_ORDER, 16u, 0x10100u);
	schedule(VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER, 7u, 0x10100u);
}

/* A chain as long as may be, direct and indirect, and one of empty buffers. */
static void longest(uint64_t which, uint16_t size, uint32_t count, uint32_t bytes)
{
	struct ring_buffer buffers[VIRTQUEUE_SIZE_MAX];
	bool indirect = (which & VIRTIO_F_INDIRECT_DESC) != 0u;
	uint64_t table = HOST_RAM + HOST_TABLE + 8u;
	uint32_t written;
	uint16_t id;

	for (uint32_t i = 0u; i < count; i++)
		buffers[i] = (struct ring_buffer){HOST_RAM + HOST_DATA + 16u * i, bytes,
		                                  i >= count / 2u};
	assert_true(host_start(&host, which, size));
	/* twice: from the start of the ring, and from where that left it */
	for (uint32_t i = 0u; i < 2u; i++) {
		assert_true(ring_add(&host.ring, buffers, count,
		                     indirect ? host_at(&host, table) : NULL, table, &id));
		assert_int_equal(virtqueue_take(&host.queue, &held[0]), VIRTQUEUE_TAKEN);
		assert_int_equal(held[0].out_count + held[0].in_count, bytes != 0u ? count : 0u);
		assert_int_equal(held[0].out_bytes, count / 2u * bytes);
		assert_int_equal(held[0].in_bytes, (count - count / 2u) * bytes);
		virtqueue_give(&host.queue, &held[0], 0u);
		assert_true(ring_used(&host.ring, &id, &written));
	}
	assert_true(host_stop(&host));
}

static void test_longest(void **state)
{
	(void)state;
	for (uint32_t bits = 0u; bits < 16u; bits++) {
		uint64_t which = features_of(bits);
		bool indirect = (which & VIRTIO_F_INDIRECT_DESC) != 0u;

		longest(which, VIRTQUEUE_SIZE_MAX, VIRTQUEUE_SIZE_MAX, 16u);
		longest(which, VIRTQUEUE_SIZE_MAX, VIRTQUEUE_SIZE_MAX, 0u);
		longest(which, 2u, indirect ? VIRTQUEUE_SIZE_MAX : 2u, 1u);
		if ((which & VIRTIO_F_RING_PACKED) != 0u)
			longest(which, 3u, indirect ? VIRTQUEUE_SIZE_MAX : 2u, 1u);
	}
}

static void add_one(void)
{
	struct ring_buffer buffer = {HOST_RAM + HOST_DATA, 8u, true};
	uint16_t id;

	assert_true(ring_add(&host.ring, &buffer, 1u, NULL, 0u, &id));
}

/* 2.7.7.2, 2.7.10, 2.8.10: with flags alone, both ways; and with them stopped. */
static void test_suppression(void **state)
{
	(void)state;
	for (uint32_t bits = 0u; bits < 16u; bits += 2u) {
		bool exact = (bits & 2u) != 0u;
		bool split = (bits & 8u) == 0u;

		assert_true(host_start(&host, features_of(bits), 8u));
		assert_false(virtqueue_wants_interrupt(&host.queue));
		virtqueue_stop_notify(&host.queue);
		add_one();
		/* split with EVENT_IDX has no word for it: the event stays where it was */
		assert_int_equal(ring_kick(&host.ring), split && exact);
		assert_false(ring_kick(&host.ring));
		assert_true(virtqueue_want_notify(&host.queue));
		assert_int_equal(virtqueue_take(&host.queue, &held[0]), VIRTQUEUE_TAKEN);
		assert_int_equal(virtqueue_take(&host.queue, &held[1]), VIRTQUEUE_EMPTY);
		assert_false(virtqueue_want_notify(&host.queue));
		add_one();
		assert_true(ring_kick(&host.ring));
		add_one();
		assert_int_equal(ring_kick(&host.ring), !exact);
		assert_int_equal(virtqueue_take(&host.queue, &held[1]), VIRTQUEUE_TAKEN);
		ring_stop_interrupts(&host.ring);
		virtqueue_give(&host.queue, &held[0], 8u);
		assert_int_equal(virtqueue_wants_interrupt(&host.queue), split && exact);
		assert_true(ring_want_interrupt(&host.ring, 0u));
		virtqueue_give(&host.queue, &held[1], 8u);
		assert_true(virtqueue_wants_interrupt(&host.queue) || exact);
		assert_false(virtqueue_wants_interrupt(&host.queue));
		assert_int_equal(ring_used(&host.ring, &held[0].id, &held[0].in_bytes), true);
		assert_int_equal(ring_used(&host.ring, &held[0].id, &held[0].in_bytes), true);
		assert_true(host_stop(&host));
	}
}

/* The driver waits for the third from now on: interrupted by it, in whatever batch it comes. */
static void test_late_event(void **state)
{
	(void)state;
	for (uint32_t batch = 1u; batch <= 4u; batch++) {
		assert_true(host_start(&host, VIRTIO_F_EVENT_IDX, 8u));
		assert_false(ring_want_interrupt(&host.ring, 2u));
		for (uint32_t done = 0u; done < 8u; done += batch) {
			for (uint32_t i = 0u; i < batch; i++) {
				add_one();
				assert_int_equal(virtqueue_take(&host.queue, &held[0]),
				                 VIRTQUEUE_TAKEN);
				virtqueue_give(&host.queue, &held[0], 8u);
			}
			assert_int_equal(virtqueue_wants_interrupt(&host.queue),
			                 done < 3u && done + batch >= 3u);
			while (ring_used(&host.ring, &held[0].id, &held[0].in_bytes))
				;
		}
		assert_true(host_stop(&host));
	}
}

/* A driver that refills while the device gives and never asks: 2^16 returned are not none. */
static void test_many_before_asking(void **state)
{
	(void)state;
	for (uint32_t bits = 0u; bits < 16u; bits += 2u) {
		uint32_t written;
		uint16_t id;

		assert_true(host_start(&host, features_of(bits), 4u));
		for (uint32_t i = 0u; i < 0x10000u; i++) {
			add_one();
			assert_int_equal(virtqueue_take(&host.queue, &held[0]), VIRTQUEUE_TAKEN);
			virtqueue_give(&host.queue, &held[0], 8u);
			assert_true(ring_used(&host.ring, &id, &written));
		}
		assert_true(virtqueue_wants_interrupt(&host.queue));
		assert_true(host_stop(&host));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedules),  cmocka_unit_test(test_long),
		cmocka_unit_test(test_longest),    cmocka_unit_test(test_suppression),
		cmocka_unit_test(test_late_event), cmocka_unit_test(test_many_before_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
