/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/services/switch_port.c user/services/switch_macs.c user/services/switch_forward.c
 *	user/lib/net_client.c user/lib/net_packet.c user/lib/message.c
 */
/*
 * The virtual switch and the port's side of its channel, joined without a machine: who gets which
 * frame (learning, VLANs, groups, pinned addresses), who holds it and for how long, rates, restarts of either
 * side, and a port that breaks the protocol.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/lib/net_client.h"
#include "user/lib/net_packet.h"
#include "user/services/switch.h"

#define PORTS  4u
#define SECOND 1000000u
#define FRAME  64u

static struct virtual_switch sw;
static struct net_client client[PORTS];
static struct net_settings settings[PORTS];
static struct process_channel info[PORTS];
static uint8_t *channel[PORTS];
static uint8_t *pool[PORTS + 1u];
static uint64_t now;
static uint32_t ports;

static void start_switch(void)
{
	memset(&sw, 0, sizeof(sw));
	for (uint32_t i = 0u; i < ports; i++)
		assert_null(switch_port_open(&sw, &info[i], pool[i], "lan"));
	switch_start(&sw, pool[PORTS], SECOND);
}

static void start_client(uint32_t number)
{
	struct process_pool pools[PORTS + 1u];
	uint32_t count = 0u;

	for (uint32_t i = 0u; i <= ports; i++) {
		uint32_t at = i == ports ? PORTS : i;

		if (i != number && i < ports && settings[i].isolated != 0u)
			continue;
		pools[count++] = (struct process_pool){
			.va = (uintptr_t)pool[at],
			.bytes = NET_POOL_BYTES,
			.channel = 3u,
			.port = i == ports ? IMAGE_NONE : i,
			.writable = i == number,
		};
	}
	assert_true(net_client_open(&client[number], &info[number], 3u, pools, count));
}

/* Lets the switch and all ports follow each other. */
static void serve(void)
{
	uint64_t deadline = UINT64_MAX;

	for (uint32_t turn = 0u; turn < 3u; turn++) {
		for (uint32_t i = 0u; i < ports; i++)
			(void)net_client_tell(&client[i]);
		for (uint32_t i = 0u; i < ports; i++) {
			switch_port_follow(&sw, i);
			switch_port_collect(&sw, i);
		}
		for (uint32_t i = 0u; i < ports; i++) {
			while (switch_port_next(&sw, i, now, &deadline))
				switch_forward(&sw, i, now);
		}
		for (uint32_t i = 0u; i < ports; i++)
			(void)switch_port_tell(&sw, i);
		for (uint32_t i = 0u; i < ports; i++)
			(void)net_client_poll(&client[i]);
	}
}

static void start(uint32_t count)
{
	ports = count;
	start_switch();
	for (uint32_t i = 0u; i < ports; i++)
		start_client(i);
	serve();
	for (uint32_t i = 0u; i < ports; i++)
		assert_true(client[i].connected);
}

static int setup(void **state)
{
	(void)state;
	now = 10u * SECOND;
	memset(settings, 0, sizeof(settings));
	for (uint32_t i = 0u; i <= PORTS; i++) {
		if (pool[i] == NULL)
			pool[i] = calloc(1u, NET_POOL_BYTES);
		if (i == PORTS)
			break;
		if (channel[i] == NULL)
			channel[i] = calloc(1u, NET_CHANNEL_BYTES);
		memset(channel[i], 0, NET_CHANNEL_BYTES);
		info[i] = (struct process_channel){
			.va = (uintptr_t)channel[i], .bytes = NET_CHANNEL_BYTES, .name = "vm0"};
		info[i].name[2] = (char)('0' + i);
		settings[i].mtu = 1500u;
	}
	return 0;
}

static void apply(void)
{
	for (uint32_t i = 0u; i < PORTS; i++)
		memcpy(info[i].settings, &settings[i], sizeof(settings[i]));
}

/* A frame from the port's own address to another's, or to all; tag 0: none. Returns its slot. */
static uint32_t send_tagged(uint32_t from, uint32_t to, uint32_t bytes, uint32_t tag)
{
	uint32_t slot = net_client_slots(&client[from], bytes);
	uint8_t *at;

	assert_int_not_equal(slot, NET_NO_SLOT);
	at = net_client_slot_at(&client[from], slot);
	memset(at, (int)bytes, bytes);
	memset(at, 0xff, 6u);
	if (to < PORTS)
		memcpy(at, sw.port[to].mac, 6u);
	memcpy(at + 6, sw.port[from].mac, 6u);
	at[12] = tag != 0u ? 0x81u : 0x08u;
	at[13] = 0u;
	if (tag != 0u) {
		at[14] = (uint8_t)(tag >> 8);
		at[15] = (uint8_t)tag;
	}
	net_client_send(&client[from],
	                &(struct net_frame){.offset = slot * NET_SLOT_BYTES, .bytes = bytes});
	return slot;
}

