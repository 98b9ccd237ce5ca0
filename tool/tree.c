/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a compiled device tree; contract in tree.h. */
#include "tool/tree.h"

#include <libfdt.h>
#include <string.h>

#include "tool/arena.h"

#define PATH_BYTES 1024

const char *tree_name(const void *fdt, int node)
{
	int symbols = fdt_path_offset(fdt, "/__symbols__");
	char path[PATH_BYTES];
	int property;

	if (symbols >= 0 && fdt_get_path(fdt, node, path, sizeof(path)) == 0) {
		fdt_for_each_property_offset(property, fdt, symbols)
		{
			const char *name;
			const char *value = fdt_getprop_by_offset(fdt, property, &name, NULL);

			if (value != NULL && strcmp(value, path) == 0)
				return name;
		}
	}
	return fdt_get_name(fdt, node, NULL);
}

int tree_label(const void *fdt, const char *label)
{
	int symbols = fdt_path_offset(fdt, "/__symbols__");
	const char *path;

	if (symbols < 0)
		return -FDT_ERR_NOTFOUND;
	path = fdt_getprop(fdt, symbols, label, NULL);
	return path == NULL ? -FDT_ERR_NOTFOUND : fdt_path_offset(fdt, path);
}

int tree_reference(const void *fdt, int node, const char *property, uint32_t index)
{
	uint32_t phandle = tree_cell(fdt, node, property, index, 0u);

	return phandle == 0u ? -FDT_ERR_NOTFOUND : fdt_node_offset_by_phandle(fdt, phandle);
}

const char *tree_string(const void *fdt, int node, const char *property)
{
	int length;
	const char *text = fdt_getprop(fdt, node, property, &length);

	return text != NULL && length > 0 && text[length - 1] == '\0' ? text : NULL;
}

bool tree_has(const void *fdt, int node, const char *property)
{
	return fdt_getprop(fdt, node, property, NULL) != NULL;
}

bool tree_compatible(const void *fdt, int node, const char *compatible)
{
	return fdt_node_check_compatible(fdt, node, compatible) == 0;
}

bool tree_enabled(const void *fdt, int node)
{
	for (; node >= 0; node = fdt_parent_offset(fdt, node)) {
		const char *status = tree_string(fdt, node, "status");

		if (status != NULL && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0)
			return false;
	}
	return true;
}

uint32_t tree_cell_count(const void *fdt, int node, const char *property)
{
	int length;

	return fdt_getprop(fdt, node, property, &length) == NULL ? 0u : (uint32_t)length / 4u;
}

uint32_t tree_cell(const void *fdt, int node, const char *property, uint32_t index,
                   uint32_t otherwise)
{
	const uint8_t *data = fdt_getprop(fdt, node, property, NULL);

	if (data == NULL || index >= tree_cell_count(fdt, node, property))
		return otherwise;
	return fdt32_ld((const fdt32_t *)(const void *)(data + sizeof(fdt32_t) * index));
}

static uint64_t tree_cells(const void *fdt, int node, const char *property, uint32_t index,
                           uint32_t count)
{
	uint64_t value = 0u;

	/* libfdt says errors as numbers below 0: no number has so many cells */
	for (uint32_t i = 0u; i < count && i < FDT_MAX_NCELLS; i++)
		value = value << 32 | tree_cell(fdt, node, property, index + i, 0u);
	return value;
}

uint64_t tree_cell_pair(const void *fdt, int node, const char *property, uint32_t index)
{
	return tree_cells(fdt, node, property, index, 2u);
}

/* The address of a bus, seen from the bus above it, by the bus's ranges. */
static bool tree_translate(const void *fdt, int bus, struct range *range)
{
	int parent = fdt_parent_offset(fdt, bus);
	uint32_t child_cells = (uint32_t)fdt_address_cells(fdt, bus);
	uint32_t parent_cells = (uint32_t)fdt_address_cells(fdt, parent);
	uint32_t size_cells = (uint32_t)fdt_size_cells(fdt, bus);
	uint32_t step = child_cells + parent_cells + size_cells;
	uint32_t count = tree_cell_count(fdt, bus, "ranges");

	if (!tree_has(fdt, bus, "ranges"))
		return false;
	if (count == 0u)
		return true;
	for (uint32_t i = 0u; step != 0u && i + step <= count; i += step) {
		struct range window = {
			.start = tree_cells(fdt, bus, "ranges", i, child_cells),
			.bytes = tree_cells(fdt, bus, "ranges", i + child_cells + parent_cells,
		                            size_cells),
		};

		if (range_inside(*range, window)) {
			range->start +=
				tree_cells(fdt, bus, "ranges", i + child_cells, parent_cells);
			range->start -= window.start;
			return true;
		}
	}
	return false;
}

