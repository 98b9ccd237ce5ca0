/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/services/switch_port.c user/services/switch_macs.c
 *	user/services/switch_forward.c user/lib/net_client.c user/lib/net_packet.c
 *	user/vmm/virtio/net_filter.c
 * helpers: user/lib/message.c
 */
/*
 * A virtual switch with one honest port and two that write what they like into their channels and
 * pools. After each step the switch's books balance: who holds which frame, how much of each pool,
 * which addresses are whose. The honest port is never cut off, reads frames of any contents as any
 * receiver, takes commands of a driver, and has all of its slots again when the others have started anew.
 */
#include "tests/fuzz/fuzz.h"

#include "user/lib/net_client.h"
#include "user/lib/net_packet.h"
#include "user/services/switch.h"
#include "user/vmm/virtio/net_filter.h"

#define PORTS  3u
#define HONEST 0u
#define SECOND 1000u

static struct virtual_switch sw;
static struct net_client honest;
static struct net_filter filter;
static struct net_channel *channel[PORTS]; /* each exactly as large as it may be: ASan has the rest */
static uint8_t *pool[PORTS + 1u];
static uint64_t now;

static bool bit(const uint64_t *words, uint32_t number)
{
	return (words[number / 64u] & 1ull << (number % 64u)) != 0u;
}

static void check_books(void)
{
	for (uint32_t p = 0u; p < SWITCH_POOLS; p = p + 1u == PORTS ? NET_PORTS : p + 1u) {
		uint32_t holding[PORTS] = {0};

		for (uint32_t slot = 0u; slot < NET_SLOTS; slot++) {
			uint32_t readers = 0u;

			for (uint32_t i = 0u; i < PORTS; i++) {
				if (!bit(sw.port[i].held[p], slot))
					continue;
				readers++;
				holding[i] += sw.pool[p].slots[slot];
				FUZZ_CHECK(i != p && sw.port[i].live);
			}
			FUZZ_CHECK(readers == sw.pool[p].readers[slot]);
		}
		for (uint32_t i = 0u; i < PORTS; i++)
			FUZZ_CHECK(holding[i] == sw.port[i].holding[p] && holding[i] <= sw.hold);
	}
	for (uint32_t i = 0u; i < PORTS; i++) {
		uint32_t macs = 0u;

		for (uint32_t j = 0u; j < SWITCH_MACS; j++)
			macs += sw.mac[j].key != 0u && sw.mac[j].port == i;
		FUZZ_CHECK(macs == sw.port[i].macs);
		FUZZ_CHECK(macs <= SWITCH_PORT_MACS || sw.port[i].settings.uplink != 0u);
	}
}

static void serve(void)
{
	uint64_t deadline = UINT64_MAX;

	(void)net_client_tell(&honest);
	for (uint32_t i = 0u; i < PORTS; i++) {
		switch_port_follow(&sw, i);
		switch_port_collect(&sw, i);
	}
	for (uint32_t i = 0u; i < PORTS; i++) {
		for (uint32_t n = 0u; n < SWITCH_BURST && switch_port_next(&sw, i, now, &deadline);
		     n++)
			switch_forward(&sw, i, now);
	}
	check_books();
	for (uint32_t i = 0u; i < PORTS; i++)
		(void)switch_port_tell(&sw, i);
	(void)net_client_poll(&honest);
	FUZZ_CHECK(!sw.port[HONEST].cut);
}

static void start(struct fuzz *in)
{
	struct process_pool pools[PORTS + 1u];
	uint32_t own = 0u;

	memset(&sw, 0, sizeof(sw));
	now = 1000u * SECOND;
	for (uint32_t i = 0u; i < PORTS; i++) {
		static struct process_channel info[PORTS];
		struct net_settings settings = {.vlan = fuzz_pick(in, 3u), .mtu = 1500u};
		uint8_t flags = fuzz_u8(in);

		settings.group = flags & 1u;
		settings.uplink = flags >> 1 & 1u;
		settings.isolated = flags >> 2 & 1u;
		settings.kib_per_second = (flags >> 3 & 1u) * 50u;
		memcpy(settings.trunk, "1-2", (flags >> 4 & 1u) * 3u);
		memset(channel[i], 0, NET_CHANNEL_BYTES);
		info[i] = (struct process_channel){
			.va = (uintptr_t)channel[i], .bytes = NET_CHANNEL_BYTES, .name = "a"};
		info[i].name[0] = (char)('a' + i);
		memcpy(info[i].settings, &settings, sizeof(settings));
		FUZZ_CHECK(switch_port_open(&sw, &info[i], pool[i], "lan") == NULL);
		own |= settings.isolated;
		pools[i] = (struct process_pool){.va = (uintptr_t)pool[i],
		                                 .bytes = NET_POOL_BYTES,
		                                 .port = i,
		                                 .writable = i == HONEST};
		if (i == HONEST)
			continue;
		if (settings.isolated != 0u)
			pools[i].bytes = 0u;
	}
	pools[PORTS] = (struct process_pool){
		.va = (uintptr_t)pool[PORTS], .bytes = NET_POOL_BYTES, .port = IMAGE_NONE};
	switch_start(&sw, own != 0u ? pool[PORTS] : NULL, SECOND);
	FUZZ_CHECK(net_client_open(&honest, sw.port[HONEST].info, 0u, pools, PORTS + 1u));
	serve();
	serve();
	FUZZ_CHECK(honest.connected);
	net_filter_reset(&filter, sw.port[HONEST].mac);
}

