/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a compiled device tree: labels, addresses, interrupts (Devicetree Specification
 * v0.4, sections 2.3 and 2.4). Pure functions over a tree that does not change.
 */
#ifndef BULKHEAD_TOOL_TREE_H
#define BULKHEAD_TOOL_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t start;
	uint64_t bytes;
};

struct tree_interrupt {
	uint32_t intid; /* GIC: SPI n is 32 + n, PPI n is 16 + n */
	uint32_t edge;
};

static inline uint64_t range_end(struct range range)
{
	return range.start + range.bytes;
}

static inline bool range_overlap(struct range a, struct range b)
{
	return a.start < range_end(b) && b.start < range_end(a);
}

static inline bool range_inside(struct range inner, struct range outer)
{
	return inner.start >= outer.start && inner.bytes <= outer.bytes &&
	       inner.start - outer.start <= outer.bytes - inner.bytes;
}

/* The node's first label, else its name. */
const char *tree_name(const void *fdt, int node);
/* The node with this label, or negative. */
int tree_label(const void *fdt, const char *label);
/* The node that cell `index` of a property of phandles names, or negative. */
int tree_reference(const void *fdt, int node, const char *property, uint32_t index);
const char *tree_string(const void *fdt, int node, const char *property);
bool tree_has(const void *fdt, int node, const char *property);
bool tree_compatible(const void *fdt, int node, const char *compatible);
/* Enabled, and so are all nodes above it. */
bool tree_enabled(const void *fdt, int node);
uint32_t tree_cell_count(const void *fdt, int node, const char *property);
uint32_t tree_cell(const void *fdt, int node, const char *property, uint32_t index,
                   uint32_t otherwise);
/* Two cells from `index`. */
uint64_t tree_cell_pair(const void *fdt, int node, const char *property, uint32_t index);
/* Entry `index` of reg, as an address of the root's space. False: none, or no way up. */
bool tree_reg(const void *fdt, int node, uint32_t index, struct range *out);
bool tree_interrupt(const void *fdt, int node, uint32_t index, struct tree_interrupt *out);
/* The node that /chosen/stdout-path names, or negative. */
int tree_console(const void *fdt);

#endif
