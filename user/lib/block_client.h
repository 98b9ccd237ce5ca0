/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of a disk server (abi/block_channel.h): connects, hands out slots, keeps what is in
 * flight, and sends it again when the server has started anew. Used by the virtual disk of a
 * VM and by native processes. Belongs to one thread, or to several under a lock of theirs. No
 * system call: block_client_tell says when the server must be notified. The server
 * is distrusted: whatever it writes, a slot is given back once, and only when it was in flight.
 */
#ifndef BULKHEAD_USER_LIB_BLOCK_CLIENT_H
#define BULKHEAD_USER_LIB_BLOCK_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/block_channel.h"
#include "user/lib/message.h"

#define BLOCK_NO_SLOT UINT32_MAX

struct block_client {
	struct block_channel *shared;
	struct message_end requests;
	struct message_end replies;
	uint32_t generation; /* ours */
	uint32_t server_generation;
	uint32_t free;   /* a bit for each slot that nobody has */
	uint32_t flying; /* a bit for each slot whose reply is awaited */
	bool connected;
	bool tell;
	struct block_request request[BLOCK_SLOTS]; /* of the slots in flight */
};

/* The channel of the info page; false: it is too small. Then block_client_tell is true. */
bool block_client_open(struct block_client *client, const struct process_channel *info);
/*
 * Follows the server's generations; to be called when the server has notified, before anything
 * else. True: connected. What is in flight is kept over the server's restarts.
 */
bool block_client_poll(struct block_client *client);
/* True: the server must be notified now. False until the next change. */
bool block_client_tell(struct block_client *client);

/* Of the disk, or the part of it that is ours: 0 before the first connection. */
uint64_t block_client_sectors(const struct block_client *client);

bool block_client_read_only(const struct block_client *client);

/* A free slot, now the caller's, or BLOCK_NO_SLOT. Its data: BLOCK_SLOT_BYTES. */
uint32_t block_client_slot(struct block_client *client);
uint8_t *block_client_data(const struct block_client *client, uint32_t slot);
/* Sends the request of a slot of the caller's: request->slot. */
void block_client_send(struct block_client *client, const struct block_request *request);
/* The next slot that was replied to, which is the caller's again; false: none now. */
bool block_client_reply(struct block_client *client, uint32_t *slot, enum block_status *status);
/* Gives a slot back. */
void block_client_free(struct block_client *client, uint32_t slot);

#endif
