/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every entry of every table against what the description grants: each is the one canonical
 * descriptor of its address, or zero. What an entry must be comes from verify_maps.c; the only
 * freedom is which page of the tables part is which table, and each is one, once. Host code.
 */
#include "tool/verify_want.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES      512u
#define ENTRY_BYTES  sizeof(uint64_t)
#define LEVEL_ROOT   1u
#define LEVEL_BLOCK  2u
#define LEVEL_PAGE   3u
#define TYPE_BLOCK   1ull
#define TYPE_TABLE   3ull /* at level 3: a page */
#define TYPE_MASK    3ull
#define ADDRESS_MASK UINT64_C(0x0000fffffffff000)
#define SPACE_LINES  8u
#define EXTRA_LINES  4u
#define OWNER_BYTES  160u

struct walker {
	struct verify *v;
	const struct want_space *space;
	uint32_t index;
	uint32_t next;  /* the first mapping that does not end before the current address */
	unsigned extra; /* lines left for what is mapped without a grant: never crowded out */
	uint16_t *used; /* per page of the tables: the space that uses it, + 1 */
};

static uint64_t bytes_of(unsigned level)
{
	return PAGE_BYTES << (9 * (LEVEL_PAGE - level));
}

const char *want_owner(const struct want *w, uint64_t pa, char *text, size_t bytes)
{
	const char *found = "nobody's";

	for (uint32_t i = 0; i < w->region_count; i++) {
		const struct want_region *r = &w->regions[i];

		if (pa >= r->pa && pa - r->pa < r->bytes) {
			snprintf(text, bytes, "%s of %s", r->what, r->owner);
			return text;
		}
	}
	for (uint32_t i = 0; i < w->reserved_count; i++)
		if (pa >= w->reserved[i].start && pa - w->reserved[i].start < w->reserved[i].bytes)
			found = "memory that the board reserves";
	for (uint32_t s = 0; s < w->space_count; s++)
		for (uint32_t i = 0; i < w->spaces[s].count; i++) {
			const struct want_map *map = &w->spaces[s].maps[i];

			if (map->form != FORM_DEVICE || pa < map->pa || pa - map->pa >= map->bytes)
				continue;
			snprintf(text, bytes, "%s of %s", map->what, w->spaces[s].name);
			found = text;
		}
	return found;
}

/* What must stand in an entry; a table is 3 with no address. */
static uint64_t wanted(struct walker *at, unsigned level, uint64_t va, const struct want_map **map)
{
	const struct want_space *s = at->space;
	uint64_t end = va + bytes_of(level);
	uint64_t skew;

	while (at->next < s->count && s->maps[at->next].va + s->maps[at->next].bytes <= va)
		at->next++;
	*map = at->next < s->count && s->maps[at->next].va < end ? &s->maps[at->next] : NULL;
	if (!*map)
		return 0;
	skew = va - (*map)->va;
	if (level == LEVEL_PAGE)
		return ((*map)->pa + skew) | verify_form_bits(s->kind, (*map)->form) | TYPE_TABLE;
	if (level == LEVEL_BLOCK && s->kind != KIND_EL2 && (*map)->va <= va &&
	    (*map)->va + (*map)->bytes >= end && ((*map)->pa + skew) % BLOCK_BYTES == 0)
		return ((*map)->pa + skew) | verify_form_bits(s->kind, (*map)->form) | TYPE_BLOCK;
	return TYPE_TABLE;
}

static void complain(struct walker *at, unsigned level, uint64_t va, uint64_t want,
                     const struct want_map *map, uint64_t have)
{
	unsigned lines = at->v->rule_lines;
	char text[OWNER_BYTES];
	char granted[OWNER_BYTES] = "nothing is granted";

	if (map)
		snprintf(granted, sizeof(granted), "%s at %#" PRIx64 " is granted (%#" PRIx64 ")",
		         map->what, map->pa + (va > map->va ? va - map->va : 0), want);
	if (!want && at->extra) {
		verify_next_party(at->v, lines + 1);
		at->extra--;
	}
	verify_fail(at->v,
	            "%s: level %u, address 0x%" PRIx64 ": %s, but the table has %#" PRIx64
	            ", where %#" PRIx64 " is %s",
	            at->space->name, level, va, granted, have, have & ADDRESS_MASK,
	            want_owner(at->v->want, have & ADDRESS_MASK, text, sizeof(text)));
}

