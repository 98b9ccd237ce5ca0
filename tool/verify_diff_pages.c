/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bhc-verify --diff: the pages of two spaces side by side, by the address at which the space has
 * them. What lies in the file is compared byte by byte wherever it lies; of memory that is not in the
 * file only that it is there counts. The configuration and the tables hold addresses and are compared
 * by what they say (verify_diff.c, and here). Called by verify_diff.c, host code.
 */
#include "tool/verify_diff.h"

#define NOWHERE UINT64_MAX

/* A walk over the pages of a space, ascending. */
struct walk {
	const struct verify *v;
	const struct verify_map *map;
	size_t left; /* maps from this one on */
	uint64_t va; /* NOWHERE: at the end */
	bool el2;
};

static void walk_settle(struct walk *w)
{
	w->va = w->left ? w->map->va : NOWHERE;
}

static void walk_start(struct walk *w, const struct verify *v, uint32_t space)
{
	*w = (struct walk){.v = v, .va = NOWHERE, .el2 = space == SPACE_EL2_ID};
	if (space == IMAGE_NONE)
		return;
	w->map = v->maps + v->spaces[space].map_first;
	w->left = v->spaces[space].map_count;
	walk_settle(w);
}

static void walk_next(struct walk *w)
{
	w->va += PAGE_BYTES;
	if (w->va != w->map->va + w->map->bytes)
		return;
	w->map++;
	w->left--;
	walk_settle(w);
}

static uint64_t walk_pa(const struct walk *w)
{
	return w->map->pa + (w->va - w->map->va);
}

static bool within(uint64_t va, const struct vm_payload *payload)
{
	return payload->bytes != 0 && va >= payload->va && va - payload->va < payload->bytes;
}

/* The process whose space it is; a guest's has no pages in the file. */
static const struct verify_info *info_of(const struct walk *w)
{
	return &w->v->infos[w->v->spaces[w->map->space].index];
}

/* What a page in the file is. */
static enum diff_part part_at(const struct walk *w)
{
	const struct vm_info *vm;

	if (w->el2 || (w->va >= PROGRAM_TEXT_VA && w->va < PROGRAM_DATA_VA))
		return DIFF_PROGRAM;
	vm = &info_of(w)->info.vm;
	if (within(w->va, &vm->kernel))
		return DIFF_KERNEL;
	if (within(w->va, &vm->initrd))
		return DIFF_INITRD;
	if (within(w->va, &vm->tree))
		return DIFF_TREE;
	return DIFF_INFO;
}

/* EL2's view of the configuration, or of its first page at the address where it lies. */
static bool is_config(const struct walk *w)
{
	if (!w->el2)
		return false;
	for (unsigned i = 0; i < CONFIG_RANGES; i++) {
		const struct verify_range *range = &w->v->config_ranges[i];

		if (w->va + PAGE_BYTES > range->start && w->va < range->start + range->bytes)
			return true;
	}
	return false;
}

/* The head of the image says where things lie: it is machine and kernel alike, but for that. */
static uint64_t skip_head(const struct walk *w)
{
	return w->el2 && walk_pa(w) == w->v->head.load_pa ? sizeof(struct image_head) : 0;
}

static uint64_t differing(const uint8_t *a, const uint8_t *b, uint64_t from)
{
	uint64_t count = 0;

	for (uint64_t i = from; i < PAGE_BYTES; i++)
		count += a[i] != b[i];
	return count;
}

static void compare_page(struct diff_party *party, const struct walk *a, const struct walk *b)
{
	const uint8_t *before = verify_file_at(a->v, walk_pa(a), PAGE_BYTES);
	const uint8_t *now = verify_file_at(b->v, walk_pa(b), PAGE_BYTES);

	if (a->map->form != b->map->form || (before == NULL) != (now == NULL) ||
	    (a->map->form == FORM_DEVICE && walk_pa(a) != walk_pa(b)))
		party->count[DIFF_MAP]++;
	else if (walk_pa(a) != walk_pa(b))
		party->moved++;
	if (before && now && !is_config(a) && !is_config(b))
		party->count[part_at(b)] += differing(before, now, skip_head(b));
}

/* Only one of them has it. Contents count as what they are, and in whole. */
static void one_sided(struct diff_party *party, const struct walk *w)
{
	if (is_config(w))
		return;
	party->count[DIFF_MAP]++;
	if (verify_in_file(w->v, walk_pa(w), PAGE_BYTES))
		party->count[part_at(w)] += PAGE_BYTES;
}

void diff_spaces(struct diff_party *party, const struct verify *before, uint32_t space_before,
                 const struct verify *now, uint32_t space_now)
{
	struct walk a;
	struct walk b;

	walk_start(&a, before, space_before);
	walk_start(&b, now, space_now);
	while (a.va != NOWHERE || b.va != NOWHERE) {
		if (a.va == b.va) {
			compare_page(party, &a, &b);
			walk_next(&a);
			walk_next(&b);
		} else if (a.va < b.va) {
			one_sided(party, &a);
			walk_next(&a);
		} else {
			one_sided(party, &b);
			walk_next(&b);
		}
	}
}
