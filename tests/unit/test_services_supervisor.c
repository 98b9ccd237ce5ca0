/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/services/supervisor_policy.c user/services/supervisor_text.c
 *	user/lib/text.c
 */
/*
 * The supervisor's policy, commands and words. A tick is a millisecond.
 * REQ-SUP-001 to REQ-SUP-003.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "user/services/supervisor_policy.h"
#include "user/services/supervisor_text.h"

#define SECOND   1000u
#define ON_FAULT CHILD_RESTART_ON_FAULT
#define ALWAYS   (CHILD_RESTART_ON_FAULT | CHILD_RESTART_ALWAYS)

static struct process_child info;
static struct policy_child child;
static uint64_t starts;

static void begin(uint32_t flags, uint32_t limit)
{
	info = (struct process_child){
		.name = "linux",
		.flags = flags,
		.restart_limit = limit,
		.restart_window_sec = 60u,
	};
	policy_init(&child, &info, SECOND);
	starts = 0;
}

static struct policy_view view(uint64_t state, uint64_t reason)
{
	return (struct policy_view){.state = state, .reason = reason, .starts = starts};
}

static enum policy_verdict look(uint64_t state, uint64_t reason, uint64_t now)
{
	struct policy_view it = view(state, reason);

	return policy_look(&child, &it, now);
}

/* It is started once more, and ends for `reason`; the same end is never told twice. */
static enum policy_verdict ends(uint64_t reason, uint64_t now)
{
	enum policy_verdict verdict;

	starts++;
	assert_int_equal(look(PROCESS_STATE_RUNNING, 0, now), POLICY_NOTHING);
	assert_int_equal(look(PROCESS_STATE_STOPPING, reason, now), POLICY_SOON);
	verdict = look(PROCESS_STATE_STOPPED, reason, now);
	assert_int_equal(look(PROCESS_STATE_STOPPED, reason, now), POLICY_NOTHING);
	return verdict;
}

static bool autostarts(uint32_t flags)
{
	struct policy_view it = view(PROCESS_STATE_STOPPED, 0);

	begin(flags, 3);
	return policy_autostart(&child, &it);
}

static void test_autostart(void **state)
{
	struct policy_view it;

	(void)state;
	assert_true(autostarts(CHILD_VM | CHILD_AUTOSTART));
	assert_false(autostarts(CHILD_VM));
	assert_false(autostarts(CHILD_AUTOSTART | CHILD_KERNEL_START));
	begin(CHILD_AUTOSTART, 3);
	assert_int_equal(look(PROCESS_STATE_STOPPED, 0, 0), POLICY_NOTHING);
	/* a supervisor that was restarted itself does not start what ran before */
	starts = 1;
	it = view(PROCESS_STATE_RUNNING, 0);
	assert_false(policy_autostart(&child, &it));
	it = view(PROCESS_STATE_STOPPED, EXIT_REASON_OFF);
	assert_false(policy_autostart(&child, &it));
}

static void test_ends_by_itself(void **state)
{
	(void)state;
	begin(0, 3);
	assert_int_equal(ends(EXIT_REASON_OFF, 1), POLICY_STAYS);
	assert_int_equal(ends(EXIT_REASON_FAULT, 1), POLICY_STAYS);
	assert_int_equal(ends(EXIT_REASON_RESET, 1), POLICY_STARTS);
	assert_int_equal(ends(EXIT_REASON_STOPPED, 1), POLICY_STAYS);
	begin(ON_FAULT, 3);
	assert_int_equal(ends(EXIT_REASON_OFF, 1), POLICY_STAYS);
	assert_int_equal(ends(EXIT_REASON_FAULT, 1), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_FAILED, 1), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_SERROR, 1), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_FAULT, 1), POLICY_GIVE_UP);
	begin(ALWAYS, 3);
	assert_int_equal(ends(EXIT_REASON_OFF, 1), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_STOPPED, 1), POLICY_STAYS);
	/* switching itself off over and over is within the limit, too */
	assert_int_equal(ends(EXIT_REASON_OFF, 1), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_OFF, 1), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_OFF, 1), POLICY_GIVE_UP);
	begin(ON_FAULT, 3);
	assert_int_equal(ends(4711, 1), POLICY_RETRY); /* a reason of a later kernel */
}

