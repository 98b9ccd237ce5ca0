/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/services/console_line.c */
/* The console's idea of an unfinished line: editing, sequences, and bytes at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "user/services/console_line.h"

static struct console_line line;

static void type(const char *text)
{
	for (; *text != '\0'; text++)
		assert_int_equal(line_byte(&line, (uint8_t)*text), LINE_MORE);
}

/* After `text` on an empty line the line shows `want`, its cursor at `cursor`. */
static void expect_line(const char *text, const char *want, uint32_t cursor)
{
	line_clear(&line);
	type(text);
	assert_int_equal(line.length, strlen(want));
	assert_memory_equal(line.cell, want, strlen(want));
	assert_int_equal(line.cursor, cursor);
	assert_true(line_settled(&line));
}

static void test_plain(void **state)
{
	(void)state;
	expect_line("", "", 0);
	expect_line("linux# ls", "linux# ls", 9);
	expect_line("abc\rX", "Xbc", 1);
	expect_line("abc\b\b", "abc", 1);
	expect_line("abc\b \b", "ab ", 2);
	expect_line("\b\b", "", 0);
	expect_line("a\tb", "a       b", 9);
	expect_line("a\a\x01\x7f"
	            "b",
	            "ab", 2);
}

static void test_sequences(void **state)
{
	(void)state;
	expect_line("\x1b[1;32mok\x1b[0m", "ok", 2);
	expect_line("# \x1b[6n", "# ", 2);
	expect_line("abc\x1b[2D\x1b[K", "a", 1);
	expect_line("abc\r\x1b[J", "", 0);
	expect_line("abc\x1b[2K", "   ", 3);
	expect_line("abc\b\x1b[1K", "  c", 2);
	expect_line("abc\r\x1b[C", "abc", 1);
	expect_line("a\x1b[3C", "a   ", 4);
	expect_line("abcd\x1b[2G", "abcd", 1);
	expect_line("abcd\r\x1b[2P", "cd", 0);
	expect_line("abcd\r\x1b[@X", "Xabcd", 1);
	expect_line("abc\x1b[H\x1b[2J", "", 0);
	expect_line("\x1b]0;title\ax", "x", 1);
	expect_line("\x1b]0;title\x1b\\x", "x", 1);
	expect_line("\x1b(Bx\x1b"
	            "7y",
	            "xy", 2);
	expect_line("a\x1b[99999999999Dx", "x", 1);
}

/* A character of several bytes is one column. */
static void test_characters(void **state)
{
	(void)state;
	expect_line("\xc3\xa9x\b\b", "\xc3\xa9x", 0);
	expect_line("a\xe2\x82\xac\b", "a\xe2\x82\xac", 1);
	expect_line("\xc3\xa9x\r\x1b[C", "\xc3\xa9x", 2);
	expect_line("\xc3\xa9x\r\x1b[P", "x", 0);
}

static void test_end_and_full(void **state)
{
	(void)state;
	line_clear(&line);
	type("ab\x1b]never ended");
	assert_false(line_settled(&line));
	assert_int_equal(line_byte(&line, '\n'), LINE_END);
	assert_true(line_settled(&line));
	assert_int_equal(line.length, 2);
	line_clear(&line);
	for (uint32_t i = 0; i < LINE_CELLS; i++)
		assert_int_equal(line_byte(&line, 'x'), LINE_MORE);
	assert_int_equal(line_byte(&line, 'y'), LINE_FULL);
	assert_int_equal(line.length, LINE_CELLS);
	assert_int_equal(line_byte(&line, '\r'), LINE_MORE);
	assert_int_equal(line_byte(&line, 'y'), LINE_MORE);
}

/* Whatever comes, the line stays within itself. */
static void test_random(void **state)
{
	static const uint8_t likely[] = "\x1b\x1b[[[0123456789;@CDGHJKPm\r\b\t\n\xc3\xa9\x80]\a";
	uint32_t seed = 1;

	(void)state;
	line_clear(&line);
	for (uint32_t i = 0; i < 2000000; i++) {
		uint8_t byte;

		seed = seed * 1664525u + 1013904223u;
		byte = (seed >> 8 & 3u) != 0u ? likely[(seed >> 16) % (sizeof(likely) - 1)]
		                              : (uint8_t)(seed >> 24);
		if (line_byte(&line, byte) == LINE_END && (seed & 0x1000u) != 0u)
			line_clear(&line);
		assert_true(line.length <= LINE_CELLS);
		assert_true(line.cursor <= line.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),      cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_characters), cmocka_unit_test(test_end_and_full),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
