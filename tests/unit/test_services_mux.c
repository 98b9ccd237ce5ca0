/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/services/console_mux.c user/services/console_keys.c
 *	user/services/console_line.c user/lib/text.c
 */
/*
 * The console's multiplexer: prefixes, redrawing, keys, focus, floods, readers that do not
 * read. A tick is a microsecond. Above 600 lines, as all cases share one terminal that the
 * bytes are drawn on. REQ-CON-002 to REQ-CON-005.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "user/services/console_mux.h"

#define MS 1000ull

enum { ALIVE, CONTROL, LINUX, SUPERVISOR };

static struct mux mux;
static uint64_t now;
static char shown[1 << 20];
static uint32_t shown_length;

/* What has come to the terminal since the last time. */
static const char *terminal(void)
{
	shown_length = 0;
	while (mux_peek(&mux) >= 0) {
		assert_true(shown_length + 1 < sizeof(shown));
		shown[shown_length++] = (char)mux_peek(&mux);
		mux_drop(&mux);
	}
	shown[shown_length] = '\0';
	return shown;
}

static void step(uint64_t ticks)
{
	now += ticks;
	mux_step(&mux, now);
}

/* A world prints a text that fits into its stash. */
static void print(uint32_t world, const char *text)
{
	assert_true(strlen(text) <= mux_room(&mux, world));
	mux_output(&mux, world, text, (uint32_t)strlen(text), now);
	step(0);
}

static void type(const char *text)
{
	for (; *text != '\0'; text++) {
		assert_true(mux_can_type(&mux));
		mux_type(&mux, (uint8_t)*text, now);
	}
	step(0);
}

/* The next input is `text` for `world`; it takes it. */
static void expect_input(uint32_t world, const char *text)
{
	uint8_t bytes[64];
	uint32_t to = 99;
	uint32_t count = mux_input(&mux, &to, bytes, sizeof(bytes));

	assert_int_equal(count, strlen(text));
	assert_int_equal(to, world);
	assert_memory_equal(bytes, text, count);
	mux_delivered(&mux, count, now);
}

static void expect_no_input(void)
{
	uint8_t byte;
	uint32_t to;

	assert_int_equal(mux_input(&mux, &to, &byte, 1), 0);
}

static int setup(void **state)
{
	(void)state;
	now = 1000000;
	mux_init(&mux, 1000000);
	mux_add(&mux, "alive");
	mux_add(&mux, "control");
	mux_add(&mux, "linux");
	mux_add(&mux, "supervisor");
	mux_start(&mux, now);
	return 0;
}

/* As setup, the banner read. */
static int setup_quiet(void **state)
{
	setup(state);
	(void)terminal();
	return 0;
}

static void test_banner(void **state)
{
	(void)state;
	assert_string_equal(terminal(), "Bulkhead: Ctrl-] ? for help. 1 alive 2 control "
	                                "3 linux (keyboard) 0 supervisor\r\n");
}

static void test_default_focus(void **state)
{
	(void)state;
	mux_init(&mux, 1000);
	mux_add(&mux, "alive");
	mux_add(&mux, "uboot");
	mux_add(&mux, "supervisor");
	mux_start(&mux, 0);
	assert_int_equal(mux.focus, 1);
	mux_init(&mux, 1000);
	mux_start(&mux, 0);
	step(0);
	type("x");
	expect_no_input();
	mux_init(&mux, 1000);
	for (uint32_t i = 0; i < MUX_WORLDS + 3; i++)
		mux_add(&mux, "a name that is longer than names may be in the system");
	mux_start(&mux, 0);
	assert_int_equal(mux.world_count, MUX_WORLDS);
	assert_int_equal(strlen(mux.world[0].name), MUX_NAME_BYTES - 1);
}

