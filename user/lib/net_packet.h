/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receiver makes of a frame that lies in somebody else's pool: one packet, or several if it takes
 * no segmentation offload; with its VLAN tag put in or cut out, and its checksum completed if it takes
 * no partial ones. The frame is copied by whoever takes the packets: here only headers are. Pure.
 *
 * The frame may change while it is read: what is parsed is parsed in a copy, and nothing outside of
 * its bytes is touched. What is no TCP or UDP packet as its header says is not delivered.
 */
#ifndef BULKHEAD_USER_LIB_NET_PACKET_H
#define BULKHEAD_USER_LIB_NET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/net_channel.h"

#define NET_HEAD_BYTES 256u
#define NET_TAG_BYTES  4u

/* What the receiver takes as it is. */
#define NET_TAKES_CSUM (1u << 0)
#define NET_TAKES_TSO4 (1u << 1)
#define NET_TAKES_TSO6 (1u << 2)
#define NET_TAKES_ECN  (1u << 3)

/* One packet to deliver: head, then tail. */
struct net_packet {
	const uint8_t *head; /* in the source; valid until its next packet */
	const uint8_t *tail; /* in the pool */
	uint32_t head_bytes;
	uint32_t tail_bytes;
	uint16_t hdr_len; /* these six are of the packet, and say what is still to be done to it */
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint8_t flags;
	uint8_t gso_type;
};

struct net_source {
	struct net_frame frame;
	const uint8_t *data;
	uint32_t next;   /* segments: bytes of payload delivered; else 1 when all is */
	uint32_t copied; /* bytes of the frame that are in head, before editing */
	bool segments;
	bool complete; /* the checksum is ours to complete */
	uint32_t l3;   /* segments: where its headers begin, in the frame */
	uint32_t payload;
	uint8_t head[NET_HEAD_BYTES];
	uint8_t edited[NET_HEAD_BYTES + NET_TAG_BYTES];
};

void net_source_begin(struct net_source *source, const struct net_frame *frame, const uint8_t *data,
                      uint32_t takes);
/* The next packet; false: there are no more. */
bool net_source_next(struct net_source *source, struct net_packet *packet);

/* What a sender says of a frame of so many bytes makes sense; else it is to be refused. */
bool net_frame_good(const struct net_frame *frame);

#endif
