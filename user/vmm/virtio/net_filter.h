/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver of a virtual network device asks for on its control queue (VIRTIO 1.2, 5.1.6.5), and what
 * follows from it: which frames the guest wants, and in which of its queues. Belongs to the
 * device, under its lock. Pure; commands and frames are hostile.
 */
#ifndef BULKHEAD_USER_VMM_VIRTIO_NET_FILTER_H
#define BULKHEAD_USER_VMM_VIRTIO_NET_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define NET_PAIRS        4u /* of queues, at most */
#define NET_FILTER_MACS  64u
#define NET_FILTER_FLOWS 256u
#define NET_LOOK_BYTES   64u /* of a frame's beginning that are looked at */

/* The features that say which commands there are. */
#define NET_F_CTRL_RX       (1ull << 18)
#define NET_F_CTRL_VLAN     (1ull << 19)
#define NET_F_CTRL_RX_EXTRA (1ull << 20)
#define NET_F_MQ            (1ull << 22)
#define NET_F_CTRL_MAC_ADDR (1ull << 23)

#define NET_COMMAND_BYTES (2u + 4u + 4u + 6u * NET_FILTER_MACS) /* the longest that is taken */

struct net_filter {
	uint8_t mac[6];
	bool promiscuous;
	bool all_multicast;
	bool all_unicast;
	bool no_multicast;
	bool no_unicast;
	bool no_broadcast;
	bool unicast_overflow; /* the driver has more addresses than fit: all pass */
	bool multicast_overflow;
	uint32_t pairs; /* of queues that the driver uses */
	uint32_t unicast_count;
	uint32_t multicast_count;
	uint8_t unicast[NET_FILTER_MACS][6];
	uint8_t multicast[NET_FILTER_MACS][6];
	uint64_t vlans[4096u / 64u];
	uint8_t flow[NET_FILTER_FLOWS]; /* the pair in which the driver last sent of a flow */
};

/* As after a reset. */
void net_filter_reset(struct net_filter *filter, const uint8_t mac[6]);
/* A command with its class and number in front; pairs: the most there are. False: VIRTIO_NET_ERR. */
bool net_filter_command(struct net_filter *filter, uint64_t features, uint32_t pairs,
                        const uint8_t *command, uint32_t bytes);
/*
 * The frame with this beginning (at least 14 bytes, up to NET_LOOK_BYTES) is for the guest;
 * tag: the TCI that it will carry, or 0 if it will carry none.
 */
bool net_filter_wants(const struct net_filter *filter, uint64_t features, const uint8_t *head,
                      bool tagged, uint32_t tag);
/* The guest sent a frame in this pair: the answers are to come in the same (5.1.6.5.5). */
void net_filter_sent(struct net_filter *filter, const uint8_t *head, uint32_t bytes, uint32_t pair);
uint32_t net_filter_pair(const struct net_filter *filter, const uint8_t *head, uint32_t bytes);

#endif
