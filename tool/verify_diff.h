/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two separated images differ in, party by party: the parts of bhc-verify --diff. A party is the
 * kernel or a process; a VM is its process and its guest. Host code, one thread.
 */
#ifndef BULKHEAD_TOOL_VERIFY_DIFF_H
#define BULKHEAD_TOOL_VERIFY_DIFF_H

#include "tool/verify.h"

/* What may differ. The first four are counted in bytes, the others in pages and records. */
enum diff_part {
	DIFF_PROGRAM, /* of the kernel: its text, rodata and data */
	DIFF_KERNEL,
	DIFF_INITRD,
	DIFF_TREE,
	DIFF_INFO, /* bytes of its info pages: what it was granted, as it is told */
	DIFF_MAP,  /* pages that only one of them has, or has otherwise */
	DIFF_SCHEDULE,
	DIFF_HANDLES,
	DIFF_INTERRUPTS,
	DIFF_MACHINE, /* CPUs, the GIC, PSCI, the virtual board's fixed parts */
	DIFF_PARTS
};

struct diff_party {
	const char *name;
	uint64_t count[DIFF_PARTS];
	uint64_t moved; /* pages that lie elsewhere and are the same */
	bool added;
	bool gone;
};

/* verify_diff_pages.c: all pages of two spaces, one may be absent (IMAGE_NONE). */
void diff_spaces(struct diff_party *party, const struct verify *before, uint32_t space_before,
                 const struct verify *now, uint32_t space_now);

/*
 * Prints what each party differs in. True: nothing differs but in the parties named in `allowed`, or
 * none is named.
 */
bool verify_diff(const struct verify *before, const struct verify *now, char *const *allowed,
                 int allowed_count, FILE *out);

#endif
