/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a guest's kernel, initrd and tree go for the guest, and what its finished tree is
 * (docs/system-description.md: the table of kinds of kernel, "A guest's tree"). Contract:
 * verify_want.h.
 */
#include "tool/verify_want.h"

#include <libfdt.h>
#include <string.h>

#define IMAGE_HEAD_BYTES   64u /* Linux, Documentation/arm64/booting.rst */
#define IMAGE_TEXT_OFFSET  8u
#define IMAGE_SIZE         16u
#define IMAGE_MAGIC_OFFSET 56u
#define RAW_OFFSET         0x80000ull
#define TREE_ROOM          0x10000ull
#define TREE_OFFSET        0x8000000ull
#define TREE_GROWTH        4096u
#define SEED_BYTES         64

/* The guest memory that the kernel takes; sets how it is started. */
static struct want_range place_kernel(const struct want *w, struct want_vm *vm, int node)
{
	const struct want_bytes *file = &vm->kernel.content;
	struct want_range taken = {vm->banks[0].ipa.start + RAW_OFFSET, file->bytes};
	uint64_t head[2];

	vm->kernel_kind = KERNEL_RAW;
	if (want_is_elf(file)) {
		struct want_elf elf;
		uint64_t end = 0;

		vm->kernel_kind = KERNEL_ELF;
		if (!want_elf_read(file, &elf))
			return (struct want_range){0, 0};
		taken.start = UINT64_MAX;
		for (uint32_t i = 0; i < elf.segment_count; i++) {
			uint64_t last = elf.segments[i].pa + elf.segments[i].bytes;

			if (elf.segments[i].pa < taken.start)
				taken.start = elf.segments[i].pa;
			end = last > end ? last : end;
		}
		return (struct want_range){taken.start, end - taken.start};
	}
	if (file->bytes >= IMAGE_HEAD_BYTES &&
	    memcmp(file->data + IMAGE_MAGIC_OFFSET, "ARM\x64", 4) == 0) {
		vm->kernel_kind = KERNEL_IMAGE;
		memcpy(head, file->data + IMAGE_TEXT_OFFSET, sizeof(head));
		taken.start = vm->banks[0].ipa.start + head[0];
		taken.bytes = head[1] > file->bytes ? head[1] : file->bytes;
	}
	if (dt_has(w->fdt, node, "kernel-address"))
		taken.start = dt_number(w->fdt, node, "kernel-address", 0, 2);
	vm->kernel.ipa = vm->entry = taken.start;
	return taken;
}

static void place_tree(const struct want *w, struct want_vm *vm, int node, struct want_range kernel)
{
	struct want_range bank = vm->banks[0].ipa;
	uint64_t offset = bank.bytes / 2 < TREE_OFFSET ? bank.bytes / 2 : TREE_OFFSET;

	if (dt_has(w->fdt, node, "tree-address"))
		vm->tree.ipa = dt_number(w->fdt, node, "tree-address", 0, 2);
	else if (vm->kernel_kind == KERNEL_IMAGE ||
	         want_meet((struct want_range){bank.start, TREE_ROOM}, kernel))
		vm->tree.ipa = want_up(bank.start + offset, BLOCK_BYTES);
	else
		vm->tree.ipa = bank.start;
}

static void place_initrd(const struct want *w, struct want_vm *vm, int node,
                         struct want_range kernel)
{
	if (dt_has(w->fdt, node, "initrd-address"))
		vm->initrd.ipa = dt_number(w->fdt, node, "initrd-address", 0, 2);
	else if (want_inside((struct want_range){vm->tree.ipa, 1}, vm->banks[0].ipa))
		vm->initrd.ipa = want_up(vm->tree.ipa + TREE_ROOM, BLOCK_BYTES);
	else
		vm->initrd.ipa = want_up(kernel.start + kernel.bytes, BLOCK_BYTES);
}

/* Disabled nodes and the nodes of labels are not for the guest. */
static void prune(void *fdt)
{
	int node = 0;

	while (node >= 0) {
		const char *name = fdt_get_name(fdt, node, NULL);

		if (name && strncmp(name, "__", 2) != 0 && dt_okay(fdt, node))
			node = fdt_next_node(fdt, node, NULL);
		else
			node = fdt_del_node(fdt, node) == 0 ? 0 : -1;
	}
}

static int add_cpus(void *fdt, uint32_t count)
{
	int cpus = fdt_path_offset(fdt, "/cpus");
	int bad = 0;

	if (cpus < 0)
		cpus = fdt_add_subnode(fdt, 0, "cpus");
	if (cpus < 0 || fdt_first_subnode(fdt, cpus) >= 0)
		return cpus < 0;
	bad |= fdt_setprop_u32(fdt, cpus, "#size-cells", 0);
	bad |= fdt_setprop_u32(fdt, cpus, "#address-cells", 1);
	for (uint32_t i = count; i-- > 0;) {
		char name[16];
		int cpu;

		snprintf(name, sizeof(name), "cpu@%x", i);
		cpu = fdt_add_subnode(fdt, cpus, name);
		bad |= fdt_setprop_u32(fdt, cpu, "reg", i);
		bad |= fdt_setprop_string(fdt, cpu, "enable-method", "psci");
		bad |= fdt_setprop_string(fdt, cpu, "compatible", "arm,armv8");
		bad |= fdt_setprop_string(fdt, cpu, "device_type", "cpu");
	}
	return bad;
}

static int add_chosen(void *fdt, const struct want_vm *vm)
{
	static const uint8_t seed[SEED_BYTES];
	int chosen = fdt_path_offset(fdt, "/chosen");
	uint64_t start = vm->initrd.ipa;
	int bad = 0;

	if (chosen < 0)
		chosen = fdt_add_subnode(fdt, 0, "chosen");
	bad |= fdt_setprop(fdt, chosen, "rng-seed", seed, SEED_BYTES);
	if (vm->initrd.content.data) {
		bad |= fdt_setprop_u64(fdt, chosen, "linux,initrd-start", start);
		bad |= fdt_setprop_u64(fdt, chosen, "linux,initrd-end",
		                       start + vm->initrd.content.bytes);
	}
	return bad;
}

static void finish_tree(struct want *w, struct want_vm *vm)
{
	uint64_t room = fdt_totalsize(vm->fdt) + fdt_totalsize(w->fdt) + TREE_GROWTH;
	uint8_t *fdt = want_alloc(w, 1, room);
	const uint8_t *seed = NULL;

	if (fdt_open_into(vm->fdt, fdt, (int)room) == 0) {
		prune(fdt);
		want_pass_copy(w, vm, fdt);
		if (add_cpus(fdt, w->processes[vm->process].thread_count) == 0 &&
		    add_chosen(fdt, vm) == 0 && fdt_pack(fdt) == 0)
			seed = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", NULL);
	}
	if (!seed) {
		want_stop(w, "the tree of %s cannot be finished", w->processes[vm->process].name);
		return;
	}
	vm->seed_offset = (uint64_t)(seed - fdt);
	vm->tree.content = (struct want_bytes){fdt, fdt_totalsize(fdt)};
}

void want_guest_files(struct want *w, struct want_vm *vm)
{
	int node = w->processes[vm->process].node;
	struct want_range kernel = place_kernel(w, vm, node);

	place_tree(w, vm, node, kernel);
	place_initrd(w, vm, node, kernel);
	finish_tree(w, vm);
}
