/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/dev/virtio_net.c user/vmm/virtio/net_filter.c user/vmm/virtio/virtio.c
 *	user/vmm/virtio/virtqueue.c user/vmm/virtio/virtqueue_split.c
 *	user/vmm/virtio/virtqueue_packed.c user/vmm/bus.c user/vmm/ram.c
 *	user/services/switch_port.c user/services/switch_macs.c user/services/switch_forward.c
 *	user/lib/net_client.c user/lib/net_packet.c user/lib/message.c tests/unit/vmm_host.c
 */
/*
 * The virtual network device, from its driver's side (split rings in fake guest RAM) and from the
 * other side of a real switch, where a native port is. What the guest sends arrives there, what that
 * port sends arrives in the guest's buffers, by the features that were negotiated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmm_host.h"
#include "user/lib/net_client.h"
#include "user/services/switch.h"
#include "user/vmm/bus.h"
#include "user/vmm/ram.h"
#include "user/vmm/virtio/net_filter.h"

#define DEVICE 0xa000000u
#define RAM    0x40000000u
#define BYTES  0x100000u
#define SIZE   16u /* of each ring */

#define F_CSUM       (1ull << 0)
#define F_GUEST_CSUM (1ull << 1)
#define F_MAC        (1ull << 5)
#define F_GUEST_TSO4 (1ull << 7)
#define F_HOST_TSO4  (1ull << 11)
#define F_MRG_RXBUF  (1ull << 15)
#define F_STATUS     (1ull << 16)
#define F_CTRL_VQ    (1ull << 17)
#define F_VERSION_1  (1ull << 32)

#define STATUS_NEEDS_RESET 64u

struct ring {
	uint16_t avail;
	uint16_t used;
};

static uint8_t *ram;
static uint8_t *pool[2];
static uint8_t *channel[2];
static struct virtual_switch sw;
static struct net_client peer;
static struct process_channel info[2]; /* the switch's ends */
static struct process_channel end;     /* the device's */
static struct process_pool pools[2][2];
static struct ring rings[2u * NET_PAIRS + 1u];
static uint64_t features;

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

static uint32_t area(uint32_t queue)
{
	return 0x1000u * (queue + 1u);
}

/* The buffer of a descriptor. */
static uint8_t *buffer(uint32_t queue, uint32_t descriptor)
{
	return ram + 0x20000u + (queue * SIZE + descriptor) * 0x1000u;
}

static void put(uint32_t queue, uint32_t descriptor, uint32_t bytes, uint16_t flags, uint16_t next)
{
	uint8_t *at = ram + area(queue) + 16u * descriptor;
	uint64_t address = RAM + (uint64_t)(buffer(queue, descriptor) - ram);

	memcpy(at, &address, 8u);
	memcpy(at + 8, &bytes, 4u);
	memcpy(at + 12, &flags, 2u);
	memcpy(at + 14, &next, 2u);
}

static void offer(uint32_t queue, uint16_t head)
{
	uint8_t *avail = ram + area(queue) + 0x400u;

	memcpy(avail + 4u + 2u * (rings[queue].avail % SIZE), &head, 2u);
	rings[queue].avail++;
	memcpy(avail + 2, &rings[queue].avail, 2u);
}

/* The next used element; false: none. */
static bool used(uint32_t queue, uint32_t *head, uint32_t *bytes)
{
	const uint8_t *at = ram + area(queue) + 0x800u;
	uint16_t index;

	memcpy(&index, at + 2, 2u);
	if (index == rings[queue].used)
		return false;
	memcpy(head, at + 4u + 8u * (rings[queue].used % SIZE), 4u);
	memcpy(bytes, at + 8u + 8u * (rings[queue].used % SIZE), 4u);
	rings[queue].used++;
	return true;
}

static void serve(void)
{
	uint64_t deadline = UINT64_MAX;

	for (uint32_t turn = 0u; turn < 3u; turn++) {
		(void)net_client_tell(&peer);
		for (uint32_t i = 0u; i < 2u; i++) {
			switch_port_follow(&sw, i);
			switch_port_collect(&sw, i);
		}
		for (uint32_t i = 0u; i < 2u; i++) {
			while (switch_port_next(&sw, i, 1000u, &deadline))
				switch_forward(&sw, i, 1000u);
		}
		for (uint32_t i = 0u; i < 2u; i++)
			(void)switch_port_tell(&sw, i);
		(void)net_client_poll(&peer);
		bus_poll(1ull << info[0].bit);
	}
}

