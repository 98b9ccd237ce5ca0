/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about what a guest finds: its tree, its RAM and its devices. See rules.h. */
#include <libfdt.h>
#include <string.h>

#include "tool/pass.h"
#include "tool/report.h"
#include "tool/rules.h"

#define GICD_BYTES    0x10000ull
#define GICR_BYTES    0x20000ull
#define COMPONENT_MAX (BANK_MAX + GUEST_DEVICE_MAX + DEVICE_MAX * DEVICE_PART_MAX + 2u)

/* Something at an address of a guest. */
struct component {
	const char *name;
	struct range range;
	struct place place;
	uint64_t distance; /* of a device that was handed to it: to the physical address; else 0 */
	bool passed;
};

void rule_guest_tree(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		struct place place = model_place(system, vm->place.node, "board");

		if (vm->board_name == NULL)
			report(name, vm->place, "%s names no board", vm->process->name);
		else if (!vm->board_good)
			report(name, place, "the tree of %s, %s, is not there or does not compile",
			       vm->process->name, vm->board_name);
	}
}

static bool rule_has_psci(const void *guest)
{
	return fdt_node_offset_by_compatible(guest, -1, "arm,psci-1.0") >= 0 ||
	       fdt_node_offset_by_compatible(guest, -1, "arm,psci-0.2") >= 0;
}

void rule_guest_gic(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		uint32_t vcpus = vm->process->thread_count;
		struct range gicd;
		struct range gicr;

		if (!vm->board_good)
			continue;
		if (vm->gic.node < 0 || !tree_reg(vm->guest.fdt, vm->gic.node, 0u, &gicd) ||
		    !tree_reg(vm->guest.fdt, vm->gic.node, 1u, &gicr)) {
			report(name, (struct place){&vm->guest, 0, NULL},
			       "%s (%s) finds no arm,gic-v3 in its tree", vm->process->name,
			       source_position(vm->place));
			continue;
		}
		if (gicd.bytes < GICD_BYTES || gicr.bytes < vcpus * GICR_BYTES)
			report(name, vm->gic,
			       "the frames of %s are too few for the %u vCPUs of %s (%s)",
			       tree_name(vm->guest.fdt, vm->gic.node), vcpus, vm->process->name,
			       source_position(vm->place));
		if (gicd.start % GICD_BYTES != 0u || gicr.start % GICD_BYTES != 0u)
			report(name, vm->gic, "the frames of %s are not 64 KiB aligned",
			       tree_name(vm->guest.fdt, vm->gic.node));
		if (vcpus > 1u && !rule_has_psci(vm->guest.fdt))
			report(name, (struct place){&vm->guest, 0, NULL},
			       "%s (%s) has %u vCPUs and no PSCI in its tree to start them",
			       vm->process->name, source_position(vm->place), vcpus);
	}
}

void rule_guest_cpus(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		uint32_t count = 0u;
		int cpus;
		int node;

		cpus = vm->board_good ? fdt_path_offset(vm->guest.fdt, "/cpus") : -1;
		if (cpus < 0)
			continue;
		fdt_for_each_subnode(node, vm->guest.fdt, cpus)
		{
			const char *type = tree_string(vm->guest.fdt, node, "device_type");

			count += type != NULL && strcmp(type, "cpu") == 0;
		}
		if (count != vm->process->thread_count)
			report(name, (struct place){&vm->guest, cpus, NULL},
			       "the tree of %s has %u CPUs, the VM has %u vCPUs (%s)",
			       vm->process->name, count, vm->process->thread_count,
			       source_position(vm->place));
	}
}

void rule_guest_ram(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		if (vm->board_good && (vm->bank_stated == 0u || vm->bank_stated > BANK_MAX))
			report(name, vm->place, "%s has %u banks of RAM, not 1 to %u (tree: %s)",
			       vm->process->name, vm->bank_stated, BANK_MAX, vm->guest.path);
		for (uint32_t j = 0u; j < vm->bank_count; j++) {
			const struct bank *bank = &vm->banks[j];
			struct range all = {0u, GUEST_IPA_END};

			if (bank->ipa.start % PAGE_BYTES != 0u ||
			    bank->ipa.bytes % PAGE_BYTES != 0u || bank->ipa.bytes == 0u)
				report(name, bank->place, "RAM of %s is not of whole pages",
				       vm->process->name);
			if (!range_inside(bank->ipa, all))
				report(name, bank->place, "RAM of %s reaches above 0x%llx",
				       vm->process->name, GUEST_IPA_END);
		}
	}
}

/* A device that is handed over comes by whole pages. */
static void rule_passed(const struct guest_device *device, struct component *out, uint32_t *count)
{
	struct range reg;

	for (uint32_t i = 0u;
	     i < device->passed->reg_count && pass_slot_reg(device->passed, i, &reg); i++)
		out[(*count)++] = (struct component){
			.name = device->name,
			.range = rule_pages(reg),
			.place = device->place,
			.distance = device->passed->regs[i].start - reg.start,
			.passed = true,
		};
}

/* Two devices that are handed over may lie in one page, as they do on the board. */
static bool rule_side_by_side(const struct component *a, const struct component *b)
{
	return a->passed && b->passed && a->distance == b->distance;
}

