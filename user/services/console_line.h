/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands on the line of a terminal that a world is writing: enough of a terminal to know
 * the text of an unfinished line (a prompt, with what was typed, edited and recalled on it)
 * and to draw it again. Colours and everything off the line are ignored; a query that the
 * terminal would answer is never drawn again. Used by console_mux.c. Portable, no state.
 */
#ifndef BULKHEAD_USER_SERVICES_CONSOLE_LINE_H
#define BULKHEAD_USER_SERVICES_CONSOLE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_CELLS 160u

struct console_line {
	uint8_t cell[LINE_CELLS];
	uint32_t length;
	uint32_t cursor; /* at most length */
	uint8_t parser;  /* where in an escape sequence */
	uint32_t number; /* first parameter of the sequence, 0: none */
	bool further;    /* behind its first parameter */
};

enum line_event {
	LINE_MORE,
	LINE_END,  /* a line feed: the text is complete, for the caller to take and clear */
	LINE_FULL, /* no room for this byte, which was not taken */
};

void line_clear(struct console_line *line);
enum line_event line_byte(struct console_line *line, uint8_t byte);
/* False: an escape sequence is not complete; nothing may be printed into it. */
bool line_settled(const struct console_line *line);

#endif
