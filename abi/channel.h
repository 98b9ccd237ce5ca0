/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel: one page-aligned piece of memory shared by two processes, with two
 * single-producer single-consumer byte rings, one each way. No functions here; the code is
 * user/lib/channel.c.
 *
 * Ring r is written by side r and read by the other side. `head` counts the bytes ever
 * written and belongs to the writer, `tail` the bytes ever read and belongs to the reader;
 * both wrap at 2^32. Each side keeps its own index privately too and distrusts the other's:
 * head - tail above CHANNEL_RING_BYTES means that the peer is broken, and the ring counts as
 * empty (for a reader) or full (for a writer).
 *
 * Barriers: the writer stores data, then head with release; the reader loads head with
 * acquire, then data: they pair. The reader loads data, then stores tail with release; the
 * writer loads tail with acquire before it writes over: they pair.
 *
 * Generations: a side that starts takes its private indices from the shared ones, where they
 * do not contradict each other (else it empties the ring), and increments generation[side].
 * So what a side wrote before it was restarted is still read, and nothing is read twice.
 *
 * Whoever writes into a ring that was empty, or reads from one that was full, notifies.
 */
#ifndef BULKHEAD_ABI_CHANNEL_H
#define BULKHEAD_ABI_CHANNEL_H

#include <stdint.h>

#define CHANNEL_RING_BYTES 1024u /* a power of two */
#define CHANNEL_BYTES      4096u /* one page */

struct channel_ring {
	uint32_t head; /* written by the producer only */
	uint8_t padding0[60];
	uint32_t tail; /* written by the consumer only */
	uint8_t padding1[60];
	uint8_t data[CHANNEL_RING_BYTES];
};

struct channel {
	uint32_t generation[2];
	uint8_t padding[120];
	struct channel_ring ring[2];
};

_Static_assert(sizeof(struct channel_ring) == 1152, "both peers agree");
_Static_assert(sizeof(struct channel) <= CHANNEL_BYTES, "a channel is one page");

#endif
