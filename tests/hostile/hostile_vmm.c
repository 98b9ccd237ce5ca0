/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes the program of a VM hostile, linked with all of user/vmm (--wrap=main,
 * --wrap=channel_take). In the VM whose name is "caller" it makes every system call in every
 * way and never runs the guest that the description gave it; in any other VM it is the
 * program that it always is, until it is made to fault by what is typed to its guest.
 */
#include "tests/hostile/hostile_process.h"
#include "user/lib/channel.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/syscalls.h"

#define CALLER "caller"

int __real_main(unsigned thread);
int __wrap_main(unsigned thread);
uint32_t __real_channel_take(struct channel_end *end, void *data, uint32_t bytes, bool *tell);
uint32_t __wrap_channel_take(struct channel_end *end, void *data, uint32_t bytes, bool *tell);

uint32_t __wrap_channel_take(struct channel_end *end, void *data, uint32_t bytes, bool *tell)
{
	const uint8_t *taken = data;
	uint32_t count = __real_channel_take(end, data, bytes, tell);

	for (uint32_t i = 0u; i < count; i++)
		hostile_trigger(HOSTILE_KEY, taken[i]);
	return count;
}

int __wrap_main(unsigned thread)
{
	bool good;

	if (strcmp(info_get()->name, CALLER) != 0)
		return __real_main(thread);
	console_open();
	good = hostile_calls();
	good = hostile_vcpu() && good;
	svc_exit(good ? EXIT_REASON_OFF : EXIT_REASON_FAILED, 0u);
}
