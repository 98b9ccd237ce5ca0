/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler calls in freestanding code: nothing else does by name. Byte by byte:
 * they serve small structures, never on a fast path.
 */
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int byte, size_t count);
void *memcpy(void *restrict to, const void *restrict from, size_t count);

/* The pattern must not be recognised as the very function that it implements. */
#define AS_WRITTEN __attribute__((optimize("no-tree-loop-distribute-patterns")))

AS_WRITTEN void *memset(void *to, int byte, size_t count)
{
	uint8_t *at = to;

	for (size_t i = 0u; i < count; i++)
		at[i] = (uint8_t)byte;
	return to;
}

AS_WRITTEN void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
	const uint8_t *source = from;
	uint8_t *at = to;

	for (size_t i = 0u; i < count; i++)
		at[i] = source[i];
	return to;
}