static uint32_t transmit(uint32_t from, uint32_t to, uint32_t bytes)
{
	return send_tagged(from, to, bytes, 0u);
}

static bool got(uint32_t number, struct net_frame *frame)
{
	const uint8_t *data;

	return net_client_receive(&client[number], frame, &data);
}

/* Takes all that waits for a port, gives it back, and says how many there were. */
static uint32_t drain(uint32_t number)
{
	struct net_frame frame;
	uint32_t count = 0u;

	while (got(number, &frame)) {
		net_client_done(&client[number], &frame);
		count++;
	}
	return count;
}

static uint32_t all_free(uint32_t number)
{
	uint32_t used = 0u;

	for (uint32_t i = 0u; i < NET_WORDS; i++)
		used += (uint32_t)__builtin_popcountll(client[number].flying[i] |
		                                       client[number].taken[i]);
	return used;
}

static void test_learning(void **state)
{
	(void)state;
	apply();
	start(3u);
	(void)transmit(0u, 1u, FRAME); /* not known yet: to all */
	serve();
	assert_int_equal(drain(1u), 1u);
	assert_int_equal(drain(2u), 1u);
	assert_int_equal(drain(0u), 0u);
	(void)transmit(1u, 0u, FRAME);
	serve();
	(void)transmit(0u, 1u, FRAME);
	serve();
	assert_int_equal(drain(0u), 1u);
	assert_int_equal(drain(1u), 1u);
	assert_int_equal(drain(2u), 0u);
	(void)transmit(2u, PORTS, FRAME);
	serve();
	assert_int_equal(drain(0u) + drain(1u), 2u);
	now += (SWITCH_MAC_SECS + 1u) * SECOND; /* forgotten */
	(void)transmit(1u, 0u, FRAME);
	serve();
	assert_int_equal(drain(2u), 1u);
	(void)drain(0u);
	serve();
	for (uint32_t i = 0u; i < 3u; i++)
		assert_int_equal(all_free(i), 0u);
}

static void test_data(void **state)
{
	struct net_frame frame;
	const uint8_t *data;

	(void)state;
	apply();
	start(2u);
	(void)transmit(0u, 1u, 9000u);
	serve();
	assert_true(net_client_receive(&client[1], &frame, &data));
	assert_int_equal(frame.bytes, 9000u);
	assert_memory_equal(data + 6, sw.port[0].mac, 6u);
	assert_int_equal(data[8999], (uint8_t)9000u);
	assert_int_equal(all_free(0u), 5u); /* 9000 bytes in slots of 2048 */
	net_client_done(&client[1], &frame);
	serve();
	assert_int_equal(all_free(0u), 0u);
}

static void test_pinned(void **state)
{
	uint32_t slot;

	(void)state;
	settings[3].uplink = 1u;
	apply();
	start(4u);
	slot = net_client_slots(&client[0], FRAME);
	memset(net_client_slot_at(&client[0], slot), 0xff, FRAME);
	memcpy(net_client_slot_at(&client[0], slot) + 6, sw.port[1].mac, 6u);
	net_client_send(&client[0],
	                &(struct net_frame){.offset = slot * NET_SLOT_BYTES, .bytes = FRAME});
	serve();
	assert_int_equal(drain(1u) + drain(2u) + drain(3u), 0u);
	assert_int_equal(sw.port[0].counters.spoofed, 1u);
	assert_int_equal(all_free(0u), 0u);
}

/* One port cannot fill the table: what is beyond its share is flooded, nobody else's is lost. */
static void test_many_addresses(void **state)
{
	(void)state;
	settings[2].uplink = 1u;
	apply();
	start(3u);
	for (uint32_t port = 0u; port < 3u; port += 2u) {
		for (uint32_t i = 0u; i < 100u; i++) {
			uint8_t mac[6] = {2u, 0u, 0u, (uint8_t)port, (uint8_t)i, 7u};

			assert_true(switch_mac_learn(&sw, mac, 0u, port, now));
		}
	}
	assert_int_equal(sw.port[0].macs, SWITCH_PORT_MACS);
	assert_true(sw.port[2].macs > 90u);
	start_client(2u);
	serve();
	assert_int_equal(sw.port[2].macs, 0u);
}

