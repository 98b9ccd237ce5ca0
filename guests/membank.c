/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: is all the memory there that the tree names, each byte of it once? It writes words
 * that tell their address into every bank, then reads all of them back: each word near both
 * ends of a bank, and a line of 64 bytes per 64 KiB between. A line per bank,
 * "mem: bank 0x40000000 0x20000000 ok", and "mem: done 1 banks".
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_fdt.h"

#define BANKS       8u
#define DENSE_BYTES 0x800000u
#define LINE_BYTES  64u
#define STEP_BYTES  0x10000u
#define TREE_ROOM   0x200000u /* a tree may be followed by what its loader added */

extern char __guest_start[], __guest_end[];

static uint64_t tree_base;

static bool taken(uint64_t line)
{
	if (line + LINE_BYTES > (uint64_t)__guest_start && line < (uint64_t)__guest_end)
		return true;
	return line + LINE_BYTES > tree_base && line < tree_base + TREE_ROOM;
}

static uint64_t mix(uint64_t address)
{
	return address * 0x9e3779b97f4a7c15u ^ address >> 7;
}

static uint64_t next_line(const struct bank *bank, uint64_t line)
{
	uint64_t offset = line - bank->base;

	if (offset < DENSE_BYTES || bank->bytes - offset <= DENSE_BYTES)
		return line + LINE_BYTES;
	return line + STEP_BYTES;
}

static void fill(const struct bank *bank)
{
	uint64_t line = bank->base;

	for (; line < bank->base + bank->bytes; line = next_line(bank, line)) {
		if (taken(line))
			continue;
		for (uint64_t at = line; at < line + LINE_BYTES; at += 8u)
			*(volatile uint64_t *)at = mix(at);
	}
}

/* The address of the first wrong word, or 0. */
static uint64_t compare(const struct bank *bank)
{
	uint64_t line = bank->base;

	for (; line < bank->base + bank->bytes; line = next_line(bank, line)) {
		if (taken(line))
			continue;
		for (uint64_t at = line; at < line + LINE_BYTES; at += 8u)
			if (*(volatile uint64_t *)at != mix(at))
				return at;
	}
	return 0;
}

void guest_main(uint64_t tree)
{
	struct bank banks[BANKS];
	uint32_t count;

	tree_base = tree;
	if (fdt_bytes(tree) == 0u) {
		print("mem: FAILED no tree\n");
		psci_system_off();
	}
	count = fdt_banks(tree_base, banks, BANKS);
	for (uint32_t i = 0; i < count; i++)
		fill(&banks[i]);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t wrong = compare(&banks[i]);

		if (wrong == 0u)
			print("mem: bank 0x%lx 0x%lx ok\n", banks[i].base, banks[i].bytes);
		else
			print("mem: bank 0x%lx 0x%lx FAILED at 0x%lx\n", banks[i].base,
			      banks[i].bytes, wrong);
	}
	print("mem: done %u banks\n", count);
	psci_system_off();
}
