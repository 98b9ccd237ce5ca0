/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of messages of one size in shared memory, from one writer to one reader. No functions
 * here; the code is user/lib/message.c.
 *
 * `head` counts the messages ever written and belongs to the writer, `tail` those ever taken and
 * belongs to the reader; both wrap at 2^32. Each side keeps its own index privately and distrusts
 * the other's: head - tail above the ring's count means that the other side is broken, and the
 * ring is empty (for a reader) or full (for a writer) as long as that is so. A reader copies a message
 * and checks the copy.
 *
 * Barriers: the writer stores messages, then head with release; the reader loads head with
 * acquire, then messages: they pair. The reader copies, then stores tail with release; the
 * writer loads tail with acquire before it writes over: they pair. A writer that finds, behind a
 * full barrier, that the reader had taken everything before these messages, notifies it; a reader that
 * finds nothing looks again behind a full barrier before it sleeps: they pair.
 */
#ifndef BULKHEAD_ABI_MESSAGE_RING_H
#define BULKHEAD_ABI_MESSAGE_RING_H

#include <stdint.h>

/* The messages follow; how many (a power of two) and how large is the protocol's. */
struct message_ring {
	uint32_t head; /* written by the writer only */
	uint8_t padding0[60];
	uint32_t tail; /* written by the reader only */
	uint8_t padding1[60];
};

_Static_assert(sizeof(struct message_ring) == 128, "both sides agree");

#endif