static void start_switch(void)
{
	memset(&sw, 0, sizeof(sw));
	for (uint32_t i = 0u; i < 2u; i++)
		assert_null(switch_port_open(&sw, &info[i], pool[i], "lan"));
	switch_start(&sw, NULL, 1000u);
}

static int setup(void **state)
{
	static const struct vm_device device = {
		.backend = "net", .ipa = DEVICE, .bytes = 0x200u, .intid = 40u, .channel = 0u};
	static const struct vm_bank bank = {.ipa = RAM, .bytes = BYTES};
	struct net_settings settings = {.queues = 2u, .mtu = 1500u, .offload = 1u};

	(void)state;
	fake_host_reset();
	if (ram == NULL)
		ram = calloc(1u, BYTES);
	ram_init(&bank, 1u, (uintptr_t)ram - RAM);
	for (uint32_t i = 0u; i < 2u; i++) {
		if (pool[i] == NULL) {
			pool[i] = calloc(1u, NET_POOL_BYTES);
			channel[i] = calloc(1u, NET_CHANNEL_BYTES);
		}
		memset(channel[i], 0, NET_CHANNEL_BYTES);
		info[i] = (struct process_channel){.va = (uintptr_t)channel[i],
		                                   .bytes = NET_CHANNEL_BYTES,
		                                   .bit = 5u,
		                                   .name = "a"};
		memcpy(info[i].settings, &settings, sizeof(settings));
		for (uint32_t j = 0u; j < 2u; j++)
			pools[i][j] = (struct process_pool){.va = (uintptr_t)pool[j],
			                                    .bytes = NET_POOL_BYTES,
			                                    .port = j,
			                                    .writable = i == j};
	}
	info[1].name[0] = 'b';
	end = info[0];
	memcpy(end.name, "lan", 4u);
	memcpy(fake_host.info.name, "a", 2u);
	fake_host.info.channels = (uintptr_t)&end;
	fake_host.info.pools = (uintptr_t)pools[0];
	fake_host.info.pool_count = 2u;
	start_switch();
	assert_null(bus_init(&device, 1u, &end, 1u));
	assert_true(net_client_open(&peer, &info[1], 0u, pools[1], 2u));
	serve();
	assert_true(peer.connected);
	return 0;
}

static void start(uint64_t wanted)
{
	memset(ram, 0, BYTES);
	memset(rings, 0, sizeof(rings));
	features = wanted | F_VERSION_1;
	wr(0x70u, 0u);
	wr(0x70u, 3u);
	wr(0x24u, 0u);
	wr(0x20u, (uint32_t)features);
	wr(0x24u, 1u);
	wr(0x20u, (uint32_t)(features >> 32));
	wr(0x70u, 11u);
	assert_int_equal(rd(0x70u), 11u);
	for (uint32_t queue = 0u; queue < 5u; queue++) {
		wr(0x30u, queue);
		wr(0x38u, SIZE);
		wr(0x80u, RAM + area(queue));
		wr(0x90u, RAM + area(queue) + 0x400u);
		wr(0xa0u, RAM + area(queue) + 0x800u);
		wr(0x44u, 1u);
	}
	wr(0x70u, 15u);
	assert_int_equal(rd(0x70u), 15u);
}

static void guest_sends(const uint8_t *header, const uint8_t *frame, uint32_t bytes)
{
	memcpy(buffer(1u, 0u), header, 12u);
	memcpy(buffer(1u, 1u), frame, bytes);
	put(1u, 0u, 12u, 1u, 1u);
	put(1u, 1u, bytes, 0u, 0u);
	offer(1u, 0u);
	wr(0x50u, 1u);
	serve();
}

/* Buffers of `bytes` bytes in the first receive queue. */
static void guest_offers(uint32_t first, uint32_t count, uint32_t bytes)
{
	for (uint32_t i = first; i < first + count; i++) {
		put(0u, i, bytes, 2u, 0u);
		offer(0u, (uint16_t)i);
	}
	wr(0x50u, 0u);
}

