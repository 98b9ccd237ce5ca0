/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/lib/net_packet.c */
/*
 * Packets made of a frame for a receiver without offloads: segmentation and checksums, judged by a
 * second implementation here (bytes, one at a time), VLAN edits, and frames that are not what they
 * say. The frame lies in memory of exactly its size, so that the sanitizer sees every step beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/lib/net_packet.h"

#define TAKES_ALL (NET_TAKES_CSUM | NET_TAKES_TSO4 | NET_TAKES_TSO6 | NET_TAKES_ECN)

static struct net_source source;
static uint8_t out[NET_FRAME_MAX + NET_TAG_BYTES];
static uint32_t out_bytes;
static uint32_t seed;

static uint8_t noise(void)
{
	seed = seed * 1103515245u + 12345u;
	return (uint8_t)(seed >> 16);
}

static bool next(struct net_packet *packet)
{
	if (!net_source_next(&source, packet))
		return false;
	memcpy(out, packet->head, packet->head_bytes);
	memcpy(out + packet->head_bytes, packet->tail, packet->tail_bytes);
	out_bytes = packet->head_bytes + packet->tail_bytes;
	return true;
}

/* The one's complement sum of bytes of which the first is the high half of a word. */
static uint32_t plain_sum(const uint8_t *at, uint32_t bytes, uint32_t sum)
{
	for (uint32_t i = 0u; i < bytes; i++) {
		sum += i % 2u == 0u ? (uint32_t)at[i] * 256u : at[i];
		while (sum > 0xffffu)
			sum -= 0xffffu;
	}
	return sum;
}

static uint32_t word(const uint8_t *at)
{
	return at[0] * 256u + at[1];
}

/* The transport checksum of what lies at l4 to the end, with its pseudo header, is right. */
static bool sum_right(uint32_t l3, uint32_t l4, bool six, uint8_t protocol)
{
	const uint8_t pseudo[2] = {0u, protocol};
	uint32_t bytes = out_bytes - l4;
	uint32_t sum = six ? plain_sum(out + l3 + 8u, 32u, 0u) : plain_sum(out + l3 + 12u, 8u, 0u);

	sum = plain_sum(pseudo, 2u, sum) + bytes;
	return plain_sum(out + l4, bytes, sum % 0xffffu) % 0xffffu == 0u;
}

/* Ethernet, perhaps a tag, IP, TCP with options, payload. Returns where TCP begins. */
static uint32_t build(uint8_t *at, struct net_frame *frame, bool six, bool tag, uint32_t payload,
                      uint32_t gso)
{
	uint32_t l3 = tag ? 18u : 14u;
	uint32_t l4 = l3 + (six ? 40u : 24u);

	for (uint32_t i = 0u; i < l4 + 32u + payload; i++)
		at[i] = noise();
	at[12] = tag ? 0x81u : six ? 0x86u : 0x08u;
	at[13] = tag ? 0x00u : six ? 0xddu : 0x00u;
	if (tag) {
		at[16] = six ? 0x86u : 0x08u;
		at[17] = six ? 0xddu : 0x00u;
	}
	at[l3] = six ? 0x60u : 0x46u;
	at[l3 + (six ? 6u : 9u)] = 6u;
	at[l4 + 12u] = 0x80u; /* 32 bytes of header */
	at[l4 + 13u] = 0x99u; /* CWR, ACK, PSH, FIN */
	*frame = (struct net_frame){
		.bytes = l4 + 32u + payload,
		.flags = NET_NEEDS_CSUM,
		.gso_type = six ? NET_GSO_TCP6 : NET_GSO_TCP4,
		.gso_size = (uint16_t)gso,
		.hdr_len = (uint16_t)(l4 + 32u),
		.csum_start = (uint16_t)l4,
		.csum_offset = 16u,
	};
	return l4;
}

