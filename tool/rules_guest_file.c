/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about a guest's files and where they go in its memory. See rules.h. */
#include "tool/guest_memory.h"
#include "tool/report.h"
#include "tool/rules.h"

static bool rule_in_ram(const struct vm *vm, struct range range)
{
	for (uint32_t i = 0u; i < vm->bank_count; i++) {
		if (range_inside(range, vm->banks[i].ipa))
			return true;
	}
	return false;
}

static void rule_file_there(const char *name, const struct vm *vm, const struct guest_file *file)
{
	if (file->name != NULL && file->path == NULL)
		report(name, file->place,
		       "%s of %s is not there: neither beside the description nor in a folder of "
		       "-I",
		       file->name, vm->process->name);
	else if (file->name != NULL && file->bytes.size == 0u)
		report(name, file->place, "%s of %s is empty", file->path, vm->process->name);
}

void rule_guest_file(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		if (vm->kernel.name == NULL)
			report(name, vm->place, "%s names no kernel", vm->process->name);
		rule_file_there(name, vm, &vm->kernel);
		rule_file_there(name, vm, &vm->initrd);
	}
}

static void rule_kernel_range(const char *name, const struct vm *vm, struct range range)
{
	if (!rule_in_ram(vm, range))
		report(name, vm->kernel.place,
		       "%s of %s takes 0x%llx to 0x%llx, where the guest has no RAM (%s)",
		       vm->kernel.name, vm->process->name, (unsigned long long)range.start,
		       (unsigned long long)range_end(range),
		       vm->bank_count == 0u ? vm->guest.path : source_position(vm->banks[0].place));
}

void rule_kernel_address(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		if (!vm->board_good || vm->kernel.bytes.size == 0u || vm->bank_count == 0u)
			continue;
		if (vm->kernel_kind != KERNEL_ELF) {
			rule_kernel_range(name, vm, vm->kernel_range);
			continue;
		}
		if (vm->kernel_elf.segment_count == 0u)
			report(name, vm->kernel.place,
			       "%s of %s is no AArch64 ELF file that loads anything",
			       vm->kernel.path, vm->process->name);
		for (uint32_t j = 0u; j < vm->kernel_elf.segment_count; j++) {
			const struct elf_segment *segment = &vm->kernel_elf.segments[j];

			rule_kernel_range(name, vm,
			                  (struct range){segment->pa, segment->memory_bytes});
		}
	}
}

static bool rule_kernel_meets(const struct vm *vm, struct range range)
{
	if (vm->kernel_kind != KERNEL_ELF)
		return range_overlap(range, vm->kernel_range);
	for (uint32_t i = 0u; i < vm->kernel_elf.segment_count; i++) {
		const struct elf_segment *segment = &vm->kernel_elf.segments[i];

		if (range_overlap(range, (struct range){segment->pa, segment->memory_bytes}))
			return true;
	}
	return false;
}

static void rule_placed(const char *name, const struct vm *vm, const char *what, struct range range)
{
	if (!rule_in_ram(vm, range))
		report(name, vm->place,
		       "the %s of %s at 0x%llx (%llu bytes) is not in its RAM (%s)", what,
		       vm->process->name, (unsigned long long)range.start,
		       (unsigned long long)range.bytes, source_position(vm->banks[0].place));
	else if (rule_kernel_meets(vm, range))
		report(name, vm->place, "the %s of %s at 0x%llx (%llu bytes) meets its kernel (%s)",
		       what, vm->process->name, (unsigned long long)range.start,
		       (unsigned long long)range.bytes, source_position(vm->kernel.place));
}

void rule_guest_placement(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		struct range tree = {vm->tree.ipa, GUEST_TREE_ROOM};
		struct range initrd = {vm->initrd.ipa, vm->initrd.bytes.size};

		if (!vm->board_good || vm->kernel.bytes.size == 0u || vm->bank_count == 0u)
			continue;
		rule_placed(name, vm, "tree", tree);
		if (initrd.bytes == 0u)
			continue;
		rule_placed(name, vm, "initrd", initrd);
		if (range_overlap(tree, initrd))
			report(name, vm->place, "initrd and tree of %s meet at 0x%llx",
			       vm->process->name, (unsigned long long)initrd.start);
	}
}