static void test_vlans(void **state)
{
	struct net_frame frame;

	(void)state;
	settings[0].vlan = 10u;
	settings[1].vlan = 20u;
	settings[2].vlan = 10u;
	memcpy(settings[3].trunk, "5,10-12", 8u);
	apply();
	start(4u);
	(void)transmit(0u, PORTS, FRAME);
	serve();
	assert_int_equal(drain(1u), 0u); /* the packet that does not arrive */
	assert_int_equal(drain(2u), 1u);
	assert_true(got(3u, &frame));
	assert_int_equal(frame.edit, NET_TAG_ADD);
	assert_int_equal(frame.tag, 10u);
	net_client_done(&client[3], &frame);
	/* VLAN 20 is not on the trunk */
	(void)transmit(1u, PORTS, FRAME);
	serve();
	assert_int_equal(drain(0u) + drain(2u) + drain(3u), 0u);
	/* from the trunk: of its list, tagged; what is delivered has no tag */
	(void)send_tagged(3u, PORTS, FRAME, 10u);
	serve();
	assert_true(got(0u, &frame));
	assert_int_equal(frame.edit, NET_TAG_CUT);
	net_client_done(&client[0], &frame);
	assert_int_equal(drain(2u), 1u);
	assert_int_equal(drain(1u), 0u);
	(void)send_tagged(3u, PORTS, FRAME, 20u);
	(void)send_tagged(3u, PORTS, FRAME, 0u);
	(void)send_tagged(0u, PORTS, FRAME, 20u); /* an access port has no tags to give */
	serve();
	assert_int_equal(drain(0u) + drain(1u) + drain(2u) + drain(3u), 0u);
	assert_int_equal(sw.port[3].counters.refused, 2u);
	assert_int_equal(sw.port[0].counters.refused, 1u);
	/* a priority without a VLAN */
	(void)send_tagged(0u, PORTS, FRAME, 0xe000u);
	serve();
	assert_true(got(3u, &frame));
	assert_int_equal(frame.edit, NET_TAG_CUT | NET_TAG_ADD);
	assert_int_equal(frame.tag, 0xe00au);
	net_client_done(&client[3], &frame);
	(void)drain(2u);
	serve();
	for (uint32_t i = 0u; i < PORTS; i++)
		assert_int_equal(all_free(i), 0u);
}

/* Between two trunks: the tag that was judged, whatever the sender makes of its own meanwhile. */
static void test_trunks(void **state)
{
	struct net_frame frame;

	(void)state;
	memcpy(settings[0].trunk, "10-12", 5u);
	memcpy(settings[1].trunk, "11", 2u);
	apply();
	start(2u);
	(void)send_tagged(0u, PORTS, FRAME, 0x600bu);
	(void)send_tagged(0u, PORTS, FRAME, 12u);
	serve();
	assert_true(got(1u, &frame));
	assert_int_equal(frame.edit, NET_TAG_CUT | NET_TAG_ADD);
	assert_int_equal(frame.tag, 0x600bu);
	assert_false(got(1u, &frame));
}