/* A page of the tables that no other table is. */
static const uint8_t *claim(const struct walker *at, unsigned level, uint64_t va, uint64_t pa)
{
	const struct want *w = at->v->want;
	uint64_t page = (pa - w->tables_pa) / PAGE_BYTES;
	const uint8_t *bytes;

	if (pa < w->tables_pa || pa % PAGE_BYTES || page >= w->table_count) {
		verify_fail(at->v,
		            "%s: level %u, address 0x%" PRIx64 ": a table at %#" PRIx64
		            ", outside of the tables",
		            at->space->name, level, va, pa);
		return NULL;
	}
	if (at->used[page]) {
		verify_fail(at->v,
		            "%s: level %u, address 0x%" PRIx64 ": the table at %#" PRIx64
		            " is one of %s already",
		            at->space->name, level, va, pa, w->spaces[at->used[page] - 1].name);
		return NULL;
	}
	at->used[page] = (uint16_t)(at->index + 1);
	bytes = verify_file_at(at->v, pa, PAGE_BYTES);
	if (!bytes)
		verify_fail(at->v, "%s: the table at %#" PRIx64 " is not in the file",
		            at->space->name, pa);
	return bytes;
}

/* How many entries from i on are zero, as all must be below the next mapping. */
static unsigned empty_run(const struct walker *at, unsigned level, uint64_t va,
                          const uint8_t *table, unsigned i)
{
	static const uint8_t zeros[PAGE_BYTES];
	const struct want_space *s = at->space;
	uint64_t room = at->next < s->count ? s->maps[at->next].va - va : UINT64_MAX;
	uint64_t count =
		room / bytes_of(level) < ENTRIES - i ? room / bytes_of(level) : ENTRIES - i;
	unsigned run = 0;

	if (memcmp(table + i * ENTRY_BYTES, zeros, count * ENTRY_BYTES) == 0)
		return (unsigned)count;
	while (run < count && memcmp(table + (i + run) * ENTRY_BYTES, zeros, ENTRY_BYTES) == 0)
		run++;
	return run;
}

static void walk(struct walker *at, unsigned level, uint64_t va, uint64_t pa)
{
	const uint8_t *table = claim(at, level, va, pa);

	for (unsigned i = 0; table && i < ENTRIES; i++, va += bytes_of(level)) {
		const struct want_map *map;
		uint64_t want = wanted(at, level, va, &map);
		unsigned empty = map ? 0 : empty_run(at, level, va, table, i);
		uint64_t have;

		i += empty;
		va += empty * bytes_of(level);
		if (i == ENTRIES)
			break;
		if (empty)
			want = wanted(at, level, va, &map);
		memcpy(&have, table + i * ENTRY_BYTES, sizeof(have));
		if (want != TYPE_TABLE || level == LEVEL_PAGE) {
			if (have != want)
				complain(at, level, va, want, map, have);
		} else if ((have & ~ADDRESS_MASK) != TYPE_TABLE) {
			complain(at, level, va, want, map, have);
		} else {
			walk(at, level + 1, va, have & ADDRESS_MASK);
		}
	}
}

static uint64_t root_of(const struct verify *v, uint32_t space)
{
	uint32_t processes = v->config.process_count;

	if (space == SPACE_EL2_ID)
		return v->head.el2_root_pa;
	if (space - 1 < processes)
		return v->processes[space - 1].vttbr & ADDRESS_MASK;
	return v->vms[space - 1 - processes].vttbr & ADDRESS_MASK;
}

void verify_want_tables(struct verify *v)
{
	const struct want *w = v->want;
	struct walker at = {.v = v};

	if (v->config.process_count != w->process_count || v->config.vm_count != w->vm_count)
		return; /* grant-config has said so */
	at.used = verify_alloc(w->table_count, sizeof(*at.used));
	for (uint32_t i = 0; i < w->space_count; i++) {
		at.space = &w->spaces[i];
		at.index = i;
		at.next = 0;
		at.extra = EXTRA_LINES;
		verify_next_party(v, SPACE_LINES);
		walk(&at, LEVEL_ROOT, 0, root_of(v, i));
	}
	for (uint64_t i = 0; i < w->table_count; i++)
		if (!at.used[i])
			verify_fail(v,
			            "the page %#" PRIx64 " of the tables is no table of any space",
			            w->tables_pa + (uint64_t)(i * PAGE_BYTES));
	free(at.used);
}
