/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/services/trace_reader.c user/services/trace_code.c user/lib/text.c */
/* flags: -pthread */
/*
 * The flight recorder between its writer (kernel/trace.h) and its reader: what a pass gives is
 * whole, in order, and with what it says is lost it is all there was, also while the writer
 * goes on on another CPU. And the lines that it is printed as. REQ-TRACE-001, REQ-TRACE-002.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/trace.h"
#include "user/services/trace_code.h"
#include "user/services/trace_reader.h"

#define STRESS_PASSES 20000u

static struct trace_ring ring;
static struct cpu cpu;
static struct trace_reader reader;
static struct trace_record got[TRACE_EVENTS];
static bool enough;

static void start(void)
{
	memset(&ring, 0, sizeof(ring));
	cpu = (struct cpu){.trace = &ring, .trace_next = ring.record};
	trace_reader_open(&reader, &ring);
}

/* Event n is known by each of its words. */
static void write_event(uint64_t n)
{
	trace_event_at(&cpu, 3u * n + 1u, ~n, n << 20, n ^ 0x5555u);
}

static void assert_whole(const struct trace_record *record, uint64_t n)
{
	assert_int_equal(record->time, 3u * n + 1u);
	assert_int_equal(record->kind, ~n);
	assert_int_equal(record->a, n << 20);
	assert_int_equal(record->b, n ^ 0x5555u);
}

static void assert_pass(uint64_t first, uint32_t count, uint64_t lost)
{
	struct trace_pass pass = trace_reader_pass(&reader, got);

	assert_int_equal(pass.first, first);
	assert_int_equal(pass.count, count);
	assert_int_equal(pass.lost, lost);
	for (uint32_t i = 0u; i < count; i++)
		assert_whole(&got[i], first + i);
}

static void test_quiet(void **state)
{
	uint64_t n = 0u;

	(void)state;
	start();
	assert_pass(0u, 0u, 0u);
	while (n < 5u)
		write_event(n++);
	assert_pass(0u, 5u, 0u);
	assert_pass(5u, 0u, 0u);
	while (n < 5u + TRACE_READ)
		write_event(n++);
	assert_pass(5u, TRACE_READ, 0u);
	/* one more than can be read: the oldest might be just being overwritten */
	while (n < 5u + 2u * TRACE_READ + 1u)
		write_event(n++);
	assert_pass(6u + TRACE_READ, TRACE_READ, 1u);
	while (n < 100000u)
		write_event(n++);
	assert_pass(100000u - TRACE_READ, TRACE_READ,
	            100000u - TRACE_READ - (5u + 2u * TRACE_READ + 1u));
	assert_int_equal(reader.lost, 1u + 100000u - TRACE_READ - (5u + 2u * TRACE_READ + 1u));
}

/* A writer that stands still in the middle of an event spoils the oldest one only. */
static void test_half_written(void **state)
{
	(void)state;
	start();
	for (uint64_t n = 0u; n < TRACE_EVENTS; n++)
		write_event(n);
	ring.record[0].time = 0u;
	assert_pass(1u, TRACE_READ, 1u);
}

/* In bursts of every length up to some rings' worth; the other CPU may read in between. */
static void *writer(void *argument)
{
	uint64_t n = 0u;

	(void)argument;
	for (uint64_t burst = 1u; !__atomic_load_n(&enough, __ATOMIC_RELAXED); burst++) {
		for (uint64_t i = burst * 7919u % 500u; i > 0u; i--)
			write_event(n++);
		(void)sched_yield();
	}
	return NULL;
}

static void test_concurrent(void **state)
{
	pthread_t thread;
	uint64_t seen = 0u;
	uint32_t passes = 0u;

	(void)state;
	start();
	enough = false;
	assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
	while (passes < STRESS_PASSES) {
		uint64_t before = reader.next;
		struct trace_pass pass = trace_reader_pass(&reader, got);

		seen += pass.count;
		assert_int_equal(pass.first, before + pass.lost);
		assert_int_equal(pass.first + pass.count, reader.next);
		for (uint32_t i = 0u; i < pass.count; i++)
			assert_whole(&got[i], pass.first + i);
		if (pass.count + pass.lost != 0u)
			passes++;
		else
			(void)sched_yield();
	}
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(seen + reader.lost, reader.next);
	print_message("%u passes, %llu events read, %llu lost\n", passes, (unsigned long long)seen,
	              (unsigned long long)reader.lost);
	assert_true(reader.lost != 0u);
}

static void test_lines(void **state)
{
	const struct trace_thread thread = {
		.name = "linux", .process = 5u, .cpu = 2u, .slot = 1u, .vm = 1u, .priority = 10u};
	const struct trace_record records[] = {
		{.time = 1000u, .kind = TRACE_SWITCH, .a = 1u},
		{.time = 1000u + 300u, .kind = TRACE_EXIT, .a = 1u, .b = 0x9000018ull << 8 | 1u},
	};
	char line[TRACE_LINE_BYTES];
	uint32_t count = 2u;
	size_t length;

	(void)state;
	/* the checks are what Python's binascii.crc_hqx says */
	(void)trace_line_begin(line, 62500000u, 4u, 123456789u);
	assert_string_equal(line, "~Tb 1 62500000 4 123456789*9d94\n");
	(void)trace_line_name(line, &thread);
	assert_string_equal(line, "~Tn 2 1 5 0 1 10 linux*d990\n");
	(void)trace_line_lost(line, 3u, 7u, 5000000000u);
	assert_string_equal(line, "~Tl 3 7 5000000000*9e90\n");
	(void)trace_line_end(line, 12u);
	assert_string_equal(line, "~Tz 12*1099\n");
	length = trace_line_events(line, 2u, 99u, records, &count);
	assert_int_equal(count, 2u);
	assert_string_equal(line, "~Te 2 99 AegHAQACrAIBgbCAgJAB*e0c8\n");
	assert_int_equal(length, strlen(line));
}

/* The largest numbers fit, each event is taken once, and time goes back in a new line only. */
static void test_long_lines(void **state)
{
	struct trace_record records[10];
	char line[TRACE_LINE_BYTES];
	uint32_t taken = 0u;
	uint32_t lines = 0u;

	(void)state;
	memset(records, 0xff, sizeof(records));
	records[5].time = 0u;
	while (taken < 10u) {
		uint32_t count = 10u - taken;
		size_t length = trace_line_events(line, 7u, UINT64_MAX - 10u + taken,
		                                  &records[taken], &count);

		assert_true(count >= 1u && count <= 10u - taken);
		assert_int_equal(line[length - 1u], '\n');
		assert_int_equal(line[length - 6u], '*');
		assert_false(taken < 5u && taken + count > 5u);
		taken += count;
		lines++;
	}
	assert_true(lines >= 5u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet),      cmocka_unit_test(test_half_written),
		cmocka_unit_test(test_concurrent), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
