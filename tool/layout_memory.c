/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that is not in the file: a list of free ranges, ascending, from which pieces are
 * taken first fit. Guest RAM takes 2 MiB blocks and may be spread over several pieces. Called
 * by layout.c.
 */
#include <stdlib.h>

#include "tool/layout.h"
#include "tool/report.h"

#define FREE_MAX (sizeof(((struct layout *)0)->free) / sizeof(struct range))

static void layout_free_add(struct layout *layout, struct range range)
{
	if (range.bytes != 0u && layout->free_count < FREE_MAX)
		layout->free[layout->free_count++] = range;
}

static int layout_compare(const void *left, const void *right)
{
	const struct range *a = left;
	const struct range *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* Takes a range out of whatever free ranges it meets. */
static void layout_free_remove(struct layout *layout, struct range gone)
{
	uint32_t count = layout->free_count;

	for (uint32_t i = 0u; i < count; i++) {
		struct range *free = &layout->free[i];
		struct range tail = {range_end(gone), 0u};

		if (!range_overlap(*free, gone))
			continue;
		if (range_end(*free) > range_end(gone))
			tail.bytes = range_end(*free) - range_end(gone);
		free->bytes = free->start < gone.start ? gone.start - free->start : 0u;
		layout_free_add(layout, tail);
	}
	qsort(layout->free, layout->free_count, sizeof(layout->free[0]), layout_compare);
}

static struct range layout_whole_pages(struct range range)
{
	uint64_t start = range.start / PAGE_BYTES * PAGE_BYTES;

	return (struct range){start, layout_up(range_end(range), PAGE_BYTES) - start};
}

/* The board's memory but for what it reserves and for the file. */
void layout_free_memory(struct layout *layout)
{
	const struct board *board = &layout->system->board;
	struct range file = {board->load_pa, layout->file_end - board->load_pa};

	layout->free_count = 0u;
	for (uint32_t i = 0u; i < board->memory_count; i++) {
		uint64_t start = layout_up(board->memory[i].range.start, PAGE_BYTES);
		uint64_t end = range_end(board->memory[i].range) / PAGE_BYTES * PAGE_BYTES;

		if (end > start)
			layout_free_add(layout, (struct range){start, end - start});
	}
	for (uint32_t i = 0u; i < board->reserved_count; i++)
		layout_free_remove(layout, layout_whole_pages(board->reserved[i].range));
	layout_free_remove(layout, file);
	/* address 0 says "not found" here, and a null pointer elsewhere */
	layout_free_remove(layout, (struct range){0u, PAGE_BYTES});
}

/* Space for bytes at `alignment` within a free range; false when it does not fit there. */
static bool layout_fit(struct range free, uint64_t bytes, uint64_t alignment, uint64_t *pa)
{
	*pa = layout_up(free.start, alignment);
	return *pa >= free.start && *pa - free.start <= free.bytes &&
	       bytes <= range_end(free) - *pa;
}

static uint64_t layout_find(const struct layout *layout, uint64_t lowest, uint64_t bytes,
                            uint64_t alignment)
{
	uint64_t pa;

	for (uint32_t i = 0u; i < layout->free_count; i++) {
		struct range free = layout->free[i];

		if (range_end(free) <= lowest)
			continue;
		if (free.start < lowest) {
			free.bytes -= lowest - free.start;
			free.start = lowest;
		}
		if (layout_fit(free, bytes, alignment, &pa))
			return pa;
	}
	return 0u;
}

static void layout_lacks(struct layout *layout, struct place place, const char *owner,
                         const char *what, uint64_t bytes)
{
	layout->good = false;
	report("memory", place, "%s of %s needs %llu KiB that the board does not have left", what,
	       owner, (unsigned long long)(bytes / 1024u));
}

/* From the load address upward: EL2 sees its part at a fixed distance from there. */
uint64_t layout_take(struct layout *layout, const char *owner, const char *what, uint64_t bytes,
                     uint64_t alignment)
{
	struct system *system = layout->system;
	uint64_t pa = layout_find(layout, system->board.load_pa, bytes, alignment);
	struct range range = {pa, bytes};

	if (pa == 0u)
		pa = range.start = layout_find(layout, 0u, bytes, alignment);
	if (pa == 0u) {
		layout_lacks(layout, model_place(system, system->node, NULL), owner, what, bytes);
		return 0u;
	}
	layout_free_remove(layout, range);
	layout_region(layout, owner, what, range, false);
	return pa;
}

/* The free range with the most whole blocks: a piece for as much of `bytes` as it holds. */
static struct range layout_largest(const struct layout *layout, uint64_t bytes, uint64_t alignment)
{
	struct range best = {0u, 0u};

	for (uint32_t i = 0u; i < layout->free_count; i++) {
		struct range free = layout->free[i];
		uint64_t start = layout_up(free.start, alignment);
		uint64_t room = start < range_end(free) ? range_end(free) - start : 0u;

		room = room / alignment * alignment;
		if (room > best.bytes)
			best = (struct range){start, room};
	}
	if (best.bytes > bytes)
		best.bytes = bytes;
	return best;
}

static bool layout_piece(struct layout *layout, struct vm *vm, struct bank *bank, uint64_t bytes,
                         uint64_t alignment)
{
	struct range range = {layout_find(layout, 0u, bytes, alignment), bytes};

	if (range.start == 0u)
		range = layout_largest(layout, bytes, alignment);
	if (range.bytes == 0u || bank->piece_count == PIECE_MAX)
		return false;
	layout_free_remove(layout, range);
	layout_region(layout, vm->process->name, "guest RAM", range, false);
	bank->pieces[bank->piece_count++].range = range;
	return true;
}

/* ram-pieces asks for several: a block stays free between them, so that they are apart. */
static void layout_bank(struct layout *layout, struct vm *vm, struct bank *bank)
{
	uint64_t alignment = bank->ipa.start % BLOCK_BYTES == 0u && bank->ipa.bytes >= BLOCK_BYTES
	                             ? BLOCK_BYTES
	                             : PAGE_BYTES;
	uint64_t part = layout_up(bank->ipa.bytes / vm->ram_pieces, alignment);
	uint64_t left = bank->ipa.bytes;

	bank->piece_count = 0u;
	while (left != 0u) {
		uint64_t bytes = left < part ? left : part;
		struct range last;

		if (!layout_piece(layout, vm, bank, bytes, alignment)) {
			layout_lacks(layout, bank->place, vm->process->name, "guest RAM", left);
			return;
		}
		last = bank->pieces[bank->piece_count - 1u].range;
		left -= last.bytes;
		if (vm->ram_pieces > 1u)
			layout_free_remove(layout, (struct range){range_end(last), BLOCK_BYTES});
	}
}

/* The rules have looked at all but the file, which is not known to them. */
static void layout_placed_bank(struct layout *layout, const struct vm *vm, struct bank *bank)
{
	struct range range = {bank->pa, bank->ipa.bytes};

	for (uint32_t i = 0u; i < layout->free_count; i++) {
		if (!range_inside(range, layout->free[i]))
			continue;
		layout_free_remove(layout, range);
		layout_region(layout, vm->process->name, "guest RAM", range, false);
		bank->pieces[0].range = range;
		bank->piece_count = 1u;
		return;
	}
	layout->good = false;
	report("memory", bank->place, "RAM of %s at 0x%llx, %llu bytes, lies over the image",
	       vm->process->name, (unsigned long long)range.start, (unsigned long long)range.bytes);
}

void layout_placed_ram(struct layout *layout)
{
	for (uint32_t i = 0u; i < layout->system->vm_count; i++) {
		struct vm *vm = &layout->system->vms[i];

		for (uint32_t j = 0u; j < vm->bank_count; j++) {
			if (vm->banks[j].placed)
				layout_placed_bank(layout, vm, &vm->banks[j]);
		}
	}
}

void layout_guest_ram(struct layout *layout, struct vm *vm)
{
	for (uint32_t i = 0u; i < vm->bank_count; i++) {
		if (!vm->banks[i].placed)
			layout_bank(layout, vm, &vm->banks[i]);
	}
}
