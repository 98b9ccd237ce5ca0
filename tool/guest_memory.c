/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of a guest's files; contract in guest_memory.h. */
#include "tool/guest_memory.h"

#include <string.h>

#define IMAGE_MAGIC_OFFSET 56u /* Linux, Documentation/arm64/booting.rst */
#define IMAGE_MAGIC_TEXT   "ARM\x64"
#define IMAGE_HEAD_BYTES   64u
#define RAW_OFFSET         0x80000ull   /* where QEMU's virt loads a raw kernel */
#define TREE_OFFSET_MAX    0x8000000ull /* 128 MiB */

static uint64_t guest_memory_field(const struct bytes *bytes, uint32_t offset)
{
	uint64_t value = 0u;

	for (uint32_t i = 8u; i-- != 0u;)
		value = value << 8 | bytes->data[offset + i];
	return value;
}

static uint64_t guest_memory_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1u) / alignment * alignment;
}

static bool guest_memory_is_image(const struct bytes *bytes)
{
	return bytes->size >= IMAGE_HEAD_BYTES &&
	       memcmp(bytes->data + IMAGE_MAGIC_OFFSET, IMAGE_MAGIC_TEXT, 4u) == 0;
}

static void guest_memory_elf(struct vm *vm)
{
	uint64_t start = UINT64_MAX;
	uint64_t end = 0u;

	if (!elf_parse(&vm->kernel.bytes, &vm->kernel_elf))
		return;
	for (uint32_t i = 0u; i < vm->kernel_elf.segment_count; i++) {
		const struct elf_segment *segment = &vm->kernel_elf.segments[i];
		uint64_t segment_end = segment->pa + segment->memory_bytes;

		start = segment->pa < start ? segment->pa : start;
		end = segment_end > end ? segment_end : end;
	}
	vm->kernel_range = (struct range){start, end - start};
}

static void guest_memory_kernel(const struct system *system, struct vm *vm, uint64_t base)
{
	const struct bytes *bytes = &vm->kernel.bytes;
	uint64_t offset = RAW_OFFSET;
	uint64_t size = bytes->size;

	vm->kernel_kind = KERNEL_RAW;
	if (elf_magic(bytes)) {
		vm->kernel_kind = KERNEL_ELF;
		guest_memory_elf(vm);
		return;
	}
	if (guest_memory_is_image(bytes)) {
		vm->kernel_kind = KERNEL_IMAGE;
		offset = guest_memory_field(bytes, 8u);
		if (guest_memory_field(bytes, 16u) > size)
			size = guest_memory_field(bytes, 16u);
	}
	vm->kernel_fixed = tree_has(system->source.fdt, vm->place.node, "kernel-address");
	vm->kernel.ipa = vm->kernel_fixed ? tree_cell_pair(system->source.fdt, vm->place.node,
	                                                   "kernel-address", 0u)
	                                  : base + offset;
	vm->entry = vm->kernel.ipa;
	vm->kernel_range = (struct range){vm->kernel.ipa, size};
}

static void guest_memory_tree(const struct system *system, struct vm *vm, struct range bank)
{
	struct range room = {bank.start, GUEST_TREE_ROOM};
	uint64_t offset = bank.bytes / 2u;

	vm->tree_fixed = tree_has(system->source.fdt, vm->place.node, "tree-address");
	if (vm->tree_fixed) {
		vm->tree.ipa =
			tree_cell_pair(system->source.fdt, vm->place.node, "tree-address", 0u);
		return;
	}
	vm->tree.ipa = bank.start;
	if (vm->kernel_kind != KERNEL_IMAGE && !range_overlap(room, vm->kernel_range))
		return;
	offset = offset > TREE_OFFSET_MAX ? TREE_OFFSET_MAX : offset;
	vm->tree.ipa = guest_memory_up(bank.start + offset, BLOCK_BYTES);
}

void guest_memory_place(const struct system *system, struct vm *vm)
{
	const void *fdt = system->source.fdt;
	struct range bank = {0u, 0u};

	if (vm->bank_count == 0u)
		return;
	bank = vm->banks[0].ipa;
	guest_memory_kernel(system, vm, bank.start);
	guest_memory_tree(system, vm, bank);
	if (tree_has(fdt, vm->place.node, "initrd-address"))
		vm->initrd.ipa = tree_cell_pair(fdt, vm->place.node, "initrd-address", 0u);
	else if (range_inside((struct range){vm->tree.ipa, 1u}, bank))
		vm->initrd.ipa = guest_memory_up(vm->tree.ipa + GUEST_TREE_ROOM, BLOCK_BYTES);
	else
		vm->initrd.ipa = guest_memory_up(range_end(vm->kernel_range), BLOCK_BYTES);
}
