/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console process: owns the board's UART and gives every world a console on it. One
 * thread, with a budget; it never spins. Each round looks at everything for a bounded number
 * of bytes, the keyboard first; while there is something to move a few more follow. Then it
 * waits for the UART's interrupt, a world, or the time that the multiplexer names.
 *
 * Owns: process_device 0 with its interrupt, and the console end of every world's channel.
 */
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/lib/uart.h"
#include "user/services/console_mux.h"

PROGRAM_RECORD("console", 0u);

#define CONSOLE_RECEIVE  64u  /* bytes of a round from the UART */
#define CONSOLE_TRANSMIT 512u /* and to it */
#define CONSOLE_ROUNDS   8u   /* in one go */
#define CONSOLE_REST_US  1000u
#define CONSOLE_OFF_MS   200u /* the last words have so long to leave */

static struct mux mux;
static struct uart uart;
static struct channel_end ends[MUX_WORLDS];

/* Worlds of higher priority have printed before the console ran: that is kept. */
static void console_open_worlds(void)
{
	const struct process_info *info = info_get();

	mux_init(&mux, clock_ticks_per_second());
	for (uint32_t i = 0u; i < info->channel_count && i < MUX_WORLDS; i++) {
		const struct process_channel *channel = info_channel(i);

		mux_add(&mux, channel->name);
		channel_resume(&ends[i], (struct channel *)(uintptr_t)channel->va, channel->side,
		               channel->handle);
		(void)svc_notify(channel->handle);
	}
	mux_start(&mux, clock_now());
}

static bool console_receive(uint64_t now)
{
	uint32_t count = 0u;

	for (; count < CONSOLE_RECEIVE && mux_can_type(&mux); count++) {
		int byte = uart_take(&uart);

		if (byte < 0)
			break;
		mux_type(&mux, (uint8_t)byte, now);
	}
	return count != 0u;
}

static bool console_deliver(uint64_t now)
{
	uint8_t bytes[64];
	uint32_t world;
	uint32_t count = mux_input(&mux, &world, bytes, sizeof(bytes));

	if (count != 0u)
		count = channel_write(&ends[world], bytes, count);
	mux_delivered(&mux, count, now);
	return count != 0u;
}

static bool console_collect_from(uint32_t world, uint64_t now)
{
	uint8_t bytes[MUX_STASH_BYTES];
	uint32_t count = channel_read(&ends[world], bytes, mux_room(&mux, world));

	mux_output(&mux, world, bytes, count, now);
	return count != 0u;
}

/*
 * The supervisor last: it prints before it starts a world, so what that world prints is never
 * here without it, and mux_step shows the supervisor's first.
 */
static bool console_collect(uint64_t now)
{
	bool moved = false;

	for (uint32_t i = 0u; i < mux.world_count; i++) {
		if (i != mux.supervisor)
			moved = console_collect_from(i, now) || moved;
	}
	if (mux.supervisor != MUX_NO_WORLD)
		moved = console_collect_from(mux.supervisor, now) || moved;
	return moved;
}

static bool console_transmit(void)
{
	uint32_t count = 0u;

	for (; count < CONSOLE_TRANSMIT; count++) {
		int byte = mux_peek(&mux);

		if (byte < 0 || !uart_put(&uart, (uint8_t)byte))
			break;
		mux_drop(&mux);
	}
	return count != 0u;
}

/* True: something was moved, and there may be more. */
static bool console_round(uint64_t now)
{
	bool could_type = mux_can_type(&mux);
	bool moved;

	uart_begin(&uart);
	moved = console_receive(now);
	moved = console_deliver(now) || moved;
	moved = console_collect(now) || moved;
	mux_step(&mux, now);
	moved = console_transmit() || moved;
	uart_end(&uart, mux_can_type(&mux), mux_peek(&mux) >= 0);
	return moved || (!could_type && mux_can_type(&mux));
}

static void console_off(uint32_t interrupt)
{
	uint64_t until = clock_now() + clock_ticks_from_us(CONSOLE_OFF_MS * 1000ull);

	while (mux_peek(&mux) >= 0 && clock_now() < until) {
		uart_begin(&uart);
		(void)console_transmit();
		uart_end(&uart, false, mux_peek(&mux) >= 0);
		(void)svc_irq_ack(interrupt);
		if (mux_peek(&mux) >= 0)
			(void)svc_wait(UINT64_MAX, until);
	}
	(void)svc_system_control(info_get()->system_handle, SYSTEM_OFF);
}

/*
 * A world that prints byte by byte wakes the console for each: so after a burst it listens to
 * the keyboard and the transmitter alone for a moment, and then takes what has come by then.
 */
static void console_rest(uint32_t bit, bool moved)
{
	if (moved)
		(void)svc_wait(1ull << bit, clock_now() + clock_ticks_from_us(CONSOLE_REST_US));
	else
		(void)svc_wait(UINT64_MAX, mux_deadline(&mux));
}

int main(unsigned thread)
{
	const struct process_device *device = info_device(0u);

	(void)thread;
	if (info_get()->device_count == 0u || device->handle == IMAGE_NONE)
		svc_exit(EXIT_REASON_FAILED, 0u);
	uart_open(&uart, device->va);
	console_open_worlds();
	for (;;) {
		uint32_t rounds = 0u;
		bool moved;

		do
			moved = console_round(clock_now());
		while (moved && ++rounds < CONSOLE_ROUNDS);
		(void)svc_irq_ack(device->handle);
		if (mux_wants_off(&mux))
			console_off(device->handle);
		console_rest(device->bit, rounds != 0u);
	}
}