/* The numbers count the worlds in their order, without the supervisor. */
static void test_numbers(void **state)
{
	static const char *const names[] = {"a", "supervisor", "b", "linux", "c"};

	(void)state;
	mux_init(&mux, 1000000);
	for (uint32_t i = 0; i < 5; i++)
		mux_add(&mux, names[i]);
	mux_start(&mux, now);
	assert_string_equal(terminal(), "Bulkhead: Ctrl-] ? for help. 1 a 2 b 3 linux (keyboard) "
	                                "4 c 0 supervisor\r\n");
	for (uint32_t i = 0; i < 5; i++) {
		static const char keys[] = "10234";

		type((char[]){0x1d, keys[i], '\0'});
		assert_int_equal(mux.focus, i);
	}
}

static void test_focus_is_raw(void **state)
{
	(void)state;
	print(LINUX, "a\x1b[1mb\r\nc\xc3\xa9\x1b[6n");
	assert_string_equal(terminal(), "a\x1b[1mb\r\nc\xc3\xa9\x1b[6n");
	print(LINUX, "\nd\n");
	assert_string_equal(terminal(), "\r\nd\r\n");
	print(LINUX, "e\r");
	print(LINUX, "\n");
	assert_string_equal(terminal(), "e\r\n");
}

static void test_others_by_line(void **state)
{
	(void)state;
	print(CONTROL, "10 loo");
	assert_string_equal(terminal(), "");
	print(CONTROL, "ps\r\n\n20 loops\n30");
	assert_string_equal(terminal(), "control| 10 loops\r\ncontrol| 20 loops\r\n");
	print(ALIVE, "\x1b[2J\x1b]0;evil\a\x9b"
	             "31mhi\b\bHI\n");
	assert_string_equal(terminal(), "alive| ?31mHI\r\n");
}

/* A prompt is put below the line of another world, when its owner has been quiet. */
static void test_redraw(void **state)
{
	(void)state;
	print(LINUX, "linux# \x1b[6nls -l\b\b");
	(void)terminal();
	print(CONTROL, "10 loops\n");
	assert_string_equal(terminal(), "");
	assert_int_equal(mux_deadline(&mux), now + MUX_QUIET_MS * MS);
	step(MUX_QUIET_MS * MS);
	assert_string_equal(terminal(), "\r\x1b[Kcontrol| 10 loops\r\nlinux# ls -l\b\b");
	assert_int_equal(mux_deadline(&mux), MUX_NEVER);
	print(LINUX, "\r\n");
	print(CONTROL, "20 loops\n");
	assert_string_equal(terminal(), "\r\ncontrol| 20 loops\r\n");
}

/* One that never ends its line and never is quiet holds others up for a bounded time. */
static void test_patience(void **state)
{
	uint64_t start = now;

	(void)state;
	print(LINUX, ".");
	print(CONTROL, "here\n");
	while (strstr(terminal(), "control| here") == NULL) {
		step(10 * MS);
		print(LINUX, ".");
	}
	assert_in_range(now - start, MUX_PATIENCE_MS * MS, (MUX_PATIENCE_MS + 10) * MS);
	/* not even a sequence is complete */
	start = now;
	print(LINUX, "\x1b[31");
	print(CONTROL, "there\n");
	while (strstr(terminal(), "control| there") == NULL) {
		step(10 * MS);
		print(LINUX, "1;");
	}
	assert_in_range(now - start, 4 * MUX_PATIENCE_MS * MS, (4 * MUX_PATIENCE_MS + 10) * MS);
}

/* A line too long to be drawn again is left alone. */
static void test_overlong(void **state)
{
	char text[LINE_CELLS + 11];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	print(LINUX, text);
	print(CONTROL, "here\n");
	step(MUX_QUIET_MS * MS);
	assert_non_null(strstr(terminal(), "xxx\r\ncontrol| here\r\n"));
	print(LINUX, "rest");
	print(CONTROL, "again\n");
	step(MUX_QUIET_MS * MS);
	assert_string_equal(terminal(), "rest\r\x1b[Kcontrol| again\r\nrest");
}

