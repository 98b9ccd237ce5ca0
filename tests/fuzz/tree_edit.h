/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptions of the tests, and edits of a compiled tree as the fuzzer says: what the targets
 * bhc and want have in common. Included by one target each, which defines `input`.
 */
#ifndef BULKHEAD_TESTS_FUZZ_TREE_EDIT_H
#define BULKHEAD_TESTS_FUZZ_TREE_EDIT_H

#include <dirent.h>
#include <libfdt.h>

#include "tests/fuzz/fuzz.h"

#define BASES      512u
#define TREE_BYTES 0x20000u
#define EDITS      24u

/* A description of the tests, compiled when it is first needed. */
struct base {
	char path[128];
	uint8_t *tree; /* TREE_BYTES of it; NULL: not yet */
	bool good;
};

static struct fuzz input;
static struct base bases[BASES];
static uint32_t base_count;

static void add_bases(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	FUZZ_CHECK(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (length < 5u || strcmp(entry->d_name + length - 4u, ".dts") != 0 ||
		    base_count == BASES)
			continue;
		snprintf(bases[base_count++].path, sizeof(bases[0].path), "%s/%s", folder,
		         entry->d_name);
	}
	closedir(dir);
}

static struct base *find_base(const char *path)
{
	for (uint32_t i = 0u; i < base_count; i++)
		if (strcmp(bases[i].path, path) == 0)
			return &bases[i];
	return NULL;
}

/* The key says which by name, so that a corpus stays what it is when tests are added. */
static struct base *choose_base(uint16_t key)
{
	struct base *best = &bases[0];
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0u; i < base_count; i++) {
		uint32_t hash = 5381u;

		for (const char *at = bases[i].path; *at != '\0'; at++)
			hash = hash * 33u + (uint8_t)*at;
		hash = (hash ^ hash >> 16 ^ key) & 0xffffu;
		if (hash < least) {
			least = hash;
			best = &bases[i];
		}
	}
	return best;
}

/* ---- edits ---- */

static const char *const names[] = {
	"compatible",
	"reg",
	"status",
	"cpu",
	"priority",
	"budget-us",
	"period-us",
	"program",
	"devices",
	"board",
	"kernel",
	"initrd",
	"backend",
	"peer",
	"ends",
	"restart",
	"restart-limit",
	"autostart",
	"critical",
	"stack-bytes",
	"extra-ram",
	"read-as-zero",
	"ram-pieces",
	"kernel-address",
	"tree-address",
	"initrd-address",
	"interrupts",
	"interrupts-extended",
	"interrupt-parent",
	"#address-cells",
	"#size-cells",
	"#interrupt-cells",
	"ranges",
	"device_type",
	"phandle",
	"load-address",
	"no-console",
	"allow-dma",
	"stdout-path",
	"method",
	"no-such",
};
static const char *const texts[] = {
	"okay",
	"disabled",
	"bulkhead,process",
	"bulkhead,vm",
	"bulkhead,channel",
	"bulkhead,system-1",
	"console",
	"pl011",
	"pl031",
	"zero",
	"memory",
	"cpu",
	"always",
	"on-fault",
	"never",
	"no",
	"alive",
	"vmm",
	"supervisor",
	"arm,gic-v3",
	"arm,pl011",
	"arm,pl031",
	"arm,psci-1.0",
	"smc",
	"hvc",
	"/pl011@9000000",
	"tests/rules/rule-guest-cpus.dts",
	"linux-guest.dts",
	"",
	"x",
};

static int pick_node(const void *tree)
{
	uint32_t skip = fuzz_u8(&input);
	int node = 0;

	while (skip-- != 0u && node >= 0) {
		int next = fdt_next_node(tree, node, NULL);

		node = next < 0 ? 0 : next;
	}
	return node;
}

static const char *pick_property(const void *tree, int node)
{
	uint32_t skip = fuzz_u8(&input);
	const char *name = names[skip % (sizeof(names) / sizeof(names[0]))];
	uint32_t index = 0u;
	int property;

	if (skip >= 128u)
		return name;
	fdt_for_each_property_offset(property, tree, node)
	{
		const char *own;

		if (index++ <= skip % 16u &&
		    fdt_getprop_by_offset(tree, property, &own, NULL) != NULL)
			name = own;
	}
	return name;
}