/* Headers of a frame, by a few bytes of the input. */
static void write_frame(struct fuzz *in, uint8_t *at, uint32_t from)
{
	uint8_t kind = fuzz_u8(in);

	memcpy(at, sw.port[kind % PORTS].mac, 6u);
	if ((kind & 0x80u) != 0u)
		memset(at, 0xff, 6u);
	memcpy(at + 6, sw.port[(kind & 0x40u) != 0u ? (from + 1u) % PORTS : from].mac, 6u);
	if ((kind & 0x20u) != 0u)
		at[11] = fuzz_u8(in);
	at[12] = (kind & 0x10u) != 0u ? 0x81u : (kind & 4u) != 0u ? 0x86u : 0x08u;
	at[13] = (kind & 0x10u) == 0u && (kind & 4u) != 0u ? 0xddu : 0u;
	at[15] = fuzz_u8(in);
	at[14] = (kind & 0x10u) != 0u ? 0u : 0x45u;
	at[17] = (kind & 0x10u) != 0u ? 0u : at[17];
	at[46] = (uint8_t)(kind << 4);
}

static void fuzz_frame(struct fuzz *in, struct net_frame *frame)
{
	frame->flags = fuzz_pick(in, 5u) == 4u ? fuzz_u8(in) : NET_NEEDS_CSUM;
	frame->gso_type = fuzz_pick(in, 4u) == 3u ? fuzz_u8(in) : (uint8_t)fuzz_pick(in, 2u);
	frame->gso_size = (uint16_t)(fuzz_u8(in) * 8u);
	frame->csum_start = fuzz_pick(in, 4u) == 3u ? fuzz_u16(in) : 34u;
	frame->csum_offset = fuzz_pick(in, 4u) == 3u ? fuzz_u16(in) : 16u;
}

static void honest_send(struct fuzz *in)
{
	struct net_frame frame = {.bytes = NET_FRAME_MIN + 40u + fuzz_u16(in) % 6000u};
	uint32_t slot = net_client_slots(&honest, frame.bytes);

	if (slot == NET_NO_SLOT)
		return;
	frame.offset = slot * NET_SLOT_BYTES;
	fuzz_frame(in, &frame);
	write_frame(in, net_client_slot_at(&honest, slot), HONEST);
	if (net_frame_good(&frame))
		net_client_send(&honest, &frame);
	else
		net_client_free(&honest, slot, frame.bytes);
}

static void honest_receive(struct fuzz *in)
{
	static struct net_source source;
	struct net_packet packet;
	struct net_frame frame;
	const uint8_t *data;
	uint32_t bytes = 0u;
	uint32_t look;

	if (!net_client_receive(&honest, &frame, &data))
		return;
	(void)net_filter_wants(&filter, UINT64_MAX, data, fuzz_pick(in, 2u) == 1u, frame.tag);
	look = frame.bytes < NET_LOOK_BYTES ? frame.bytes : NET_LOOK_BYTES;
	FUZZ_CHECK(net_filter_pair(&filter, data, look) < filter.pairs);
	net_filter_sent(&filter, data, look, fuzz_pick(in, NET_PAIRS));
	net_source_begin(&source, &frame, data, fuzz_pick(in, 16u));
	while (net_source_next(&source, &packet)) {
		uint8_t *copy = malloc(packet.head_bytes + packet.tail_bytes);

		FUZZ_CHECK(packet.head_bytes + packet.tail_bytes <= frame.bytes + NET_TAG_BYTES);
		memcpy(copy, packet.head, packet.head_bytes);
		memcpy(copy + packet.head_bytes, packet.tail, packet.tail_bytes);
		bytes += packet.tail_bytes;
		free(copy);
	}
	FUZZ_CHECK(bytes <= frame.bytes);
	net_client_done(&honest, &frame);
}

