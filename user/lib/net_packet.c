/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of a frame; contract in net_packet.h. Owns what the caller passes. Portable.
 * RFC 1071 (checksums), RFC 9293 3.1 (TCP header), RFC 791 3.1, RFC 8200 3.
 */
#include "user/lib/net_packet.h"

#include <stddef.h>

#include "user/lib/text.h"

#define TAG_AT      12u
#define TYPE_IP4    0x0800u
#define TYPE_IP6    0x86ddu
#define TYPE_VLAN   0x8100u
#define IP4_BYTES   20u
#define IP4_LENGTH  2u
#define IP4_ID      4u
#define IP4_SUM     10u
#define IP4_SOURCE  12u
#define IP6_BYTES   40u
#define IP6_LENGTH  4u
#define IP6_SOURCE  8u
#define TCP_BYTES   20u
#define TCP_SEQ     4u
#define TCP_OFFSET  12u
#define TCP_FLAGS   13u
#define TCP_SUM     16u
#define TCP_FIN_PSH 0x09u
#define TCP_CWR     0x80u
#define PROTO_TCP   6u

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* Adds big-endian words to a sum; a frame is below 2^17 words, so it does not overflow. */
static uint32_t sum_add(uint32_t sum, const uint8_t *at, uint32_t bytes)
{
	uint32_t i;

	for (i = 0u; i + 1u < bytes; i += 2u)
		sum += get16(at + i);
	if (i < bytes)
		sum += (uint32_t)at[i] << 8;
	return (sum & 0xffffu) + (sum >> 16);
}

static uint32_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffffu) + (sum >> 16);
	return (sum & 0xffffu) + (sum >> 16);
}

bool net_frame_good(const struct net_frame *frame)
{
	uint32_t type = frame->gso_type & ~NET_GSO_ECN;
	bool sum = (frame->flags & NET_NEEDS_CSUM) != 0u;

	if (frame->bytes < NET_FRAME_MIN || frame->bytes > NET_FRAME_MAX ||
	    frame->offset > NET_POOL_BYTES || frame->bytes > NET_POOL_BYTES - frame->offset ||
	    (frame->flags & ~(NET_NEEDS_CSUM | NET_DATA_VALID)) != 0u)
		return false;
	if (sum && (uint32_t)frame->csum_start + frame->csum_offset + 2u > frame->bytes)
		return false;
	if (type == NET_GSO_NONE)
		return frame->gso_type == NET_GSO_NONE;
	return sum && (type == NET_GSO_TCP4 || type == NET_GSO_TCP6) &&
	       frame->gso_size >= NET_GSO_LEAST;
}

/* The frame is a TCP packet as gso_type says, all of its headers are in head. */
static bool source_parse(struct net_source *source)
{
	const uint8_t *head = source->head;
	uint32_t l4 = source->frame.csum_start;
	uint32_t l3 = TAG_AT + 2u;
	uint32_t type = get16(head + TAG_AT);
	bool six = (source->frame.gso_type & ~NET_GSO_ECN) == NET_GSO_TCP6;
	uint32_t tcp;

	if (type == TYPE_VLAN && source->copied >= l3 + NET_TAG_BYTES) {
		type = get16(head + TAG_AT + NET_TAG_BYTES);
		l3 += NET_TAG_BYTES;
	}
	if (type != (six ? TYPE_IP6 : TYPE_IP4) || l4 < l3 + (six ? IP6_BYTES : IP4_BYTES) ||
	    l4 + TCP_BYTES > source->copied || source->frame.csum_offset != TCP_SUM)
		return false;
	if (!six && l4 != l3 + 4u * (head[l3] & 15u))
		return false;
	tcp = 4u * (head[l4 + TCP_OFFSET] >> 4);
	source->l3 = l3;
	source->payload = l4 + tcp;
	return tcp >= TCP_BYTES && source->payload <= source->copied &&
	       source->payload < source->frame.bytes;
}