/* Resets do not count, and restarts are forgotten when they leave the window. */
static void test_window(void **state)
{
	(void)state;
	begin(ON_FAULT, 2);
	assert_int_equal(ends(EXIT_REASON_FAULT, 1 * SECOND), POLICY_RETRY);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(ends(EXIT_REASON_RESET, 2 * SECOND), POLICY_STARTS);
	assert_int_equal(ends(EXIT_REASON_FAULT, 30 * SECOND), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_FAULT, 61 * SECOND), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_FAULT, 62 * SECOND), POLICY_GIVE_UP);
	begin(ON_FAULT, 0);
	assert_int_equal(ends(EXIT_REASON_FAULT, 1), POLICY_GIVE_UP);
	begin(ON_FAULT, UINT32_MAX);
	for (uint32_t i = 0; i < POLICY_RESTARTS; i++)
		assert_int_equal(ends(EXIT_REASON_FAULT, i), POLICY_RETRY);
	assert_int_equal(ends(EXIT_REASON_FAULT, 59 * SECOND), POLICY_GIVE_UP);
}

static void test_absent(void **state)
{
	(void)state;
	begin(ALWAYS, 3);
	assert_int_equal(look(PROCESS_STATE_ABSENT, 0, 0), POLICY_ABSENT);
	assert_int_equal(look(PROCESS_STATE_ABSENT, 0, 0), POLICY_NOTHING);
}

static bool command(bool (*verb)(struct policy_child *, const struct policy_view *),
                    uint64_t process_state)
{
	struct policy_view it = view(process_state, 0);

	return verb(&child, &it);
}

static void test_commands(void **state)
{
	(void)state;
	begin(ALWAYS, 1);
	starts = 1;
	/* stop, which wins over an end of its own at that moment */
	assert_true(command(policy_stop, PROCESS_STATE_RUNNING));
	assert_int_equal(look(PROCESS_STATE_STOPPED, EXIT_REASON_RESET, 1), POLICY_STAYS);
	assert_false(command(policy_stop, PROCESS_STATE_STOPPED));
	/* start, which is not an end */
	assert_true(command(policy_start, PROCESS_STATE_STOPPED));
	starts = 2;
	assert_false(command(policy_start, PROCESS_STATE_RUNNING));
	/* restart */
	assert_true(command(policy_restart, PROCESS_STATE_RUNNING));
	assert_int_equal(look(PROCESS_STATE_STOPPED, EXIT_REASON_STOPPED, 1), POLICY_STARTS);
	assert_int_equal(ends(EXIT_REASON_STOPPED, 1), POLICY_STAYS);
	assert_true(command(policy_restart, PROCESS_STATE_STOPPED));
	/* while it is stopping: when that is done */
	starts++;
	assert_false(command(policy_start, PROCESS_STATE_STOPPING));
	assert_int_equal(look(PROCESS_STATE_STOPPED, EXIT_REASON_OFF, 1), POLICY_STARTS);
	starts++;
	assert_false(command(policy_start, PROCESS_STATE_STOPPING));
	assert_false(command(policy_stop, PROCESS_STATE_STOPPING));
	assert_int_equal(look(PROCESS_STATE_STOPPED, EXIT_REASON_RESET, 1), POLICY_STAYS);
}

