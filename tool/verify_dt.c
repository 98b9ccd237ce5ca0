/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees; contract in verify_dt.h. */
#include "tool/verify_dt.h"

#include <libfdt.h>
#include <string.h>

#define SPI_FIRST 32u
#define PPI_FIRST 16u

bool dt_has(const void *fdt, int node, const char *name)
{
	return fdt_getprop(fdt, node, name, NULL) != NULL;
}

uint32_t dt_cells(const void *fdt, int node, const char *name)
{
	int length = 0;

	return fdt_getprop(fdt, node, name, &length) ? (uint32_t)length / 4 : 0;
}

uint32_t dt_cell(const void *fdt, int node, const char *name, uint32_t at, uint32_t otherwise)
{
	const uint8_t *data = fdt_getprop(fdt, node, name, NULL);

	if (at >= dt_cells(fdt, node, name))
		return otherwise;
	data += at * 4;
	return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

uint64_t dt_number(const void *fdt, int node, const char *name, uint32_t at, uint32_t cells)
{
	uint64_t value = 0;

	/* libfdt says errors as numbers below 0: no number has so many cells */
	for (uint32_t i = 0; i < cells && i < FDT_MAX_NCELLS; i++)
		value = value << 32 | dt_cell(fdt, node, name, at + i, 0);
	return value;
}

const char *dt_string(const void *fdt, int node, const char *name)
{
	int length = 0;
	const char *text = fdt_getprop(fdt, node, name, &length);

	return text && length > 0 && !text[length - 1] ? text : NULL;
}

bool dt_is(const void *fdt, int node, const char *compatible)
{
	return fdt_node_check_compatible(fdt, node, compatible) == 0;
}

bool dt_type(const void *fdt, int node, const char *type)
{
	const char *text = dt_string(fdt, node, "device_type");

	return text && strcmp(text, type) == 0;
}

bool dt_okay(const void *fdt, int node)
{
	const char *status = dt_string(fdt, node, "status");
	int parent = node > 0 ? fdt_parent_offset(fdt, node) : -1;

	if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0)
		return false;
	return parent < 0 || dt_okay(fdt, parent);
}

int dt_reference(const void *fdt, int node, const char *name, uint32_t at)
{
	uint32_t handle = dt_cell(fdt, node, name, at, 0);

	return handle ? fdt_node_offset_by_phandle(fdt, handle) : -FDT_ERR_NOTFOUND;
}

int dt_label(const void *fdt, const char *label)
{
	const char *path = dt_string(fdt, fdt_path_offset(fdt, "/__symbols__"), label);

	return path ? fdt_path_offset(fdt, path) : -FDT_ERR_NOTFOUND;
}

const char *dt_name(const void *fdt, int node)
{
	int symbols = fdt_path_offset(fdt, "/__symbols__");
	int property;

	if (symbols >= 0) {
		fdt_for_each_property_offset(property, fdt, symbols)
		{
			const char *label = NULL;
			const char *path = fdt_getprop_by_offset(fdt, property, &label, NULL);

			if (path && fdt_path_offset(fdt, path) == node)
				return label;
		}
	}
	return fdt_get_name(fdt, node, NULL);
}

/* An address of a bus as its parent bus sees it; an empty ranges is the identity. */
static bool to_parent(const void *fdt, int bus, struct want_range *range)
{
	int parent = fdt_parent_offset(fdt, bus);
	uint32_t own = (uint32_t)fdt_address_cells(fdt, bus);
	uint32_t up = (uint32_t)fdt_address_cells(fdt, parent);
	uint32_t size = (uint32_t)fdt_size_cells(fdt, bus);
	uint32_t cells = dt_cells(fdt, bus, "ranges");

	if (!dt_has(fdt, bus, "ranges"))
		return false;
	for (uint32_t at = 0; own + up + size && at + own + up + size <= cells;
	     at += own + up + size) {
		struct want_range window = {dt_number(fdt, bus, "ranges", at, own),
		                            dt_number(fdt, bus, "ranges", at + own + up, size)};

		if (!want_inside(*range, window))
			continue;
		range->start =
			range->start - window.start + dt_number(fdt, bus, "ranges", at + own, up);
		return true;
	}
	return cells == 0;
}

bool dt_reg(const void *fdt, int node, uint32_t index, struct want_range *out)
{
	int bus = fdt_parent_offset(fdt, node);
	int address = bus < 0 ? 0 : fdt_address_cells(fdt, bus);
	int size = bus < 0 ? 0 : fdt_size_cells(fdt, bus);
	uint32_t entry = (uint32_t)(address + size);

	if (address <= 0 || size < 0 || (index + 1) * entry > dt_cells(fdt, node, "reg"))
		return false;
	out->start = dt_number(fdt, node, "reg", index * entry, (uint32_t)address);
	out->bytes = dt_number(fdt, node, "reg", index * entry + (uint32_t)address, (uint32_t)size);
	for (; bus > 0; bus = fdt_parent_offset(fdt, bus))
		if (!to_parent(fdt, bus, out))
			return false;
	return true;
}

/* A GIC's three cells: 0 SPI or 1 PPI, its number, and how it triggers (bits 1:0 edge). */
static bool gic_cells(const void *fdt, int node, const char *name, uint32_t at,
                      struct want_interrupt *out)
{
	uint32_t kind = dt_cell(fdt, node, name, at, ~0u);

	if (kind > 1)
		return false;
	out->intid = (kind == 0 ? SPI_FIRST : PPI_FIRST) + dt_cell(fdt, node, name, at + 1, 0);
	out->edge = (dt_cell(fdt, node, name, at + 2, 0) & 3) != 0;
	return true;
}

static bool extended(const void *fdt, int node, uint32_t index, struct want_interrupt *out)
{
	static const char name[] = "interrupts-extended";

	for (uint32_t at = 0; at < dt_cells(fdt, node, name);) {
		int controller = dt_reference(fdt, node, name, at++);
		uint32_t cells =
			controller < 0 ? 0 : dt_cell(fdt, controller, "#interrupt-cells", 0, 0);

		if (controller < 0)
			return false;
		if (index-- == 0)
			return cells >= 3 && gic_cells(fdt, node, name, at, out);
		at += cells;
	}
	return false;
}

bool dt_interrupt(const void *fdt, int node, uint32_t index, struct want_interrupt *out)
{
	int controller = -1;
	uint32_t cells;

	if (dt_has(fdt, node, "interrupts-extended"))
		return extended(fdt, node, index, out);
	for (int at = node; at >= 0 && controller < 0; at = fdt_parent_offset(fdt, at))
		if (dt_has(fdt, at, "interrupt-parent"))
			controller = dt_reference(fdt, at, "interrupt-parent", 0);
	if (controller < 0)
		return false;
	cells = dt_cell(fdt, controller, "#interrupt-cells", 0, 0);
	if (cells < 3 || (index + 1) * cells > dt_cells(fdt, node, "interrupts"))
		return false;
	return gic_cells(fdt, node, "interrupts", index * cells, out);
}
