/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over a flattened device tree (Devicetree Specification v0.3, chapter 5), for the
 * small guests: they trust their tree.
 */
#include "guests/lib/bare_fdt.h"
#include <stdbool.h>

#define FDT_MAGIC      0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE   2u
#define FDT_PROP       3u
#define FDT_NOP        4u

#define HEADER_BYTES   4u /* offsets of the header's words */
#define HEADER_STRUCT  8u
#define HEADER_STRINGS 12u

static uint32_t word(uint64_t address)
{
	return __builtin_bswap32(*(const volatile uint32_t *)address);
}

static bool starts(uint64_t address, const char *with)
{
	const volatile char *text = (const volatile char *)address;

	while (*with != '\0')
		if (*text++ != *with++)
			return false;
	return true;
}

static uint64_t text_words(uint64_t address)
{
	uint64_t end = address;

	while (*(const volatile char *)end != '\0')
		end++;
	return (end - address) / 4u * 4u + 4u;
}

static uint64_t cells(uint64_t address, uint32_t count)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < count; i++)
		value = value << 32 | word(address + 4u * i);
	return value;
}

uint32_t fdt_bytes(uint64_t tree)
{
	if (tree == 0u || tree % 4u != 0u || word(tree) != FDT_MAGIC)
		return 0;
	return word(tree + HEADER_BYTES);
}

struct walk {
	uint64_t strings;
	uint32_t depth;
	bool memory; /* inside a node memory@.. below the root */
	bool chosen; /* inside /chosen */
	const char *bootargs;
	uint32_t address_cells;
	uint32_t size_cells;
	struct bank *banks;
	uint32_t room;
	uint32_t count;
};

static void property(struct walk *walk, uint64_t data, uint32_t bytes, uint64_t name)
{
	uint32_t step = 4u * (walk->address_cells + walk->size_cells);

	if (walk->depth == 1u && starts(name, "#address-cells"))
		walk->address_cells = word(data);
	if (walk->depth == 1u && starts(name, "#size-cells"))
		walk->size_cells = word(data);
	if (walk->depth == 2u && walk->chosen && starts(name, "bootargs"))
		walk->bootargs = (const char *)data;
	if (walk->depth != 2u || !walk->memory || !starts(name, "reg"))
		return;
	for (; step != 0u && bytes >= step && walk->count < walk->room; bytes -= step) {
		walk->banks[walk->count].base = cells(data, walk->address_cells);
		walk->banks[walk->count].bytes =
			cells(data + 4u * walk->address_cells, walk->size_cells);
		walk->count++;
		data += step;
	}
}

static void walk_tree(uint64_t tree, struct walk *walk)
{
	uint64_t at = tree + word(tree + HEADER_STRUCT);

	for (;;) {
		uint32_t token = word(at);

		at += 4u;
		if (token == FDT_BEGIN_NODE) {
			walk->depth++;
			if (walk->depth == 2u) {
				walk->memory = starts(at, "memory@");
				walk->chosen = starts(at, "chosen");
			}
			at += text_words(at);
		} else if (token == FDT_END_NODE) {
			walk->depth--;
		} else if (token == FDT_PROP) {
			property(walk, at + 8u, word(at), walk->strings + word(at + 4u));
			at += 8u + (word(at) + 3u) / 4u * 4u;
		} else if (token != FDT_NOP) {
			return;
		}
	}
}

uint32_t fdt_banks(uint64_t tree, struct bank *banks, uint32_t count)
{
	struct walk walk = {.strings = tree + word(tree + HEADER_STRINGS),
	                    .address_cells = 2,
	                    .size_cells = 1,
	                    .banks = banks,
	                    .room = count};

	walk_tree(tree, &walk);
	return walk.count;
}

const char *fdt_bootargs(uint64_t tree)
{
	struct walk walk = {.strings = tree + word(tree + HEADER_STRINGS)};

	walk_tree(tree, &walk);
	return walk.bootargs;
}