/* A start by a person gives it all its restarts again. */
static void test_start_forgets(void **state)
{
	(void)state;
	begin(ON_FAULT, 1);
	assert_int_equal(ends(EXIT_REASON_FAULT, 1), POLICY_RETRY);
	assert_false(command(policy_start, PROCESS_STATE_RUNNING));
	assert_int_equal(ends(EXIT_REASON_FAULT, 2), POLICY_GIVE_UP);
	assert_true(command(policy_start, PROCESS_STATE_STOPPED));
	assert_int_equal(ends(EXIT_REASON_FAULT, 3), POLICY_RETRY);
}

static void expect_end(uint64_t reason, uint64_t code, uint64_t address,
                       enum policy_verdict verdict, const char *want)
{
	char text[TEXT_LINE_BYTES];
	size_t length;

	length = text_end(text, sizeof(text), &info, reason, code, address, verdict, &child);
	assert_string_equal(text, want);
	assert_int_equal(length, strlen(want));
}

/* Nothing to read is as good as reading; what it has read once does not help it for long. */
static void test_reader(void **state)
{
	struct policy_reader reader = {0};

	(void)state;
	assert_false(policy_reader_hangs(&reader, 0, 0, 100 * SECOND, 10 * SECOND));
	assert_false(policy_reader_hangs(&reader, 0, 5, 109 * SECOND, 10 * SECOND));
	assert_false(policy_reader_hangs(&reader, 3, 2, 110 * SECOND, 10 * SECOND));
	/* more is printed, none of it is read */
	assert_false(policy_reader_hangs(&reader, 3, 900, 119 * SECOND, 10 * SECOND));
	assert_true(policy_reader_hangs(&reader, 3, 1024, 120 * SECOND, 10 * SECOND));
	assert_false(policy_reader_hangs(&reader, 3, 0, 200 * SECOND, 10 * SECOND));
	assert_false(policy_reader_hangs(&reader, 3, 1, 201 * SECOND, 10 * SECOND));
	assert_true(policy_reader_hangs(&reader, 3, 1, 211 * SECOND, 10 * SECOND));
	/* nothing for long, then a line: it has only just been printed */
	assert_false(policy_reader_hangs(&reader, 4, 0, 220 * SECOND, 10 * SECOND));
	assert_false(policy_reader_hangs(&reader, 4, 9, 300 * SECOND, 10 * SECOND));
	assert_true(policy_reader_hangs(&reader, 4, 9, 310 * SECOND, 10 * SECOND));
}

/* As often as after a fault, both together; not at all where the policy says never. */
static void test_hangs(void **state)
{
	struct policy_view view = {.state = PROCESS_STATE_RUNNING, .starts = 1};

	(void)state;
	begin(ON_FAULT, 3);
	assert_int_equal(ends(EXIT_REASON_FAULT, 1), POLICY_RETRY);
	assert_true(policy_hangs(&child, &view, 2 * SECOND));
	assert_true(policy_hangs(&child, &view, 12 * SECOND));
	assert_false(policy_hangs(&child, &view, 22 * SECOND));
	assert_true(policy_hangs(&child, &view, 90 * SECOND));
	view.state = PROCESS_STATE_STOPPED;
	assert_false(policy_hangs(&child, &view, 190 * SECOND));
	begin(0, 3);
	view.state = PROCESS_STATE_RUNNING;
	assert_false(policy_hangs(&child, &view, 1 * SECOND));
}

