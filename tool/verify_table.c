/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translation tables, walked out of the file: 4 KiB granule, 39-bit addresses, root at
 * level 1 (DDI 0487 D8.2, D8.3). Every descriptor must be zero or equal one of the canonical
 * forms below, bit for bit; every table page lies in the file and belongs to one space.
 * Produces the list of mappings that all later rules read. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES       512u
#define LEVEL_ROOT    1u
#define LEVEL_PAGE    3u
#define TYPE_MASK     3ull
#define TYPE_BLOCK    1ull
#define TYPE_TABLE    3ull /* at level 3: a page */
#define ADDRESS_MASK  0x0000fffffffff000ull
#define VTTBR_VMID_AT 48

/* clang-format off */
#define AF            (1ull << 10)
#define SH_INNER      (3ull << 8)
#define XN            (1ull << 54)
/* stage 1 of EL2, E2H=0: DDI 0487 D8.3.1; AP[1] is RES1 with one privilege level */
#define S1_NORMAL     (AF | SH_INNER | 1ull << 2 | 1ull << 6)
#define S1_DEVICE     (AF | 0ull << 2 | 1ull << 6)
#define S1_READ_ONLY  (1ull << 7)
/* stage 2: DDI 0487 D8.3.2 */
#define S2_NORMAL     (AF | SH_INNER | 0xfull << 2)
#define S2_DEVICE     (AF | 1ull << 2)
#define S2_READ       (1ull << 6)
#define S2_WRITE      (3ull << 6)

struct canonical {
	enum verify_kind kind;
	enum verify_form form;
	uint64_t bits;
};

static const struct canonical canonical[] = {
	{ KIND_EL2,     FORM_RX,     S1_NORMAL | S1_READ_ONLY },
	{ KIND_EL2,     FORM_RO,     S1_NORMAL | S1_READ_ONLY | XN },
	{ KIND_EL2,     FORM_RW,     S1_NORMAL | XN },
	{ KIND_EL2,     FORM_DEVICE, S1_DEVICE | XN },
	{ KIND_PROCESS, FORM_RX,     S2_NORMAL | S2_READ },
	{ KIND_PROCESS, FORM_RO,     S2_NORMAL | S2_READ | XN },
	{ KIND_PROCESS, FORM_RW,     S2_NORMAL | S2_WRITE | XN },
	{ KIND_PROCESS, FORM_DEVICE, S2_DEVICE | S2_WRITE | XN },
	{ KIND_VM,      FORM_RWX,    S2_NORMAL | S2_WRITE },
	{ KIND_VM,      FORM_RO,     S2_NORMAL | S2_READ | XN }, /* shared memory */
	{ KIND_VM,      FORM_RW,     S2_NORMAL | S2_WRITE | XN },
	{ KIND_VM,      FORM_DEVICE, S2_DEVICE | S2_WRITE | XN },
};

static const char *const form_names[] = {
	[FORM_NONE] = "none",     [FORM_RX] = "RX",       [FORM_RO] = "RO",
	[FORM_RW] = "RW",         [FORM_RWX] = "RWX",     [FORM_DEVICE] = "device RW",
	[FORM_TABLE] = "a table", [FORM_GUARD] = "guard",
};
/* clang-format on */

const char *verify_form_name(enum verify_form form)
{
	return form_names[form];
}

uint64_t verify_form_bits(enum verify_kind kind, enum verify_form form)
{
	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++)
		if (canonical[i].kind == kind && canonical[i].form == form)
			return canonical[i].bits;
	return 0;
}

static uint64_t level_bytes(unsigned level)
{
	return PAGE_BYTES << (9 * (LEVEL_PAGE - level));
}

uint32_t verify_process_space(uint32_t process)
{
	return 1 + process;
}

uint32_t verify_vm_space(const struct verify *v, uint32_t vm)
{
	return 1 + v->config.process_count + vm;
}

void verify_map_add(struct verify *v, const struct verify_map *map)
{
	struct verify_map *last = v->map_count ? &v->maps[v->map_count - 1] : NULL;

	if (last && last->space == map->space && last->form == map->form &&
	    last->va + last->bytes == map->va && last->pa + last->bytes == map->pa) {
		last->bytes += map->bytes;
		return;
	}
	if (v->map_count == v->map_room) {
		size_t room = v->map_room ? v->map_room * 2 : 1024;
		struct verify_map *maps = verify_alloc(room, sizeof(*maps));

		if (v->map_count)
			memcpy(maps, v->maps, v->map_count * sizeof(*maps));
		free(v->maps);
		v->maps = maps;
		v->map_room = room;
	}
	v->maps[v->map_count++] = *map;
}