static void test_long_line_of_other(void **state)
{
	char text[LINE_CELLS + 4];

	(void)state;
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = '\0';
	print(CONTROL, text);
	assert_non_null(strstr(terminal(), "y\r\ncontrol| yy\r\n"));
}

static void test_partial_line(void **state)
{
	(void)state;
	print(CONTROL, "=> ");
	assert_int_equal(mux_deadline(&mux), now + MUX_PARTIAL_MS * MS);
	step(MUX_PARTIAL_MS * MS);
	assert_string_equal(terminal(), "control| => \r\n");
	step(10 * MUX_PARTIAL_MS * MS);
	print(CONTROL, "\r\n");
	assert_string_equal(terminal(), "");
	print(CONTROL, "=> ");
	step(MUX_PARTIAL_MS * MS);
	(void)terminal();
	type("\x1d"
	     "2");
	assert_string_equal(terminal(), "[control]\r\n=> ");
}

static void test_keys(void **state)
{
	(void)state;
	type("ls\x03\r");
	expect_input(LINUX, "ls\x03\r");
	type("\x1d\x1d");
	expect_input(LINUX, "\x1d");
	type("\x1d"
	     "2a\x1d"
	     "0b\x1d"
	     "3c");
	expect_input(CONTROL, "a");
	expect_input(SUPERVISOR, "b");
	expect_input(LINUX, "c");
	expect_no_input();
	(void)terminal();
	type("\x1d"
	     "7");
	assert_string_equal(terminal(), "console: there is no world of that number\r\n");
	type("\x1d?");
	assert_non_null(strstr(terminal(), "*  3 linux "));
	type("\x1ds");
	expect_input(SUPERVISOR, "\x15status\n");
	assert_false(mux_wants_off(&mux));
	type("\x1dq");
	assert_true(mux_wants_off(&mux));
}

static void test_focus_moves(void **state)
{
	(void)state;
	print(LINUX, "linux# ");
	print(CONTROL, "10 lo");
	(void)terminal();
	type("\x1d"
	     "2");
	assert_string_equal(terminal(), "\r\n[control]\r\n10 lo");
	print(CONTROL, "ops\n");
	assert_string_equal(terminal(), "ops\r\n");
	type("\x1d"
	     "3");
	assert_string_equal(terminal(), "[linux]\r\nlinux# ");
	type("\x1d"
	     "3");
	assert_string_equal(terminal(), "\r\x1b[K\r\nlinux# ");
}

static void test_mute(void **state)
{
	(void)state;
	type("\x1dm");
	(void)terminal();
	print(CONTROL, "unseen\n");
	print(SUPERVISOR, "seen\n");
	assert_string_equal(terminal(), "supervisor| seen\r\n");
	type("\x1dm");
	print(CONTROL, "seen\n");
	assert_non_null(strstr(terminal(), "control| seen\r\n"));
}

/* Bytes that `world` gets through in `ms` while it prints all it can. */
static uint64_t flood(uint32_t world, uint32_t ms, const char *text)
{
	uint64_t before = mux.world[world].bytes;

	for (uint32_t i = 0; i < ms; i++) {
		if (mux_room(&mux, world) != 0)
			print(world, text);
		step(MS);
		(void)terminal();
	}
	return mux.world[world].bytes - before;
}

static void test_flood_is_held_back(void **state)
{
	uint64_t bytes;

	(void)state;
	bytes = flood(CONTROL, 5000, "0123456789012345678901234567890123456789\n");
	assert_in_range(bytes, 5u * MUX_RATE, 5u * MUX_RATE + MUX_BURST + MUX_STASH_BYTES);
	assert_in_range(mux.world[CONTROL].held_count, 1, 10000);
	type("\x1d?");
	assert_null(strstr(terminal(), "control          0 bytes"));
	/* the others print at once while it waits */
	print(ALIVE, "here\n");
	assert_non_null(strstr(terminal(), "alive| here\r\n"));
	/* with the focus it may print what the terminal takes */
	type("\x1d"
	     "2");
	bytes = flood(CONTROL, 1000, "0123456789012345678901234567890123456789\n");
	assert_true(bytes > 8u * MUX_RATE);
}

