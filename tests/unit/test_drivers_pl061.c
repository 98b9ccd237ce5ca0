/* SPDX-License-Identifier: Apache-2.0 */
/* sources: tests/unit/line_page.c */
/* The driver of the PL061 on a page of its own (DDI 0190), and what a storm is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/line_page.h"
#include "user/drivers/gpio_pl061.c"
#include "user/lib/storm.h"

#define GPIO_AT 0x400000u

static struct line_message ask(uint32_t client, uint32_t op, uint32_t value)
{
	struct line_message request = {op, value};

	return line_request(client, &request);
}

static int start(void **state)
{
	(void)state;
	line_page_start(GPIO_AT);
	line_page[GPIO_IE / 4u] = 0xffu; /* whoever was there before */
	line_page[GPIO_DIR / 4u] = 0xffu;
	line_open(GPIO_AT);
	return 0;
}

static void test_silent(void **state)
{
	(void)state;
	assert_int_equal(line_page[GPIO_IE / 4u], 0);
	assert_int_equal(line_page[GPIO_DIR / 4u], 0);
	assert_int_equal(line_page[GPIO_IC / 4u], 0xff);
}

static void test_lines(void **state)
{
	(void)state;
	assert_int_equal(ask(0u, LINE_OUTPUT, 1u << 8 | 3u).op, LINE_OUTPUT);
	assert_int_equal(line_page[GPIO_DIR / 4u], 8);
	/* that line alone is written: bits 9:2 of the address */
	assert_int_equal(line_page[(8u << 2) / 4u], 8);
	assert_int_equal(ask(0u, LINE_OUTPUT, 3u).op, LINE_OUTPUT);
	assert_int_equal(line_page[(8u << 2) / 4u], 0);
	line_page[(0xffu << 2) / 4u] = 0xa5u;
	assert_int_equal(ask(1u, LINE_READ, 0u).value, 0xa5);
	assert_int_equal(ask(0u, LINE_INPUT, 3u).op, LINE_INPUT);
	assert_int_equal(line_page[GPIO_DIR / 4u], 0);
}

/* What another has, what is not there, what nobody knows. */
static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(ask(0u, LINE_OUTPUT, 3u).op, LINE_OUTPUT);
	assert_int_equal(ask(1u, LINE_OUTPUT, 1u << 8 | 3u).op, LINE_REFUSED);
	assert_int_equal(ask(1u, LINE_WATCH, 3u).op, LINE_REFUSED);
	assert_int_equal(ask(1u, LINE_WATCH, 8u).op, LINE_REFUSED);
	assert_int_equal(ask(1u, LINE_OUTPUT, 2u << 8 | 1u).op, LINE_REFUSED);
	assert_int_equal(ask(1u, LINE_INPUT, 1u << 8 | 1u).op, LINE_REFUSED);
	assert_int_equal(ask(1u, CLOCK_TIME, 0u).op, LINE_REFUSED);
	assert_int_equal(ask(1u, UINT32_MAX, 0u).op, LINE_REFUSED);
	assert_int_equal(line_page[(8u << 2) / 4u], 0);
	assert_int_equal(line_page[GPIO_IE / 4u], 0);
}

static void test_events(void **state)
{
	(void)state;
	assert_int_equal(ask(0u, LINE_WATCH, 1u).op, LINE_WATCH);
	assert_int_equal(ask(1u, LINE_WATCH_LOW, 2u).op, LINE_WATCH_LOW);
	assert_int_equal(line_page[GPIO_IE / 4u], 6);
	assert_int_equal(line_page[GPIO_IBE / 4u], 2);
	assert_int_equal(line_page[GPIO_IS / 4u], 4);
	line_page[GPIO_MIS / 4u] = 6u;
	assert_int_equal(line_interrupt(), 6);
	assert_int_equal(line_page[GPIO_IC / 4u], 6);
	assert_int_equal(line_event(0u, 6u), 2);
	assert_int_equal(line_event(1u, 6u), 4);
	assert_int_equal(line_event(2u, 6u), 0);
	line_page[GPIO_MIS / 4u] = 0u;
	assert_int_equal(line_interrupt(), 0);
	/* an output raises none */
	assert_int_equal(ask(1u, LINE_OUTPUT, 2u).op, LINE_OUTPUT);
	assert_int_equal(line_page[GPIO_IE / 4u], 2);
}

static void test_storm(void **state)
{
	struct storm storm = {.window = 1000u, .most = 3u};

	(void)state;
	for (uint64_t now = 5000u; now < 20000u; now += 400u)
		assert_false(storm_count(&storm, now)); /* never more than three in 1000 */
	storm = (struct storm){.window = 1000u, .most = 3u};
	for (uint32_t i = 0u; i < 3u; i++)
		assert_false(storm_count(&storm, 7000u + i));
	assert_true(storm_count(&storm, 7003u));
	assert_false(storm_count(&storm, 8001u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_silent, start),
		cmocka_unit_test_setup(test_lines, start),
		cmocka_unit_test_setup(test_refused, start),
		cmocka_unit_test_setup(test_events, start),
		cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
