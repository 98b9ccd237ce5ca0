/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler may call: memcpy, memset. Volatile, so that it does not see itself here.
 */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	volatile char *out = to;
	const char *in = from;

	for (size_t i = 0; i < bytes; i++)
		out[i] = in[i];
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	volatile char *out = to;

	for (size_t i = 0; i < bytes; i++)
		out[i] = (char)value;
	return to;
}
