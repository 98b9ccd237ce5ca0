/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board's node copied into a guest's tree; contract in pass.h. Each property and each node is put in
 * front of those that are there, so what comes last in the board's tree is put first. docs/image.md
 * says the same, for a second compiler.
 */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/arena.h"
#include "tool/pass.h"

#define NODE_MAX 512u

/* Old and new phandles of the nodes that are copied, in the order of the board's tree. */
struct renumber {
	uint32_t from[NODE_MAX];
	uint32_t to[NODE_MAX];
	uint32_t count;
};

static void pass_must(int result)
{
	if (result < 0) {
		fprintf(stderr, "bhc: cannot copy a device into a guest's tree: %s\n",
		        fdt_strerror(result));
		exit(1);
	}
}

/* The first is the slot's own phandle, if it has one. */
static void pass_renumber(const struct system *system, const struct device *device, void *fdt,
                          int slot, struct renumber *out)
{
	const void *from = system->source.fdt;
	uint32_t last = 0u;
	int depth = 0;

	pass_must(fdt_find_max_phandle(fdt, &last));
	for (int node = device->node; node >= 0 && depth >= 0;
	     node = fdt_next_node(from, node, &depth)) {
		uint32_t phandle = fdt_get_phandle(from, node);
		uint32_t own = node == device->node ? fdt_get_phandle(fdt, slot) : 0u;

		if (phandle == 0u || !pass_below(system, device, node) || out->count == NODE_MAX)
			continue;
		out->from[out->count] = phandle;
		out->to[out->count++] = own != 0u ? own : ++last;
	}
}

static uint32_t pass_number(const struct renumber *numbers, uint32_t phandle)
{
	for (uint32_t i = 0u; i < numbers->count; i++) {
		if (numbers->from[i] == phandle)
			return numbers->to[i];
	}
	return phandle;
}

/* The value of a property, with its references as they are in the guest's tree. */
static void pass_property(const struct system *system, const struct device *device, int node,
                          const struct renumber *numbers, void *fdt, int to, int property)
{
	struct pass_reference reference;
	const char *name;
	int length;
	const void *value = fdt_getprop_by_offset(system->source.fdt, property, &name, &length);
	uint8_t *copy = arena_alloc((size_t)length + 1u);

	memcpy(copy, value, (size_t)length);
	for (uint32_t i = 0u; pass_reference(system, device, i, &reference); i++) {
		if (reference.node != node || strcmp(reference.property, name) != 0)
			continue;
		fdt32_st(copy + reference.offset,
		         pass_number(numbers, tree_cell(system->source.fdt, node, name,
		                                        reference.offset / 4u, 0u)));
	}
	pass_must(fdt_setprop(fdt, to, name, copy, length));
}

static void pass_node(const struct system *system, const struct device *device, int node,
                      const struct renumber *numbers, void *fdt, int to)
{
	const void *from = system->source.fdt;
	uint32_t phandle = fdt_get_phandle(from, node);
	int list[NODE_MAX];
	uint32_t count = 0u;
	int at;

	fdt_for_each_property_offset(at, from, node)
	{
		const char *name;

		fdt_getprop_by_offset(from, at, &name, NULL);
		if (count < NODE_MAX && pass_copies(system, device, node, name))
			list[count++] = at;
	}
	while (count != 0u)
		pass_property(system, device, node, numbers, fdt, to, list[--count]);
	if (phandle != 0u)
		pass_must(fdt_setprop_u32(fdt, to, "phandle", pass_number(numbers, phandle)));
	fdt_for_each_subnode(at, from, node)
	{
		if (count < NODE_MAX)
			list[count++] = at;
	}
	while (count != 0u) {
		int child = list[--count];
		int made = fdt_add_subnode(fdt, to, fdt_get_name(from, child, NULL));

		pass_must(made);
		pass_node(system, device, child, numbers, fdt, made);
	}
}

void pass_copy(const struct system *system, const struct device *device, void *fdt)
{
	struct renumber *numbers = arena_alloc(sizeof(*numbers));
	char path[1024];
	int slot;

	pass_must(fdt_get_path(device->slot->place.source->fdt, device->slot->node, path,
	                       sizeof(path)));
	slot = fdt_path_offset(fdt, path);
	pass_must(slot);
	pass_renumber(system, device, fdt, slot, numbers);
	pass_node(system, device, device->node, numbers, fdt, slot);
}
