/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sums of a self-checking guest. CPU 0 only.
 */
#include "guests/lib/bare_check.h"
#include "guests/lib/bare.h"

static const char *name_prefix;
static uint32_t ok_count;
static uint32_t failed_count;

/* The first part that failed of the check under way. */
static const char *failed_part;
static uint64_t failed_got;
static uint64_t failed_want;

void check_begin(const char *prefix)
{
	name_prefix = prefix;
}

void check_part(const char *part, uint64_t got, uint64_t want)
{
	if (got == want || failed_part != NULL)
		return;
	failed_part = part;
	failed_got = got;
	failed_want = want;
}

void check_done(const char *name)
{
	if (failed_part == NULL) {
		ok_count++;
		print("%s: %s ok\n", name_prefix, name);
		return;
	}
	failed_count++;
	print("%s: %s FAILED %s got 0x%lx want 0x%lx\n", name_prefix, name, failed_part, failed_got,
	      failed_want);
	failed_part = NULL;
}

void check(const char *name, uint64_t got, uint64_t want)
{
	check_part("value", got, want);
	check_done(name);
}

void check_skip(const char *name, const char *why)
{
	print("%s: %s skipped, %s\n", name_prefix, name, why);
}

void check_end(void)
{
	print("%s: done %u ok %u failed\n", name_prefix, ok_count, failed_count);
	psci_system_off();
}
