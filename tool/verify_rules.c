/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of bhc-verify: their table, the order they run in, and how a failure is told.
 * Called by verify.c and the unit tests, host code.
 */
#include "tool/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

struct verify_rule {
	const char *name;
	unsigned stage; /* a stage with a failure is the last one to run */
	void (*check)(struct verify *v);
	bool described; /* runs only with a description */
};

/* clang-format off */
static const struct verify_rule rules[] = {
	/* the file can be read at all */
	{ "head",         0, verify_head, false },
	{ "config",       1, verify_config, false },
	/* what the description grants, and nothing else */
	{ "grant-head",   2, verify_want_head,   true },
	{ "grant-config", 2, verify_want_config, true },
	{ "grant-info",   2, verify_want_info,   true },
	{ "grant-map",    2, verify_want_tables, true },
	/* every index is in range and consistent with the ones that point back */
	{ "cpu",          2, verify_cpus, false },
	{ "thread",       2, verify_threads, false },
	{ "process",      2, verify_processes, false },
	{ "vm",           2, verify_vms, false },
	{ "vcpu",         2, verify_vcpus, false },
	{ "handle",       2, verify_handles, false },
	{ "interrupt",    2, verify_interrupts, false },
	{ "vmid",         2, verify_vmids, false },
	{ "object",       2, verify_objects, false },
	{ "control",      3, verify_control, false },
	/* every descriptor is canonical, every table lies in the file and in one space */
	{ "descriptor",   3, verify_tables, false },
	{ "grant-file",   3, verify_want_file,   true },
	/* what each space looks like on its own */
	{ "el2-layout",   4, verify_el2_layout, false },
	{ "el2-identity", 4, verify_el2_identity, false },
	{ "el2-stack",    4, verify_el2_stacks, false },
	{ "el2-config",   4, verify_el2_config, false },
	{ "el2-device",   4, verify_el2_devices, false },
	{ "layout",       4, verify_layout, false },
	{ "info",         4, verify_info, false },
	{ "program",      5, verify_programs, false },
	{ "entry",        5, verify_entries, false },
	{ "stack",        5, verify_stacks, false },
	{ "channel",      5, verify_channels, false },
	{ "pool",         5, verify_pools, false },
	{ "notify",       5, verify_notify, false },
	{ "device",       5, verify_devices, false },
	{ "passed",       5, verify_passed, false },
	{ "recorder",     5, verify_recorder, false },
	{ "dma",          5, verify_dma, false },
	{ "shared",       5, verify_regions, false },
	{ "guest-ram",    5, verify_guest_ram, false },
	{ "guest-gic",    5, verify_guest_gic, false },
	/* what the spaces have in common, and what is left over */
	{ "one-owner",    5, verify_one_owner, false },
	{ "place",        5, verify_place, false },
	{ "uart",         6, verify_uart, false },
	{ "content",      6, verify_content, false },
	{ "hole",         6, verify_holes, false },
};
/* clang-format on */

void verify_fail(struct verify *v, const char *format, ...)
{
	va_list arguments;

	v->failures++;
	v->rule_failures++;
	if (v->rule_lines == 0) {
		v->rule_hidden++;
		return;
	}
	v->rule_lines--;
	fprintf(v->out, "verify: [%s] ", v->rule);
	va_start(arguments, format);
	vfprintf(v->out, format, arguments);
	va_end(arguments);
	fputc('\n', v->out);
}

void verify_next_party(struct verify *v, unsigned lines)
{
	v->rule_lines = lines;
}

static void run_rule(struct verify *v, const struct verify_rule *rule)
{
	v->rule = rule->name;
	v->rule_failures = 0;
	v->rule_hidden = 0;
	v->rule_lines = VERIFY_LINES;
	rule->check(v);
	if (v->rule_hidden)
		fprintf(v->out, "verify: [%s] ... and %u more\n", v->rule, v->rule_hidden);
}

void verify_close(struct verify *v)
{
	for (uint32_t i = 0; v->infos && i < v->config.process_count; i++) {
		free(v->infos[i].channels);
		free(v->infos[i].devices);
		free(v->infos[i].shared);
		free(v->infos[i].pools);
		free(v->infos[i].guest_devices);
	}
	free(v->infos);
	free(v->cpus);
	free(v->processes);
	free(v->threads);
	free(v->vms);
	free(v->vcpus);
	free(v->handles);
	free(v->interrupts);
	free(v->table_owner);
	free(v->maps);
	free(v->owned);
	free(v->shares);
	free(v);
}

struct verify *verify_open(const uint8_t *file, uint64_t file_bytes, const struct want *want,
                           FILE *out)
{
	struct verify *v = verify_alloc(1, sizeof(*v));
	unsigned stage = 0;

	v->want = want;
	v->file = file;
	v->file_bytes = file_bytes;
	v->out = out;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].stage != stage && v->failures)
			break;
		stage = rules[i].stage;
		if (want || !rules[i].described)
			run_rule(v, &rules[i]);
	}
	if (v->failures == 0)
		return v;
	fprintf(out, "verify: %u failures: NOT separated\n", v->failures);
	verify_close(v);
	return NULL;
}

bool verify_image(const uint8_t *file, uint64_t file_bytes, const struct want *want, FILE *out)
{
	struct verify *v = verify_open(file, file_bytes, want, out);

	if (!v)
		return false;
	verify_list(v);
	fprintf(out,
	        "verify: %" PRIu32 " spaces, %" PRIu64 " pages, %" PRIu64 " shared: separated%s\n",
	        v->space_count, v->page_count, v->shared_count,
	        want ? ", and all of it granted" : "");
	verify_close(v);
	return true;
}
