/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels with the notification of the peer (channel.h has the forms without). Called by
 * EL0 programs, by the thread that owns the end, with no lock held.
 */
#ifndef BULKHEAD_USER_LIB_CHANNEL_IO_H
#define BULKHEAD_USER_LIB_CHANNEL_IO_H

#include "user/lib/channel.h"
#include "user/lib/syscalls.h"

static inline void channel_start(struct channel_end *end, const struct process_channel *info)
{
	channel_open_info(end, info);
	(void)svc_notify(end->handle);
}

static inline uint32_t channel_write(struct channel_end *end, const void *data, uint32_t bytes)
{
	bool tell = false;
	uint32_t count = channel_put(end, data, bytes, &tell);

	if (tell)
		(void)svc_notify(end->handle);
	return count;
}

static inline uint32_t channel_read(struct channel_end *end, void *data, uint32_t bytes)
{
	bool tell = false;
	uint32_t count = channel_take(end, data, bytes, &tell);

	if (tell)
		(void)svc_notify(end->handle);
	return count;
}

#endif
