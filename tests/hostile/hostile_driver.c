/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver that can be made to fault by what is typed to it. It owns the board's PL031 (DDI
 * 0224), whose match interrupt it asks for once a second, and answers each byte of its client
 * on a channel with the next byte. One thread.
 */
#include "tests/hostile/hostile_process.h"
#include "user/lib/channel_io.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("hostile_driver", 0u);

#define LATER '!' /* typed: ask to be restarted, at the interrupt after the next */

/* Registers, DDI 0224 table 3-1, as 32-bit words */
#define RTC_DR   0u
#define RTC_MR   1u
#define RTC_IMSC 4u
#define RTC_ICR  7u

static volatile uint32_t *rtc;
static struct channel_end client;
static uint32_t interrupts;
static uint32_t resets_at; /* this interrupt, 0: never */

static void driver_arm(void)
{
	rtc[RTC_ICR] = 1u;
	rtc[RTC_MR] = rtc[RTC_DR] + 1u;
	rtc[RTC_IMSC] = 1u;
}

static void driver_serve(void)
{
	uint8_t byte;

	while (channel_read(&client, &byte, 1u) != 0u) {
		byte++;
		(void)channel_write(&client, &byte, 1u);
	}
	while (channel_read(console_channel(), &byte, 1u) != 0u) {
		if (byte == LATER) {
			resets_at = interrupts + 2u;
			console_puts("driver: resets soon\n");
		}
		hostile_trigger(HOSTILE_KEY, byte);
	}
}

int main(unsigned thread)
{
	const struct process_device *device = info_device(0u);

	(void)thread;
	console_open();
	channel_start(&client, info_find_channel("client"));
	rtc = (volatile uint32_t *)(uintptr_t)device->va;
	driver_arm();
	console_puts("driver: serves\n");
	for (;;) {
		uint64_t bits = svc_wait(UINT64_MAX, SVC_NEVER);

		if ((bits >> device->bit & 1u) != 0u) {
			console_print("driver: interrupt %u\n", ++interrupts);
			if (interrupts == resets_at)
				svc_exit(EXIT_REASON_RESET, 0u);
			driver_arm();
			(void)svc_irq_ack(device->handle);
		}
		driver_serve();
	}
}