static void edit_cell(void *tree, int node, const char *name)
{
	uint8_t cells[64] = {0u};
	int length = 0;
	const void *old = fdt_getprop(tree, node, name, &length);
	uint32_t at = 4u * fuzz_pick(&input, 8u);
	uint32_t value = cpu_to_fdt32((uint32_t)fuzz_number(&input));

	length = old == NULL ? 0 : length > (int)sizeof(cells) ? (int)sizeof(cells) : length;
	memcpy(cells, old != NULL ? old : cells, (size_t)length);
	memcpy(cells + at, &value, 4u);
	length = length < (int)at + 4 ? (int)at + 4 : length;
	(void)fdt_setprop(tree, node, name, cells, length);
}

/* The same property of another node, or a node of the same contents. */
static void edit_copy(void *tree, int node, const char *name, bool whole)
{
	uint8_t value[256];
	int from = pick_node(tree);
	int length;
	const void *data;
	char copy[32];
	int fresh;

	data = fdt_getprop(tree, from, name, &length);
	if (!whole && data != NULL && length <= (int)sizeof(value)) {
		memcpy(value, data, (size_t)length);
		(void)fdt_setprop(tree, node, name, value, length);
	}
	if (!whole)
		return;
	snprintf(copy, sizeof(copy), "copy%u", fuzz_pick(&input, 4u));
	fresh = fdt_add_subnode(tree, node, copy);
	for (int index = 0; fresh >= 0 && index < 16; index++) {
		int property;
		int seen = 0;
		const char *own = NULL;

		from = fdt_next_node(tree, node, NULL) == fresh ? fdt_next_subnode(tree, fresh)
		                                                : from;
		if (from < 0)
			return;
		fdt_for_each_property_offset(property, tree, from)
		{
			if (seen++ == index)
				data = fdt_getprop_by_offset(tree, property, &own, &length);
		}
		if (own == NULL || length > (int)sizeof(value) || strcmp(own, "phandle") == 0)
			return;
		snprintf(copy, sizeof(copy), "%s", own);
		memcpy(value, data, (size_t)length);
		(void)fdt_setprop(tree, fresh, copy, value, length);
	}
}

static void edit(void *tree)
{
	uint8_t what = fuzz_u8(&input);
	int node = pick_node(tree);
	char name[64];
	uint32_t text;

	snprintf(name, sizeof(name), "%s", pick_property(tree, node));
	switch (what % 10u) {
	case 0u:
	case 1u:
	case 2u:
		edit_cell(tree, node, name);
		break;
	case 3u:
	case 4u:
		text = fuzz_pick(&input, sizeof(texts) / sizeof(texts[0]));
		(void)fdt_setprop(tree, node, name, texts[text], (int)strlen(texts[text]) + 1);
		break;
	case 5u:
		(void)fdt_delprop(tree, node, name);
		break;
	case 6u:
		if (node != 0)
			(void)fdt_del_node(tree, node);
		break;
	case 7u:
		edit_copy(tree, node, name, false);
		break;
	case 8u:
		edit_copy(tree, node, name, true);
		break;
	default: /* anything, of any length */
		text = fuzz_pick(&input, 40u);
		text = text < input.left ? text : (uint32_t)input.left;
		(void)fdt_setprop(tree, node, name, input.at, (int)text);
		break;
	}
}

/* A copy of the description's tree in TREE_BYTES of `out`, with what the fuzzer changes. */
static void edit_tree(const struct base *base, void *out)
{
	FUZZ_CHECK(fdt_open_into(base->tree, out, (int)TREE_BYTES) == 0);
	for (uint32_t count = fuzz_pick(&input, EDITS); count != 0u && input.left != 0u; count--)
		edit(out);
	(void)fdt_pack(out);
}

/* All descriptions of the tree, once. */
static void find_bases(void)
{
	if (base_count != 0u)
		return;
	add_bases("systems");
	add_bases("tests/rules");
	add_bases("tests/systems");
	add_bases("tests/fuzz/bhc");
}

#endif
