/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the clients of a small device (a clock, a port of lines) say to its driver, over a channel of
 * byte rings (channel.h): messages of 8 bytes. Every request has one answer, in order: the request's
 * op, and a value; LINE_REFUSED in its place. LINE_EVENT comes by itself, between answers.
 *
 *	CLOCK_TIME	 -> seconds since 1970, modulo 2^32
 *	CLOCK_ALARM	 seconds -> 0; LINE_EVENT with the time when it is reached. The last one counts
 *	LINE_READ	 -> the lines, a bit each
 *	LINE_OUTPUT	 line, value in bits 31:8 (0 or 1) -> 0: it is an output from now on
 *	LINE_INPUT	 line -> 0
 *	LINE_WATCH	 line -> 0; LINE_EVENT with the line's bit at each change of it
 *	LINE_WATCH_LOW	 line -> 0; LINE_EVENT with the line's bit while it is low, at each interrupt
 *
 * A line belongs to the client that first asked for more than its value, until the driver starts anew;
 * from others that is refused. A driver that has started anew knows nothing of before: its client sees
 * that by the channel's generation.
 */
#ifndef BULKHEAD_ABI_LINE_CHANNEL_H
#define BULKHEAD_ABI_LINE_CHANNEL_H

#include <stdint.h>

#define LINE_REFUSED   0u
#define LINE_EVENT     1u
#define CLOCK_TIME     2u
#define CLOCK_ALARM    3u
#define LINE_READ      4u
#define LINE_OUTPUT    5u
#define LINE_INPUT     6u
#define LINE_WATCH     7u
#define LINE_WATCH_LOW 8u

struct line_message {
	uint32_t op;
	uint32_t value;
};

#endif