static void hostile_send(struct fuzz *in, uint32_t from)
{
	struct net_channel *shared = channel[from];
	struct net_frame *frame = &shared->send_frame[shared->send.head % NET_SLOTS];

	*frame = (struct net_frame){
		.offset =
			fuzz_pick(in, 8u) == 7u ? fuzz_u32(in) : fuzz_u8(in) * 2u * NET_SLOT_BYTES,
		.bytes = fuzz_pick(in, 8u) == 7u ? fuzz_u32(in) : 54u + fuzz_u16(in)};
	fuzz_frame(in, frame);
	if (frame->offset <= NET_POOL_BYTES - 64u)
		write_frame(in, pool[from] + frame->offset, from);
	shared->send.head++;
}

static void hostile_done(struct fuzz *in, uint32_t from)
{
	struct net_channel *shared = channel[from];
	struct net_return *back = &shared->done_return[shared->done.head % NET_SLOTS];
	const struct net_frame *last =
		&shared->receive_frame[(shared->receive.head - 1u - fuzz_u8(in)) % NET_SLOTS];

	*back = (struct net_return){.pool = last->pool,
	                            .slot = (uint16_t)(last->offset / NET_SLOT_BYTES)};
	if (fuzz_pick(in, 4u) == 3u)
		back->slot = fuzz_u16(in);
	if (fuzz_pick(in, 8u) == 7u)
		back->pool = fuzz_u16(in);
	shared->done.head++;
}

static void hostile_write(struct fuzz *in, uint32_t from)
{
	uint32_t *words = (uint32_t *)(void *)channel[from];

	words[fuzz_u16(in) % (sizeof(struct net_channel) / 4u)] = (uint32_t)fuzz_number(in);
}

static void command(struct fuzz *in)
{
	static const uint8_t counts[] = {0u, 2u, 3u, 3u, 4u, 4u, 8u, 10u, 16u, 22u};
	uint32_t count = counts[fuzz_pick(in, sizeof(counts))];
	uint8_t *exact = malloc(count + 1u);

	for (uint32_t i = 0u; i < count; i++)
		exact[i] = i < 2u                    ? (uint8_t)fuzz_pick(in, 7u)
		           : fuzz_pick(in, 4u) != 3u ? i == 2u
		                                     : fuzz_u8(in);
	if (count >= 2u)
		(void)net_filter_command(&filter, UINT64_MAX, NET_PAIRS, exact, count);
	FUZZ_CHECK(filter.pairs >= 1u && filter.pairs <= NET_PAIRS);
	FUZZ_CHECK(filter.unicast_count <= NET_FILTER_MACS);
	free(exact);
}

static void step(struct fuzz *in)
{
	uint32_t from = 1u + fuzz_pick(in, PORTS - 1u);

	switch (fuzz_pick(in, 10u)) {
	case 0u:
		hostile_write(in, from);
		break;
	case 1u:
		channel[from]->client_generation++;
		break;
	case 2u:
	case 3u:
		hostile_send(in, from);
		break;
	case 4u:
		hostile_done(in, from);
		break;
	case 5u:
		honest_send(in);
		break;
	case 6u:
		honest_receive(in);
		break;
	case 7u:
		command(in);
		break;
	case 8u:
		now += (uint64_t)fuzz_u8(in) * SECOND;
		break;
	default:
		break;
	}
	serve();
}

/* All its slots are its own again. */
static bool honest_has_all(void)
{
	for (uint32_t i = 0u; i < NET_WORDS; i++)
		if (honest.flying[i] != 0u || honest.taken[i] != 0u)
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};

	for (uint32_t i = 0u; i <= PORTS; i++) {
		if (pool[i] == NULL)
			pool[i] = malloc(NET_POOL_BYTES);
		if (i < PORTS && channel[i] == NULL)
			channel[i] = malloc(NET_CHANNEL_BYTES);
	}
	start(&in);
	while (in.left != 0u)
		step(&in);
	for (uint32_t i = 1u; i < PORTS; i++)
		channel[i]->client_generation = sw.port[i].served + 1u;
	serve();
	now += 100u * SECOND;
	/* a frame at least in each: a port with a rate has saved for few only */
	for (uint32_t i = 0u; i < NET_SLOTS && !honest_has_all(); i++) {
		for (uint32_t j = 1u; j < PORTS; j++)
			channel[j]->client_generation = sw.port[j].served + 1u;
		now += 100u * SECOND;
		serve();
	}
	for (uint32_t j = 1u; j < PORTS; j++)
		channel[j]->client_generation = sw.port[j].served + 1u;
	serve();
	FUZZ_CHECK(honest_has_all());
	return 0;
}
