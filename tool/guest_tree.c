/* SPDX-License-Identifier: Apache-2.0 */
/* Finished guest trees; contract in guest_tree.h. */
#include "tool/guest_tree.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool/arena.h"
#include "tool/guest_memory.h"
#include "tool/pass.h"

#define TREE_GROWTH 4096u
#define SEED_BYTES  64

/* libfdt fails here only for lack of room, and guest_tree_finish made room. */
static void guest_tree_must(int result)
{
	if (result < 0) {
		fprintf(stderr, "bhc: cannot finish a guest's tree: %s\n", fdt_strerror(result));
		exit(1);
	}
}

static int guest_tree_subnode(void *fdt, int parent, const char *name)
{
	int node = fdt_subnode_offset(fdt, parent, name);

	if (node < 0)
		node = fdt_add_subnode(fdt, parent, name);
	guest_tree_must(node);
	return node;
}

static bool guest_tree_delete_one(void *fdt)
{
	for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		const char *name = fdt_get_name(fdt, node, NULL);

		if (name != NULL && (name[0] != '_' || name[1] != '_') && tree_enabled(fdt, node))
			continue;
		guest_tree_must(fdt_del_node(fdt, node));
		return true;
	}
	return false;
}

/* Nodes are put in front of their siblings, so the last CPU comes first. */
static void guest_tree_add_cpus(void *fdt, uint32_t count)
{
	int cpus = guest_tree_subnode(fdt, 0, "cpus");

	if (fdt_first_subnode(fdt, cpus) >= 0)
		return;
	guest_tree_must(fdt_setprop_u32(fdt, cpus, "#size-cells", 0u));
	guest_tree_must(fdt_setprop_u32(fdt, cpus, "#address-cells", 1u));
	for (uint32_t i = count; i-- != 0u;) {
		int cpu = guest_tree_subnode(fdt, cpus, arena_format("cpu@%x", i));

		guest_tree_must(fdt_setprop_u32(fdt, cpu, "reg", i));
		guest_tree_must(fdt_setprop_string(fdt, cpu, "enable-method", "psci"));
		guest_tree_must(fdt_setprop_string(fdt, cpu, "compatible", "arm,armv8"));
		guest_tree_must(fdt_setprop_string(fdt, cpu, "device_type", "cpu"));
	}
}

static void guest_tree_add_chosen(void *fdt, const struct vm *vm)
{
	static const uint8_t seed[SEED_BYTES];
	int chosen = guest_tree_subnode(fdt, 0, "chosen");

	guest_tree_must(fdt_setprop(fdt, chosen, "rng-seed", seed, SEED_BYTES));
	if (vm->initrd.path == NULL)
		return;
	guest_tree_must(fdt_setprop_u64(fdt, chosen, "linux,initrd-start", vm->initrd.ipa));
	guest_tree_must(fdt_setprop_u64(fdt, chosen, "linux,initrd-end",
	                                vm->initrd.ipa + vm->initrd.bytes.size));
}

void guest_tree_finish(const struct system *system, struct vm *vm)
{
	int room = (int)(fdt_totalsize(vm->guest.fdt) + fdt_totalsize(system->source.fdt) +
	                 TREE_GROWTH);
	void *fdt = arena_alloc((size_t)room);
	const uint8_t *seed;

	guest_tree_must(fdt_open_into(vm->guest.fdt, fdt, room));
	while (guest_tree_delete_one(fdt))
		continue;
	for (uint32_t i = 0u; i < vm->process->device_count; i++)
		pass_copy(system, &vm->process->devices[i], fdt);
	guest_tree_add_cpus(fdt, vm->process->thread_count);
	guest_tree_add_chosen(fdt, vm);
	guest_tree_must(fdt_pack(fdt));
	seed = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", NULL);
	vm->seed_offset = (uint64_t)(seed - (const uint8_t *)fdt);
	vm->tree.name = vm->board_name;
	vm->tree.path = vm->guest.path;
	vm->tree.bytes = (struct bytes){fdt, fdt_totalsize(fdt)};
}
