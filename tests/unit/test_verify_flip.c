/* SPDX-License-Identifier: Apache-2.0 */
/* sources: tool/verify_rules.c tool/verify_file.c tool/verify_table.c tool/verify_config.c
 * tool/verify_el2.c tool/verify_info.c tool/verify_pool.c tool/verify_guest.c tool/verify_share.c
 * tool/verify_program.c tool/verify_memory.c
 * tool/verify_compare.c tool/verify_compare_info.c tool/verify_compare_table.c
 * tool/verify_list.c tool/verify_region.c tool/verify_passed.c */
/*
 * bhc-verify against bit flips: every bit of every descriptor in a reachable table is
 * flipped, and none may go unnoticed; random damage anywhere may pass or fail, but must not
 * crash the checker. REQ-SPACE-011, REQ-SPACE-012.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/test_verify_sample.h"

#define ENTRIES     512u
#define RANDOM_RUNS 1500u

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static unsigned flip(struct sample *s, uint64_t *entry, unsigned bit)
{
	bool good;

	*entry ^= 1ull << bit;
	good = sample_verify(s, NULL);
	if (good)
		print_error("unnoticed: table %#llx, entry %u, bit %u: %#llx\n",
		            (unsigned long long)((uint8_t *)entry - s->file) / PAGE_BYTES,
		            (unsigned)((uintptr_t)entry % PAGE_BYTES / 8), bit,
		            (unsigned long long)*entry);
	*entry ^= 1ull << bit;
	return good;
}

/* Of the entries that are zero, one bit in some: the rule for them does not know which. */
static void test_descriptors(void **state)
{
	struct sample s;
	uint64_t random = 1;
	unsigned unnoticed = 0;
	unsigned flips = 0;

	(void)state;
	sample_build(&s);
	for (uint64_t table = 0; table < s.table_count; table++) {
		uint64_t *entries = sample_at(&s, s.tables + table * PAGE_BYTES);

		for (unsigned i = 0; i < ENTRIES; i++) {
			if (!entries[i] && random_next(&random) % 16)
				continue;
			for (unsigned bit = 0; bit < 64; bit++) {
				if (!entries[i] && random_next(&random) % 64)
					continue;
				unnoticed += flip(&s, &entries[i], bit);
				flips++;
			}
		}
	}
	print_message("%u flips in %u tables, %u unnoticed\n", flips, (unsigned)s.table_count,
	              unnoticed);
	assert_true(flips > 5000);
	assert_int_equal(unnoticed, 0);
	free(s.file);
}

/* Damage of a few bits to a few bytes, most of it where the checker looks. */
static void damage(struct sample *s, uint64_t *random)
{
	static const uint64_t pages[] = {0, 3, 3, 3};
	uint64_t count = random_next(random) % 8 + 1;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t at = random_next(random) % s->bytes;

		if (random_next(random) % 2)
			at = pages[random_next(random) % 4] * PAGE_BYTES +
			     random_next(random) % 2048;
		if (random_next(random) % 4 == 0)
			s->file[at] = (uint8_t)random_next(random);
		else
			s->file[at] ^= (uint8_t)(1u << random_next(random) % 8);
	}
}

static void test_random(void **state)
{
	struct sample s;
	uint8_t *good;
	uint64_t random = 20260101;
	unsigned passed = 0;

	(void)state;
	sample_build(&s);
	good = malloc(s.bytes);
	assert_non_null(good);
	memcpy(good, s.file, s.bytes);
	for (unsigned run = 0; run < RANDOM_RUNS; run++) {
		memcpy(s.file, good, s.bytes);
		damage(&s, &random);
		passed += sample_verify(&s, NULL);
	}
	print_message("%u of %u damaged images passed: damage in text or a payload\n", passed,
	              RANDOM_RUNS);
	free(good);
	free(s.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