static void fill(uint8_t *frame, uint32_t bytes, const uint8_t *to, const uint8_t *from)
{
	for (uint32_t i = 0u; i < bytes; i++)
		frame[i] = (uint8_t)(i * 7u);
	memcpy(frame, to, 6u);
	memcpy(frame + 6, from, 6u);
	frame[12] = 0x08u;
	frame[13] = 0x00u;
}

static void peer_sends(const uint8_t *frame, uint32_t bytes, struct net_frame as)
{
	uint32_t slot = net_client_slots(&peer, bytes);

	assert_int_not_equal(slot, NET_NO_SLOT);
	memcpy(net_client_slot_at(&peer, slot), frame, bytes);
	as.offset = slot * NET_SLOT_BYTES;
	as.bytes = bytes;
	net_client_send(&peer, &as);
	serve();
}

static bool peer_gets(struct net_frame *frame, const uint8_t **data)
{
	if (!net_client_receive(&peer, frame, data))
		return false;
	net_client_done(&peer, frame);
	return true;
}

static void test_config(void **state)
{
	(void)state;
	assert_int_equal(rd(0x08u), 1u);
	for (uint32_t i = 0u; i < 6u; i++) {
		uint64_t byte = 0u;

		assert_true(bus_read(bus_find(DEVICE), DEVICE + 0x100u + i, 1u, &byte));
		assert_int_equal(byte, sw.port[0].mac[i]);
	}
	assert_int_equal(rd(0x104u) >> 16, 1u); /* the link is up */
	assert_int_equal(rd(0x108u), 1500u << 16 | 2u);
	start_switch();
	bus_poll(1ull << info[0].bit);
	assert_int_equal(rd(0x104u) >> 16, 0u);
	serve();
	assert_int_equal(rd(0x104u) >> 16, 1u);
}

static void test_send(void **state)
{
	static const uint8_t none[12];
	static const uint8_t sum[12] = {1u, 0u, 0u, 0u, 0u, 0u, 34u, 0u, 6u, 0u};
	static const uint8_t beyond[12] = {1u, 0u, 0u, 0u, 0u, 0u, 0xffu, 0xffu, 6u, 0u};
	static const uint8_t large[12] = {1u, 1u, 54u, 0u, 100u, 0u, 34u, 0u, 16u, 0u};
	struct net_frame frame;
	const uint8_t *data;
	uint8_t out[1600];
	uint32_t head = 0u;
	uint32_t bytes = 0u;

	(void)state;
	fill(out, sizeof(out), sw.port[1].mac, sw.port[0].mac);
	start(F_CSUM);
	guest_sends(none, out, 100u);
	assert_true(used(1u, &head, &bytes));
	assert_int_equal(bytes, 0u);
	assert_true(peer_gets(&frame, &data));
	assert_int_equal(frame.bytes, 100u);
	assert_memory_equal(data, out, 100u);
	guest_sends(sum, out, 1514u);
	assert_true(peer_gets(&frame, &data));
	assert_int_equal(frame.csum_start, 34u);
	/* an offset outside, an offload that was not negotiated, too short, too long: dropped, given back */
	guest_sends(beyond, out, 100u);
	guest_sends(large, out, 1514u);
	guest_sends(none, out, 13u);
	guest_sends(none, out, 1519u);
	assert_false(peer_gets(&frame, &data));
	for (uint32_t i = 0u; i < 5u; i++)
		assert_true(used(1u, &head, &bytes));
	assert_false(sw.port[0].cut);
	start(0u);
	guest_sends(sum, out, 1514u);
	assert_false(peer_gets(&frame, &data));
	assert_int_equal(rd(0x70u) & STATUS_NEEDS_RESET, 0u);
}

/* The pool is full: what cannot go out waits, and goes when there is room. */
static void test_full(void **state)
{
	static const uint8_t none[12];
	struct net_frame frame;
	const uint8_t *data;
	uint8_t out[100];
	uint32_t count = 0u;
	uint32_t head = 0u;
	uint32_t bytes = 0u;

	(void)state;
	fill(out, sizeof(out), sw.port[1].mac, sw.port[0].mac);
	start(0u);
	for (uint32_t i = 0u; i < NET_SLOTS + 3u; i++) {
		memcpy(buffer(1u, 0u), none, 12u);
		memcpy(buffer(1u, 1u), out, sizeof(out));
		put(1u, 0u, 12u, 1u, 1u);
		put(1u, 1u, sizeof(out), 0u, 0u);
		offer(1u, 0u);
		wr(0x50u, 1u); /* the switch does not run */
		if (used(1u, &head, &bytes))
			count++;
		else
			break;
	}
	assert_int_equal(count, NET_SLOTS);
	serve();
	assert_true(used(1u, &head, &bytes));
	for (count = 0u; peer_gets(&frame, &data); count++)
		serve();
	assert_true(count > 100u);
}

