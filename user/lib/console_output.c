/* SPDX-License-Identifier: Apache-2.0 */
/* Console output of a program; contract in console.h. Owns the console's channel end. */
#include "user/lib/console.h"

#include "user/lib/channel_io.h"
#include "user/lib/info.h"
#include "user/lib/text.h"

static struct channel_end console_end;
static uint64_t console_lost;          /* bytes dropped */
static uint64_t console_lost_reported; /* of which the reader has been told */

void console_open(void)
{
	const struct process_channel *info = info_find_channel("console");

	if (info != NULL)
		channel_start(&console_end, info);
}

struct channel_end *console_channel(void)
{
	return &console_end;
}

uint64_t console_dropped(void)
{
	return console_lost;
}

/* Tells how much is missing, as soon as that fits. */
static void console_report_lost(void)
{
	char line[48];
	size_t length;

	length = text_format(line, sizeof(line), "\n[%lu bytes dropped]\n",
	                     console_lost - console_lost_reported);
	if (channel_room(&console_end) < length)
		return;
	console_lost_reported = console_lost;
	(void)channel_write(&console_end, line, (uint32_t)length);
}

static void console_write(const char *text, size_t length)
{
	if (console_lost != console_lost_reported)
		console_report_lost();
	/* A piece of a text is worth less than none, but one longer than the ring must be cut. */
	if (console_lost != console_lost_reported)
		console_lost += length;
	else
		console_lost += length - channel_write(&console_end, text, (uint32_t)length);
}

void console_puts(const char *text)
{
	console_write(text, strlen(text));
}

void console_print(const char *format, ...)
{
	char line[256];
	va_list list;

	va_start(list, format);
	console_write(line, text_format_list(line, sizeof(line), format, list));
	va_end(list);
}