static void test_trunk_lists(void **state)
{
	static const char *const bad[] = {"",    "0",  "4095", "3-", "-3",
	                                  "5-3", "1,", "1;2",  "x",  "99999999999"};
	uint64_t vlans[SWITCH_VLANS / 64u];

	(void)state;
	for (uint32_t i = 0u; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(switch_parse_trunk(bad[i], (uint32_t)strlen(bad[i]), vlans));
	assert_true(switch_parse_trunk("1,3-5,4094", 10u, vlans));
	assert_int_equal(vlans[0], 0x3au);
	assert_int_equal(vlans[63], 1ull << 62);
}

static void test_groups(void **state)
{
	(void)state;
	settings[0].group = 1u;
	settings[1].group = 1u;
	apply();
	start(3u);
	(void)transmit(0u, PORTS, FRAME);
	(void)transmit(0u, 1u, FRAME);
	serve();
	assert_int_equal(drain(1u), 0u);
	assert_int_equal(drain(2u), 2u);
	(void)transmit(2u, PORTS, FRAME);
	serve();
	assert_int_equal(drain(0u) + drain(1u), 2u);
}

static void test_rate(void **state)
{
	uint64_t deadline = UINT64_MAX;
	uint32_t sent = 0u;

	(void)state;
	settings[0].kib_per_second = 10u;
	apply();
	start(2u);
	for (uint32_t i = 0u; i < 200u; i++)
		(void)transmit(0u, 1u, 1024u);
	serve();
	sent = drain(1u);
	assert_in_range(sent, 1u, 2u); /* a tenth of a second's worth after idling */
	assert_false(switch_port_next(&sw, 0u, now, &deadline));
	assert_in_range(deadline, now + 1u, now + SECOND / 5u);
	for (uint32_t i = 0u; i < 100u; i++) {
		now += SECOND / 20u;
		serve();
		sent += drain(1u);
	}
	assert_in_range(sent, 49u, 53u); /* 5 seconds of 10 KiB */
}

/* A port that gives nothing back: its share of each pool, and no more; the others do not notice. */
static void test_holder(void **state)
{
	uint32_t hold;

	(void)state;
	apply();
	start(3u);
	hold = NET_SLOTS / 4u;
	(void)transmit(2u, PORTS, FRAME);
	(void)transmit(1u, PORTS, FRAME);
	serve();
	(void)drain(0u);
	(void)drain(1u);
	serve();
	for (uint32_t i = 0u; i < 2u * NET_SLOTS; i++) {
		(void)transmit(0u, PORTS, FRAME);
		serve();
		assert_int_equal(drain(1u), 1u);
	}
	serve();
	assert_int_equal(all_free(0u), hold);
	assert_int_equal(sw.port[2].holding[0], hold);
	assert_int_equal(sw.port[2].counters.full, 2u * NET_SLOTS - hold);
	/* it starts anew: all is given back */
	start_client(2u);
	serve();
	assert_int_equal(all_free(0u), 0u);
	assert_int_equal(drain(2u), 0u);
	(void)transmit(0u, 2u, FRAME);
	serve();
	assert_int_equal(drain(2u), 1u);
}

/* The sender starts anew while its frames are read: their slots are not free until they are let go. */
static void test_sender_restart(void **state)
{
	struct net_frame frame;

	(void)state;
	apply();
	start(2u);
	(void)transmit(0u, 1u, 5000u);
	serve();
	assert_true(got(1u, &frame));
	start_client(0u);
	assert_int_equal(net_client_slots(&client[0], 100u), 0u);
	net_client_free(&client[0], 0u, 100u);
	serve();
	assert_int_equal(all_free(0u), 3u);
	assert_int_equal(net_client_slots(&client[0], 100u), 3u);
	net_client_free(&client[0], 3u, 100u);
	net_client_done(&client[1], &frame);
	serve();
	assert_int_equal(all_free(0u), 0u);
}

static void test_switch_restart(void **state)
{
	struct net_frame frame;

	(void)state;
	apply();
	start(2u);
	(void)transmit(0u, 1u, FRAME);
	(void)transmit(0u, 1u, FRAME);
	serve();
	assert_true(got(1u, &frame));
	start_switch();
	assert_false(net_client_poll(&client[0]));
	assert_false(net_client_poll(&client[1]));
	serve();
	assert_true(client[0].connected && client[1].connected);
	assert_int_equal(drain(1u), 0u);
	assert_int_equal(all_free(0u), 0u);
	(void)transmit(0u, 1u, FRAME);
	serve();
	assert_int_equal(drain(1u), 1u);
}

/* An isolated port: the others see the switch's copy, and the sender has its slots back at once. */
static void test_isolated(void **state)
{
	struct net_frame frame;
	const uint8_t *data;

	(void)state;
	settings[0].isolated = 1u;
	apply();
	start(3u);
	(void)transmit(0u, PORTS, 3000u);
	serve();
	assert_int_equal(all_free(0u), 0u);
	assert_true(net_client_receive(&client[1], &frame, &data));
	assert_int_equal(frame.pool, NET_PORTS);
	assert_int_equal(data[2999], (uint8_t)3000u);
	net_client_done(&client[1], &frame);
	serve();
	assert_int_not_equal(sw.own_used[0], 0u); /* port 2 has it still */
	assert_int_equal(drain(2u), 1u);
	serve();
	assert_int_equal(sw.own_used[0], 0u);
	for (uint32_t i = 0u; i < 2u * NET_SLOTS; i++) {
		(void)transmit(0u, PORTS, FRAME);
		serve();
		assert_int_equal(drain(1u), 1u);
	}
}

/* What breaks the protocol, each alone: cut off, what it holds is given back, a new life is served. */
static void bad_frame(struct net_frame *frame, uint32_t kind)
{
	*frame = (struct net_frame){.offset = 100u * NET_SLOT_BYTES, .bytes = FRAME};
	switch (kind) {
	case 0:
		frame->bytes = NET_FRAME_MIN - 1u;
		break;
	case 1:
		frame->bytes = NET_FRAME_MAX + 1u;
		break;
	case 2:
		frame->offset = NET_POOL_BYTES - FRAME + 1u;
		break;
	case 3:
		frame->offset = UINT32_MAX;
		break;
	case 4:
		frame->flags = NET_NEEDS_CSUM;
		frame->csum_start = FRAME;
		break;
	case 5:
		frame->gso_type = NET_GSO_TCP4;
		frame->gso_size = 1000u;
		break;
	case 6:
		frame->flags = NET_NEEDS_CSUM;
		frame->gso_type = NET_GSO_TCP4;
		frame->gso_size = 1u;
		break;
	case 7:
		frame->flags = 0x80u;
		break;
	case 8:
		frame->gso_type = NET_GSO_ECN;
		break;
	default:
		frame->offset = 0u; /* in flight already */
		break;
	}
}

static void test_hostile_frames(void **state)
{
	(void)state;
	apply();
	start(3u);
	for (uint32_t kind = 0u; kind < 10u; kind++) {
		struct net_frame frame;

		(void)transmit(2u, PORTS, FRAME);
		(void)transmit(0u, PORTS, FRAME);
		serve(); /* port 1 holds both, port 0 one */
		bad_frame(&frame, kind);
		assert_true(message_put(&client[0].send, &frame));
		serve();
		if (!sw.port[0].cut)
			print_message("kind %u\n", kind);
		assert_true(sw.port[0].cut);
		assert_int_equal(sw.port[0].counters.cuts, kind + 1u);
		assert_int_equal(drain(1u), 2u);
		serve();
		assert_int_equal(all_free(2u), 0u);
		(void)transmit(0u, 1u, FRAME);
		serve();
		assert_int_equal(drain(1u), 0u);
		start_client(0u);
		(void)drain(2u);
		serve();
		assert_true(client[0].connected);
	}
}

static void test_hostile_returns(void **state)
{
	static const struct net_return bad[] = {
		{.pool = 0u, .slot = 1u},
		{.pool = SWITCH_POOLS, .slot = 0u},
		{.pool = 0u, .slot = NET_SLOTS},
		{.pool = 1u, .slot = 0u},
	};

	(void)state;
	apply();
	start(2u);
	for (uint32_t i = 0u; i < 4u; i++) {
		(void)transmit(0u, 1u, FRAME);
		serve();
		assert_true(message_put(&client[1].done, &bad[i]));
		serve();
		assert_true(sw.port[1].cut);
		assert_int_equal(all_free(0u), 0u);
		start_client(1u);
		serve();
		assert_false(sw.port[1].cut);
	}
	/* twice the same */
	(void)transmit(0u, 1u, FRAME);
	serve();
	assert_true(message_put(&client[1].done, &(struct net_return){0}));
	assert_true(message_put(&client[1].done, &(struct net_return){0}));
	serve();
	assert_true(sw.port[1].cut);
}

/* What a hostile switch may write: nothing outside of the pools is read. */
static void test_hostile_switch(void **state)
{
	struct net_frame frame = {.bytes = FRAME};

	(void)state;
	apply();
	start(2u);
	frame.pool = NET_PORTS + 1u;
	assert_true(message_put(&sw.port[1].receive, &frame));
	frame.pool = 1u; /* its own: it reads that elsewhere */
	assert_true(message_put(&sw.port[1].receive, &frame));
	frame = (struct net_frame){.offset = UINT32_MAX - 10u, .bytes = FRAME};
	assert_true(message_put(&sw.port[1].receive, &frame));
	frame = (struct net_frame){.bytes = NET_FRAME_MIN - 1u};
	assert_true(message_put(&sw.port[1].receive, &frame));
	assert_true(message_put(&sw.port[1].returned,
	                        &(struct net_return){.slot = 0xffffu, .slots = 0xffffu}));
	serve();
	assert_int_equal(drain(1u), 0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_learning, setup),
		cmocka_unit_test_setup(test_data, setup),
		cmocka_unit_test_setup(test_pinned, setup),
		cmocka_unit_test_setup(test_many_addresses, setup),
		cmocka_unit_test_setup(test_vlans, setup),
		cmocka_unit_test_setup(test_trunks, setup),
		cmocka_unit_test_setup(test_trunk_lists, setup),
		cmocka_unit_test_setup(test_groups, setup),
		cmocka_unit_test_setup(test_rate, setup),
		cmocka_unit_test_setup(test_holder, setup),
		cmocka_unit_test_setup(test_sender_restart, setup),
		cmocka_unit_test_setup(test_switch_restart, setup),
		cmocka_unit_test_setup(test_isolated, setup),
		cmocka_unit_test_setup(test_hostile_frames, setup),
		cmocka_unit_test_setup(test_hostile_returns, setup),
		cmocka_unit_test_setup(test_hostile_switch, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
