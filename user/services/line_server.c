/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of a small device: it serves its clients' requests (abi/line_channel.h), and tells them
 * what the device's interrupt says. Linked with one driver (user/lib/line_device.h). One thread.
 *
 * Owns: process_device 0 with its interrupt, and its end of every channel but that to the console. It
 * never waits for a client: an event that does not fit into a client's ring is lost to that client, and
 * a request is taken only when its answer fits. A device that storms ends it (user/lib/storm.h).
 */
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/line_device.h"
#include "user/lib/program.h"
#include "user/lib/storm.h"
#include "user/lib/syscalls.h"

#define CLIENTS     8u
#define ROUND       8u    /* requests of one client in one go */
#define STORM_MOST  1000u /* interrupts within a second */
#define STORM_ENDED 1u    /* code of its exit */

static struct channel_end clients[CLIENTS];
static uint32_t client_count;

static void line_open_clients(void)
{
	for (uint32_t i = 0u; i < info_get()->channel_count && client_count < CLIENTS; i++) {
		if (strcmp(info_channel(i)->name, "console") != 0)
			channel_start(&clients[client_count++], info_channel(i));
	}
}

static bool line_serve(uint32_t client)
{
	struct channel_end *end = &clients[client];
	struct line_message message;
	uint32_t served = 0u;

	while (served < ROUND && channel_room(end) >= sizeof(message) &&
	       channel_used(end) >= sizeof(message)) {
		(void)channel_read(end, &message, sizeof(message));
		message = line_request(client, &message);
		(void)channel_write(end, &message, sizeof(message));
		served++;
	}
	return served == ROUND;
}

static void line_tell(uint32_t causes)
{
	for (uint32_t i = 0u; causes != 0u && i < client_count; i++) {
		struct line_message message = {LINE_EVENT, line_event(i, causes)};

		if (message.value != 0u && channel_room(&clients[i]) >= sizeof(message))
			(void)channel_write(&clients[i], &message, sizeof(message));
	}
}

int main(unsigned thread)
{
	const struct process_device *device = info_device(0u);
	struct storm storm = {.window = clock_ticks_per_second(), .most = STORM_MOST};
	bool more = false;

	(void)thread;
	if (info_get()->device_count == 0u || device->handle == IMAGE_NONE)
		svc_exit(EXIT_REASON_FAILED, 0u);
	console_open();
	line_open(device->va);
	line_open_clients();
	console_print("%s: ready\n", info_get()->name);
	for (;;) {
		uint64_t bits = svc_wait(UINT64_MAX, more ? 0u : SVC_NEVER);

		if ((bits & 1ull << device->bit) != 0u) {
			line_tell(line_interrupt());
			if (storm_count(&storm, clock_now())) {
				console_print("%s: %s storms: masked\n", info_get()->name,
				              device->name);
				svc_exit(EXIT_REASON_FAILED, STORM_ENDED);
			}
			(void)svc_irq_ack(device->handle);
		}
		more = false;
		for (uint32_t i = 0u; i < client_count; i++)
			more = line_serve(i) || more;
	}
}
