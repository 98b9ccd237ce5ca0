/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading compiled device trees for bhc-verify (Devicetree Specification v0.4, 2.3 and 2.4):
 * pure functions over a tree that libfdt has found to be well formed. A node that is not there
 * is negative and has no properties. Host code.
 */
#ifndef BULKHEAD_TOOL_VERIFY_DT_H
#define BULKHEAD_TOOL_VERIFY_DT_H

#include <stdbool.h>
#include <stdint.h>

struct want_range {
	uint64_t start;
	uint64_t bytes;
};

struct want_interrupt {
	uint32_t intid;
	uint32_t edge;
};

static inline uint64_t want_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static inline bool want_meet(struct want_range a, struct want_range b)
{
	return a.start < b.start + b.bytes && b.start < a.start + a.bytes;
}

static inline bool want_inside(struct want_range a, struct want_range b)
{
	return a.start >= b.start && a.bytes <= b.bytes && a.start - b.start <= b.bytes - a.bytes;
}

bool dt_has(const void *fdt, int node, const char *name);
uint32_t dt_cells(const void *fdt, int node, const char *name);
uint32_t dt_cell(const void *fdt, int node, const char *name, uint32_t at, uint32_t otherwise);
uint64_t dt_number(const void *fdt, int node, const char *name, uint32_t at, uint32_t cells);
const char *dt_string(const void *fdt, int node, const char *name);
bool dt_is(const void *fdt, int node, const char *compatible);
bool dt_type(const void *fdt, int node, const char *type);
/* Neither the node nor one above it has another status than okay. */
bool dt_okay(const void *fdt, int node);
int dt_reference(const void *fdt, int node, const char *name, uint32_t at);
int dt_label(const void *fdt, const char *label);
/* The first label of a node, else its name. */
const char *dt_name(const void *fdt, int node);
/* Entry `index` of reg as the root sees it; false: none, or no way up. */
bool dt_reg(const void *fdt, int node, uint32_t index, struct want_range *out);
bool dt_interrupt(const void *fdt, int node, uint32_t index, struct want_interrupt *out);

#endif