static void check_leaf(struct verify *v, uint32_t space, unsigned level, uint64_t va,
                       uint64_t descriptor)
{
	const struct verify_space *s = &v->spaces[space];
	uint64_t pa_mask = ADDRESS_MASK & ~(level_bytes(level) - 1);
	struct verify_map map = {va, descriptor & pa_mask, level_bytes(level), space, FORM_NONE};
	uint64_t type = level == LEVEL_PAGE ? TYPE_TABLE : TYPE_BLOCK;

	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++)
		if (canonical[i].kind == s->kind &&
		    (descriptor & ~pa_mask) == (canonical[i].bits | type))
			map.form = canonical[i].form;
	if (map.form == FORM_NONE)
		verify_fail(v,
		            "%s: level %u, address 0x%" PRIx64 ": %#" PRIx64
		            " is no canonical descriptor",
		            s->name, level, va, descriptor);
	else if (map.pa + map.bytes > PA_END)
		verify_fail(v,
		            "%s: level %u, address 0x%" PRIx64 ": physical %#" PRIx64
		            " is beyond 40 bits",
		            s->name, level, va, map.pa);
	else
		verify_map_add(v, &map);
}

/* Makes a page of the file a table of the space, once. */
static const uint8_t *claim_table(struct verify *v, uint32_t space, uint64_t pa)
{
	const uint8_t *bytes = verify_file_at(v, pa, PAGE_BYTES);
	uint16_t *owner;

	if (!bytes) {
		verify_fail(v, "%s: table at %#" PRIx64 " is not in the image",
		            v->spaces[space].name, pa);
		return NULL;
	}
	owner = &v->table_owner[(pa - v->head.load_pa) / PAGE_BYTES];
	if (*owner) {
		verify_fail(v, "table at %#" PRIx64 " is used by %s and again by %s", pa,
		            v->spaces[*owner - 1].name, v->spaces[space].name);
		return NULL;
	}
	*owner = (uint16_t)(space + 1);
	return bytes;
}

static void walk(struct verify *v, uint32_t space, unsigned level, uint64_t va, uint64_t pa)
{
	const uint8_t *table = claim_table(v, space, pa);

	for (unsigned i = 0; table && i < ENTRIES; i++, va += level_bytes(level)) {
		uint64_t descriptor;

		memcpy(&descriptor, table + i * sizeof(descriptor), sizeof(descriptor));
		if (descriptor == 0)
			continue;
		if (level == LEVEL_PAGE || (descriptor & TYPE_MASK) != TYPE_TABLE) {
			check_leaf(v, space, level, va, descriptor);
			continue;
		}
		if (descriptor & ~(ADDRESS_MASK | TYPE_MASK)) {
			verify_fail(v,
			            "%s: level %u, address 0x%" PRIx64 ": %#" PRIx64
			            " is no canonical table descriptor",
			            v->spaces[space].name, level, va, descriptor);
			continue;
		}
		walk(v, space, level + 1, va, descriptor & ADDRESS_MASK);
	}
}

static void add_space(struct verify *v, enum verify_kind kind, uint32_t index, uint64_t root_pa,
                      const char *name)
{
	struct verify_space *s = &v->spaces[v->space_count++];

	s->kind = kind;
	s->index = index;
	s->root_pa = root_pa;
	snprintf(s->name, sizeof(s->name), "%s%.*s", kind == KIND_VM ? "guest of " : "",
	         (int)NAME_BYTES, name);
}

void verify_tables(struct verify *v)
{
	uint64_t root_mask = (1ull << VTTBR_VMID_AT) - 1;

	v->table_owner = verify_alloc(v->file_bytes / PAGE_BYTES + 1, sizeof(*v->table_owner));
	add_space(v, KIND_EL2, 0, v->head.el2_root_pa, "EL2");
	for (uint32_t i = 0; i < v->config.process_count; i++)
		add_space(v, KIND_PROCESS, i, v->processes[i].vttbr & root_mask,
		          v->processes[i].name);
	for (uint32_t i = 0; i < v->config.vm_count; i++)
		add_space(v, KIND_VM, i, v->vms[i].vttbr & root_mask,
		          v->processes[v->vms[i].process].name);
	for (uint32_t i = 0; i < v->space_count; i++) {
		struct verify_space *s = &v->spaces[i];

		s->map_first = v->map_count;
		if (s->root_pa % PAGE_BYTES)
			verify_fail(v, "%s: root table %#" PRIx64 " is not a page", s->name,
			            s->root_pa);
		else
			walk(v, i, LEVEL_ROOT, 0, s->root_pa);
		s->map_count = v->map_count - s->map_first;
	}
}

/* The first mapping of the space that ends above va, or NULL. */
static const struct verify_map *first_above(const struct verify *v, uint32_t space, uint64_t va)
{
	const struct verify_map *maps = v->maps + v->spaces[space].map_first;
	size_t low = 0;
	size_t high = v->spaces[space].map_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps[middle].va + maps[middle].bytes > va)
			high = middle;
		else
			low = middle + 1;
	}
	return low < v->spaces[space].map_count ? &maps[low] : NULL;
}

const struct verify_map *verify_lookup(const struct verify *v, uint32_t space, uint64_t va,
                                       uint64_t bytes)
{
	const struct verify_map *map = first_above(v, space, va);

	if (!map || map->va > va || bytes > map->bytes - (va - map->va))
		return NULL;
	return map;
}

bool verify_unmapped(const struct verify *v, uint32_t space, uint64_t va, uint64_t bytes)
{
	const struct verify_map *map = first_above(v, space, va);

	return !map || (map->va >= va && map->va - va >= bytes);
}
