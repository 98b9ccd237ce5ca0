/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A native client of the drivers of PL031 and PL061 (abi/line_channel.h): asks for the time, sets an
 * alarm, drives and reads a line. A word typed at it, "low", makes it watch a line that is low: with
 * nothing connected that is an interrupt without an end. An example, and for tests. One thread.
 */
#include "abi/line_channel.h"
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("line_client", 0u);

#define WAIT_US 2000000u
#define LINE    2u

static struct channel_end rtc_end;
static struct channel_end gpio_end;
static uint32_t events;

/* The next message of a driver within two seconds; false: there was none. */
static bool client_next(struct channel_end *end, struct line_message *message)
{
	uint64_t until = clock_now() + clock_ticks_from_us(WAIT_US);

	while (channel_used(end) < sizeof(*message)) {
		if (clock_now() >= until)
			return false;
		(void)svc_wait(UINT64_MAX, until);
	}
	(void)channel_read(end, message, sizeof(*message));
	return true;
}

/* The answer to a request; events that come before it are counted. */
static struct line_message client_ask(struct channel_end *end, uint32_t op, uint32_t value)
{
	struct line_message message = {op, value};

	(void)channel_write(end, &message, sizeof(message));
	while (client_next(end, &message)) {
		if (message.op != LINE_EVENT)
			return message;
		events++;
	}
	return (struct line_message){LINE_REFUSED, 0u};
}

static void client_clock(void)
{
	uint32_t time = client_ask(&rtc_end, CLOCK_TIME, 0u).value;
	struct line_message message;

	console_print("client: time %u\n", time);
	(void)client_ask(&rtc_end, CLOCK_ALARM, time + 1u);
	if (client_next(&rtc_end, &message) && message.op == LINE_EVENT)
		console_print("client: alarm after %u s\n", message.value - time);
	if (client_ask(&rtc_end, LINE_READ, 0u).op == LINE_REFUSED)
		console_puts("client: a clock has no lines\n");
}

static void client_lines(void)
{
	uint32_t before = client_ask(&gpio_end, LINE_READ, 0u).value;

	(void)client_ask(&gpio_end, LINE_OUTPUT, 1u << 8 | LINE);
	console_print("client: lines %x", before);
	before = client_ask(&gpio_end, LINE_READ, 0u).value;
	(void)client_ask(&gpio_end, LINE_OUTPUT, LINE);
	console_print(" %x %x\n", before, client_ask(&gpio_end, LINE_READ, 0u).value);
	if (client_ask(&gpio_end, LINE_OUTPUT, 8u).op == LINE_REFUSED)
		console_puts("client: there is no line 8\n");
}

/* A driver that has started anew knows nothing of what was asked before. */
static bool client_restarted(struct channel_end *end)
{
	uint32_t before = end->peer_generation;

	(void)channel_used(end);
	return end->peer_generation != before;
}

int main(unsigned thread)
{
	const struct process_channel *rtc = info_find_channel("rtc");
	const struct process_channel *gpio = info_find_channel("gpio");
	uint8_t word[16];

	(void)thread;
	console_open();
	if (rtc == NULL || gpio == NULL)
		return 1;
	channel_start(&rtc_end, rtc);
	channel_start(&gpio_end, gpio);
	client_clock();
	client_lines();
	for (;;) {
		(void)svc_wait(UINT64_MAX, SVC_NEVER);
		if (client_restarted(&gpio_end)) {
			console_print("client: gpio is new, after %s events\n",
			              events != 0u ? "many" : "no");
			client_lines();
		}
		while (channel_used(&gpio_end) >= sizeof(struct line_message)) {
			struct line_message message;

			(void)channel_read(&gpio_end, &message, sizeof(message));
			events++;
		}
		if (channel_read(console_channel(), word, sizeof(word)) != 0u) {
			console_puts("client: watches a low line\n");
			(void)client_ask(&gpio_end, LINE_WATCH_LOW, LINE);
		}
	}
}
