/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the disk server; contract in disk.h, protocol in abi/block_channel.h. Owns what
 * the caller passes. Portable: no system call. Everything in the channel is hostile.
 */
#include "user/services/disk.h"

#include <stddef.h>

#include "user/lib/text.h"

#define BURST_PARTS 10u /* of a second: what a rate lets through at once after idling */

bool disk_client_open(struct disk_client *client, const struct process_channel *info)
{
	memset(client, 0, sizeof(*client));
	if (info->bytes < BLOCK_CHANNEL_BYTES || info->pa == 0u)
		return false;
	client->info = info;
	client->shared = (struct block_channel *)(uintptr_t)info->va;
	memcpy(&client->settings, info->settings, sizeof(client->settings));
	/* release: behind it nothing of the server's life before remains (the device was reset) */
	__atomic_fetch_add(&client->shared->server_generation, 1u, __ATOMIC_RELEASE);
	client->tell = true;
	return true;
}

void disk_client_grant(struct disk_client *client, const struct disk_kind *kind, uint64_t first,
                       uint64_t sectors)
{
	uint64_t skip = client->settings.first_sector;

	client->read_only = kind->read_only || client->settings.read_only != 0u;
	if (first > kind->sectors || sectors > kind->sectors - first || skip >= sectors)
		return;
	client->first = first + skip;
	client->sectors = sectors - skip;
	if (client->settings.sectors != 0u && client->settings.sectors < client->sectors)
		client->sectors = client->settings.sectors;
}

void disk_client_follow(struct disk_client *client)
{
	struct block_channel *shared = client->shared;
	uint32_t generation = __atomic_load_n(&shared->client_generation, __ATOMIC_ACQUIRE);

	if ((client->live || client->cut) && generation == client->served)
		return;
	client->live = false;
	client->cut = false;
	client->waiting = false;
	/* its slots are its own again only when the device is done with them */
	if (client->flying != 0u)
		return;
	message_open_reader(&client->requests, &shared->requests, BLOCK_RING,
	                    sizeof(struct block_request));
	message_open_writer(&client->replies, &shared->replies, BLOCK_RING,
	                    sizeof(struct block_reply));
	shared->sectors = client->sectors;
	shared->flags = client->read_only ? BLOCK_DISK_READ_ONLY : 0u;
	client->live = true;
	client->served = generation;
	client->tell = true;
	/* release: pairs with the acquire in block_client_poll */
	__atomic_store_n(&shared->served_generation, generation, __ATOMIC_RELEASE);
}

bool disk_client_waiting(struct disk_client *client)
{
	if (client->live && !client->waiting)
		client->waiting = message_take(&client->requests, &client->next);
	return client->live && client->waiting;
}

bool disk_client_may(const struct disk_client *client)
{
	const struct block_request *request = &client->next;
	bool data = request->op == BLOCK_READ || request->op == BLOCK_WRITE;

	if (request->slot >= BLOCK_SLOTS || request->op >= BLOCK_OPS)
		return false;
	if (request->op == BLOCK_FLUSH)
		return true;
	if (request->op != BLOCK_READ && client->read_only)
		return false;
	if (request->sectors == 0u ||
	    (data && request->sectors > BLOCK_SLOT_BYTES / BLOCK_SECTOR_BYTES))
		return false;
	return request->sector <= client->sectors &&
	       request->sectors <= client->sectors - request->sector;
}

void disk_client_cut(struct disk_client *client)
{
	client->live = false;
	client->cut = true;
	client->waiting = false;
}

void disk_client_charge(struct disk_client *client, uint64_t now, uint64_t ticks_per_second)
{
	uint64_t rate = (uint64_t)client->settings.kib_per_second * 1024u;
	uint64_t burst = ticks_per_second / BURST_PARTS;
	uint64_t bytes = BLOCK_SECTOR_BYTES;

	client->waiting = false;
	if (rate == 0u)
		return;
	if (client->next.op == BLOCK_READ || client->next.op == BLOCK_WRITE)
		bytes *= client->next.sectors;
	if (now > burst && client->free_at < now - burst)
		client->free_at = now - burst;
	client->free_at += bytes * ticks_per_second / rate;
}

void disk_client_reply(struct disk_client *client, uint16_t slot, enum block_status status)
{
	struct block_reply reply = {.slot = slot, .status = (uint8_t)status};

	/* a client that leaves no room for it has sent more than its slots: its own loss */
	if (client->live)
		(void)message_put(&client->replies, &reply);
}

bool disk_client_tell(struct disk_client *client)
{
	bool tell = client->tell;

	client->tell = false;
	if (client->live && message_show(&client->replies))
		tell = true;
	return tell;
}

struct disk_client *disk_client_choose(struct disk_client *clients, uint32_t count, uint32_t last,
                                       uint64_t now, uint64_t *deadline)
{
	struct disk_client *best = NULL;

	for (uint32_t i = 1u; i <= count; i++) {
		struct disk_client *client = &clients[(last + i) % count];

		if (!disk_client_waiting(client))
			continue;
		if (client->free_at > now) {
			*deadline = client->free_at < *deadline ? client->free_at : *deadline;
			continue;
		}
		if (best == NULL || client->settings.priority > best->settings.priority)
			best = client;
	}
	return best;
}
