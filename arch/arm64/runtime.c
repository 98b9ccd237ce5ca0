/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler calls in freestanding code: nothing else does by name. Small structures
 * only, never on a fast path; clearing goes by words, as a VM's reset clears its vGIC.
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

	if (byte == 0 && ((uintptr_t)to | count) % sizeof(uint64_t) == 0u) {
		uint64_t *word = to;

		for (size_t i = 0u; i < count / sizeof(uint64_t); i++)
			word[i] = 0u;
		return to;
	}
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
