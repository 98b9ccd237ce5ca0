/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The port's side of abi/net_channel.h; contract in net_client.h. Owns nothing but what the
 * caller passes. Portable.
 */
#include "user/lib/net_client.h"

#include <stddef.h>

#include "user/lib/text.h"

#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

static uint32_t slots_of(uint32_t bytes)
{
	return (bytes + NET_SLOT_BYTES - 1u) / NET_SLOT_BYTES;
}

static void bits_set(uint64_t *words, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count && i < NET_SLOTS; i++)
		words[i / 64u] |= 1ull << (i % 64u);
}

static void bits_clear(uint64_t *words, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count && i < NET_SLOTS; i++)
		words[i / 64u] &= ~(1ull << (i % 64u));
}

static void net_client_connect(struct net_client *client)
{
	client->connected = false;
	client->generation++;
	/* release: behind it no message of the life before is written */
	__atomic_store_n(&client->shared->client_generation, client->generation, __ATOMIC_RELEASE);
	client->tell = true;
}

bool net_client_open(struct net_client *client, const struct process_channel *info,
                     uint32_t channel, const struct process_pool *pools, uint32_t pool_count)
{
	memset(client, 0, sizeof(*client));
	for (uint32_t i = 0u; i < pool_count; i++) {
		if (pools[i].channel != channel || pools[i].bytes < NET_POOL_BYTES)
			continue;
		if (pools[i].writable != 0u) {
			client->own = (uint8_t *)(uintptr_t)pools[i].va;
			client->own_pa = pools[i].pa;
		} else if (pools[i].port < NET_PORTS || pools[i].port == IMAGE_NONE) {
			uint32_t port = pools[i].port < NET_PORTS ? pools[i].port : NET_PORTS;

			client->pool[port] = (const uint8_t *)(uintptr_t)pools[i].va;
			client->pool_pa[port] = pools[i].pa;
		}
	}
	if (info->bytes < NET_CHANNEL_BYTES || client->own == NULL)
		return false;
	client->shared = (struct net_channel *)(uintptr_t)info->va;
	client->generation = __atomic_load_n(&client->shared->client_generation, __ATOMIC_RELAXED);
	client->server_generation =
		__atomic_load_n(&client->shared->server_generation, __ATOMIC_ACQUIRE);
	net_client_connect(client);
	return true;
}

/* The switch has taken note of this life, and says what of the one before is still held. */
static void net_client_begin(struct net_client *client)
{
	struct net_channel *shared = client->shared;

	message_open_writer(&client->send, &shared->send, NET_SLOTS, sizeof(struct net_frame));
	message_continue_reader(&client->receive, &shared->receive, NET_SLOTS,
	                        sizeof(struct net_frame));
	message_open_writer(&client->done, &shared->done, NET_SLOTS, sizeof(struct net_return));
	message_continue_reader(&client->returned, &shared->returned, NET_SLOTS,
	                        sizeof(struct net_return));
	memcpy(client->flying, shared->busy, sizeof(client->flying));
	client->connected = true;
}

bool net_client_poll(struct net_client *client)
{
	struct net_return back;
	uint32_t server;

	if (client->shared == NULL)
		return false;
	server = __atomic_load_n(&client->shared->server_generation, __ATOMIC_ACQUIRE);
	if (server != client->server_generation) {
		client->server_generation = server;
		net_client_connect(client);
	}
	/* acquire: pairs with the switch's release in switch_port_follow */
	if (!client->connected && __atomic_load_n(&client->shared->served_generation,
	                                          __ATOMIC_ACQUIRE) == client->generation)
		net_client_begin(client);
	while (client->connected && message_take(&client->returned, &back))
		bits_clear(client->flying, back.slot, back.slots);
	return client->connected;
}

bool net_client_tell(struct net_client *client)
{
	bool tell = client->tell;

	client->tell = false;
	if (client->connected) {
		tell |= message_show(&client->send);
		tell |= message_show(&client->done);
	}
	return tell;
}

uint32_t net_client_slots(struct net_client *client, uint32_t bytes)
{
	uint32_t count = slots_of(bytes);
	uint32_t run = 0u;

	if (count == 0u || count > NET_SLOTS)
		return NET_NO_SLOT;
	for (uint32_t i = 0u; i < NET_SLOTS; i++) {
		uint64_t used = client->taken[i / 64u] | client->flying[i / 64u];

		if (used == UINT64_MAX) {
			run = 0u;
			i |= 63u;
			continue;
		}
		run = (used & 1ull << (i % 64u)) != 0u ? 0u : run + 1u;
		if (run == count) {
			bits_set(client->taken, i + 1u - count, count);
			return i + 1u - count;
		}
	}
	return NET_NO_SLOT;
}

void net_client_free(struct net_client *client, uint32_t slot, uint32_t bytes)
{
	bits_clear(client->taken, slot, slots_of(bytes));
}

void net_client_send(struct net_client *client, const struct net_frame *frame)
{
	uint32_t slot = frame->offset / NET_SLOT_BYTES;
	uint32_t count = slots_of(frame->offset % NET_SLOT_BYTES + frame->bytes);

	bits_clear(client->taken, slot, count);
	if (!client->connected)
		return;
	bits_set(client->flying, slot, count);
	/* there is room: as many messages as slots */
	(void)message_put(&client->send, frame);
}

bool net_client_receive(struct net_client *client, struct net_frame *frame, const uint8_t **data)
{
	while (client->connected && message_take(&client->receive, frame)) {
		if (frame->pool > NET_PORTS || client->pool[frame->pool] == NULL ||
		    frame->offset > NET_POOL_BYTES || frame->bytes < NET_FRAME_MIN ||
		    frame->bytes > NET_FRAME_MAX || frame->bytes > NET_POOL_BYTES - frame->offset)
			continue;
		*data = client->pool[frame->pool] + frame->offset;
		return true;
	}
	return false;
}

void net_client_done(struct net_client *client, const struct net_frame *frame)
{
	struct net_return back = {
		.pool = frame->pool,
		.slot = (uint16_t)(frame->offset / NET_SLOT_BYTES),
	};

	if (client->connected)
		(void)message_put(&client->done, &back);
}

static uint64_t fnv_text(uint64_t hash, const char *text)
{
	/* the zero at the end counts too: it keeps the two names apart */
	do {
		hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
	} while (*text++ != '\0');
	return hash;
}

void net_client_mac(const struct net_settings *settings, const char *port_name,
                    const char *switch_name, uint8_t mac[6])
{
	uint64_t hash = fnv_text(fnv_text(FNV_BASIS, port_name), switch_name);
	uint8_t all = 0u;

	for (uint32_t i = 0u; i < 6u; i++) {
		mac[i] = settings->mac[i];
		all |= settings->mac[i];
	}
	if (all != 0u)
		return;
	for (uint32_t i = 0u; i < 6u; i++)
		mac[i] = (uint8_t)(hash >> (8u * i));
	/* IEEE 802-2014, 8.2: locally administered, not a group */
	mac[0] = (uint8_t)((mac[0] & 0xf0u) | 0x02u);
}
