/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of one run; contract in arena.h. Pieces are linked, so that none looks lost. */
#include "tool/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	struct piece *next;
	_Alignas(16) unsigned char bytes[];
};

static struct piece *pieces;

void *arena_alloc(size_t bytes)
{
	struct piece *piece = calloc(1, sizeof(*piece) + (bytes == 0u ? 1u : bytes));

	if (piece == NULL) {
		fprintf(stderr, "bhc: out of memory\n");
		exit(2);
	}
	piece->next = pieces;
	pieces = piece;
	return piece->bytes;
}

void *arena_grow(const void *old, size_t old_bytes, size_t bytes)
{
	void *new = arena_alloc(bytes);

	if (old_bytes != 0u)
		memcpy(new, old, old_bytes < bytes ? old_bytes : bytes);
	return new;
}

char *arena_copy(const char *text, size_t length)
{
	char *copy = arena_alloc(length + 1u);

	memcpy(copy, text, length);
	return copy;
}

char *arena_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return arena_copy("", 0);
	text = arena_alloc((size_t)length + 1u);
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1u, format, arguments);
	va_end(arguments);
	return text;
}
