/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what pass-through copies; contract in pass.h. References are where dtc says: it lists them
 * in /__local_fixups__ of a plugin, and the description is compiled as one for that (source.c).
 */
#include "tool/pass.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 1024

/* Addresses and interrupts are the slot's, status is okay; phandles are given out anew. */
static bool pass_own(const char *property)
{
	static const char *const own[] = {
		"reg",    "interrupts", "interrupts-extended", "interrupt-parent",
		"status", "phandle"};

	for (uint32_t i = 0u; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcmp(property, own[i]) == 0)
			return true;
	}
	return false;
}

bool pass_copies(const struct system *system, const struct device *device, int node,
                 const char *property)
{
	const void *fdt = system->source.fdt;
	int length = 0;
	const char *dropped = fdt_getprop(fdt, device->slot->backend_node, "drop", &length);

	if (strcmp(property, "phandle") == 0)
		return false;
	if (node != device->node)
		return true;
	return !pass_own(property) &&
	       !tree_has(device->slot->place.source->fdt, device->slot->node, property) &&
	       (dropped == NULL || !fdt_stringlist_contains(dropped, length, property));
}

bool pass_below(const struct system *system, const struct device *device, int node)
{
	while (node > 0 && node != device->node)
		node = fdt_parent_offset(system->source.fdt, node);
	return node == device->node;
}

/* The cells of one property that are references, as /__local_fixups__ has them. */
static bool pass_fixup(const struct source *source, const char *path, const char *property,
                       uint32_t index, uint32_t *offset)
{
	char name[PATH_BYTES + 32];
	int node;

	snprintf(name, sizeof(name), "/__local_fixups__%s", path);
	node = fdt_path_offset(source->references, name);
	if (index >= tree_cell_count(source->references, node, property))
		return false;
	*offset = tree_cell(source->references, node, property, index, 0u);
	return true;
}

/* The same of all properties of a node that are copied; *index counts down. */
static bool pass_node_reference(const struct system *system, const struct device *device, int node,
                                uint32_t *index, struct pass_reference *out)
{
	const void *fdt = system->source.fdt;
	char path[PATH_BYTES];
	int property;

	if (fdt_get_path(fdt, node, path, sizeof(path)) != 0)
		return false;
	fdt_for_each_property_offset(property, fdt, node)
	{
		const char *name;
		uint32_t offset;

		fdt_getprop_by_offset(fdt, property, &name, NULL);
		for (uint32_t i = 0u; pass_copies(system, device, node, name) &&
		                      pass_fixup(&system->source, path, name, i, &offset);
		     i++) {
			if ((*index)-- != 0u)
				continue;
			*out = (struct pass_reference){node, name, offset, -1};
			out->target = tree_reference(fdt, node, name, offset / 4u);
			return true;
		}
	}
	return false;
}

bool pass_reference(const struct system *system, const struct device *device, uint32_t index,
                    struct pass_reference *out)
{
	const void *fdt = system->source.fdt;
	int depth = 0;

	if (system->source.references == NULL)
		return false;
	for (int node = device->node; node >= 0 && depth >= 0;
	     node = fdt_next_node(fdt, node, &depth)) {
		if (pass_below(system, device, node) &&
		    pass_node_reference(system, device, node, &index, out))
			return true;
	}
	return false;
}

bool pass_slot_reg(const struct device *device, uint32_t part, struct range *out)
{
	return tree_reg(device->slot->place.source->fdt, device->slot->node, part, out);
}

bool pass_slot_interrupt(const struct device *device, uint32_t part, struct tree_interrupt *out)
{
	return tree_interrupt(device->slot->place.source->fdt, device->slot->node, part, out);
}
