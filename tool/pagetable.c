/* SPDX-License-Identifier: Apache-2.0 */
/* Translation tables; contract in pagetable.h. Descriptors: DDI 0487, D8.3. */
#include "tool/pagetable.h"

#include <stdbool.h>
#include <string.h>

#include "abi/image.h"
#include "tool/arena.h"

/* clang-format off */
#define DESC_TABLE       3ull         /* levels 1 and 2 */
#define DESC_PAGE        3ull         /* level 3 */
#define DESC_BLOCK       1ull         /* level 2 */
#define DESC_AF          (1ull << 10)
#define DESC_SH_INNER    (3ull << 8)
#define DESC_XN          (1ull << 54)

#define S1_DEVICE        (0ull << 2)  /* AttrIndx: MAIR_EL2 byte 0, Device-nGnRE */
#define S1_NORMAL        (1ull << 2)  /* MAIR_EL2 byte 1, Normal write-back */
#define S1_AP1           (1ull << 6)  /* RES1 in a regime of one exception level */
#define S1_READ_ONLY     (1ull << 7)  /* AP[2] */

#define S2_DEVICE        (1ull << 2)  /* MemAttr 0b0001, Device-nGnRE */
#define S2_NORMAL        (15ull << 2) /* MemAttr 0b1111, Normal write-back */
#define S2_READ          (1ull << 6)  /* S2AP */
#define S2_READ_WRITE    (3ull << 6)

static const uint64_t stage1_bits[MAP_KINDS] = {
	[MAP_TEXT]   = DESC_AF | DESC_SH_INNER | S1_NORMAL | S1_AP1 | S1_READ_ONLY,
	[MAP_RO]     = DESC_AF | DESC_SH_INNER | S1_NORMAL | S1_AP1 | S1_READ_ONLY | DESC_XN,
	[MAP_RW]     = DESC_AF | DESC_SH_INNER | S1_NORMAL | S1_AP1 | DESC_XN,
	[MAP_DEVICE] = DESC_AF | S1_DEVICE | S1_AP1 | DESC_XN,
};

static const uint64_t stage2_bits[MAP_KINDS] = {
	[MAP_TEXT]   = DESC_AF | DESC_SH_INNER | S2_NORMAL | S2_READ,
	[MAP_RO]     = DESC_AF | DESC_SH_INNER | S2_NORMAL | S2_READ | DESC_XN,
	[MAP_RW]     = DESC_AF | DESC_SH_INNER | S2_NORMAL | S2_READ_WRITE | DESC_XN,
	[MAP_DEVICE] = DESC_AF | S2_DEVICE | S2_READ_WRITE | DESC_XN,
	[MAP_GUEST]  = DESC_AF | DESC_SH_INNER | S2_NORMAL | S2_READ_WRITE,
};
/* clang-format on */

uint64_t pagetable_new(struct table_pool *pool)
{
	if (pool->count == pool->capacity) {
		uint32_t capacity = pool->capacity == 0u ? 64u : pool->capacity * 2u;

		pool->pages = arena_grow(pool->pages, pool->count * sizeof(struct table_page),
		                         capacity * sizeof(struct table_page));
		pool->capacity = capacity;
	}
	memset(&pool->pages[pool->count], 0, sizeof(struct table_page));
	return pool->base_pa + PAGE_BYTES * pool->count++;
}

static uint64_t *pagetable_entry(struct table_pool *pool, uint64_t table, uint64_t va,
                                 uint32_t level)
{
	uint32_t shift = 12u + 9u * (3u - level);

	return &pool->pages[(table - pool->base_pa) / PAGE_BYTES]
	                .entry[va >> shift & (TABLE_ENTRIES - 1u)];
}

/* The table below the entry for va, made when it is not there. */
static uint64_t pagetable_descend(struct table_pool *pool, uint64_t table, uint64_t va,
                                  uint32_t level)
{
	uint64_t *entry = pagetable_entry(pool, table, va, level);
	uint64_t below;

	if (*entry != 0u)
		return *entry & ~(PAGE_BYTES - 1u);
	below = pagetable_new(pool);
	*pagetable_entry(pool, table, va, level) = below | DESC_TABLE;
	return below;
}

static void pagetable_map(struct table_pool *pool, uint64_t root, const struct mapping *mapping,
                          uint64_t bits, bool blocks)
{
	uint64_t done = 0u;

	while (done < mapping->bytes) {
		uint64_t va = mapping->va + done;
		uint64_t pa = mapping->pa + done;
		uint64_t table = pagetable_descend(pool, root, va, 1u);

		if (blocks && va % BLOCK_BYTES == 0u && pa % BLOCK_BYTES == 0u &&
		    mapping->bytes - done >= BLOCK_BYTES) {
			*pagetable_entry(pool, table, va, 2u) = pa | bits | DESC_BLOCK;
			done += BLOCK_BYTES;
			continue;
		}
		table = pagetable_descend(pool, table, va, 2u);
		*pagetable_entry(pool, table, va, 3u) = pa | bits | DESC_PAGE;
		done += PAGE_BYTES;
	}
}

void pagetable_map_stage2(struct table_pool *pool, uint64_t root, const struct mapping *mapping)
{
	pagetable_map(pool, root, mapping, stage2_bits[mapping->kind], true);
}

void pagetable_map_el2(struct table_pool *pool, uint64_t root, const struct mapping *mapping)
{
	pagetable_map(pool, root, mapping, stage1_bits[mapping->kind], false);
}
