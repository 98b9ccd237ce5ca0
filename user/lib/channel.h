/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a channel (abi/channel.h). An end belongs to one thread, or to several under a
 * lock of theirs. These functions make no system call, so they may be called with a lock
 * held; each says whether the peer must be told, and channel_io.h has the forms that tell it.
 * The peer is distrusted: whatever it writes, nothing outside the channel is touched.
 *
 * Telling the peer: whoever put bytes into a ring that the peer had emptied, or took bytes
 * from a ring that the peer had filled, tells it. The question is asked after a full barrier
 * behind one's own index, and the other side's functions have the same barrier between their
 * index and the next look at ours, so of two racing sides at least one sees the other's
 * index. An end that got 0 from channel_put or channel_take may therefore go to sleep.
 */
#ifndef BULKHEAD_USER_LIB_CHANNEL_H
#define BULKHEAD_USER_LIB_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/channel.h"
#include "abi/process.h"

struct channel_end {
	struct channel *shared; /* NULL: not open; put and take then move nothing */
	uint32_t handle;        /* HANDLE_NOTIFY of the peer */
	uint32_t side;
	uint32_t head; /* ours in the ring we write */
	uint32_t tail; /* ours in the ring we read */
	uint32_t peer_generation;
};

/* Takes over the shared indices; what was in flight towards us is dropped. The peer must be told. */
void channel_open(struct channel_end *end, struct channel *shared, uint32_t side, uint32_t handle);
/* The same, but what nobody has read yet is kept: for text that was printed before its reader ran. */
void channel_resume(struct channel_end *end, struct channel *shared, uint32_t side,
                    uint32_t handle);
/* channel_open by the info page's record. */
void channel_open_info(struct channel_end *end, const struct process_channel *info);

/* Writes up to `bytes` bytes; returns how many fitted. *tell is set true if the peer must be told. */
uint32_t channel_put(struct channel_end *end, const void *data, uint32_t bytes, bool *tell);
/* Reads up to `bytes` bytes; returns how many there were. *tell as above. */
uint32_t channel_take(struct channel_end *end, void *data, uint32_t bytes, bool *tell);
/* Room for channel_put, and bytes for channel_take, at this moment. */
uint32_t channel_room(const struct channel_end *end);
uint32_t channel_used(struct channel_end *end);

#endif
