/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a ring of messages (abi/message_ring.h). An end belongs to one thread, or to
 * several under a lock of theirs. No system call: the caller tells the peer when it is said
 * that it must. The peer is distrusted: whatever it writes, nothing outside the ring is touched.
 */
#ifndef BULKHEAD_USER_LIB_MESSAGE_H
#define BULKHEAD_USER_LIB_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/message_ring.h"

struct message_end {
	struct message_ring *shared; /* NULL: not open; then nothing goes in or out */
	uint32_t count;              /* messages in the ring, a power of two */
	uint32_t bytes;              /* of a message */
	uint32_t next;               /* ours: messages written, or taken */
	uint32_t shown;              /* a writer's: those that the reader may know of */
};

/* The writing end goes on where the shared head stands. */
void message_open_writer(struct message_end *end, struct message_ring *shared, uint32_t count,
                         uint32_t bytes);
/* The reading end begins at the shared head: what was there before is dropped. */
void message_open_reader(struct message_end *end, struct message_ring *shared, uint32_t count,
                         uint32_t bytes);

/* The reading end goes on where the shared tail stands, which the writer set by message_clear. */
void message_continue_reader(struct message_end *end, struct message_ring *shared, uint32_t count,
                             uint32_t bytes);
/* A writer whose reader is gone: what that one has not taken is dropped, the next one begins here. */
void message_clear(struct message_end *end);

/* Writes a message; false: the ring is full. The reader does not know of it before message_show. */
bool message_put(struct message_end *end, const void *message);
/* Shows the reader what was put. True: it may be asleep, tell it. */
bool message_show(struct message_end *end);

/* Copies the next message out; false: there is none, and its writer will tell when there is. */
bool message_take(struct message_end *end, void *message);

#endif