static void check_segments(bool six, bool tag, uint32_t edit, uint32_t payload, uint32_t gso)
{
	uint8_t *frame_at = malloc(200u + payload);
	struct net_packet packet;
	struct net_frame frame;
	uint32_t l4 = build(frame_at, &frame, six, tag, payload, gso);
	uint32_t l3 = tag ? 18u : 14u;
	uint32_t first = word(frame_at + l4 + 4u) << 16 | word(frame_at + l4 + 6u);
	uint8_t *data = malloc(frame.bytes);
	uint32_t move =
		((edit & NET_TAG_ADD) != 0u ? 4u : 0u) - ((edit & NET_TAG_CUT) != 0u ? 4u : 0u);
	uint32_t done = 0u;
	uint32_t number = 0u;

	memcpy(data, frame_at, frame.bytes);
	frame.edit = (uint8_t)edit;
	frame.tag = 0x2005u;
	net_source_begin(&source, &frame, data, 0u);
	for (; next(&packet); number++) {
		uint32_t part = out_bytes - (l4 + move + 32u);
		const uint8_t *tcp = out + (l4 + move);
		uint32_t total = out_bytes - (l3 + move);
		bool last = done + part == payload;

		assert_int_equal(packet.flags, 0u);
		assert_int_equal(packet.gso_type, 0u);
		assert_int_equal(part, last ? payload - done : gso);
		assert_memory_equal(out, frame_at, 12u);
		if ((edit & NET_TAG_ADD) != 0u)
			assert_int_equal(word(out + 12) << 16 | word(out + 14), 0x81002005u);
		assert_int_equal(word(out + (l3 + move - 2u)), six ? 0x86ddu : 0x0800u);
		assert_memory_equal(tcp + 32, frame_at + l4 + 32u + done, part);
		assert_int_equal(word(tcp + 4) << 16 | word(tcp + 6), first + done);
		assert_int_equal(tcp[13], (number == 0u ? 0x90u : 0x10u) | (last ? 0x09u : 0u));
		assert_true(sum_right(l3 + move, l4 + move, six, 6u));
		if (six) {
			assert_int_equal(word(out + (l3 + move + 4u)), total - 40u);
		} else {
			assert_int_equal(word(out + (l3 + move + 2u)), total);
			assert_int_equal(plain_sum(out + (l3 + move), 24u, 0u), 0xffffu);
			assert_int_equal(word(out + (l3 + move + 4u)),
			                 (word(frame_at + l3 + 4u) + number) & 0xffffu);
		}
		done += part;
	}
	assert_int_equal(done, payload);
	free(frame_at);
	free(data);
}

static void test_segments(void **state)
{
	static const uint32_t sizes[][2] = {{5000u, 1000u}, {5001u, 1448u},  {1u, 1448u},
	                                    {1448u, 1448u}, {60000u, 1447u}, {1000u, 48u}};

	(void)state;
	seed = 1u;
	for (uint32_t i = 0u; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (uint32_t kind = 0u; kind < 4u; kind++) {
			bool tag = (kind & 2u) != 0u;

			check_segments((kind & 1u) != 0u, tag, 0u, sizes[i][0], sizes[i][1]);
			check_segments((kind & 1u) != 0u, tag, tag ? NET_TAG_CUT : NET_TAG_ADD,
			               sizes[i][0], sizes[i][1]);
			if (tag)
				check_segments((kind & 1u) != 0u, tag, NET_TAG_CUT | NET_TAG_ADD,
				               sizes[i][0], sizes[i][1]);
		}
	}
}

/* A UDP packet whose field holds the sum of the pseudo header (VIRTIO 1.2, 5.1.6.2). */
static void check_sum(uint32_t payload, uint32_t edit)
{
	uint32_t bytes = 14u + 20u + 8u + payload;
	uint32_t move = edit == NET_TAG_ADD ? 4u : 0u;
	uint8_t *data = malloc(bytes);
	struct net_frame frame = {.bytes = bytes,
	                          .flags = NET_NEEDS_CSUM,
	                          .csum_start = 34u,
	                          .csum_offset = 6u,
	                          .edit = (uint8_t)edit,
	                          .tag = 9u};
	const uint8_t protocol[2] = {0u, 17u};
	struct net_packet packet;
	uint32_t sum;

	for (uint32_t i = 0u; i < bytes; i++)
		data[i] = noise();
	sum = plain_sum(protocol, 2u, plain_sum(data + 26, 8u, 0u)) + 8u + payload;
	sum = sum > 0xffffu ? sum - 0xffffu : sum;
	data[40] = (uint8_t)(sum >> 8);
	data[41] = (uint8_t)sum;
	net_source_begin(&source, &frame, data, 0u);
	assert_true(next(&packet));
	assert_int_equal(packet.flags, 0u);
	assert_int_equal(out_bytes, bytes + move);
	assert_true(sum_right(14u + move, 34u + move, false, 17u));
	assert_memory_equal(out + 42 + move, data + 42, payload);
	assert_false(next(&packet));
	free(data);
}