static void test_flood_is_said(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000 && mux_room(&mux, CONTROL) != 0; i++) {
		print(CONTROL, "0123456789012345678901234567890123456789\n");
		if (strstr(terminal(), "console: control is held back to 4096 bytes") != NULL)
			return;
	}
	fail();
}

/* All flood and the terminal is slow: the focus has its part, and so has each of the others. */
static void test_flood_of_all(void **state)
{
	const uint64_t bytes = 20u * 8000u;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		mux_add(&mux, "another");
	for (uint32_t i = 0; i < 20000; i++) {
		for (uint32_t world = 0; world < mux.world_count; world++) {
			if (mux_room(&mux, world) != 0 && (world != SUPERVISOR || i % 256 == 0))
				mux_output(&mux, world, "0123456789012345678901234567890123456\n",
				           38, now);
		}
		for (uint32_t j = 0; j < 8; j++)
			mux_drop(&mux);
		step(MS);
	}
	assert_true(mux.world[LINUX].bytes > bytes / 4u);
	assert_int_equal(mux.world[SUPERVISOR].bytes, (20000u / 256u + 1u) * 38u);
	for (uint32_t world = 0; world < mux.world_count; world++) {
		if (world != LINUX && world != SUPERVISOR)
			assert_in_range(mux.world[world].bytes, bytes / 32u, bytes / 6u);
	}
}

/* The supervisor's word on a world comes before what the world prints at its new start. */
static void test_supervisor_first(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2 * mux.world_count; i++) {
		mux_output(&mux, CONTROL, "new\n", 4, now);
		mux_output(&mux, LINUX, "new\n", 4, now);
		mux_output(&mux, SUPERVISOR, "old\n", 4, now);
		step(MS);
		assert_int_equal(strncmp(terminal(), "supervisor| old\r\n", 17), 0);
	}
}

/* The terminal takes nothing: the focus stops early enough for the others and the console. */
static void test_slow_terminal(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		if (mux_room(&mux, LINUX) != 0)
			print(LINUX, "0123456789012345678901234567890123456789\n");
		step(MS);
	}
	print(ALIVE, "here\n");
	type("\x1ds");
	assert_non_null(strstr(terminal(), "alive| here\r\n"));
	assert_true(shown_length <= MUX_TX_BYTES);
	expect_input(SUPERVISOR, "\x15status\n");
	step(0);
	assert_non_null(strstr(terminal(), "0123456789"));
	/* nor do the supervisor's lines take what the console's own need */
	for (uint32_t i = 0; i < 1000; i++) {
		if (mux_room(&mux, SUPERVISOR) != 0)
			print(SUPERVISOR, "0123456789012345678901234567890123456789\n");
		step(MS);
	}
	assert_in_range(mux.tx_head - mux.tx_tail, 1000, MUX_TX_BYTES - MUX_TX_OWN);
	type("\x1d?");
	assert_non_null(strstr(terminal(), "typed in vain\r\n   0 supervisor"));
	/* it is asked for help for ever: whole lines, or none */
	for (uint32_t i = 0; i < 100; i++)
		type("\x1d?");
	assert_true(strlen(terminal()) < MUX_TX_BYTES);
	assert_true(strcmp(shown + shown_length - 9, "in vain\r\n") == 0 ||
	            strcmp(shown + shown_length - 9, " ? this\r\n") == 0);
}