static void test_end_lines(void **state)
{
	(void)state;
	begin(ON_FAULT, 3);
	(void)ends(EXIT_REASON_FAULT, 1);
	expect_end(EXIT_REASON_FAULT, 0x93800044u, 0x1000, POLICY_RETRY,
	           "linux stopped: fault, data abort of a write at 0x1000, ESR 0x93800044; "
	           "starts again, 1 of 3 in 60 s");
	expect_end(EXIT_REASON_FAULT, 0x02000000u, 0x1000, POLICY_STAYS,
	           "linux stopped: fault, undefined instruction at pc 0x1000, ESR 0x2000000; stays "
	           "stopped");
	expect_end(EXIT_REASON_FAULT, 0xfc000000u, 0x1000, POLICY_GIVE_UP,
	           "linux stopped: fault, exception at pc 0x1000, ESR 0xfc000000; "
	           "stays stopped after 3 restarts in 60 s");
	expect_end(EXIT_REASON_FAILED, 7, 0, POLICY_STAYS,
	           "linux stopped: failed, code 7; stays stopped");
	expect_end(EXIT_REASON_SERROR, 0xbe000000u, 0, POLICY_STAYS,
	           "linux stopped: serror, ESR 0xbe000000; stays stopped");
	expect_end(EXIT_REASON_RESET, 0, 0, POLICY_STARTS, "linux stopped: reset; starts again");
	expect_end(99, 0, 0, POLICY_STAYS, "linux stopped: ?; stays stopped");
	/* the longest of all fits */
	memset(info.name, 'n', NAME_BYTES - 1);
	for (uint64_t class = 0; class < 64; class ++)
		assert_in_range(text_end((char[TEXT_LINE_BYTES]){0}, TEXT_LINE_BYTES, &info,
		                         EXIT_REASON_FAULT,
		                         (UINT64_MAX & ~0xfc000000ull) | class << 26, UINT64_MAX,
		                         POLICY_GIVE_UP, &child),
		                100, TEXT_LINE_BYTES - 2);
}

static void test_status_lines(void **state)
{
	struct text_status status = {
		.name = "linux",
		.state = PROCESS_STATE_RUNNING,
		.starts = 3,
		.ticks = 1500,
		.exits = 900,
		.periods = 12345,
		.entries = 31,
		.span = 2 * SECOND,
		.ticks_per_second = SECOND,
	};
	char header[TEXT_LINE_BYTES];
	char text[TEXT_LINE_BYTES];

	(void)state;
	(void)text_status_header(header, sizeof(header));
	(void)text_status_line(text, sizeof(text), &status);
	assert_string_equal(header, "world        state    reason     cpu%  exits/s    periods "
	                            "restarts   EL2/s");
	assert_string_equal(text, "linux        running  -          75.0      450      12345 "
	                          "       2      16");
	assert_int_equal(strlen(text), strlen(header));
	status = (struct text_status){.name = "off", .reason = EXIT_REASON_OFF};
	(void)text_status_line(text, sizeof(text), &status);
	assert_string_equal(text, "off          stopped  off         0.0        0          0 "
	                          "       0       0");
}

static void test_typing(void **state)
{
	struct text_typed typed = {.length = 0};
	const char *keys = "junk\x15stoq\x7fp  lin\x01ux \r";
	const char *verb;
	const char *name;
	uint32_t lines = 0;

	(void)state;
	for (; *keys != '\0'; keys++)
		lines += text_type(&typed, (uint8_t)*keys) ? 1 : 0;
	assert_int_equal(lines, 1);
	text_split(typed.line, &verb, &name);
	assert_string_equal(verb, "stop");
	assert_string_equal(name, "linux");
	assert_true(text_type(&typed, '\n'));
	text_split(typed.line, &verb, &name);
	assert_string_equal(verb, "");
	assert_string_equal(name, "");
	for (uint32_t i = 0; i < 10 * TEXT_COMMAND_BYTES; i++)
		assert_false(text_type(&typed, i % 7 == 0 ? 0xff : 'x'));
	assert_true(text_type(&typed, '\r'));
	assert_int_equal(strlen(typed.line), TEXT_COMMAND_BYTES - 1);
	assert_false(text_type(&typed, '\b'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_autostart), cmocka_unit_test(test_ends_by_itself),
		cmocka_unit_test(test_window),    cmocka_unit_test(test_absent),
		cmocka_unit_test(test_commands),  cmocka_unit_test(test_start_forgets),
		cmocka_unit_test(test_reader),    cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_end_lines), cmocka_unit_test(test_status_lines),
		cmocka_unit_test(test_typing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
