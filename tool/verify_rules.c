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
};

/* clang-format off */
static const struct verify_rule rules[] = {
	/* the file can be read at all */
	{ "head",         0, verify_head },
	{ "config",       1, verify_config },
	/* every index is in range and consistent with the ones that point back */
	{ "cpu",          2, verify_cpus },
	{ "thread",       2, verify_threads },
	{ "process",      2, verify_processes },
	{ "vm",           2, verify_vms },
	{ "vcpu",         2, verify_vcpus },
	{ "handle",       2, verify_handles },
	{ "interrupt",    2, verify_interrupts },
	{ "vmid",         2, verify_vmids },
	{ "object",       2, verify_objects },
	{ "control",      3, verify_control },
	/* every descriptor is canonical, every table lies in the file and in one space */
	{ "descriptor",   3, verify_tables },
	/* what each space looks like on its own */
	{ "el2-layout",   4, verify_el2_layout },
	{ "el2-identity", 4, verify_el2_identity },
	{ "el2-stack",    4, verify_el2_stacks },
	{ "el2-config",   4, verify_el2_config },
	{ "el2-device",   4, verify_el2_devices },
	{ "layout",       4, verify_layout },
	{ "info",         4, verify_info },
	{ "program",      5, verify_programs },
	{ "entry",        5, verify_entries },
	{ "stack",        5, verify_stacks },
	{ "channel",      5, verify_channels },
	{ "notify",       5, verify_notify },
	{ "device",       5, verify_devices },
	{ "guest-ram",    5, verify_guest_ram },
	{ "guest-gic",    5, verify_guest_gic },
	/* what the spaces have in common, and what is left over */
	{ "one-owner",    5, verify_one_owner },
	{ "place",        5, verify_place },
	{ "uart",         6, verify_uart },
	{ "content",      6, verify_content },
	{ "hole",         6, verify_holes },
};
/* clang-format on */

void verify_fail(struct verify *v, const char *format, ...)
{
	va_list arguments;

	v->failures++;
	if (++v->rule_failures > VERIFY_LINES)
		return;
	fprintf(v->out, "verify: [%s] ", v->rule);
	va_start(arguments, format);
	vfprintf(v->out, format, arguments);
	va_end(arguments);
	fputc('\n', v->out);
}

static void run_rule(struct verify *v, const struct verify_rule *rule)
{
	v->rule = rule->name;
	v->rule_failures = 0;
	rule->check(v);
	if (v->rule_failures > VERIFY_LINES)
		fprintf(v->out, "verify: [%s] ... and %u more\n", v->rule,
		        v->rule_failures - VERIFY_LINES);
}

static void release(struct verify *v)
{
	for (uint32_t i = 0; v->infos && i < v->config.process_count; i++) {
		free(v->infos[i].channels);
		free(v->infos[i].devices);
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

bool verify_image(const uint8_t *file, uint64_t file_bytes, FILE *out)
{
	struct verify *v = verify_alloc(1, sizeof(*v));
	unsigned stage = 0;
	bool good;

	v->file = file;
	v->file_bytes = file_bytes;
	v->out = out;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].stage != stage && v->failures)
			break;
		stage = rules[i].stage;
		run_rule(v, &rules[i]);
	}
	good = v->failures == 0;
	if (good) {
		verify_share_list(v);
		fprintf(out,
		        "verify: %" PRIu32 " spaces, %" PRIu64 " pages, %" PRIu64
		        " shared: separated\n",
		        v->space_count, v->page_count, v->shared_count);
	} else {
		fprintf(out, "verify: %u failures: NOT separated\n", v->failures);
	}
	release(v);
	return good;
}