/* A world that does not read its input cannot block the keyboard. */
static void test_reader_that_sleeps(void **state)
{
	(void)state;
	type("\x1d"
	     "1");
	while (mux_can_type(&mux))
		mux_type(&mux, 'x', now);
	step(0);
	assert_false(mux_can_type(&mux));
	assert_int_equal(mux_deadline(&mux), now + MUX_STALL_MS * MS);
	step(MUX_STALL_MS * MS);
	assert_true(mux_can_type(&mux));
	expect_no_input();
	assert_true(mux.world[ALIVE].unread > 400);
	/* the rest of what is pasted goes by, and a key among it works at once */
	for (uint32_t i = 0; i < 10000; i++) {
		type("x");
		expect_no_input();
	}
	type("\x1d"
	     "3y");
	expect_input(LINUX, "y");
	/* when it takes a byte it is waited for again */
	type("\x1d"
	     "1");
	mux_type(&mux, 'a', now);
	expect_input(ALIVE, "a");
	type("b");
	step(MUX_STALL_MS * MS - 1);
	expect_input(ALIVE, "b");
}

/* xorshift: the low bits are as good as the others */
static uint32_t random_below(uint32_t end)
{
	static uint32_t seed = 11;

	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % end;
}

/* ---- a model: worlds that number their lines, and a terminal that is read line by line ---- */

struct source {
	uint32_t printed; /* number of the line that is being printed */
	uint32_t at;      /* in it */
	uint32_t seen;    /* number of the next line that the terminal has to show */
};

static struct source sources[SUPERVISOR + 1];
static char row[4 * LINE_CELLS];
static uint32_t row_length;
static uint32_t row_cursor;

/* The line as its world prints it, with a colour, a correction and a query if it is `raw`. */
static void source_line(char *to, size_t bytes, uint32_t world, uint32_t number, bool raw)
{
	(void)snprintf(to, bytes, raw ? "\x1b[1m%s\x1b[m \x1b[6n%u X\b.%.*s%s" : "%s %u .%.*s%s",
	               mux.world[world].name, number, (int)(number * 7u % 100u),
	               "----------------------------------------------------------------------"
	               "------------------------------",
	               raw ? "\n" : "");
}

static void source_print(uint32_t world, uint32_t count)
{
	char line[2 * LINE_CELLS];
	char bytes[MUX_STASH_BYTES];

	for (uint32_t i = 0; i < count; i++) {
		source_line(line, sizeof(line), world, sources[world].printed, true);
		bytes[i] = line[sources[world].at++];
		if (bytes[i] == '\n') {
			sources[world].at = 0;
			sources[world].printed++;
		}
	}
	mux_output(&mux, world, bytes, count, now);
}

/* A complete row of the terminal is the next line of one of them, or the start of it. */
static void row_check(void)
{
	char want[2 * LINE_CELLS];
	const char *text = row;

	row[row_length] = '\0';
	if (row_length == 0u || strncmp(row, "console: ", 9) == 0)
		return;
	for (uint32_t i = 0; i <= SUPERVISOR; i++) {
		size_t length = strlen(mux.world[i].name);

		if (i != mux.focus && strncmp(row, mux.world[i].name, length) == 0 &&
		    row[length] == '|')
			text = row + length + 2;
		source_line(want, sizeof(want), i, sources[i].seen, false);
		if (strcmp(text, want) == 0) {
			sources[i].seen++;
			return;
		}
		if (text != row && strncmp(text, want, strlen(text)) == 0)
			return;
		assert_true(text == row);
	}
	print_error("not expected: \"%s\"\n", row);
	fail();
}

static void row_byte(uint8_t byte)
{
	static bool sequence;

	if (sequence) {
		sequence = byte == '[' || (byte >= '0' && byte <= '9');
		if (byte == 'K')
			row_length = row_cursor;
	} else if (byte == 0x1b) {
		sequence = true;
	} else if (byte == '\r') {
		row_cursor = 0;
	} else if (byte == '\b') {
		row_cursor -= row_cursor != 0u ? 1u : 0u;
	} else if (byte == '\n') {
		row_check();
		row_length = 0;
	} else if (byte >= ' ') {
		assert_true(row_cursor < sizeof(row) - 1);
		row[row_cursor++] = (char)byte;
		if (row_cursor > row_length)
			row_length = row_cursor;
	}
}