static void test_sums(void **state)
{
	(void)state;
	seed = 2u;
	for (uint32_t payload = 0u; payload < 600u; payload++)
		check_sum(payload, payload % 3u == 0u ? NET_TAG_ADD : 0u);
	check_sum(1472u, 0u);
	check_sum(9001u, 0u);
}

/* A receiver that takes it all gets the frame as it lies there, with offsets that follow the tag. */
static void test_through(void **state)
{
	uint8_t *data = malloc(4000u);
	struct net_packet packet;
	struct net_frame frame;

	(void)state;
	(void)build(data, &frame, false, true, 3000u, 1000u);
	net_source_begin(&source, &frame, data, TAKES_ALL);
	assert_true(next(&packet));
	assert_ptr_equal(packet.tail, data);
	assert_int_equal(packet.head_bytes, 0u);
	assert_int_equal(packet.gso_size, 1000u);
	assert_int_equal(packet.csum_start, frame.csum_start);
	assert_false(next(&packet));
	frame.edit = NET_TAG_CUT;
	net_source_begin(&source, &frame, data, TAKES_ALL);
	assert_true(next(&packet));
	assert_int_equal(out_bytes, frame.bytes - 4u);
	assert_memory_equal(out + 12, data + 16, frame.bytes - 16u);
	assert_int_equal(packet.csum_start, frame.csum_start - 4u);
	assert_int_equal(packet.hdr_len, frame.hdr_len - 4u);
	/* one kind is taken and the other not, ECN neither */
	frame.edit = 0u;
	net_source_begin(&source, &frame, data, NET_TAKES_CSUM | NET_TAKES_TSO6);
	assert_true(next(&packet));
	assert_int_equal(packet.gso_type, 0u);
	frame.gso_type |= NET_GSO_ECN;
	net_source_begin(&source, &frame, data, TAKES_ALL & ~NET_TAKES_ECN);
	assert_true(next(&packet));
	assert_int_equal(packet.gso_type, 0u);
	free(data);
}

/* Any bytes with any header: nothing beside the frame is read, nothing too long comes out. */
static void test_hostile(void **state)
{
	static const uint32_t takes[] = {0u, NET_TAKES_CSUM, NET_TAKES_CSUM | NET_TAKES_TSO4,
	                                 TAKES_ALL};
	uint32_t delivered = 0u;

	(void)state;
	seed = 3u;
	for (uint32_t turn = 0u; turn < 40000u; turn++) {
		uint8_t *big = malloc(1200u);
		struct net_packet packet;
		struct net_frame frame;
		uint32_t l4 = build(big, &frame, (turn & 1u) != 0u, (turn & 2u) != 0u, noise() * 4u,
		                    48u + noise());
		uint8_t *data;

		for (uint32_t i = 0u; i < turn % 5u; i++)
			big[noise() % (l4 + 32u)] = noise();
		if (turn % 3u == 0u)
			frame.csum_start = noise();
		if (turn % 7u == 0u)
			frame.csum_offset = noise();
		if (turn % 11u == 0u)
			frame.gso_type = noise();
		if (turn % 13u == 0u)
			frame.bytes = NET_FRAME_MIN + noise() % (frame.bytes - NET_FRAME_MIN);
		frame.edit = noise() & 3u;
		data = malloc(frame.bytes);
		memcpy(data, big, frame.bytes);
		net_source_begin(&source, &frame, data, takes[turn % 4u]);
		while (next(&packet)) {
			assert_in_range(out_bytes, 1u, frame.bytes + NET_TAG_BYTES);
			delivered++;
		}
		free(data);
		free(big);
	}
	assert_true(delivered > 10000u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_through),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
