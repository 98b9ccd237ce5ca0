/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual switch: joins the ports of its channels (abi/net_channel.h), virtual network devices,
 * drivers of physical ones and native processes alike. It moves messages; frames stay in the pools
 * of their senders, but for those of isolated ports, which it copies into its own.
 *
 * One thread, which waits for its ports, for its console, and for the tick at which a rate lets
 * somebody go on. A line typed at its console prints the counters.
 */
#include <stddef.h>

#include "user/lib/channel.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/lib/text.h"
#include "user/services/switch.h"

PROGRAM_RECORD("switch", 0u);

#define ROUNDS 8u /* bursts of each port before its peers are told and others looked at */

static struct virtual_switch switch_all;

/* The pool of a channel, or of nobody: the switch's own. */
static uint8_t *switch_pool_of(uint32_t channel)
{
	for (uint32_t i = 0u; i < info_get()->pool_count; i++) {
		if (info_pool(i)->channel == channel && info_pool(i)->bytes >= NET_POOL_BYTES)
			return (uint8_t *)(uintptr_t)info_pool(i)->va;
	}
	return NULL;
}

static void switch_print(void)
{
	for (uint32_t i = 0u; i < switch_all.ports; i++) {
		const struct switch_port *port = &switch_all.port[i];
		const struct switch_counters *count = &port->counters;

		console_print("%s: %s: sent %lu received %lu full %lu refused %lu spoofed %lu "
		              "cut off %lu%s\n",
		              info_get()->name, port->info->name, count->sent, count->received,
		              count->full, count->refused, count->spoofed, count->cuts,
		              port->live ? "" : ", not connected");
	}
}

static void switch_console(void)
{
	struct channel_end *console = console_channel();
	uint8_t key;
	bool tell;

	while (console != NULL && channel_take(console, &key, 1u, &tell) != 0u) {
		if (key == '\n' || key == '\r')
			switch_print();
	}
}

/* Everything that can be done now; returns when to look again at the latest. */
static uint64_t switch_serve(void)
{
	struct virtual_switch *sw = &switch_all;
	uint64_t now = clock_now();
	uint64_t deadline = SVC_NEVER;
	bool more = true;

	for (uint32_t i = 0u; i < sw->ports; i++) {
		switch_port_follow(sw, i);
		switch_port_collect(sw, i);
	}
	for (uint32_t round = 0u; round < ROUNDS && more; round++) {
		more = false;
		for (uint32_t i = 0u; i < sw->ports; i++) {
			uint32_t burst = 0u;

			while (burst < SWITCH_BURST && switch_port_next(sw, i, now, &deadline)) {
				switch_forward(sw, i, now);
				burst++;
			}
			more |= burst == SWITCH_BURST;
		}
	}
	for (uint32_t i = 0u; i < sw->ports; i++) {
		if (switch_port_tell(sw, i))
			(void)svc_notify(sw->port[i].info->handle);
	}
	return more ? now : deadline;
}

static void switch_open(void)
{
	for (uint32_t i = 0u; i < info_get()->channel_count; i++) {
		const struct process_channel *info = info_channel(i);
		uint8_t *pool = switch_pool_of(i);
		const char *error;

		if (pool == NULL)
			continue;
		error = switch_port_open(&switch_all, info, pool, info_get()->name);
		if (error != NULL)
			console_print("%s: %s %s\n", info_get()->name, info->name, error);
	}
	switch_start(&switch_all, switch_pool_of(IMAGE_NONE), clock_ticks_per_second());
	console_print("%s: %u ports\n", info_get()->name, switch_all.ports);
}

int main(unsigned thread)
{
	(void)thread;
	console_open();
	switch_open();
	for (;;) {
		uint64_t deadline = switch_serve();

		(void)svc_wait(UINT64_MAX, deadline);
		switch_console();
	}
}
