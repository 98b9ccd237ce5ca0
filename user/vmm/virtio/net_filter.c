/* SPDX-License-Identifier: Apache-2.0 */
/* Receive modes and steering; contract in net_filter.h. Owns what the caller passes. Portable. */
#include "user/vmm/virtio/net_filter.h"

#include <stddef.h>

#include "user/lib/text.h"

#define CLASS_RX   0u
#define CLASS_MAC  1u
#define CLASS_VLAN 2u
#define CLASS_MQ   4u

#define RX_PROMISCUOUS   0u
#define RX_ALL_MULTICAST 1u
#define RX_ALL_UNICAST   2u
#define RX_NO_MULTICAST  3u
#define RX_NO_UNICAST    4u
#define RX_NO_BROADCAST  5u
#define MAC_TABLE_SET    0u
#define MAC_ADDR_SET     1u
#define VLAN_ADD         0u
#define VLAN_DELETE      1u
#define MQ_PAIRS_SET     0u

#define MAC_BYTES 6u
#define VLAN_MASK 0x0fffu
#define TYPE_AT   12u
#define TYPE_IP4  0x0800u
#define TYPE_IP6  0x86ddu
#define IP_AT     14u
#define PROTO_TCP 6u
#define PROTO_UDP 17u

void net_filter_reset(struct net_filter *filter, const uint8_t mac[6])
{
	memset(filter, 0, sizeof(*filter));
	memcpy(filter->mac, mac, MAC_BYTES);
	filter->pairs = 1u;
}

static uint32_t little16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t little32(const uint8_t *at)
{
	return little16(at) | little16(at + 2) << 16;
}

static bool filter_mode(struct net_filter *filter, uint64_t features, uint32_t number, bool on)
{
	uint64_t need = number <= RX_ALL_MULTICAST ? NET_F_CTRL_RX : NET_F_CTRL_RX_EXTRA;
	bool *const modes[] = {
		[RX_PROMISCUOUS] = &filter->promiscuous,
		[RX_ALL_MULTICAST] = &filter->all_multicast,
		[RX_ALL_UNICAST] = &filter->all_unicast,
		[RX_NO_MULTICAST] = &filter->no_multicast,
		[RX_NO_UNICAST] = &filter->no_unicast,
		[RX_NO_BROADCAST] = &filter->no_broadcast,
	};

	if (number > RX_NO_BROADCAST || (features & need) == 0u)
		return false;
	*modes[number] = on;
	return true;
}

/* One of the two tables of MAC_TABLE_SET: a count and so many addresses. NULL: it is cut short. */
static const uint8_t *filter_table(const uint8_t *at, const uint8_t *end,
                                   uint8_t table[NET_FILTER_MACS][6], uint32_t *count,
                                   bool *overflow)
{
	uint32_t entries;

	if (end - at < 4)
		return NULL;
	entries = little32(at);
	at += 4;
	if (entries > (uint32_t)(end - at) / MAC_BYTES)
		return NULL;
	*overflow = entries > NET_FILTER_MACS;
	*count = *overflow ? 0u : entries;
	memcpy(table, at, (size_t)*count * MAC_BYTES);
	return at + (size_t)entries * MAC_BYTES;
}

static bool filter_mac(struct net_filter *filter, uint64_t features, uint32_t number,
                       const uint8_t *data, uint32_t bytes)
{
	struct net_filter old = *filter;
	const uint8_t *end = data + bytes;
	const uint8_t *at = data;

	if (number == MAC_ADDR_SET) {
		if ((features & NET_F_CTRL_MAC_ADDR) == 0u || bytes != MAC_BYTES)
			return false;
		memcpy(filter->mac, data, MAC_BYTES);
		return true;
	}
	if (number != MAC_TABLE_SET || (features & NET_F_CTRL_RX) == 0u)
		return false;
	at = filter_table(at, end, filter->unicast, &filter->unicast_count,
	                  &filter->unicast_overflow);
	if (at != NULL)
		at = filter_table(at, end, filter->multicast, &filter->multicast_count,
		                  &filter->multicast_overflow);
	if (at == NULL)
		*filter = old;
	return at != NULL;
}

static bool filter_vlan(struct net_filter *filter, uint64_t features, uint32_t number,
                        const uint8_t *data, uint32_t bytes)
{
	uint32_t vlan;

	if ((features & NET_F_CTRL_VLAN) == 0u || bytes != 2u || number > VLAN_DELETE)
		return false;
	vlan = little16(data);
	if (vlan > VLAN_MASK)
		return false;
	if (number == VLAN_ADD)
		filter->vlans[vlan / 64u] |= 1ull << (vlan % 64u);
	else
		filter->vlans[vlan / 64u] &= ~(1ull << (vlan % 64u));
	return true;
}

