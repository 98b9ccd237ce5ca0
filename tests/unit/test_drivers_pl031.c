/* SPDX-License-Identifier: Apache-2.0 */
/* sources: tests/unit/line_page.c */
/* The driver of the PL031 on a page of its own (DDI 0224). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/line_page.h"
#include "user/drivers/rtc_pl031.c"

#define RTC_AT 0x401000u

static struct line_message ask(uint32_t client, uint32_t op, uint32_t value)
{
	struct line_message request = {op, value};

	return line_request(client, &request);
}

static int start(void **state)
{
	(void)state;
	line_page_start(RTC_AT);
	line_page[RTC_IMSC / 4u] = 1u; /* whoever was there before */
	line_page[RTC_DR / 4u] = 1800000000u;
	line_open(RTC_AT);
	return 0;
}

static void test_time(void **state)
{
	(void)state;
	assert_int_equal(line_page[RTC_IMSC / 4u], 0);
	assert_int_equal(line_page[RTC_CR / 4u], 1);
	assert_int_equal(ask(0u, CLOCK_TIME, 0u).value, 1800000000u);
	assert_int_equal(ask(0u, CLOCK_TIME, 0u).op, CLOCK_TIME);
	assert_int_equal(ask(0u, LINE_READ, 0u).op, LINE_REFUSED);
	assert_int_equal(ask(0u, LINE_OUTPUT, 0u).op, LINE_REFUSED);
	assert_int_equal(ask(0u, UINT32_MAX, 0u).op, LINE_REFUSED);
}

/* The last who asked is told, once. */
static void test_alarm(void **state)
{
	(void)state;
	assert_int_equal(ask(0u, CLOCK_ALARM, 1800000005u).op, CLOCK_ALARM);
	assert_int_equal(ask(1u, CLOCK_ALARM, 1800000001u).op, CLOCK_ALARM);
	assert_int_equal(line_page[RTC_MR / 4u], 1800000001u);
	assert_int_equal(line_page[RTC_IMSC / 4u], 1);
	assert_int_equal(line_interrupt(), 0); /* not yet */
	assert_int_equal(line_page[RTC_IMSC / 4u], 1);
	line_page[RTC_RIS / 4u] = 1u;
	line_page[RTC_DR / 4u] = 1800000001u;
	assert_int_equal(line_interrupt(), 1);
	assert_int_equal(line_page[RTC_IMSC / 4u], 0);
	assert_int_equal(line_page[RTC_ICR / 4u], 1);
	assert_int_equal(line_event(0u, 1u), 0);
	assert_int_equal(line_event(1u, 1u), 1800000001u);
	assert_int_equal(line_event(1u, 0u), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_time, start),
		cmocka_unit_test_setup(test_alarm, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
