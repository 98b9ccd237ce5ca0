/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/virtio/virtqueue.c user/vmm/virtio/virtqueue_split.c
 *	user/vmm/virtio/virtqueue_packed.c user/vmm/ram.c guests/lib/bare_ring.c
 *	tests/unit/virtqueue_host.c
 */
/*
 * A driver and a device on one ring, each in a thread of its own that sleeps when it has nothing to
 * do: no notification is lost. There is no clock in the judgement: both asleep, no notification
 * under way and chains not yet returned is the failure. A look that is not repeated, or a wrong event,
 * stalls here; a missing barrier hardly ever does on x86, which is why tests/models/virtqueue.pml
 * is there. Not under TSan, which knows no fences.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/virtqueue_host.h"

#define CHAINS 100000u
#define DRIVER 0u
#define DEVICE 1u

static struct virtqueue_host host;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool asleep[2];
static bool told[2];
static bool finished;
static bool stalled;
static uint32_t tellings[2];

static void tell(uint32_t who)
{
	(void)pthread_mutex_lock(&mutex);
	told[who] = true;
	tellings[who]++;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&mutex);
}

/* Until it is told; false: it is over. */
static bool sleep_until_told(uint32_t who)
{
	bool go_on;

	(void)pthread_mutex_lock(&mutex);
	asleep[who] = true;
	if (asleep[1u - who] && !told[0] && !told[1] && !finished) {
		stalled = true;
		(void)pthread_cond_broadcast(&changed);
	}
	while (!told[who] && !finished && !stalled)
		(void)pthread_cond_wait(&changed, &mutex);
	told[who] = false;
	asleep[who] = false;
	go_on = !finished && !stalled;
	(void)pthread_mutex_unlock(&mutex);
	return go_on;
}

static void *device_thread(void *unused)
{
	struct virtio_chain chain;

	(void)unused;
	for (;;) {
		switch (virtqueue_take(&host.queue, &chain)) {
		case VIRTQUEUE_TAKEN:
			virtqueue_give(&host.queue, &chain, chain.in_bytes);
			if (virtqueue_wants_interrupt(&host.queue))
				tell(DRIVER);
			break;
		case VIRTQUEUE_EMPTY:
			(void)sched_yield(); /* here the other may slip in */
			if (!virtqueue_want_notify(&host.queue) && !sleep_until_told(DEVICE))
				return NULL;
			break;
		default:
			return NULL;
		}
	}
}

/* Adds what there is room for and collects what has come; false: neither was possible. */
static bool driver_works(uint32_t *added, uint32_t *returned)
{
	struct ring_buffer buffers[2] = {{HOST_RAM + HOST_DATA, 16u, false},
	                                 {HOST_RAM + HOST_DATA + 16u, 16u, true}};
	uint32_t written;
	uint16_t id;
	bool did = false;

	while (*added < CHAINS && ring_add(&host.ring, buffers, 1u + *added % 2u, NULL, 0u, &id)) {
		(*added)++;
		did = true;
	}
	if (ring_kick(&host.ring))
		tell(DEVICE);
	while (ring_used(&host.ring, &id, &written)) {
		(*returned)++;
		did = true;
	}
	return did;
}

static void run(uint64_t features, uint16_t size)
{
	pthread_t thread;
	uint32_t added = 0u;
	uint32_t returned = 0u;

	asleep[DRIVER] = asleep[DEVICE] = false;
	told[DRIVER] = told[DEVICE] = false;
	tellings[DRIVER] = tellings[DEVICE] = 0u;
	finished = stalled = false;
	assert_true(host_start(&host, features, size));
	assert_int_equal(pthread_create(&thread, NULL, device_thread, NULL), 0);
	while (returned < CHAINS) {
		if (driver_works(&added, &returned))
			continue;
		(void)sched_yield();
		if (ring_want_interrupt(&host.ring, 0u))
			continue;
		if (!sleep_until_told(DRIVER))
			break;
		ring_stop_interrupts(&host.ring);
	}
	(void)pthread_mutex_lock(&mutex);
	finished = true;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&mutex);
	(void)pthread_join(thread, NULL);
	print_message("%u chains, %u notifications, %u interrupts\n", returned, tellings[DEVICE],
	              tellings[DRIVER]);
	assert_false(stalled);
	assert_false(host.ring.broken);
	assert_false(host.queue.broken);
	assert_int_equal(returned, CHAINS);
	assert_true(host_stop(&host));
}

static void test_nothing_lost(void **state)
{
	(void)state;
	for (uint32_t bits = 0u; bits < 4u; bits++) {
		uint64_t features = ((bits & 1u) != 0u ? VIRTIO_F_EVENT_IDX : 0u) |
		                    ((bits & 2u) != 0u ? VIRTIO_F_RING_PACKED : 0u);

		run(features, 2u);
		run(features, 64u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
