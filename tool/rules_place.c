/* SPDX-License-Identifier: Apache-2.0 */
/* The rule about guest RAM whose physical place the description states. See rules.h. */
#include "tool/report.h"
#include "tool/rules.h"

/* RAM that is placed, against all banks before it. */
static void rule_place_apart(const struct system *system, const char *name, const struct vm *vm,
                             const struct bank *bank)
{
	struct range mine = {bank->pa, bank->ipa.bytes};

	for (uint32_t i = 0u; i <= vm->index; i++) {
		const struct vm *other = &system->vms[i];

		for (uint32_t j = 0u; j < other->bank_count && &other->banks[j] != bank; j++) {
			struct range yours = {other->banks[j].pa, other->banks[j].ipa.bytes};

			if (other->banks[j].placed && range_overlap(mine, yours))
				report(name, bank->place,
				       "RAM of %s at 0x%llx overlaps RAM of %s at 0x%llx (%s)",
				       vm->process->name, (unsigned long long)mine.start,
				       other->process->name, (unsigned long long)yours.start,
				       source_position(other->banks[j].place));
		}
	}
}

static void rule_place_bank(const struct system *system, const char *name, const struct vm *vm,
                            const struct bank *bank)
{
	const struct board *board = &system->board;
	struct range range = {bank->pa, bank->ipa.bytes};
	bool inside = false;

	for (uint32_t i = 0u; i < board->memory_count; i++)
		inside = inside || range_inside(range, board->memory[i].range);
	/* page 0 holds nothing: a null pointer points there */
	if (!inside || range.start % PAGE_BYTES != 0u || range.start == 0u)
		report(name, bank->place,
		       "RAM of %s, %llu bytes, cannot lie at 0x%llx: no whole pages of the board's "
		       "memory",
		       vm->process->name, (unsigned long long)range.bytes,
		       (unsigned long long)range.start);
	for (uint32_t i = 0u; i < board->reserved_count; i++) {
		if (range_overlap(range, rule_pages(board->reserved[i].range)))
			report(name, bank->place,
			       "RAM of %s at 0x%llx lies over %s, which the board reserves (%s)",
			       vm->process->name, (unsigned long long)range.start,
			       board->reserved[i].name, source_position(board->reserved[i].place));
	}
	if (range_overlap(range, (struct range){board->load_pa, IMAGE_MIN_BYTES}))
		report(name, bank->place, "RAM of %s at 0x%llx lies over the image at 0x%llx",
		       vm->process->name, (unsigned long long)range.start,
		       (unsigned long long)board->load_pa);
	rule_place_apart(system, name, vm, bank);
}

void rule_ram_place(const struct system *system, const char *name)
{
	const void *fdt = system->source.fdt;

	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		int node = vm->place.node;
		bool listed = tree_has(fdt, node, "ram-at");
		bool same = tree_has(fdt, node, "ram-one-to-one");

		if (!listed && !same)
			continue;
		if ((listed && same) || vm->ram_pieces != 1u)
			report(name, vm->place,
			       "ram-at, ram-one-to-one and ram-pieces of %s say different things",
			       vm->process->name);
		if (listed && tree_cell_count(fdt, node, "ram-at") != 2u * vm->bank_count)
			report(name, model_place(system, node, "ram-at"),
			       "ram-at of %s takes an address for each of its %u banks (tree: %s)",
			       vm->process->name, vm->bank_count, vm->guest.path);
		for (uint32_t j = 0u; j < vm->bank_count; j++)
			rule_place_bank(system, name, vm, &vm->banks[j]);
	}
}
