/* SPDX-License-Identifier: Apache-2.0 */
/* sources: tool/verify_rules.c tool/verify_file.c tool/verify_table.c tool/verify_config.c
 * tool/verify_el2.c tool/verify_info.c tool/verify_pool.c tool/verify_guest.c tool/verify_share.c
 * tool/verify_program.c tool/verify_memory.c
 * tool/verify_compare.c tool/verify_compare_info.c tool/verify_compare_table.c
 * tool/verify_list.c tool/verify_region.c tool/verify_passed.c */
/*
 * bhc-verify and the flight recorder: its pages, all of them and in order, read-only, in one
 * process whose info says so: that is accepted, and nothing beside it. REQ-SPACE-004, REQ-TRACE-004.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/test_verify_sample.h"

static uint64_t rings_pa(const struct sample *s)
{
	return s->config->config.objects[OBJECT_TRACE] - KERNEL_VA + LOAD_PA;
}

static void grant(struct sample *s, uint32_t process)
{
	struct process_info *info = &s->infos[process]->info;

	info->trace_rings = TRACE_VA;
	info->trace_cpu_count = CPUS;
	sample_map(s, s->roots[process], TRACE_VA, rings_pa(s), CPUS, S2_RO);
}

static uint64_t *leaf(struct sample *s, uint64_t cpu)
{
	return sample_entry(s, s->roots[ALIVE], TRACE_VA + cpu * PAGE_BYTES, 3);
}

typedef void mutation_t(struct sample *s);

static void writable(struct sample *s)
{
	*leaf(s, 1) = (rings_pa(s) + PAGE_BYTES) | S2_RW;
}

static void all_writable(struct sample *s)
{
	sample_map(s, s->roots[ALIVE], TRACE_VA, rings_pa(s), CPUS, S2_RW);
}

static void executable(struct sample *s)
{
	*leaf(s, 0) = rings_pa(s) | S2_RX;
}

static void undeclared(struct sample *s)
{
	s->infos[ALIVE]->info.trace_rings = 0;
	s->infos[ALIVE]->info.trace_cpu_count = 0;
}

static void missing(struct sample *s)
{
	*leaf(s, 1) = 0;
}

static void swapped(struct sample *s)
{
	*leaf(s, 0) = (rings_pa(s) + PAGE_BYTES) | S2_RO;
	*leaf(s, 1) = rings_pa(s) | S2_RO;
}

static void too_many(struct sample *s)
{
	s->infos[ALIVE]->info.trace_cpu_count = CPUS + 1;
}

static void elsewhere(struct sample *s)
{
	sample_map(s, s->roots[ALIVE], PAYLOAD_VA, rings_pa(s), CPUS, S2_RO);
}

static void other_object(struct sample *s)
{
	*leaf(s, 0) = (s->config->config.objects_start - KERNEL_VA + LOAD_PA) | S2_RO;
}

static void one_more_page(struct sample *s)
{
	*leaf(s, CPUS) = (s->config->config.objects_start - KERNEL_VA + LOAD_PA) | S2_RO;
}

static void second_reader(struct sample *s)
{
	grant(s, CONSOLE);
}

static void in_a_guest(struct sample *s)
{
	sample_map(s, s->roots[PROCESSES], 0x0a000000, rings_pa(s), 1, S2_RWX);
}

#define M(name)             \
	{                   \
#name, name \
	}
static const struct {
	const char *name;
	mutation_t *apply;
} mutations[] = {
	M(writable),     M(all_writable),  M(executable),    M(undeclared),
	M(missing),      M(swapped),       M(too_many),      M(elsewhere),
	M(other_object), M(one_more_page), M(second_reader), M(in_a_guest),
};

static void test_granted(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	sample_build(&s);
	grant(&s, ALIVE);
	if (!sample_verify(&s, &text))
		print_error("%s", text);
	assert_non_null(strstr(text, "flight recorder, read-only: EL2 alive"));
	assert_non_null(strstr(text, ": separated"));
	free(text);
	free(s.file);
}

static void test_refused(void **state)
{
	unsigned accepted = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
		struct sample s;

		sample_build(&s);
		grant(&s, ALIVE);
		mutations[i].apply(&s);
		if (sample_verify(&s, NULL)) {
			print_error("%s: accepted\n", mutations[i].name);
			accepted++;
		}
		free(s.file);
	}
	assert_int_equal(accepted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
