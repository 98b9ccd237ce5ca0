/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/lib/channel.c user/lib/text.c */
/* flags: -pthread */
/*
 * Channels: two threads that sleep when there is nothing to do and are told by the rule of
 * channel.h, broken peers, restarts; and formatted output. REQ-CON-006.
 */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "user/lib/channel.h"
#include "user/lib/text.h"

#define STRESS_BYTES 3000000u

static struct channel shared;
static sem_t bell[2]; /* a side sleeps on its own; the other tells it */
static uint32_t bad_bytes;

static int setup(void **state)
{
	(void)state;
	memset(&shared, 0, sizeof(shared));
	return 0;
}

static void *stress_writer(void *argument)
{
	struct channel_end end;
	uint32_t sent = 0u;

	(void)argument;
	channel_open(&end, &shared, 0u, 0u);
	while (sent < STRESS_BYTES) {
		uint8_t bytes[97];
		uint32_t count = 1u + sent % sizeof(bytes);
		uint32_t done;
		bool tell = false;

		count = count < STRESS_BYTES - sent ? count : STRESS_BYTES - sent;
		for (uint32_t i = 0u; i < count; i++)
			bytes[i] = (uint8_t)((sent + i) * 7u);
		done = channel_put(&end, bytes, count, &tell);
		if (tell)
			sem_post(&bell[1]);
		sent += done;
		if (done == 0u)
			sem_wait(&bell[0]);
	}
	return NULL;
}

/* A wake-up that is lost stops both for ever: the test runner's time limit finds it. */
static void test_stress(void **state)
{
	struct channel_end end;
	pthread_t writer;
	uint32_t got = 0u;

	(void)state;
	bad_bytes = 0u;
	sem_init(&bell[0], 0, 0u);
	sem_init(&bell[1], 0, 0u);
	channel_open(&end, &shared, 1u, 0u);
	assert_int_equal(pthread_create(&writer, NULL, stress_writer, NULL), 0);
	while (got < STRESS_BYTES) {
		uint8_t bytes[61];
		bool tell = false;
		uint32_t count = channel_take(&end, bytes, 1u + got % sizeof(bytes), &tell);

		if (tell)
			sem_post(&bell[0]);
		for (uint32_t i = 0u; i < count; i++)
			bad_bytes += bytes[i] != (uint8_t)((got + i) * 7u);
		got += count;
		if (count == 0u)
			sem_wait(&bell[1]);
	}
	pthread_join(writer, NULL);
	assert_int_equal(got, STRESS_BYTES);
	assert_int_equal(bad_bytes, 0u);
}

static void test_rule(void **state)
{
	struct channel_end a;
	struct channel_end b;
	uint8_t bytes[CHANNEL_RING_BYTES + 1u] = {1u, 2u, 3u};
	bool tell = false;

	(void)state;
	channel_open(&a, &shared, 0u, 0u);
	channel_open(&b, &shared, 1u, 0u);
	assert_int_equal(channel_put(&a, bytes, 2u, &tell), 2u);
	assert_true(tell); /* it was empty */
	tell = false;
	assert_int_equal(channel_put(&a, bytes, 1u, &tell), 1u);
	assert_false(tell);
	assert_int_equal(channel_used(&b), 3u);
	assert_int_equal(channel_take(&b, bytes, 3u, &tell), 3u);
	assert_false(tell); /* it was not full */
	assert_int_equal(channel_put(&a, bytes, sizeof(bytes), &tell), CHANNEL_RING_BYTES);
	assert_int_equal(channel_room(&a), 0u);
	assert_int_equal(channel_put(&a, bytes, 1u, &tell), 0u);
	tell = false;
	assert_int_equal(channel_take(&b, bytes, 1u, &tell), 1u);
	assert_true(tell); /* it was full */
	assert_int_equal(channel_take(&a, bytes, 1u, &tell), 0u);
}

static void test_restart(void **state)
{
	struct channel_end a;
	struct channel_end b;
	uint8_t bytes[8];
	bool tell = false;

	(void)state;
	shared.ring[0].head = UINT32_MAX - 1u; /* about to wrap */
	shared.ring[0].tail = UINT32_MAX - 1u;
	channel_open(&a, &shared, 0u, 0u);
	channel_open(&b, &shared, 1u, 0u);
	assert_int_equal(channel_put(&a, "four", 4u, &tell), 4u);
	channel_open(&a, &shared, 0u, 0u); /* the writer starts again: what it wrote stays */
	assert_int_equal(channel_put(&a, "more", 4u, &tell), 4u);
	assert_int_equal(channel_take(&b, bytes, 8u, &tell), 8u);
	assert_memory_equal(bytes, "fourmore", 8u);
	assert_int_equal(channel_put(&a, "lost", 4u, &tell), 4u);
	channel_open(&b, &shared, 1u, 0u); /* the reader starts again: from now on */
	assert_int_equal(channel_take(&b, bytes, 8u, &tell), 0u);
	assert_int_equal(channel_put(&a, "new", 3u, &tell), 3u);
	assert_int_equal(channel_take(&b, bytes, 8u, &tell), 3u);
	/* a peer that breaks the rules: nothing is read, nothing is overwritten */
	shared.ring[0].head += 5000u;
	assert_int_equal(channel_take(&b, bytes, 8u, &tell), 0u);
	shared.ring[0].tail += 5000u;
	assert_int_equal(channel_put(&a, "x", 1u, &tell), 0u);
	/* and one that starts again where nobody expected it */
	shared.generation[0]++;
	assert_int_equal(channel_take(&b, bytes, 8u, &tell), 0u);
	assert_int_equal(b.tail, shared.ring[0].head);
}

static void test_closed(void **state)
{
	struct channel_end end = {.shared = NULL};
	uint8_t byte = 0u;
	bool tell = false;

	(void)state;
	assert_int_equal(channel_put(&end, &byte, 1u, &tell), 0u);
	assert_int_equal(channel_take(&end, &byte, 1u, &tell), 0u);
	assert_int_equal(channel_used(&end), 0u);
	assert_false(tell);
}

static void test_format(void **state)
{
	char text[64];
	char small[5];

	(void)state;
	assert_int_equal(text_format(text, sizeof(text), "%s %u %d %x", "a", 12u, -34, 0xbeefu),
	                 13u);
	assert_string_equal(text, "a 12 -34 beef");
	(void)text_format(text, sizeof(text), "%5u|%-5u|%05d|%016lx|%%|%c", 42u, 42u, -42,
	                  0x123456789abcdef0ul, 'z');
	assert_string_equal(text, "   42|42   |-0042|123456789abcdef0|%|z");
	(void)text_format(text, sizeof(text), "%ld %lu %zu", INT64_MIN, UINT64_MAX, (size_t)7);
	assert_string_equal(text, "-9223372036854775808 18446744073709551615 7");
	(void)text_format(text, sizeof(text), "%8s|%-8s|", "right", "left");
	assert_string_equal(text, "   right|left    |");
	assert_int_equal(text_format(small, sizeof(small), "%u", 123456u), 4u);
	assert_string_equal(small, "1234");
	assert_int_equal(text_format(small, 0u, "x"), 0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_stress, setup),
		cmocka_unit_test_setup(test_rule, setup),
		cmocka_unit_test_setup(test_restart, setup),
		cmocka_unit_test_setup(test_closed, setup),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