static void test_merged(void **state)
{
	uint8_t out[3000];
	uint8_t in[3000];
	uint32_t at = 0u;
	uint32_t head = 0u;
	uint32_t bytes = 0u;

	(void)state;
	fill(out, sizeof(out), sw.port[0].mac, sw.port[1].mac);
	start(F_MRG_RXBUF);
	guest_offers(0u, 2u, 1000u);
	peer_sends(out, sizeof(out), (struct net_frame){0});
	assert_false(used(0u, &head, &bytes)); /* not all of it has room */
	guest_offers(2u, 3u, 1000u);
	for (uint32_t i = 0u; i < 4u; i++) {
		uint32_t skip = i == 0u ? 12u : 0u;

		assert_true(used(0u, &head, &bytes));
		assert_int_equal(head, i);
		memcpy(in + at, buffer(0u, head) + skip, bytes - skip);
		at += bytes - skip;
	}
	assert_int_equal(at, sizeof(out));
	assert_memory_equal(in, out, sizeof(out));
	assert_int_equal(buffer(0u, 0u)[10], 4u);
	assert_false(used(0u, &head, &bytes));
	serve();
	assert_int_equal(sw.port[0].holding[1], 0u);
	/* without merging a frame that does not fit is lost, and its buffer comes back empty */
	start(0u);
	guest_offers(0u, 2u, 1000u);
	peer_sends(out, sizeof(out), (struct net_frame){0});
	peer_sends(out, 500u, (struct net_frame){0});
	assert_true(used(0u, &head, &bytes));
	assert_int_equal(bytes, 0u);
	assert_true(used(0u, &head, &bytes));
	assert_int_equal(bytes, 512u);
	assert_int_equal(buffer(0u, head)[10], 1u);
}

/* A large frame, for a guest that takes such, and for one that does not. */
static void test_large(void **state)
{
	struct net_frame as = {.flags = NET_NEEDS_CSUM,
	                       .gso_type = NET_GSO_TCP4,
	                       .gso_size = 1000u,
	                       .hdr_len = 54u,
	                       .csum_start = 34u,
	                       .csum_offset = 16u};
	uint8_t out[2554];
	uint32_t head = 0u;
	uint32_t bytes = 0u;

	(void)state;
	fill(out, sizeof(out), sw.port[0].mac, sw.port[1].mac);
	out[14] = 0x45u;
	out[46] = 0x50u;
	start(F_GUEST_CSUM | F_GUEST_TSO4);
	guest_offers(0u, 4u, 4000u);
	peer_sends(out, sizeof(out), as);
	assert_true(used(0u, &head, &bytes));
	assert_int_equal(bytes, 12u + sizeof(out));
	assert_int_equal(buffer(0u, head)[0], 1u);
	assert_int_equal(buffer(0u, head)[1], 1u);
	start(0u);
	guest_offers(0u, 4u, 4000u);
	peer_sends(out, sizeof(out), as);
	for (uint32_t i = 0u; i < 3u; i++) {
		assert_true(used(0u, &head, &bytes));
		assert_int_equal(bytes, 12u + 54u + (i < 2u ? 1000u : 500u));
		assert_int_equal(buffer(0u, head)[0], 0u);
		assert_int_equal(buffer(0u, head)[1], 0u);
	}
	assert_false(used(0u, &head, &bytes));
}

static uint8_t command(uint32_t queue, const void *data, uint32_t bytes)
{
	uint32_t head;
	uint32_t written;

	memcpy(buffer(queue, 0u), data, bytes);
	*buffer(queue, 1u) = 0xaau;
	put(queue, 0u, bytes, 1u, 1u);
	put(queue, 1u, 1u, 2u, 0u);
	offer(queue, 0u);
	wr(0x50u, queue);
	assert_true(used(queue, &head, &written));
	return *buffer(queue, 1u);
}

