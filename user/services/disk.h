/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts of the disk server: disk.c (the loop: device, requests in flight) and
 * disk_client.c (a client: its connection, its part of the disk, its share of the time). One
 * thread. Clients are hostile.
 */
#ifndef BULKHEAD_USER_SERVICES_DISK_H
#define BULKHEAD_USER_SERVICES_DISK_H

#include "abi/block_channel.h"
#include "user/lib/disk_device.h"
#include "user/lib/message.h"

#define DISK_CLIENTS 16u

struct disk_client {
	const struct process_channel *info;
	struct block_channel *shared;
	struct block_settings settings;
	struct message_end requests;
	struct message_end replies;
	uint64_t first; /* its part of the disk, in sectors */
	uint64_t sectors;
	uint64_t free_at; /* tick from which on its rate allows the next request */
	uint32_t flying;  /* requests that the device has */
	uint32_t served;  /* the generation of the client that is connected */
	bool read_only;
	bool live;    /* connected */
	bool cut;     /* it broke the rules: `served` is not served any more */
	bool waiting; /* next is a request that was taken and not begun */
	bool tell;
	struct block_request next;
};

/* A client of the channel; its part of the disk is not known yet. False: the channel is none of a client. */
bool disk_client_open(struct disk_client *client, const struct process_channel *info);
/* What it may reach: `sectors` from `first`, where the settings do not say less. */
void disk_client_grant(struct disk_client *client, const struct disk_kind *kind, uint64_t first,
                       uint64_t sectors);
/* Follows the client's generation: drops the old life, and takes note of the new one. */
void disk_client_follow(struct disk_client *client);
/* A request waits in client->next, whatever its rate says. */
bool disk_client_waiting(struct disk_client *client);
/* client->next is something that this client may ask for. */
bool disk_client_may(const struct disk_client *client);
/* It asked for what no client of ours asks for: nothing more is taken until it connects anew. */
void disk_client_cut(struct disk_client *client);
/* client->next is begun at `now`: its bytes count against the rate. */
void disk_client_charge(struct disk_client *client, uint64_t now, uint64_t ticks_per_second);
void disk_client_reply(struct disk_client *client, uint16_t slot, enum block_status status);
/* Shows the replies. True: the client must be notified. */
bool disk_client_tell(struct disk_client *client);

/*
 * Of `count` clients the one whose request is next at `now`: the highest priority of those whose rate
 * allows it; equal ones in turn, the first one behind `last`. NULL: none; then *deadline is lowered
 * to the tick at which a rate will allow one.
 */
struct disk_client *disk_client_choose(struct disk_client *clients, uint32_t count, uint32_t last,
                                       uint64_t now, uint64_t *deadline);

#endif