/* Whatever the pace of the worlds and of the terminal: no line is lost, torn or out of order. */
static void test_nothing_is_lost(void **state)
{
	(void)state;
	memset(sources, 0, sizeof(sources));
	row_length = 0;
	row_cursor = 0;
	for (uint32_t i = 0; i < 200000; i++) {
		for (uint32_t world = 0; world < mux.world_count; world++) {
			if (mux_room(&mux, world) != 0 && random_below(2) != 0u)
				source_print(world, 1u + random_below(i / 50000u * 60u + 10u));
		}
		step(random_below(16 * MS));
		for (uint32_t j = random_below(200); j > 0 && mux_peek(&mux) >= 0; j--) {
			row_byte((uint8_t)mux_peek(&mux));
			mux_drop(&mux);
		}
		assert_true(mux.tx_head - mux.tx_tail <= MUX_TX_BYTES - MUX_TX_OWN);
	}
	for (uint32_t i = 0; i <= SUPERVISOR; i++) {
		assert_true(sources[i].seen > 1000u);
		assert_in_range(sources[i].printed - sources[i].seen, 0, 100);
	}
}

/* Everything at random: bounds hold, and what may be waited for has a time. */
static void test_random(void **state)
{
	static const char bytes[] = "ab \n\n\r\x1b[K\x1d"
				    "0123sm?\x1d\t\b\xc3\xa9"
				    "6nP@";
	uint32_t seed = 7;
	char text[MUX_STASH_BYTES];

	(void)state;
	for (uint32_t i = 0; i < 300000; i++) {
		uint32_t world;
		uint32_t room;

		seed = seed * 1664525u + 1013904223u;
		world = (seed >> 8) % mux.world_count;
		room = mux_room(&mux, world);
		for (uint32_t j = 0; j < room; j++)
			text[j] = bytes[(seed >> 5) * (j + 1) % (sizeof(bytes) - 1)];
		mux_output(&mux, world, text, room, now);
		if (mux_can_type(&mux))
			mux_type(&mux, (uint8_t)bytes[(seed >> 12) % (sizeof(bytes) - 1)], now);
		step(seed >> 16 & 0x3fffu);
		assert_true(mux_deadline(&mux) > now);
		assert_true(mux.tx_head - mux.tx_tail <= MUX_TX_BYTES);
		assert_true(mux.focus < mux.world_count);
		for (uint32_t j = seed >> 24; j > 0; j--)
			mux_drop(&mux);
		if ((seed & 0x700u) == 0u) {
			uint32_t count = mux_input(&mux, &world, (uint8_t *)text, sizeof(text));

			assert_true(world < mux.world_count);
			mux_delivered(&mux, count, now);
		}
	}
}

#define QUIET(test) cmocka_unit_test_setup(test, setup_quiet)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_banner, setup),
		QUIET(test_default_focus),
		QUIET(test_numbers),
		QUIET(test_focus_is_raw),
		QUIET(test_others_by_line),
		QUIET(test_redraw),
		QUIET(test_patience),
		QUIET(test_overlong),
		QUIET(test_long_line_of_other),
		QUIET(test_partial_line),
		QUIET(test_keys),
		QUIET(test_focus_moves),
		QUIET(test_mute),
		QUIET(test_flood_is_held_back),
		QUIET(test_flood_is_said),
		QUIET(test_flood_of_all),
		QUIET(test_supervisor_first),
		QUIET(test_slow_terminal),
		QUIET(test_reader_that_sleeps),
		QUIET(test_nothing_is_lost),
		QUIET(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
