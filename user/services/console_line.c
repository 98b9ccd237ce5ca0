/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line of a terminal; contract in console_line.h. Sequences as in ECMA-48 5.4 (control
 * sequences) and 5.6 (control strings). What it reads is hostile: no state grows without
 * bound, and a line feed ends whatever was begun.
 */
#include "user/services/console_line.h"

#include "user/lib/text.h"

enum { PARSER_TEXT, PARSER_ESCAPE, PARSER_CONTROL, PARSER_STRING, PARSER_STRING_END };

#define BELL       0x07u
#define ESCAPE     0x1bu
#define DELETE     0x7fu
#define TAB_CELLS  8u
#define NUMBER_END 1000u /* larger parameters count as this */

/* The second and later bytes of a character in UTF-8: it is one column wide. */
static bool line_continues(uint8_t byte)
{
	return (byte & 0xc0u) == 0x80u;
}

void line_clear(struct console_line *line)
{
	line->length = 0u;
	line->cursor = 0u;
	line->parser = PARSER_TEXT;
}

bool line_settled(const struct console_line *line)
{
	return line->parser == PARSER_TEXT;
}

static bool line_put(struct console_line *line, uint8_t byte)
{
	if (line->cursor == LINE_CELLS)
		return false;
	line->cell[line->cursor++] = byte;
	if (line->cursor > line->length)
		line->length = line->cursor;
	return true;
}

static void line_left(struct console_line *line, uint32_t columns)
{
	for (; columns > 0u && line->cursor > 0u; columns--) {
		line->cursor--;
		while (line->cursor > 0u && line_continues(line->cell[line->cursor]))
			line->cursor--;
	}
}

/* Moves to the right, over what is there or making blanks. */
static void line_right(struct console_line *line, uint32_t columns)
{
	for (; columns > 0u && line->cursor < LINE_CELLS; columns--) {
		if (line->cursor == line->length)
			line->cell[line->length++] = ' ';
		line->cursor++;
		while (line->cursor < line->length && line_continues(line->cell[line->cursor]))
			line->cursor++;
	}
}

static void line_delete(struct console_line *line, uint32_t columns)
{
	uint32_t at = line->cursor;
	uint32_t end;

	line_right(line, columns);
	end = line->cursor;
	memmove(&line->cell[at], &line->cell[end], line->length - end);
	line->length -= end - at;
	line->cursor = at;
}

static void line_insert(struct console_line *line, uint32_t columns)
{
	uint32_t room = LINE_CELLS - line->length;
	uint32_t count = columns < room ? columns : room;

	memmove(&line->cell[line->cursor + count], &line->cell[line->cursor],
	        line->length - line->cursor);
	memset(&line->cell[line->cursor], ' ', count);
	line->length += count;
}

/* ED and EL: from the cursor, up to the cursor, or all of the line. */
static void line_erase(struct console_line *line)
{
	if (line->number != 1u)
		line->length = line->cursor;
	if (line->number != 0u)
		memset(line->cell, ' ', line->cursor);
}

/* The last byte of a control sequence. */
static void line_control(struct console_line *line, uint8_t final)
{
	uint32_t count = line->number != 0u ? line->number : 1u;

	switch (final) {
	case '@':
		line_insert(line, count);
		break;
	case 'C':
		line_right(line, count);
		break;
	case 'D':
		line_left(line, count);
		break;
	case 'G':
		line->cursor = 0u;
		line_right(line, count - 1u);
		break;
	case 'H':
		line->length = 0u;
		line->cursor = 0u;
		break;
	case 'J':
	case 'K':
		line_erase(line);
		break;
	case 'P':
		line_delete(line, count);
		break;
	default:
		break;
	}
}

static void line_control_byte(struct console_line *line, uint8_t byte)
{
	if (byte >= '0' && byte <= '9' && !line->further) {
		line->number = line->number * 10u + (uint32_t)(byte - '0');
		if (line->number > NUMBER_END)
			line->number = NUMBER_END;
	} else if (byte >= 0x40u && byte < DELETE) {
		line->parser = PARSER_TEXT;
		line_control(line, byte);
	} else {
		line->further = true;
	}
}

static void line_escape_byte(struct console_line *line, uint8_t byte)
{
	if (byte == '[') {
		line->parser = PARSER_CONTROL;
		line->number = 0u;
		line->further = false;
	} else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
		line->parser = PARSER_STRING;
	} else if (byte < 0x20u || byte >= 0x30u) {
		line->parser = PARSER_TEXT; /* 0x20 to 0x2f: more of it follows */
	}
}

static bool line_text_byte(struct console_line *line, uint8_t byte)
{
	switch (byte) {
	case '\r':
		line->cursor = 0u;
		return true;
	case '\b':
		line_left(line, 1u);
		return true;
	case '\t':
		line_right(line, TAB_CELLS - line->cursor % TAB_CELLS);
		return true;
	case ESCAPE:
		line->parser = PARSER_ESCAPE;
		return true;
	default:
		return byte < 0x20u || byte == DELETE || line_put(line, byte);
	}
}

enum line_event line_byte(struct console_line *line, uint8_t byte)
{
	if (byte == '\n') {
		line->parser = PARSER_TEXT;
		return LINE_END;
	}
	if (line->parser == PARSER_TEXT)
		return line_text_byte(line, byte) ? LINE_MORE : LINE_FULL;
	if (line->parser == PARSER_ESCAPE)
		line_escape_byte(line, byte);
	else if (line->parser == PARSER_CONTROL)
		line_control_byte(line, byte);
	else if (line->parser == PARSER_STRING_END || byte == BELL)
		line->parser = PARSER_TEXT;
	else if (byte == ESCAPE)
		line->parser = PARSER_STRING_END;
	return LINE_MORE;
}
