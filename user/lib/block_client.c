/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of abi/block_channel.h; contract in block_client.h. Owns nothing but what
 * the caller passes. Portable.
 */
#include "user/lib/block_client.h"

#include <stddef.h>

#include "user/lib/text.h"

_Static_assert(BLOCK_SLOTS == 32u, "a bit of a word for each");

static void block_client_connect(struct block_client *client)
{
	client->connected = false;
	client->generation++;
	/* release: behind it no request of the life before is written */
	__atomic_store_n(&client->shared->client_generation, client->generation, __ATOMIC_RELEASE);
	client->tell = true;
}

bool block_client_open(struct block_client *client, const struct process_channel *info)
{
	memset(client, 0, sizeof(*client));
	if (info->bytes < BLOCK_CHANNEL_BYTES)
		return false;
	client->shared = (struct block_channel *)(uintptr_t)info->va;
	client->free = UINT32_MAX;
	client->generation = __atomic_load_n(&client->shared->client_generation, __ATOMIC_RELAXED);
	client->server_generation =
		__atomic_load_n(&client->shared->server_generation, __ATOMIC_ACQUIRE);
	block_client_connect(client);
	return true;
}

static void block_client_put(struct block_client *client, uint32_t slot)
{
	/* there is room: the ring has more messages than there are slots */
	(void)message_put(&client->requests, &client->request[slot]);
}

/* The server has taken note of this life: what it has not seen, or forgotten, is sent. */
static void block_client_begin(struct block_client *client)
{
	struct block_channel *shared = client->shared;

	message_open_writer(&client->requests, &shared->requests, BLOCK_RING,
	                    sizeof(struct block_request));
	message_open_reader(&client->replies, &shared->replies, BLOCK_RING,
	                    sizeof(struct block_reply));
	client->connected = true;
	for (uint32_t slot = 0u; slot < BLOCK_SLOTS; slot++) {
		if ((client->flying & (1u << slot)) != 0u)
			block_client_put(client, slot);
	}
}

bool block_client_poll(struct block_client *client)
{
	uint32_t server;

	if (client->shared == NULL)
		return false;
	server = __atomic_load_n(&client->shared->server_generation, __ATOMIC_ACQUIRE);
	if (server != client->server_generation) {
		client->server_generation = server;
		block_client_connect(client);
	}
	/* acquire: pairs with the server's release: its device is done with our slots */
	if (!client->connected && __atomic_load_n(&client->shared->served_generation,
	                                          __ATOMIC_ACQUIRE) == client->generation)
		block_client_begin(client);
	return client->connected;
}

bool block_client_tell(struct block_client *client)
{
	bool tell = client->tell;

	client->tell = false;
	if (client->connected && message_show(&client->requests))
		tell = true;
	return tell;
}

uint64_t block_client_sectors(const struct block_client *client)
{
	if (client->shared == NULL || !client->connected)
		return 0u;
	return __atomic_load_n(&client->shared->sectors, __ATOMIC_RELAXED);
}

bool block_client_read_only(const struct block_client *client)
{
	return client->shared != NULL && client->connected &&
	       (__atomic_load_n(&client->shared->flags, __ATOMIC_RELAXED) & BLOCK_DISK_READ_ONLY) !=
	               0u;
}

uint32_t block_client_slot(struct block_client *client)
{
	uint32_t slot;

	if (client->free == 0u)
		return BLOCK_NO_SLOT;
	slot = (uint32_t)__builtin_ctz(client->free);
	client->free &= client->free - 1u;
	return slot;
}

uint8_t *block_client_data(const struct block_client *client, uint32_t slot)
{
	return (uint8_t *)client->shared + BLOCK_DATA_OFFSET + (size_t)slot * BLOCK_SLOT_BYTES;
}

void block_client_send(struct block_client *client, const struct block_request *request)
{
	uint32_t slot = request->slot % BLOCK_SLOTS;

	client->request[slot] = *request;
	client->flying |= 1u << slot;
	if (client->connected)
		block_client_put(client, slot);
}

bool block_client_reply(struct block_client *client, uint32_t *slot, enum block_status *status)
{
	struct block_reply reply;

	while (client->connected && message_take(&client->replies, &reply)) {
		if (reply.slot >= BLOCK_SLOTS || (client->flying & (1u << reply.slot)) == 0u)
			continue;
		client->flying &= ~(1u << reply.slot);
		*slot = reply.slot;
		*status = reply.status == BLOCK_OK ? BLOCK_OK : BLOCK_ERROR;
		return true;
	}
	return false;
}

void block_client_free(struct block_client *client, uint32_t slot)
{
	client->free |= 1u << slot;
}
