/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/vmm/decode.c */
/*
 * The A64 load and store decoder, against words from an assembler and every word of a stride
 * through the encoding space. REQ-VCPU-008.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "user/vmm/decode.h"

struct sample {
	uint32_t word;
	const char *text;
	struct decode want;
};

/* clang-format off */
static const struct sample samples[] = {
	{ 0xa9400440u, "ldp x0, x1, [x2]",
	  { .kind = DECODE_LOAD, .rn = 2, .wide = true, .count = 2, .bytes = 8, .rt = 0, .rt2 = 1
	  } },
	{ 0x29410440u, "ldp w0, w1, [x2, #8]",
	  { .kind = DECODE_LOAD, .rn = 2, .count = 2, .bytes = 4, .rt = 0, .rt2 = 1, .offset = 8 }
	  },
	{ 0x697f90a3u, "ldpsw x3, x4, [x5, #-4]",
	  { .kind = DECODE_LOAD, .rn = 5, .sign = true, .wide = true, .count = 2, .bytes = 4, .rt
	  = 3, .rt2 = 4, .offset = -4 } },
	{ 0xa8c10440u, "ldp x0, x1, [x2], #16",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 2, .wide = true,
	  .count = 2, .bytes = 8, .rt = 0, .rt2 = 1, .offset = 16 } },
	{ 0xa9ff0440u, "ldp x0, x1, [x2, #-16]!",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_PRE, .rn = 2, .wide = true,
	  .count = 2, .bytes = 8, .rt = 0, .rt2 = 1, .offset = -16 } },
	{ 0xa91f87e0u, "stp x0, x1, [sp, #504]",
	  { .kind = DECODE_STORE, .rn = 31, .count = 2, .bytes = 8, .rt = 0, .rt2 = 1, .offset =
	  504 } },
	{ 0x28bf7d27u, "stp w7, wzr, [x9], #-8",
	  { .kind = DECODE_STORE, .write_back = DECODE_WRITE_BACK_POST, .rn = 9, .count = 2,
	  .bytes = 4, .rt = 7, .rt2 = 31, .offset = -8 } },
	{ 0x29a02127u, "stp w7, w8, [x9, #-256]!",
	  { .kind = DECODE_STORE, .write_back = DECODE_WRITE_BACK_PRE, .rn = 9, .count = 2, .bytes
	  = 4, .rt = 7, .rt2 = 8, .offset = -256 } },
	{ 0xa8420440u, "ldnp x0, x1, [x2, #32]",
	  { .kind = DECODE_LOAD, .rn = 2, .wide = true, .count = 2, .bytes = 8, .rt = 0, .rt2 = 1,
	  .offset = 32 } },
	{ 0x28000440u, "stnp w0, w1, [x2]",
	  { .kind = DECODE_STORE, .rn = 2, .count = 2, .bytes = 4, .rt = 0, .rt2 = 1 } },
	{ 0x2d408440u, "ldp s0, s1, [x2, #4]",
	  { .kind = DECODE_LOAD, .rn = 2, .vector = true, .count = 2, .bytes = 4, .rt = 0, .rt2 =
	  1, .offset = 4 } },
	{ 0x6d600440u, "ldp d0, d1, [x2, #-512]",
	  { .kind = DECODE_LOAD, .rn = 2, .vector = true, .count = 2, .bytes = 8, .rt = 0, .rt2 =
	  1, .offset = -512 } },
	{ 0xacc17c40u, "ldp q0, q31, [x2], #32",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 2, .vector = true,
	  .count = 2, .bytes = 16, .rt = 0, .rt2 = 31, .offset = 32 } },
	{ 0xadbe13e3u, "stp q3, q4, [sp, #-64]!",
	  { .kind = DECODE_STORE, .write_back = DECODE_WRITE_BACK_PRE, .rn = 31, .vector = true,
	  .count = 2, .bytes = 16, .rt = 3, .rt2 = 4, .offset = -64 } },
	{ 0xb8404420u, "ldr w0, [x1], #4",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .count = 1, .bytes
	  = 4, .rt = 0, .offset = 4 } },
	{ 0xf85f8c20u, "ldr x0, [x1, #-8]!",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_PRE, .rn = 1, .wide = true,
	  .count = 1, .bytes = 8, .rt = 0, .offset = -8 } },
	{ 0xb8004420u, "str w0, [x1], #4",
	  { .kind = DECODE_STORE, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .count = 1,
	  .bytes = 4, .rt = 0, .offset = 4 } },
	{ 0xf81f0fffu, "str xzr, [sp, #-16]!",
	  { .kind = DECODE_STORE, .write_back = DECODE_WRITE_BACK_PRE, .rn = 31, .count = 1,
	  .bytes = 8, .rt = 31, .offset = -16 } },
	{ 0x38401420u, "ldrb w0, [x1], #1",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .count = 1, .bytes
	  = 1, .rt = 0, .offset = 1 } },
	{ 0x38001c20u, "strb w0, [x1, #1]!",
	  { .kind = DECODE_STORE, .write_back = DECODE_WRITE_BACK_PRE, .rn = 1, .count = 1, .bytes
	  = 1, .rt = 0, .offset = 1 } },
	{ 0x78402420u, "ldrh w0, [x1], #2",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .count = 1, .bytes
	  = 2, .rt = 0, .offset = 2 } },
	{ 0x781fe420u, "strh w0, [x1], #-2",
	  { .kind = DECODE_STORE, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .count = 1,
	  .bytes = 2, .rt = 0, .offset = -2 } },
	{ 0x38c01420u, "ldrsb w0, [x1], #1",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .sign = true,
	  .count = 1, .bytes = 1, .rt = 0, .offset = 1 } },
	{ 0x38801420u, "ldrsb x0, [x1], #1",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .sign = true,
	  .wide = true, .count = 1, .bytes = 1, .rt = 0, .offset = 1 } },
	{ 0x78c01420u, "ldrsh w0, [x1], #1",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .sign = true,
	  .count = 1, .bytes = 2, .rt = 0, .offset = 1 } },
	{ 0x78801420u, "ldrsh x0, [x1], #1",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .sign = true,
	  .wide = true, .count = 1, .bytes = 2, .rt = 0, .offset = 1 } },
	{ 0xb8804420u, "ldrsw x0, [x1], #4",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .sign = true,
	  .wide = true, .count = 1, .bytes = 4, .rt = 0, .offset = 4 } },
	{ 0xb97ffc20u, "ldr w0, [x1, #16380]",
	  { .kind = DECODE_LOAD, .rn = 1, .count = 1, .bytes = 4, .rt = 0, .offset = 16380 } },
	{ 0xf97ffc20u, "ldr x0, [x1, #32760]",
	  { .kind = DECODE_LOAD, .rn = 1, .wide = true, .count = 1, .bytes = 8, .rt = 0, .offset =
	  32760 } },
	{ 0x397ffc20u, "ldrb w0, [x1, #4095]",
	  { .kind = DECODE_LOAD, .rn = 1, .count = 1, .bytes = 1, .rt = 0, .offset = 4095 } },
	{ 0xb9800820u, "ldrsw x0, [x1, #8]",
	  { .kind = DECODE_LOAD, .rn = 1, .sign = true, .wide = true, .count = 1, .bytes = 4, .rt
	  = 0, .offset = 8 } },
	{ 0xb85fd020u, "ldur w0, [x1, #-3]",
	  { .kind = DECODE_LOAD, .rn = 1, .count = 1, .bytes = 4, .rt = 0, .offset = -3 } },
	{ 0xf80ff020u, "stur x0, [x1, #255]",
	  { .kind = DECODE_STORE, .rn = 1, .count = 1, .bytes = 8, .rt = 0, .offset = 255 } },
	{ 0xb8404820u, "ldtr w0, [x1, #4]",
	  { .kind = DECODE_LOAD, .rn = 1, .count = 1, .bytes = 4, .rt = 0, .offset = 4 } },
	{ 0x78100820u, "sttrh w0, [x1, #-256]",
	  { .kind = DECODE_STORE, .rn = 1, .count = 1, .bytes = 2, .rt = 0, .offset = -256 } },
	{ 0xb8800820u, "ldtrsw x0, [x1]",
	  { .kind = DECODE_LOAD, .rn = 1, .sign = true, .wide = true, .count = 1, .bytes = 4, .rt
	  = 0 } },
	{ 0xb8626820u, "ldr w0, [x1, x2]",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_INDEX, .rm = 2, .extend = 3, .shift = 0, .rn
	  = 1, .count = 1, .bytes = 4, .rt = 0 } },
	{ 0xb8627820u, "ldr w0, [x1, x2, lsl #2]",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_INDEX, .rm = 2, .extend = 3, .shift = 2, .rn
	  = 1, .count = 1, .bytes = 4, .rt = 0 } },
	{ 0xf8625820u, "ldr x0, [x1, w2, uxtw #3]",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_INDEX, .rm = 2, .extend = 2, .shift = 3, .rn
	  = 1, .wide = true, .count = 1, .bytes = 8, .rt = 0 } },
	{ 0xf862c820u, "ldr x0, [x1, w2, sxtw]",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_INDEX, .rm = 2, .extend = 6, .shift = 0, .rn
	  = 1, .wide = true, .count = 1, .bytes = 8, .rt = 0 } },
	{ 0xb822f820u, "str w0, [x1, x2, sxtx #2]",
	  { .kind = DECODE_STORE, .base = DECODE_BASE_INDEX, .rm = 2, .extend = 7, .shift = 2, .rn
	  = 1, .count = 1, .bytes = 4, .rt = 0 } },
	{ 0x38625820u, "ldrb w0, [x1, w2, uxtw #0]",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_INDEX, .rm = 2, .extend = 2, .shift = 0, .rn
	  = 1, .count = 1, .bytes = 1, .rt = 0 } },
	{ 0x3d400020u, "ldr b0, [x1]",
	  { .kind = DECODE_LOAD, .rn = 1, .vector = true, .count = 1, .bytes = 1, .rt = 0 } },
	{ 0x7d400420u, "ldr h0, [x1, #2]",
	  { .kind = DECODE_LOAD, .rn = 1, .vector = true, .count = 1, .bytes = 2, .rt = 0, .offset
	  = 2 } },
	{ 0xbc404420u, "ldr s0, [x1], #4",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_POST, .rn = 1, .vector = true,
	  .count = 1, .bytes = 4, .rt = 0, .offset = 4 } },
	{ 0xfc408c20u, "ldr d0, [x1, #8]!",
	  { .kind = DECODE_LOAD, .write_back = DECODE_WRITE_BACK_PRE, .rn = 1, .vector = true,
	  .count = 1, .bytes = 8, .rt = 0, .offset = 8 } },
	{ 0x3dc00420u, "ldr q0, [x1, #16]",
	  { .kind = DECODE_LOAD, .rn = 1, .vector = true, .count = 1, .bytes = 16, .rt = 0,
	  .offset = 16 } },
	{ 0x3ca27825u, "str q5, [x1, x2, lsl #4]",
	  { .kind = DECODE_STORE, .base = DECODE_BASE_INDEX, .rm = 2, .extend = 3, .shift = 4, .rn
	  = 1, .vector = true, .count = 1, .bytes = 16, .rt = 5 } },
	{ 0x3c9f0025u, "stur q5, [x1, #-16]",
	  { .kind = DECODE_STORE, .rn = 1, .vector = true, .count = 1, .bytes = 16, .rt = 5,
	  .offset = -16 } },
	{ 0x3c001c27u, "str b7, [x1, #1]!",
	  { .kind = DECODE_STORE, .write_back = DECODE_WRITE_BACK_PRE, .rn = 1, .vector = true,
	  .count = 1, .bytes = 1, .rt = 7, .offset = 1 } },
	{ 0x88dffc20u, "ldar w0, [x1]",
	  { .kind = DECODE_LOAD, .rn = 1, .count = 1, .bytes = 4, .rt = 0 } },
	{ 0xc89ffc20u, "stlr x0, [x1]",
	  { .kind = DECODE_STORE, .rn = 1, .count = 1, .bytes = 8, .rt = 0 } },
	{ 0x08dffc20u, "ldarb w0, [x1]",
	  { .kind = DECODE_LOAD, .rn = 1, .count = 1, .bytes = 1, .rt = 0 } },
	{ 0x489fffe0u, "stlrh w0, [sp]",
	  { .kind = DECODE_STORE, .rn = 31, .count = 1, .bytes = 2, .rt = 0 } },
	{ 0x18000040u, "ldr w0, .+8",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_PC, .count = 1, .bytes = 4, .rt = 0, .offset
	  = 8 } },
	{ 0x58ffffc0u, "ldr x0, .-8",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_PC, .wide = true, .count = 1, .bytes = 8, .rt
	  = 0, .offset = -8 } },
	{ 0x98000020u, "ldrsw x0, .+4",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_PC, .sign = true, .wide = true, .count = 1,
	  .bytes = 4, .rt = 0, .offset = 4 } },
	{ 0x9c000080u, "ldr q0, .+16",
	  { .kind = DECODE_LOAD, .base = DECODE_BASE_PC, .vector = true, .count = 1, .bytes = 16,
	  .rt = 0, .offset = 16 } },
	{ 0xf9800020u, "prfm pldl1keep, [x1]", { .kind = DECODE_NOTHING } },
	{ 0xf8a26820u, "prfm pldl1keep, [x1, x2]", { .kind = DECODE_NOTHING } },
	{ 0xf89ff020u, "prfum pldl1keep, [x1, #-1]", { .kind = DECODE_NOTHING } },
	{ 0x885f7c20u, "ldxr w0, [x1]", { .kind = DECODE_REFUSED } },
	{ 0x88027c20u, "stxr w2, w0, [x1]", { .kind = DECODE_REFUSED } },
	{ 0xc87f0440u, "ldxp x0, x1, [x2]", { .kind = DECODE_REFUSED } },
	{ 0xc85ffc20u, "ldaxr x0, [x1]", { .kind = DECODE_REFUSED } },
	{ 0x88e0fc41u, "casal w0, w1, [x2]", { .kind = DECODE_REFUSED } },
	{ 0xb8200041u, "ldadd w0, w1, [x2]", { .kind = DECODE_REFUSED } },
	{ 0xf8208041u, "swp x0, x1, [x2]", { .kind = DECODE_REFUSED } },
	{ 0xb8bfc020u, "ldapr w0, [x1]", { .kind = DECODE_REFUSED } },
	{ 0x99405020u, "ldapur w0, [x1, #5]",
	  { .kind = DECODE_LOAD, .rn = 1, .count = 1, .bytes = 4, .rt = 0, .offset = 5 } },
	{ 0xd91fb020u, "stlur x0, [x1, #-5]",
	  { .kind = DECODE_STORE, .rn = 1, .count = 1, .bytes = 8, .rt = 0, .offset = -5 } },
	{ 0x99800020u, "ldapursw x0, [x1]",
	  { .kind = DECODE_LOAD, .rn = 1, .sign = true, .wide = true, .count = 1, .bytes = 4, .rt
	  = 0 } },
	{ 0xf8200420u, "ldraa x0, [x1]", { .kind = DECODE_REFUSED } },
	{ 0x4c407820u, "ld1 {v0.4s}, [x1]", { .kind = DECODE_REFUSED } },
	{ 0x0d9f0020u, "st1 {v0.b}[0], [x1], #1", { .kind = DECODE_REFUSED } },
	{ 0xd50b7420u, "dc zva, x0", { .kind = DECODE_REFUSED } },
	{ 0x8b020020u, "add x0, x1, x2", { .kind = DECODE_REFUSED } },
	{ 0xd503201fu, "nop", { .kind = DECODE_REFUSED } },
	{ 0x14000000u, "b .", { .kind = DECODE_REFUSED } },
	{ 0x1e622820u, "fadd d0, d1, d2", { .kind = DECODE_REFUSED } },
	{ 0xd9600020u, "ldg x0, [x1]", { .kind = DECODE_REFUSED } },
	{ 0x69000440u, "stgp x0, x1, [x2]", { .kind = DECODE_REFUSED } },
};
/* clang-format on */