static uint32_t rule_components(const struct vm *vm, struct component *out)
{
	uint32_t count = 0u;

	for (uint32_t i = 0u; i < vm->bank_count; i++)
		out[count++] = (struct component){
			.name = "RAM", .range = vm->banks[i].ipa, .place = vm->banks[i].place};
	if (vm->gic.node >= 0) {
		struct range gicr = {vm->gicr_ipa, vm->process->thread_count * GICR_BYTES};

		out[count++] = (struct component){.name = "the GIC's distributor",
		                                  .range = {vm->gicd_ipa, GICD_BYTES},
		                                  .place = vm->gic};
		out[count++] = (struct component){
			.name = "the GIC's redistributors", .range = gicr, .place = vm->gic};
	}
	for (uint32_t i = 0u; i < vm->device_count; i++) {
		const struct guest_device *device = &vm->devices[i];

		if (device->passed == NULL)
			out[count++] = (struct component){
				.name = device->name, .range = device->reg, .place = device->place};
		else
			rule_passed(device, out, &count);
	}
	return count;
}

void rule_address_overlap(const struct system *system, const char *name)
{
	struct component components[COMPONENT_MAX];

	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		uint32_t count = rule_components(vm, components);

		for (uint32_t j = 0u; j < count; j++) {
			const struct component *a = &components[j];

			for (uint32_t k = 0u; k < j; k++) {
				const struct component *b = &components[k];

				if (range_overlap(a->range, b->range) && !rule_side_by_side(a, b))
					report(name, a->place,
					       "%s (0x%llx, %llu bytes) overlaps %s (0x%llx, %llu "
					       "bytes, %s) in %s",
					       a->name, (unsigned long long)a->range.start,
					       (unsigned long long)a->range.bytes, b->name,
					       (unsigned long long)b->range.start,
					       (unsigned long long)b->range.bytes,
					       source_position(b->place), vm->process->name);
			}
		}
	}
}

void rule_guest_interrupt(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			const struct guest_device *a = &vm->devices[j];
			uint32_t intid = a->interrupt.intid;

			if (a->has_interrupt && (intid < 32u || intid >= 32u + vm->spi_count))
				report(name, a->place,
				       "interrupt %u of %s in %s is not from 32 to %u", intid,
				       a->name, vm->process->name, 31u + vm->spi_count);
			for (uint32_t k = 0u; a->has_interrupt && k < j; k++) {
				const struct guest_device *b = &vm->devices[k];

				if (b->has_interrupt && b->interrupt.intid == intid)
					report(name, a->place,
					       "interrupt %u of %s in %s is also that of %s (%s)",
					       intid, a->name, vm->process->name, b->name,
					       source_position(b->place));
			}
		}
	}
}

void rule_no_backend(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			const struct guest_device *device = &vm->devices[j];

			if (device->backend_node < 0)
				report(name, device->place,
				       "%s is enabled, and %s (%s) puts nothing behind it",
				       device->name, vm->process->name, source_position(vm->place));
			else if (device->backend == NULL && device->passed == NULL)
				report(name, model_place(system, device->backend_node, NULL),
				       "%s of %s names no backend (device: %s)", device->name,
				       vm->process->name, source_position(device->place));
		}
	}
}

void rule_backend_nowhere(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->loose_count; j++) {
			const struct loose_backend *loose = &vm->loose[j];

			if (loose->guest_node < 0)
				report(name, loose->place, "the tree of %s (%s) has no label %s",
				       vm->process->name, vm->guest.path, loose->name);
			else
				report(name, loose->place,
				       "%s of %s is no enabled device of the guest (%s)",
				       loose->name, vm->process->name,
				       source_position((struct place){&vm->guest, loose->guest_node,
				                                      "status"}));
		}
	}
}

void rule_device_file(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; system->device_records_known && i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			const struct guest_device *device = &vm->devices[j];

			if (device->backend != NULL && device->record == NULL && !device->window)
				report(name, model_place(system, device->backend_node, "backend"),
				       "no device file implements \"%s\" for %s of %s (%s)",
				       device->backend, device->name, vm->process->name,
				       source_position(device->place));
		}
	}
}

/* One channel leads to the console, so one device of a guest can use it. */
static void rule_one_console(const struct system *system, const char *name, const struct vm *vm)
{
	const struct guest_device *first = NULL;

	for (uint32_t i = 0u; i < vm->device_count; i++) {
		const struct guest_device *device = &vm->devices[i];

		if (device->console && first != NULL)
			report(name, model_place(system, device->backend_node, "backend"),
			       "%s and %s (%s) are both the console of %s", device->name,
			       first->name,
			       source_position(model_place(system, first->backend_node, "backend")),
			       vm->process->name);
		if (device->console)
			first = device;
	}
}

void rule_guest_console(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		int stdout_node = vm->board_good ? tree_console(vm->guest.fdt) : -1;
		bool found = false;

		rule_one_console(system, name, vm);
		if (!vm->board_good || tree_has(system->source.fdt, vm->place.node, "no-console"))
			continue;
		for (uint32_t j = 0u; j < vm->device_count; j++) {
			const struct guest_device *device = &vm->devices[j];

			found = found || (device->console &&
			                  (stdout_node < 0 || device->node == stdout_node));
		}
		if (!found)
			report(name, vm->place,
			       "%s has no console: nothing with backend = \"console\" is its "
			       "stdout-path (%s)",
			       vm->process->name,
			       source_position((struct place){&vm->guest, stdout_node, NULL}));
	}
}
