/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a dump; contract and format in trace_code.h. */
#include "user/services/trace_code.h"

#include "user/lib/text.h"

#define PACK_BYTES  72u /* of events in a line: 96 characters */
#define EVENT_BYTES 40u /* that an event can take: four numbers of 64 bits */
#define CRC_POLY    0x1021u
#define TAIL_BYTES  7u /* "*0123", line feed, zero */

static uint16_t trace_crc(const char *text, size_t length)
{
	uint32_t crc = 0u;

	for (size_t i = 0u; i < length; i++) {
		crc ^= (uint32_t)(uint8_t)text[i] << 8;
		for (uint32_t bit = 0u; bit < 8u; bit++)
			crc = (crc & 0x8000u) != 0u ? crc << 1 ^ CRC_POLY : crc << 1;
		crc &= 0xffffu;
	}
	return (uint16_t)crc;
}

/* The line's first `length` bytes get their check and their end. */
static size_t trace_finish(char *to, size_t length)
{
	uint16_t crc = trace_crc(to + 1, length - 1u); /* without the tilde */

	return length + text_format(to + length, TRACE_LINE_BYTES - length, "*%04x\n", crc);
}

size_t trace_line_begin(char *to, uint64_t ticks_per_second, uint32_t cpus, uint64_t now)
{
	return trace_finish(to, text_format(to, TRACE_LINE_BYTES - TAIL_BYTES, "~Tb %u %lu %u %lu",
	                                    TRACE_VERSION, ticks_per_second, cpus, now));
}

size_t trace_line_name(char *to, const struct trace_thread *thread)
{
	return trace_finish(to, text_format(to, TRACE_LINE_BYTES - TAIL_BYTES,
	                                    "~Tn %u %u %u %u %u %u %s", thread->cpu, thread->slot,
	                                    thread->process, thread->index, thread->vm,
	                                    thread->priority, thread->name));
}

size_t trace_line_lost(char *to, uint32_t cpu, uint64_t first, uint64_t count)
{
	return trace_finish(to, text_format(to, TRACE_LINE_BYTES - TAIL_BYTES, "~Tl %u %lu %lu",
	                                    cpu, first, count));
}

size_t trace_line_end(char *to, uint32_t lines)
{
	return trace_finish(to, text_format(to, TRACE_LINE_BYTES - TAIL_BYTES, "~Tz %u", lines));
}

static uint32_t trace_number(uint8_t *to, uint64_t value)
{
	uint32_t used = 0u;

	for (; value >= 0x80u; value >>= 7)
		to[used++] = (uint8_t)(value | 0x80u);
	to[used++] = (uint8_t)value;
	return used;
}

static size_t trace_base64(char *to, const uint8_t *from, uint32_t bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	size_t used = 0u;

	for (uint32_t i = 0u; i < bytes; i += 3u) {
		uint32_t left = bytes - i;
		uint32_t group = (uint32_t)from[i] << 16;

		group |= left > 1u ? (uint32_t)from[i + 1u] << 8 : 0u;
		group |= left > 2u ? from[i + 2u] : 0u;
		to[used++] = digits[group >> 18];
		to[used++] = digits[group >> 12 & 63u];
		to[used++] = left > 1u ? digits[group >> 6 & 63u] : '=';
		to[used++] = left > 2u ? digits[group & 63u] : '=';
	}
	return used;
}

size_t trace_line_events(char *to, uint32_t cpu, uint64_t first, const struct trace_record *record,
                         uint32_t *count)
{
	uint8_t bytes[PACK_BYTES];
	uint64_t before = 0u;
	uint32_t used = 0u;
	uint32_t taken = 0u;
	size_t length;

	for (; taken < *count; taken++) {
		uint8_t event[EVENT_BYTES];
		uint32_t size = trace_number(event, record[taken].kind);

		if (record[taken].time < before)
			break;
		size += trace_number(event + size, record[taken].time - before);
		size += trace_number(event + size, record[taken].a);
		size += trace_number(event + size, record[taken].b);
		if (used + size > PACK_BYTES)
			break;
		memcpy(bytes + used, event, size);
		used += size;
		before = record[taken].time;
	}
	*count = taken;
	length = text_format(to, TRACE_LINE_BYTES - TAIL_BYTES, "~Te %u %lu ", cpu, first);
	length += trace_base64(to + length, bytes, used);
	return trace_finish(to, length);
}