static void check(const struct sample *sample)
{
	struct decode got = decode_instruction(sample->word);
	const struct decode *want = &sample->want;

	if (got.kind != want->kind)
		fail_msg("%s: kind %d, not %d", sample->text, (int)got.kind, (int)want->kind);
	if (got.kind != DECODE_LOAD && got.kind != DECODE_STORE)
		return;
	if (got.base != want->base || got.write_back != want->write_back ||
	    got.vector != want->vector || got.count != want->count || got.bytes != want->bytes ||
	    got.rt != want->rt || got.offset != want->offset)
		fail_msg("%s: form, size, register or offset", sample->text);
	if (got.count == 2u && got.rt2 != want->rt2)
		fail_msg("%s: rt2", sample->text);
	if (got.base != DECODE_BASE_PC && got.rn != want->rn)
		fail_msg("%s: rn", sample->text);
	if (got.base == DECODE_BASE_INDEX &&
	    (got.rm != want->rm || got.extend != want->extend || got.shift != want->shift))
		fail_msg("%s: index", sample->text);
	if (got.kind == DECODE_LOAD && !got.vector &&
	    (got.sign != want->sign || got.wide != want->wide))
		fail_msg("%s: extension", sample->text);
}

static void test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		check(&samples[i]);
}

/* Unallocated encodings and those that the manual leaves unpredictable. */
static void test_undefined(void **state)
{
	static const uint32_t words[] = {
		0xe9400440u, /* pair with opc 3 */
		0x68400440u, /* LDNP with opc 1 */
		0xa9400040u, /* ldp x0, x0, [x2] */
		0xa8c10842u, /* ldp x2, x2, [x2], #16 */
		0xa8c10442u, /* ldp x2, x1, [x2], #16 */
		0xf8408421u, /* ldr x1, [x1], #8 */
		0xf8000c21u, /* str x1, [x1, #0]! */
		0xf9c00020u, /* size 3, opc 3 */
		0xb9c00020u, /* size 2, opc 3 */
		0xf8800420u, /* prefetch with write-back */
		0xf8620820u, /* register offset with option 0 */
		0x7dc00020u, /* vector with size 1, opc 3 */
		0xdc000000u, /* vector literal with opc 3 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (decode_instruction(words[i]).kind != DECODE_UNDEFINED)
			fail_msg("word %zu, %08x", i, words[i]);
	}
}

static void test_index(void **state)
{
	struct decode decode = {.extend = 2u, .shift = 2u};

	(void)state;
	assert_int_equal(decode_index(&decode, 0xffffffff00000003u), 12u);
	decode.extend = 6u;
	assert_int_equal(decode_index(&decode, 0xfffffffdu), (uint64_t)-12);
	decode.extend = 3u;
	assert_int_equal(decode_index(&decode, 0x100000001u), 0x400000004u);
	decode.extend = 7u;
	decode.shift = 0u;
	assert_int_equal(decode_index(&decode, UINT64_MAX), UINT64_MAX);
}

static void test_extend(void **state)
{
	struct decode decode = {.bytes = 1u, .sign = true};

	(void)state;
	assert_int_equal(decode_extend(&decode, 0x80u), 0xffffff80u);
	decode.wide = true;
	assert_int_equal(decode_extend(&decode, 0x80u), 0xffffffffffffff80u);
	decode.bytes = 4u;
	assert_int_equal(decode_extend(&decode, 0x80000000u), 0xffffffff80000000u);
	decode.sign = false;
	assert_int_equal(decode_extend(&decode, 0x80000000u), 0x80000000u);
	decode.bytes = 8u;
	assert_int_equal(decode_extend(&decode, UINT64_MAX), UINT64_MAX);
}

/* Whatever the word, what comes out can be acted upon. */
static void test_any_word(void **state)
{
	(void)state;
	for (uint64_t word = 0; word <= UINT32_MAX; word += 4099u) {
		struct decode decode = decode_instruction((uint32_t)word);

		if (decode.kind != DECODE_LOAD && decode.kind != DECODE_STORE)
			continue;
		assert_in_range(decode.count, 1, 2);
		assert_in_range(decode.bytes, 1, 16);
		assert_int_equal(decode.bytes & (decode.bytes - 1), 0);
		assert_true(decode.vector || decode.bytes <= 8u);
		assert_true(decode.rt < 32u && decode.rt2 < 32u && decode.rn < 32u &&
		            decode.rm < 32u);
		assert_true(decode.shift <= 4u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),  cmocka_unit_test(test_undefined),
		cmocka_unit_test(test_index),    cmocka_unit_test(test_extend),
		cmocka_unit_test(test_any_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
