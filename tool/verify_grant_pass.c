/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of the board that a description hands to guests (docs/system-description.md, "Pass-through"):
 * which, where the guest has them, and how the board's node comes into the guest's tree (docs/image.md,
 * "The info pages", at its end). Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 1024
#define NODES      512u

/* One copy in the making. */
struct copy {
	struct want *w;
	const struct want_passed *passed;
	uint8_t *to;
	int top;
	uint32_t old[NODES];
	uint32_t new[NODES];
	uint32_t count;
};

void want_pass(struct want *w, struct want_vm *vm, uint32_t device, int node)
{
	struct want_passed *passed = &vm->passed[vm->passed_count];
	int board = dt_reference(w->fdt, node, "pass-through", 0);
	struct want_device *physical = &passed->physical;
	int slot = vm->devices[device].node;

	if (board < 0 || vm->passed_count == WANT_DEVICES) {
		want_stop(w, "%s: a device that is not there, or too many",
		          w->processes[vm->process].name);
		return;
	}
	if (!w->references)
		w->references = want_compile_plugin(w, w->options->system);
	vm->passed_count++;
	vm->devices[device].passed = vm->passed_count;
	passed->slot = slot;
	passed->node = node;
	physical->node = board;
	want_device_parts(w->fdt, physical, WANT_PARTS);
	for (uint32_t i = 0; i < physical->reg_count; i++)
		if (!dt_reg(vm->fdt, slot, i, &passed->regs[i]))
			want_stop(w, "%s has fewer addresses in its slot", physical->name);
	for (uint32_t i = 0; i < physical->interrupt_count; i++)
		if (!dt_interrupt(vm->fdt, slot, i, &passed->interrupts[i]))
			want_stop(w, "%s has fewer interrupts in its slot", physical->name);
}

static bool listed(const char *list, int bytes, const char *word)
{
	for (int at = 0; at < bytes; at += (int)strlen(list + at) + 1)
		if (strcmp(list + at, word) == 0)
			return true;
	return false;
}

/* Is a property of the board's tree one of the copy? */
static bool comes(const struct copy *c, int from, const char *name)
{
	static const char own[] = "reg\0interrupts\0interrupts-extended\0interrupt-parent\0status";
	int bytes = 0;
	const char *dropped = fdt_getprop(c->w->fdt, c->passed->node, "drop", &bytes);

	if (strcmp(name, "phandle") == 0)
		return false;
	return from != c->passed->physical.node ||
	       (!listed(own, sizeof(own), name) && !fdt_getprop(c->to, c->top, name, NULL) &&
	        !(dropped && listed(dropped, bytes, name)));
}

static uint32_t renumbered(const struct copy *c, uint32_t phandle)
{
	for (uint32_t i = 0; i < c->count; i++)
		if (c->old[i] == phandle)
			return c->new[i];
	want_stop(c->w, "%s leads to a node that its guest does not get", c->passed->physical.name);
	return 0;
}

/* The references of a property get their new numbers: the cells that dtc lists as fixups. */
static void repoint(struct copy *c, int from, const char *name, uint8_t *value, uint32_t bytes)
{
	char path[PATH_BYTES];
	char fixup[PATH_BYTES + 32];
	int node;

	if (fdt_get_path(c->w->fdt, from, path, sizeof(path)) != 0)
		return;
	snprintf(fixup, sizeof(fixup), "/__local_fixups__%s", path);
	node = fdt_path_offset(c->w->references, fixup);
	for (uint32_t i = 0; i < dt_cells(c->w->references, node, name); i++) {
		uint32_t at = dt_cell(c->w->references, node, name, i, 0);

		if (at + 4 > bytes)
			continue;
		fdt32_st(value + at,
		         renumbered(c, fdt32_ld((const fdt32_t *)(const void *)(value + at))));
	}
}

static void copy_property(struct copy *c, int from, int property, int to)
{
	const char *name = NULL;
	int bytes = 0;
	const void *have = fdt_getprop_by_offset(c->w->fdt, property, &name, &bytes);
	uint8_t *value = want_alloc(c->w, 1, (size_t)bytes + 8);

	memcpy(value, have, (size_t)bytes);
	repoint(c, from, name, value, (uint32_t)bytes);
	if (fdt_setprop(c->to, to, name, value, bytes) != 0)
		want_stop(c->w, "no room for %s", c->passed->physical.name);
}

/* The last one first: libfdt puts each in front of the others. */
static void copy_node(struct copy *c, int from, int to)
{
	uint32_t phandle = fdt_get_phandle(c->w->fdt, from);
	int items[NODES];
	uint32_t count = 0;
	int at;

	fdt_for_each_property_offset(at, c->w->fdt, from)
	{
		const char *name = NULL;

		fdt_getprop_by_offset(c->w->fdt, at, &name, NULL);
		if (count < NODES && comes(c, from, name))
			items[count++] = at;
	}
	while (count > 0)
		copy_property(c, from, items[--count], to);
	if (phandle && fdt_setprop_u32(c->to, to, "phandle", renumbered(c, phandle)) != 0)
		want_stop(c->w, "no room for %s", c->passed->physical.name);
	fdt_for_each_subnode(at, c->w->fdt, from)
	{
		if (count < NODES)
			items[count++] = at;
	}
	while (count > 0 && !c->w->failures) {
		int child = items[--count];

		at = fdt_add_subnode(c->to, to, fdt_get_name(c->w->fdt, child, NULL));
		if (at < 0)
			want_stop(c->w, "no room for %s", c->passed->physical.name);
		else
			copy_node(c, child, at);
	}
}

/* Each phandle of the copy gets the next number, but the slot keeps one that it has. */
static void give_numbers(struct copy *c)
{
	uint32_t next = 0;
	int depth = 0;

	if (fdt_find_max_phandle(c->to, &next) != 0)
		want_stop(c->w, "a tree without phandles that can be counted");
	for (int node = c->passed->physical.node; node >= 0;
	     node = fdt_next_node(c->w->fdt, node, &depth)) {
		uint32_t phandle = fdt_get_phandle(c->w->fdt, node);
		uint32_t kept = fdt_get_phandle(c->to, c->top);

		if (depth <= 0 && node != c->passed->physical.node)
			break;
		if (!phandle || c->count == NODES)
			continue;
		c->old[c->count] = phandle;
		c->new[c->count++] = node == c->passed->physical.node &&kept ? kept : ++next;
	}
}

void want_pass_copy(struct want *w, const struct want_vm *vm, uint8_t *fdt)
{
	for (uint32_t i = 0; i < vm->passed_count && !w->failures; i++) {
		struct copy *c = want_alloc(w, 1, sizeof(*c));
		char path[PATH_BYTES];

		*c = (struct copy){.w = w, .passed = &vm->passed[i], .to = fdt, .top = -1};
		if (fdt_get_path(vm->fdt, vm->passed[i].slot, path, sizeof(path)) == 0)
			c->top = fdt_path_offset(fdt, path);
		if (c->top < 0) {
			want_stop(w, "%s has no slot", vm->passed[i].physical.name);
			return;
		}
		give_numbers(c);
		copy_node(c, c->passed->physical.node, c->top);
	}
}
