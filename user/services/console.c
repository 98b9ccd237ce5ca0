/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console process: owns the board's UART and gives every world a console on it. One
 * thread; every wake-up looks at everything, for at most one chunk of each world, so no world
 * keeps another waiting for longer than a round.
 */
#include "user/drivers/uart_pl011.h"
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/services/console_mux.h"

PROGRAM_RECORD("console", 0u);

#define CONSOLE_CHUNK     256u
#define CONSOLE_REFILL_US 10000u
#define CONSOLE_TX_ROUND  512u /* bytes to the UART per round */

static struct mux mux;
static struct uart uart;
static struct channel_end ends[MUX_WORLDS];

static void console_to_world(uint32_t world, const char *bytes, uint32_t count)
{
	/* what does not fit is lost, as on a UART whose reader sleeps */
	(void)channel_write(&ends[world], bytes, count);
}

static void console_wish(enum mux_wish wish, uint8_t byte)
{
	char typed = (char)byte;

	switch (wish) {
	case MUX_INPUT:
		console_to_world(mux.focus, &typed, 1u);
		break;
	case MUX_STATUS:
		if (mux.supervisor != MUX_NO_WORLD)
			console_to_world(mux.supervisor, "status\n", 7u);
		break;
	case MUX_QUIT:
		(void)svc_system_control(info_get()->system_handle, SYSTEM_OFF);
		break;
	default:
		break;
	}
}

static void console_receive(void)
{
	int byte;

	while ((byte = uart_take(&uart)) >= 0)
		console_wish(mux_input(&mux, (uint8_t)byte), (uint8_t)byte);
}

/* True: some world has more than its chunk. */
static bool console_collect(void)
{
	char bytes[CONSOLE_CHUNK];
	bool more = false;

	for (uint32_t i = 0u; i < mux.count; i++) {
		uint32_t room;
		uint32_t count;

		if (channel_used(&ends[i]) == 0u)
			continue;
		room = mux_room(&mux, i);
		if (room == 0u)
			continue;
		count = channel_read(&ends[i], bytes, room < CONSOLE_CHUNK ? room : CONSOLE_CHUNK);
		mux_output(&mux, i, bytes, count);
		more = more || count > 0u;
	}
	return more;
}

/* True: bytes are left for when the FIFO drains. */
static bool console_transmit(void)
{
	static int byte = -1;

	for (uint32_t i = 0u; i < CONSOLE_TX_ROUND; i++) {
		if (byte < 0)
			byte = mux_next(&mux);
		if (byte < 0)
			return false;
		if (!uart_put(&uart, (uint8_t)byte))
			return true;
		byte = -1;
	}
	return true;
}

static void console_open_worlds(const struct process_info *info)
{
	const char *names[MUX_WORLDS];
	uint32_t count = info->channel_count < MUX_WORLDS ? info->channel_count : MUX_WORLDS;

	for (uint32_t i = 0u; i < count; i++) {
		names[i] = info_channel(i)->name;
		channel_start(&ends[i], info_channel(i));
	}
	mux_init(&mux, names, count);
	mux_banner(&mux);
}

int main(unsigned thread)
{
	const struct process_info *info = info_get();
	uint64_t refilled = clock_now();
	bool busy = false;

	(void)thread;
	if (info->device_count == 0u || info->channel_count == 0u)
		svc_exit(EXIT_REASON_FAILED, 0u);
	uart_open(&uart, info_device(0u)->va);
	console_open_worlds(info);
	for (;;) {
		uint64_t now = clock_now();
		uint64_t since = clock_us_from_ticks(now - refilled);
		bool left;

		if (since >= CONSOLE_REFILL_US) {
			mux_refill(&mux, since);
			refilled = now;
		}
		uart_served(&uart);
		console_receive();
		busy = console_collect();
		left = console_transmit();
		uart_want_transmit(&uart, left);
		(void)svc_irq_ack(info_device(0u)->handle);
		if (busy && !left)
			continue;
		(void)svc_wait(UINT64_MAX, mux_waiting(&mux) ?
						   refilled + clock_ticks_from_us(CONSOLE_REFILL_US) :
						   SVC_NEVER);
	}
}