void net_source_begin(struct net_source *source, const struct net_frame *frame, const uint8_t *data,
                      uint32_t takes)
{
	uint32_t type = frame->gso_type & ~NET_GSO_ECN;
	bool sum = (frame->flags & NET_NEEDS_CSUM) != 0u;
	bool gso = type != NET_GSO_NONE;

	source->frame = *frame;
	source->data = data;
	source->next = 0u;
	source->segments =
		gso && ((takes & NET_TAKES_CSUM) == 0u ||
	                (takes & (type == NET_GSO_TCP4 ? NET_TAKES_TSO4 : NET_TAKES_TSO6)) == 0u ||
	                ((frame->gso_type & NET_GSO_ECN) != 0u && (takes & NET_TAKES_ECN) == 0u));
	source->complete = source->segments || (sum && (takes & NET_TAKES_CSUM) == 0u);
	source->copied = 0u;
	if (source->complete)
		source->copied = frame->bytes < NET_HEAD_BYTES ? frame->bytes : NET_HEAD_BYTES;
	else if (frame->edit != 0u)
		source->copied = TAG_AT + NET_TAG_BYTES;
	if (source->copied > frame->bytes)
		source->copied = frame->bytes;
	memcpy(source->head, data, source->copied);
	/* the compiler must not look at the frame again instead of at the copy */
	__asm__ volatile("" : : : "memory");
	if (!net_frame_good(frame) || (source->segments && !source_parse(source)))
		source->frame.bytes = 0u;
}

/*
 * Makes a packet of head_bytes bytes at head (a copy of the frame's beginning, changed or not) and the
 * rest, which lies in the pool: carries out the VLAN edit.
 */
static void source_edit(struct net_source *source, struct net_packet *packet, const uint8_t *head,
                        uint32_t head_bytes)
{
	uint32_t edit = source->frame.edit;
	uint32_t skip = TAG_AT + ((edit & NET_TAG_CUT) != 0u ? NET_TAG_BYTES : 0u);
	uint32_t at = TAG_AT;

	packet->head = head;
	packet->head_bytes = head_bytes;
	if (edit == 0u || head_bytes < skip)
		return;
	memcpy(source->edited, head, TAG_AT);
	if ((edit & NET_TAG_ADD) != 0u) {
		put16(source->edited + at, TYPE_VLAN);
		put16(source->edited + at + 2u, source->frame.tag);
		at += NET_TAG_BYTES;
	}
	memcpy(source->edited + at, head + skip, head_bytes - skip);
	packet->head = source->edited;
	packet->head_bytes = at + head_bytes - skip;
	/* the offsets move with what lies behind the tag */
	if (packet->csum_start >= skip)
		packet->csum_start = (uint16_t)(packet->csum_start + at - skip);
	if (packet->hdr_len >= skip)
		packet->hdr_len = (uint16_t)(packet->hdr_len + at - skip);
}

/* The whole frame as one packet. False: its checksum field is not where one can be. */
static bool source_whole(struct net_source *source, struct net_packet *packet)
{
	const struct net_frame *frame = &source->frame;
	uint32_t field = (uint32_t)frame->csum_start + frame->csum_offset;

	source->next = 1u;
	*packet = (struct net_packet){
		.tail = source->data + source->copied,
		.tail_bytes = frame->bytes - source->copied,
		.flags = frame->flags,
		.gso_type = frame->gso_type,
		.gso_size = frame->gso_size,
		.hdr_len = frame->hdr_len,
		.csum_start = frame->csum_start,
		.csum_offset = frame->csum_offset,
	};
	if (source->complete) {
		uint32_t sum = 0u;
		uint32_t start = frame->csum_start;
		uint32_t odd;

		if (field + 2u > source->copied)
			return false;
		/* the field holds the sum of the pseudo header (VIRTIO 1.2, 5.1.6.2) */
		odd = (source->copied - start) & 1u;
		sum = sum_add(0u, source->head + start, source->copied - start - odd);
		if (odd != 0u) {
			sum += (uint32_t)source->head[source->copied - 1u] << 8;
			if (packet->tail_bytes != 0u)
				sum += packet->tail[0];
		}
		if (packet->tail_bytes > odd)
			sum = sum_add(sum, packet->tail + odd, packet->tail_bytes - odd);
		sum = ~sum_fold(sum) & 0xffffu;
		/* RFC 768: 0 would say that there is none; for TCP 0xffff is the same */
		put16(source->head + field, sum != 0u ? sum : 0xffffu);
		packet->flags = 0u;
		packet->csum_start = 0u;
		packet->csum_offset = 0u;
	}
	source_edit(source, packet, source->head, source->copied);
	return true;
}