bool tree_reg(const void *fdt, int node, uint32_t index, struct range *out)
{
	int bus = fdt_parent_offset(fdt, node);
	uint32_t address_cells;
	uint32_t size_cells;
	uint32_t first;

	if (bus < 0 || fdt_address_cells(fdt, bus) < 0 || fdt_size_cells(fdt, bus) < 0)
		return false;
	address_cells = (uint32_t)fdt_address_cells(fdt, bus);
	size_cells = (uint32_t)fdt_size_cells(fdt, bus);
	first = index * (address_cells + size_cells);
	if (first + address_cells + size_cells > tree_cell_count(fdt, node, "reg"))
		return false;
	if (address_cells == 0u)
		return false;
	out->start = tree_cells(fdt, node, "reg", first, address_cells);
	out->bytes = tree_cells(fdt, node, "reg", first + address_cells, size_cells);
	for (; fdt_parent_offset(fdt, bus) >= 0; bus = fdt_parent_offset(fdt, bus)) {
		if (!tree_translate(fdt, bus, out))
			return false;
	}
	return true;
}

static int tree_interrupt_parent(const void *fdt, int node)
{
	for (; node >= 0; node = fdt_parent_offset(fdt, node)) {
		if (tree_has(fdt, node, "interrupt-parent"))
			return tree_reference(fdt, node, "interrupt-parent", 0u);
	}
	return -FDT_ERR_NOTFOUND;
}

static bool tree_gic_interrupt(const void *fdt, int node, const char *property, uint32_t first,
                               struct tree_interrupt *out)
{
	uint32_t kind = tree_cell(fdt, node, property, first, 2u);

	if (kind > 1u)
		return false;
	out->intid = (kind == 0u ? 32u : 16u) + tree_cell(fdt, node, property, first + 1u, 0u);
	out->edge = (tree_cell(fdt, node, property, first + 2u, 0u) & 3u) != 0u;
	return true;
}

static bool tree_extended_interrupt(const void *fdt, int node, uint32_t index,
                                    struct tree_interrupt *out)
{
	uint32_t at = 0u;

	for (uint32_t i = 0u; at < tree_cell_count(fdt, node, "interrupts-extended"); i++) {
		int parent = tree_reference(fdt, node, "interrupts-extended", at);
		uint32_t cells;

		if (parent < 0)
			return false;
		cells = tree_cell(fdt, parent, "#interrupt-cells", 0u, 0u);
		if (i == index)
			return cells >= 3u &&
			       tree_gic_interrupt(fdt, node, "interrupts-extended", at + 1u, out);
		at += 1u + cells;
	}
	return false;
}

bool tree_interrupt(const void *fdt, int node, uint32_t index, struct tree_interrupt *out)
{
	int parent;
	uint32_t cells;

	if (tree_has(fdt, node, "interrupts-extended"))
		return tree_extended_interrupt(fdt, node, index, out);
	parent = tree_interrupt_parent(fdt, node);
	if (parent < 0)
		return false;
	cells = tree_cell(fdt, parent, "#interrupt-cells", 0u, 0u);
	if (cells < 3u || (index + 1u) * cells > tree_cell_count(fdt, node, "interrupts"))
		return false;
	return tree_gic_interrupt(fdt, node, "interrupts", index * cells, out);
}

int tree_console(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = chosen < 0 ? NULL : tree_string(fdt, chosen, "stdout-path");

	if (path == NULL)
		return -FDT_ERR_NOTFOUND;
	return fdt_path_offset_namelen(fdt, path, (int)strcspn(path, ":"));
}