bool net_filter_command(struct net_filter *filter, uint64_t features, uint32_t pairs,
                        const uint8_t *command, uint32_t bytes)
{
	const uint8_t *data = command + 2;
	uint32_t number;

	if (bytes < 2u)
		return false;
	number = command[1];
	bytes -= 2u;
	switch (command[0]) {
	case CLASS_RX:
		return bytes == 1u && data[0] <= 1u &&
		       filter_mode(filter, features, number, data[0] != 0u);
	case CLASS_MAC:
		return filter_mac(filter, features, number, data, bytes);
	case CLASS_VLAN:
		return filter_vlan(filter, features, number, data, bytes);
	case CLASS_MQ:
		if ((features & NET_F_MQ) == 0u || number != MQ_PAIRS_SET || bytes != 2u ||
		    little16(data) < 1u || little16(data) > pairs)
			return false;
		filter->pairs = little16(data);
		return true;
	default:
		return false;
	}
}

static bool filter_holds(const uint8_t table[NET_FILTER_MACS][6], uint32_t count,
                         const uint8_t *mac)
{
	for (uint32_t i = 0u; i < count; i++) {
		if (memcmp(table[i], mac, MAC_BYTES) == 0)
			return true;
	}
	return false;
}

static bool filter_address(const struct net_filter *filter, const uint8_t *to)
{
	static const uint8_t everybody[MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (memcmp(to, everybody, MAC_BYTES) == 0)
		return !filter->no_broadcast;
	if ((to[0] & 1u) != 0u)
		return !filter->no_multicast &&
		       (filter->all_multicast || filter->multicast_overflow ||
		        filter_holds(filter->multicast, filter->multicast_count, to));
	return !filter->no_unicast && (filter->all_unicast || filter->unicast_overflow ||
	                               memcmp(to, filter->mac, MAC_BYTES) == 0 ||
	                               filter_holds(filter->unicast, filter->unicast_count, to));
}

bool net_filter_wants(const struct net_filter *filter, uint64_t features, const uint8_t *head,
                      bool tagged, uint32_t tag)
{
	uint32_t vlan = tag & VLAN_MASK;

	if ((features & NET_F_CTRL_RX) != 0u && filter->promiscuous)
		return true;
	if ((features & NET_F_CTRL_VLAN) != 0u && tagged && vlan != 0u &&
	    (filter->vlans[vlan / 64u] & 1ull << (vlan % 64u)) == 0u)
		return false;
	/* without CTRL_RX the driver cannot ask for groups: it gets them */
	if ((features & NET_F_CTRL_RX) == 0u && (head[0] & 1u) != 0u)
		return true;
	return filter_address(filter, head);
}

/* The same for both directions of a flow. */
static uint32_t filter_flow(const uint8_t *head, uint32_t bytes)
{
	uint32_t type = (uint32_t)head[TYPE_AT] << 8 | head[TYPE_AT + 1u];
	uint32_t address =
		0u; /* where the addresses begin, how long each is, where the ports are */
	uint32_t length = 0u;
	uint32_t ports = 0u;
	uint32_t protocol = 0u;
	uint32_t hash = 0u;

	if (type == TYPE_IP4 && bytes >= IP_AT + 20u) {
		address = IP_AT + 12u;
		length = 4u;
		ports = IP_AT + 4u * (head[IP_AT] & 15u);
		protocol = head[IP_AT + 9u];
	} else if (type == TYPE_IP6 && bytes >= IP_AT + 40u) {
		address = IP_AT + 8u;
		length = 16u;
		ports = IP_AT + 40u;
		protocol = head[IP_AT + 6u];
	}
	for (uint32_t i = 0u; i < length; i++)
		hash = hash * 31u + (head[address + i] ^ (uint32_t)head[address + length + i]);
	if ((protocol == PROTO_TCP || protocol == PROTO_UDP) && ports + 4u <= bytes) {
		hash = hash * 31u + (head[ports] ^ (uint32_t)head[ports + 2u]);
		hash = hash * 31u + (head[ports + 1u] ^ (uint32_t)head[ports + 3u]);
	}
	return (hash ^ hash >> 8 ^ hash >> 16) % NET_FILTER_FLOWS;
}

void net_filter_sent(struct net_filter *filter, const uint8_t *head, uint32_t bytes, uint32_t pair)
{
	filter->flow[filter_flow(head, bytes)] = (uint8_t)pair;
}

uint32_t net_filter_pair(const struct net_filter *filter, const uint8_t *head, uint32_t bytes)
{
	return filter->flow[filter_flow(head, bytes)] % filter->pairs;
}