static bool arrives(const uint8_t *to)
{
	uint8_t out[60];
	uint32_t head = 0u;
	uint32_t bytes = 0u;

	fill(out, sizeof(out), to, sw.port[1].mac);
	guest_offers(0u, 1u, 200u);
	peer_sends(out, sizeof(out), (struct net_frame){0});
	if (used(0u, &head, &bytes))
		return true;
	start(features & ~F_VERSION_1); /* the buffer is still there: begin anew */
	return false;
}

static void test_control(void **state)
{
	static const uint8_t group[6] = {1u, 2u, 3u, 4u, 5u, 6u};
	static const uint8_t stranger[6] = {2u, 2u, 3u, 4u, 5u, 6u};
	static const uint8_t table[] = {1u, 0u, 1u, 0u, 0u, 0u, 2u, 2u, 3u, 4u, 5u,
	                                6u, 1u, 0u, 0u, 0u, 1u, 2u, 3u, 4u, 5u, 6u};
	uint64_t want = F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_MAC_ADDR | NET_F_MQ;

	(void)state;
	start(want);
	assert_true(arrives(sw.port[0].mac));
	assert_false(arrives(group));
	assert_false(arrives(stranger));
	assert_int_equal(command(4u, "\0\0\1", 3u), 0u);
	assert_true(arrives(stranger));
	assert_int_equal(command(4u, "\0\0\0", 3u), 0u);
	assert_int_equal(command(4u, table, sizeof(table)), 0u);
	assert_true(arrives(stranger));
	assert_true(arrives(group));
	assert_int_equal(command(4u, "\1\1\2\2\3\4\5\7", 8u), 0u);
	assert_int_equal(rd(0x104u) & 0xffffu, 0x0705u);
	assert_false(arrives(sw.port[0].mac));
	/* wrong: not negotiated, no such command, cut short, too many pairs */
	assert_int_equal(command(4u, "\0\3\1", 3u), 1u);
	assert_int_equal(command(4u, "\7\0\1", 3u), 1u);
	assert_int_equal(command(4u, table, sizeof(table) - 1u), 1u);
	assert_int_equal(command(4u, "\4\0\3\0", 4u), 1u);
	assert_int_equal(command(4u, "\4\0\0\0", 4u), 1u);
	assert_int_equal(command(4u, "", 1u), 1u);
	assert_int_equal(command(4u, "\4\0\2\0", 4u), 0u);
}

/* The driver breaks a rule of a receive buffer; and it resets while a frame is half delivered. */
static void test_broken(void **state)
{
	uint8_t out[2000];
	uint32_t head = 0u;
	uint32_t bytes = 0u;

	(void)state;
	fill(out, sizeof(out), sw.port[0].mac, sw.port[1].mac);
	start(F_MRG_RXBUF);
	guest_offers(0u, 1u, 11u);
	peer_sends(out, 100u, (struct net_frame){0});
	assert_int_equal(rd(0x70u) & STATUS_NEEDS_RESET, STATUS_NEEDS_RESET);
	start(F_MRG_RXBUF);
	guest_offers(0u, 1u, 1000u);
	peer_sends(out, sizeof(out), (struct net_frame){0});
	assert_int_not_equal(sw.port[0].holding[1], 0u);
	start(F_MRG_RXBUF);
	serve();
	assert_int_equal(sw.port[0].holding[1], 0u);
	guest_offers(0u, 2u, 1000u);
	peer_sends(out, 100u, (struct net_frame){0});
	assert_true(used(0u, &head, &bytes));
	assert_int_equal(bytes, 112u);
	/* the switch starts anew in the same situation */
	peer_sends(out, sizeof(out), (struct net_frame){0});
	start_switch();
	serve();
	assert_true(used(0u, &head, &bytes));
	assert_int_equal(bytes, 0u);
	guest_offers(2u, 2u, 1000u);
	peer_sends(out, 100u, (struct net_frame){0});
	assert_true(used(0u, &head, &bytes));
	assert_int_equal(bytes, 112u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_config, setup),
		cmocka_unit_test_setup(test_send, setup),
		cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_merged, setup),
		cmocka_unit_test_setup(test_large, setup),
		cmocka_unit_test_setup(test_control, setup),
		cmocka_unit_test_setup(test_broken, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
