/* SPDX-License-Identifier: Apache-2.0 */
/* The rule about devices of the board that are handed to a guest. See rules.h and pass.h. */
#include <libfdt.h>
#include <string.h>

#include "tool/pass.h"
#include "tool/report.h"
#include "tool/rules.h"

/* Register block `part` of the slot and of the device: of one size, at one place in their pages. */
static void rule_pass_reg(const char *name, const struct vm *vm, const struct device *device,
                          uint32_t part)
{
	const struct guest_device *slot = device->slot;
	struct range all = {PAGE_BYTES, GUEST_IPA_END - PAGE_BYTES};
	struct range physical = device->regs[part];
	struct range guest;

	if (!pass_slot_reg(device, part, &guest))
		return;
	if (guest.bytes != physical.bytes ||
	    guest.start % PAGE_BYTES != physical.start % PAGE_BYTES ||
	    !range_inside(rule_pages(guest), all))
		report(name, slot->place,
		       "%s of %s, 0x%llx, %llu bytes, cannot be %s, 0x%llx, %llu bytes (%s): the "
		       "same "
		       "size, at the same place in a page",
		       slot->name, vm->process->name, (unsigned long long)guest.start,
		       (unsigned long long)guest.bytes, device->name,
		       (unsigned long long)physical.start, (unsigned long long)physical.bytes,
		       source_position(device->place));
}

/* A second interrupt and further ones: rule guest-interrupt knows the first one of each device. */
static void rule_pass_interrupt(const char *name, const struct vm *vm, const struct device *device,
                                uint32_t part)
{
	const struct guest_device *slot = device->slot;
	struct tree_interrupt guest;
	struct tree_interrupt other;

	if (!pass_slot_interrupt(device, part, &guest))
		return;
	if (guest.edge != device->interrupts[part].edge)
		report(name, slot->place, "interrupt %u of %s in %s is %s, that of %s (%s) is not",
		       guest.intid, slot->name, vm->process->name,
		       guest.edge != 0u ? "an edge" : "a level", device->name,
		       source_position(device->place));
	for (uint32_t i = 0u; i < vm->device_count; i++) {
		for (uint32_t j = 0u;
		     part != 0u && tree_interrupt(vm->guest.fdt, vm->devices[i].node, j, &other);
		     j++) {
			if (other.intid == guest.intid && (&vm->devices[i] != slot || j < part))
				report(name, slot->place,
				       "interrupt %u of %s in %s is also one of %s (%s)",
				       guest.intid, slot->name, vm->process->name,
				       vm->devices[i].name, source_position(vm->devices[i].place));
		}
	}
}

/* Slot and device have as much of each, and one is what the other is. */
static void rule_pass_slot(const struct system *system, const char *name, const struct vm *vm,
                           const struct device *device)
{
	const struct guest_device *slot = device->slot;
	struct range reg;
	struct tree_interrupt interrupt;
	bool fits = false;
	const char *one;

	for (int i = 0;
	     (one = fdt_stringlist_get(vm->guest.fdt, slot->node, "compatible", i, NULL)) != NULL;
	     i++)
		fits = fits || tree_compatible(system->source.fdt, device->node, one);
	if (!fits)
		report(name, slot->place, "%s of %s is not compatible with %s (%s)", slot->name,
		       vm->process->name, device->name, source_position(device->place));
	if (pass_slot_reg(device, device->reg_count, &reg) ||
	    !pass_slot_reg(device, device->reg_count - 1u, &reg) ||
	    pass_slot_interrupt(device, device->interrupt_count, &interrupt) ||
	    (device->interrupt_count != 0u &&
	     !pass_slot_interrupt(device, device->interrupt_count - 1u, &interrupt)))
		report(name, slot->place,
		       "%s of %s has another number of addresses or interrupts than the %u and %u "
		       "of %s "
		       "(%s)",
		       slot->name, vm->process->name, device->reg_count, device->interrupt_count,
		       device->name, source_position(device->place));
	for (uint32_t i = 0u; i < device->reg_count; i++)
		rule_pass_reg(name, vm, device, i);
	for (uint32_t i = 0u; i < device->interrupt_count; i++)
		rule_pass_interrupt(name, vm, device, i);
}

/* Nothing that is copied leads out of what is copied. */
static void rule_pass_references(const struct system *system, const char *name, const struct vm *vm,
                                 const struct device *device)
{
	const void *fdt = system->source.fdt;
	struct pass_reference reference;
	int depth = 0;

	for (uint32_t i = 0u; pass_reference(system, device, i, &reference); i++) {
		if (reference.target < 0 || !pass_below(system, device, reference.target))
			report(name, model_place(system, reference.node, reference.property),
			       "%s of %s leads to %s, which %s (%s) does not get: state it in the "
			       "slot, "
			       "or drop it",
			       reference.property, fdt_get_name(fdt, reference.node, NULL),
			       reference.target < 0 ? "nothing" : tree_name(fdt, reference.target),
			       vm->process->name, source_position(device->place));
	}
	for (int node = fdt_next_node(fdt, device->node, &depth); node >= 0 && depth > 0;
	     node = fdt_next_node(fdt, node, &depth)) {
		struct tree_interrupt interrupt;

		if (tree_interrupt(fdt, node, 0u, &interrupt))
			report(name, model_place(system, node, "interrupts"),
			       "%s has an interrupt of its own, which %s (%s) does not get",
			       tree_name(fdt, node), vm->process->name,
			       source_position(device->place));
	}
}

/* What is said of a device beside its name. */
static void rule_pass_words(const struct system *system, const char *name,
                            const struct device *device)
{
	const void *fdt = system->source.fdt;
	int own = device->slot->backend_node;
	const char *word;

	if (device->slot->backend != NULL)
		report(name, model_place(system, own, "pass-through"),
		       "%s is either %s itself, or has a backend (%s)", device->slot->name,
		       device->name, source_position(model_place(system, own, "backend")));
	for (int i = 0; (word = fdt_stringlist_get(fdt, own, "drop", i, NULL)) != NULL; i++) {
		if (!tree_has(fdt, device->node, word))
			report(name, model_place(system, own, "drop"), "%s has no %s to drop (%s)",
			       device->name, word, source_position(device->place));
	}
}

void rule_pass_through(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		uint32_t interrupts = 0u;

		for (uint32_t j = 0u; j < vm->process->device_count; j++) {
			const struct device *device = &vm->process->devices[j];

			interrupts += device->interrupt_count;
			if (device->node < 0 || device->reg_count == 0u)
				continue; /* rule device has said so */
			rule_pass_words(system, name, device);
			rule_pass_slot(system, name, vm, device);
			rule_pass_references(system, name, vm, device);
		}
		if (interrupts > VM_PASSED_MAX)
			report(name, vm->place, "%s is handed %u interrupts, more than %u",
			       vm->process->name, interrupts, VM_PASSED_MAX);
	}
}
