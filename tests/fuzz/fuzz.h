/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share: taking an input apart, and checks that end the run. A target is
 * one file fuzz_NAME.c with LLVMFuzzerTestOneInput; fuzz.py builds and runs it. Host code, one
 * thread. An input that is used up reads as zeros, so every input is a whole test.
 */
#ifndef BULKHEAD_TESTS_FUZZ_FUZZ_H
#define BULKHEAD_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	const uint8_t *at;
	size_t left;
};

static inline uint64_t fuzz_bytes(struct fuzz *in, uint32_t bytes)
{
	uint64_t value = 0u;

	for (uint32_t i = 0u; i < bytes && in->left != 0u; i++) {
		value |= (uint64_t)*in->at++ << (8u * i);
		in->left--;
	}
	return value;
}

static inline uint8_t fuzz_u8(struct fuzz *in)
{
	return (uint8_t)fuzz_bytes(in, 1u);
}

static inline uint16_t fuzz_u16(struct fuzz *in)
{
	return (uint16_t)fuzz_bytes(in, 2u);
}

static inline uint32_t fuzz_u32(struct fuzz *in)
{
	return (uint32_t)fuzz_bytes(in, 4u);
}

static inline uint64_t fuzz_u64(struct fuzz *in)
{
	return fuzz_bytes(in, 8u);
}

/* One of 0 .. count - 1; count is 1 to 256. */
static inline uint32_t fuzz_pick(struct fuzz *in, uint32_t count)
{
	return fuzz_u8(in) % count;
}

/* A number as programs get them wrong: small, huge, near a power of two, or anything. */
static inline uint64_t fuzz_number(struct fuzz *in)
{
	uint8_t kind = fuzz_u8(in);

	switch (kind & 7u) {
	case 0u:
		return kind >> 3;
	case 1u:
		return fuzz_u8(in);
	case 2u:
		return fuzz_u16(in);
	case 3u:
		return fuzz_u32(in);
	case 4u:
		return (1ull << (fuzz_u8(in) & 63u)) - 1u + (kind >> 3) % 3u;
	case 5u:
		return UINT64_MAX - (kind >> 3);
	case 6u:
		return (uint64_t)fuzz_u32(in) << (kind >> 3);
	default:
		return fuzz_u64(in);
	}
}

#define FUZZ_CHECK(condition)                                                                   \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

#endif
