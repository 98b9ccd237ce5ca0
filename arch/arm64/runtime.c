/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler calls in freestanding code: nothing else does by name. Small structures
 * only, never on a fast path; clearing goes by words, as a VM's reset clears its vGIC.
 */
#include <stddef.h>
#include <stdint.h>

#include "arch/arm64/arch.h"

void *memset(void *to, int byte, size_t count);
void *memcpy(void *restrict to, const void *restrict from, size_t count);

/* The pattern must not be recognised as the very function that it implements. */
#define AS_WRITTEN __attribute__((optimize("no-tree-loop-distribute-patterns")))

/* Four at a time: pairs of registers (DDI 0487 C6.2.375, STP). */
AS_WRITTEN void words_zero(uint64_t *words, uint64_t count)
{
	uint64_t i = 0u;

	for (; i + 4u <= count; i += 4u) {
		words[i] = 0u;
		words[i + 1u] = 0u;
		words[i + 2u] = 0u;
		words[i + 3u] = 0u;
	}
	for (; i < count; i++)
		words[i] = 0u;
}

AS_WRITTEN void *memset(void *to, int byte, size_t count)
{
	uint8_t *at = to;

	if (byte == 0 && ((uintptr_t)to | count) % sizeof(uint64_t) == 0u) {
		words_zero(to, count / sizeof(uint64_t));
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
