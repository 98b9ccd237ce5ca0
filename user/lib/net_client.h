/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of a virtual switch (abi/net_channel.h): connects, hands out slots of its pool, sends frames
 * and receives those of the others. Used by the virtual network device of a VM, by the driver of a
 * physical one, and by native processes. Belongs to one thread, or to several under a lock of theirs.
 * No system call: net_client_tell says when the switch must be notified. The switch is distrusted:
 * whatever it writes, nothing outside the pools is read and nothing outside the own one written.
 */
#ifndef BULKHEAD_USER_LIB_NET_CLIENT_H
#define BULKHEAD_USER_LIB_NET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/net_channel.h"
#include "user/lib/message.h"

#define NET_NO_SLOT UINT32_MAX

struct net_client {
	struct net_channel *shared;
	struct message_end send;
	struct message_end receive;
	struct message_end done;
	struct message_end returned;
	uint32_t generation; /* ours */
	uint32_t server_generation;
	bool connected;
	bool tell;
	uint8_t *own;
	const uint8_t *pool[NET_PORTS + 1u]; /* NULL: not for us */
	uint64_t pool_pa[NET_PORTS + 1u];
	uint64_t own_pa;
	uint64_t taken[NET_WORDS];  /* slots that the caller has */
	uint64_t flying[NET_WORDS]; /* slots that were sent and not returned */
};

/* The channel with this index in the info page, and its pools; false: it is none of a switch. */
bool net_client_open(struct net_client *client, const struct process_channel *info,
                     uint32_t channel, const struct process_pool *pools, uint32_t pool_count);
/*
 * Follows the switch's generations and takes back what was returned; to be called when the switch has
 * notified, before anything else. True: connected. When the connection changes (it
 * becomes false, or true again) nothing received before may be read or given back any more.
 */
bool net_client_poll(struct net_client *client);
/* True: the switch must be notified now. False until the next change. */
bool net_client_tell(struct net_client *client);

/* Slots side by side for so many bytes, now the caller's; the first of them, or NET_NO_SLOT. */
uint32_t net_client_slots(struct net_client *client, uint32_t bytes);
static inline uint8_t *net_client_slot_at(const struct net_client *client, uint32_t slot)
{
	return client->own + (size_t)slot * NET_SLOT_BYTES;
}
/* Gives slots of net_client_slots back, unsent. */
void net_client_free(struct net_client *client, uint32_t slot, uint32_t bytes);
/*
 * Sends frame->bytes bytes from frame->offset on, which lie in slots of the caller's that were taken for
 * `bytes` bytes from the beginning of the first one. They are the switch's now. Not connected: freed.
 */
void net_client_send(struct net_client *client, const struct net_frame *frame);

/* The next frame, and where it lies, until net_client_done; false: none now. */
bool net_client_receive(struct net_client *client, struct net_frame *frame, const uint8_t **data);
void net_client_done(struct net_client *client, const struct net_frame *frame);

/* The hardware address of a port whose settings say none: locally administered. */
void net_client_mac(const struct net_settings *settings, const char *port_name,
                    const char *switch_name, uint8_t mac[6]);

#endif
