/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory, strings and small formatted output for EL0 programs. No state; from any thread.
 * The mem functions are in memory.S (the compiler calls them too), the rest in text.c.
 */
#ifndef BULKHEAD_USER_LIB_TEXT_H
#define BULKHEAD_USER_LIB_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

/*
 * Writes at most `bytes` bytes including the terminating zero, always terminated if bytes is
 * not 0; returns the length written. Knows %c %s %d %u %x with a 0 flag, a `-` flag, a width,
 * l, ll and z, and %%. Nothing else may be in a format.
 */
size_t text_format(char *to, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
size_t text_format_list(char *to, size_t bytes, const char *format, va_list list)
	__attribute__((format(printf, 3, 0)));

#endif
