/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation tables (DDI 0487, D8): 4 KiB granule, 39-bit input addresses, so that the walk
 * starts at level 1 with one root page, for EL2 stage 1 and for stage 2 alike. Tables are
 * built in memory; their physical addresses are known beforehand.
 */
#ifndef BULKHEAD_TOOL_PAGETABLE_H
#define BULKHEAD_TOOL_PAGETABLE_H

#include <stdint.h>

#define TABLE_ENTRIES 512u

enum map_kind {
	MAP_TEXT,   /* read, execute */
	MAP_RO,     /* read */
	MAP_RW,     /* read, write */
	MAP_DEVICE, /* read, write, Device-nGnRE */
	MAP_GUEST,  /* read, write, execute: guest RAM in its own space */
	MAP_KINDS
};

struct table_page {
	uint64_t entry[TABLE_ENTRIES];
};

struct table_pool {
	uint64_t base_pa;
	struct table_page *pages;
	uint32_t count;
	uint32_t capacity;
};

struct mapping {
	uint64_t va;
	uint64_t pa;
	uint64_t bytes; /* va, pa and bytes in whole pages */
	enum map_kind kind;
};

/* A new empty root. Returns its physical address. */
uint64_t pagetable_new(struct table_pool *pool);
/* Stage 2: 2 MiB blocks wherever the addresses allow. */
void pagetable_map_stage2(struct table_pool *pool, uint64_t root, const struct mapping *mapping);
/* EL2 stage 1: pages only, so that every guard page can be one. */
void pagetable_map_el2(struct table_pool *pool, uint64_t root, const struct mapping *mapping);

#endif
