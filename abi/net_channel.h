/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel between a virtual switch and one of its ports, both processes. No functions here;
 * the code of a port is user/lib/net_client.c, of the switch user/services/switch_port.c.
 *
 * Frames lie in pools (process_pool): each port writes its own and reads the others'. A pool is
 * NET_SLOTS slots; a frame takes as many slots side by side as it needs and is named by the slot that it
 * begins in. To send, a port writes a frame into free slots of its pool and sends a net_frame. The
 * switch decides who gets it, and sends each of them the net_frame with the number of the pool. A receiver
 * reads the frame there and then names it in `done`; the switch passes that on in `returned` when
 * nobody holds the frame any more, and only then the slots are free again.
 *
 * The owner of a pool may change a frame while others read it. So the switch judges a frame once, and
 * says in the message which VLAN it is of; a receiver copies and takes nothing it read twice for the same.
 *
 * What a port holds of one pool is bounded (NET_SLOTS shared by all ports and one): frames beyond
 * that are dropped, so that a port that returns nothing stops nobody. No ring here can be full.
 *
 * Connecting is as in abi/block_channel.h: client_generation, server_generation, served_generation. A
 * switch that serves a new generation of a port takes back all that the port's life before held, and says
 * in `busy` which of the port's own slots others still hold. A switch that starts anew knows
 * of no frame: one that is being read at that moment may be written over by its sender.
 *
 * Between serving a generation and the port's taking note of it, frames and returned slots may come
 * already: so the switch sets the tail of the rings that it writes to their head before it
 * stores served_generation, and the port goes on from that tail.
 *
 * A port that breaks these rules is cut off until it connects anew.
 */
#ifndef BULKHEAD_ABI_NET_CHANNEL_H
#define BULKHEAD_ABI_NET_CHANNEL_H

#include "abi/message_ring.h"
#include "abi/process.h"

#define NET_PORTS         12u /* of a switch; pool NET_PORTS is the switch's own */
#define NET_SLOTS         512u
#define NET_SLOT_BYTES    2048u
#define NET_POOL_BYTES    0x100000u
#define NET_FRAME_MIN     14u
#define NET_FRAME_MAX     65550u /* the largest segmentation offload, with its Ethernet header */
#define NET_CHANNEL_BYTES 0x9000u
#define NET_WORDS         (NET_SLOTS / 64u)

/* net_frame.flags and gso_type: as in struct virtio_net_hdr (VIRTIO 1.2, 5.1.6) */
#define NET_NEEDS_CSUM (1u << 0)
#define NET_DATA_VALID (1u << 1)
#define NET_GSO_NONE   0u
#define NET_GSO_TCP4   1u
#define NET_GSO_TCP6   4u
#define NET_GSO_ECN    0x80u /* with one of the two */
#define NET_GSO_LEAST  48u   /* gso_size; bounds the number of pieces */

/* net_frame.edit, set by the switch: what the receiver does to its copy. Cutting comes first. */
#define NET_TAG_CUT (1u << 0) /* the 4 bytes at offset 12 are no part of what is delivered */
#define NET_TAG_ADD (1u << 1) /* an 802.1Q tag with `tag` is put in at offset 12 */

struct net_frame {
	uint32_t offset; /* in its pool; of its first byte */
	uint32_t bytes;  /* as it lies there; the offsets below are of that as well */
	uint16_t pool;   /* set by the switch */
	uint16_t tag;    /* set by the switch: TCI */
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint8_t flags;
	uint8_t gso_type;
	uint8_t edit; /* set by the switch */
	uint8_t padding;
};

struct net_return {
	uint16_t pool;  /* in `done`; 0 in `returned` */
	uint16_t slot;  /* the first of the frame */
	uint16_t slots; /* in `returned`; 0 in `done` */
	uint16_t padding;
};

struct net_channel {
	/* written by the port */
	uint32_t client_generation;
	uint8_t padding0[60];
	/* written by the switch */
	uint32_t server_generation;
	uint32_t served_generation;
	uint8_t padding1[56];
	uint64_t busy[NET_WORDS]; /* valid with served_generation */
	struct message_ring send; /* by the port */
	struct net_frame send_frame[NET_SLOTS];
	struct message_ring receive; /* by the switch */
	struct net_frame receive_frame[NET_SLOTS];
	struct message_ring done; /* by the port */
	struct net_return done_return[NET_SLOTS];
	struct message_ring returned; /* by the switch */
	struct net_return returned_return[NET_SLOTS];
};

#define NET_TRUNK_BYTES 24u

/* Of a port's channel, from the description (process_channel.settings). */
struct net_settings {
	uint8_t mac[6]; /* zeroes: one made of the names (net_client.h) */
	uint8_t padding[2];
	uint32_t vlan;           /* access port: its VLAN; 0: the one without a number */
	uint32_t group;          /* ports of the same group other than 0 do not hear each other */
	uint32_t kib_per_second; /* that it may send; 0: no limit */
	uint32_t isolated;       /* its pool is for the switch alone, which copies */
	uint32_t uplink;         /* behind it are others: their addresses are not limited */
	uint32_t queues;         /* of the virtual device: pairs */
	uint32_t mtu;
	uint32_t offload; /* 0: the virtual device offers neither checksums nor segmentation */
	char trunk[NET_TRUNK_BYTES]; /* "10,20-29": tagged frames of these VLANs and no others */
};

_Static_assert(NET_POOL_BYTES == NET_SLOTS * NET_SLOT_BYTES, "whole slots");
_Static_assert(sizeof(struct net_frame) == 24, "both sides agree");
_Static_assert(sizeof(struct net_return) == 8, "both sides agree");
_Static_assert(sizeof(struct net_channel) <= NET_CHANNEL_BYTES, "it fits");
_Static_assert(sizeof(struct net_settings) <= CHANNEL_SETTINGS, "they fit");

#endif