/* The headers of a segment: those of the frame with what differs. */
static void source_headers(struct net_source *source, uint32_t bytes, bool last)
{
	uint8_t *l3 = source->head + source->l3;
	uint8_t *l4 = source->head + source->frame.csum_start;
	uint32_t l4_bytes = source->payload - source->frame.csum_start + bytes;
	bool six = (source->frame.gso_type & ~NET_GSO_ECN) == NET_GSO_TCP6;
	uint32_t total = source->payload - source->l3 + bytes;
	uint32_t sum = PROTO_TCP + l4_bytes;

	if (six) {
		put16(l3 + IP6_LENGTH, total - IP6_BYTES);
		sum = sum_add(sum, l3 + IP6_SOURCE, 32u);
	} else {
		uint32_t header = source->frame.csum_start - source->l3;

		put16(l3 + IP4_LENGTH, total);
		put16(l3 + IP4_SUM, 0u);
		put16(l3 + IP4_SUM, ~sum_fold(sum_add(0u, l3, header)));
		sum = sum_add(sum, l3 + IP4_SOURCE, 8u);
	}
	if (!last)
		l4[TCP_FLAGS] &= (uint8_t)~TCP_FIN_PSH;
	put16(l4 + TCP_SUM, 0u);
	sum = sum_add(sum, l4, source->payload - source->frame.csum_start);
	sum = sum_add(sum, source->data + source->payload + source->next, bytes);
	put16(l4 + TCP_SUM, ~sum_fold(sum));
}

static bool source_segment(struct net_source *source, struct net_packet *packet)
{
	uint32_t all = source->frame.bytes - source->payload;
	uint32_t left = all - source->next;
	uint32_t bytes = left < source->frame.gso_size ? left : source->frame.gso_size;
	uint8_t *l4 = source->head + source->frame.csum_start;
	uint8_t *id = source->head + source->l3 + IP4_ID;
	uint8_t flags = l4[TCP_FLAGS];

	if (left == 0u)
		return false;
	source_headers(source, bytes, bytes == left);
	*packet = (struct net_packet){
		.tail = source->data + source->payload + source->next,
		.tail_bytes = bytes,
	};
	source_edit(source, packet, source->head, source->payload);
	if (packet->head == source->head) {
		memcpy(source->edited, source->head, source->payload);
		packet->head = source->edited;
	}
	/* for the next one: number, sequence, flags of the whole but CWR (RFC 3168, 6.1.2) */
	source->next += bytes;
	put32(l4 + TCP_SEQ, get32(l4 + TCP_SEQ) + bytes);
	l4[TCP_FLAGS] = (uint8_t)(flags & ~TCP_CWR);
	if ((source->frame.gso_type & ~NET_GSO_ECN) == NET_GSO_TCP4)
		put16(id, get16(id) + 1u);
	return true;
}

bool net_source_next(struct net_source *source, struct net_packet *packet)
{
	if (source->frame.bytes == 0u)
		return false;
	if (source->segments)
		return source_segment(source, packet);
	return source->next == 0u && source_whole(source, packet);
}
