/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass-through: a device of the board that stands itself behind a node ("slot") of a guest's tree.
 * What the slot states stays; the rest of the board's node, with what is below it, comes into the
 * guest's tree. Called by the model, by the rules (read only) and by guest_tree.c.
 */
#ifndef BULKHEAD_TOOL_PASS_H
#define BULKHEAD_TOOL_PASS_H

#include "tool/model.h"

/* A cell of a property that names a node. */
struct pass_reference {
	int node; /* that has the property */
	const char *property;
	uint32_t offset; /* bytes from its start */
	int target;      /* the node that it names, or negative */
};

/* What comes into the slot: `top`, the node of the board itself, states some things of its own. */
bool pass_copies(const struct system *system, const struct device *device, int node,
                 const char *property);
/* Is the node the device's, or below it? */
bool pass_below(const struct system *system, const struct device *device, int node);
/* Reference `index` in what is copied; false: there are no more. */
bool pass_reference(const struct system *system, const struct device *device, uint32_t index,
                    struct pass_reference *out);
/* Register block or interrupt `part` as the slot states it. */
bool pass_slot_reg(const struct device *device, uint32_t part, struct range *out);
bool pass_slot_interrupt(const struct device *device, uint32_t part, struct tree_interrupt *out);
/* Puts the copy into a guest's tree that has room for it. */
void pass_copy(const struct system *system, const struct device *device, void *fdt);

#endif
