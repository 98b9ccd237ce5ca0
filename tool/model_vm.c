/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes compatible with "bulkhead,vm", and the guest's tree that each names. See model.h. */
#include <libfdt.h>
#include <string.h>

#include "tool/arena.h"
#include "tool/guest_memory.h"
#include "tool/model.h"

#define SPI_COUNT    256u
#define CONSOLE_NAME "console"
#define WINDOW_NAME  "shared-memory"

static void model_vm_bank(struct vm *vm, struct range range, struct place place, bool in_tree)
{
	vm->bank_stated++;
	if (vm->bank_count == BANK_MAX)
		return;
	vm->banks[vm->bank_count++] = (struct bank){
		.ipa = range,
		.place = place,
		.in_tree = in_tree,
	};
}

static void model_vm_banks(struct system *system, struct vm *vm)
{
	const void *guest = vm->guest.fdt;
	const void *fdt = system->source.fdt;
	int own = vm->place.node;
	struct range range;
	int node;

	fdt_for_each_subnode(node, guest, 0)
	{
		const char *type = tree_string(guest, node, "device_type");
		struct place place = {&vm->guest, node, "reg"};

		if (type == NULL || strcmp(type, "memory") != 0 || !tree_enabled(guest, node))
			continue;
		for (uint32_t i = 0u; tree_reg(guest, node, i, &range); i++)
			model_vm_bank(vm, range, place, true);
	}
	for (uint32_t i = 0u; i + 4u <= tree_cell_count(fdt, own, "extra-ram"); i += 4u) {
		range.start = tree_cell_pair(fdt, own, "extra-ram", i);
		range.bytes = tree_cell_pair(fdt, own, "extra-ram", i + 2u);
		model_vm_bank(vm, range, model_place(system, own, "extra-ram"), false);
	}
	for (uint32_t i = 0u; i < vm->bank_count; i++) {
		struct bank *bank = &vm->banks[i];

		bank->placed = tree_has(fdt, own, "ram-at") || tree_has(fdt, own, "ram-one-to-one");
		bank->pa = tree_has(fdt, own, "ram-at") ? tree_cell_pair(fdt, own, "ram-at", 2u * i)
		                                        : bank->ipa.start;
	}
}

static struct guest_device *model_vm_new_device(struct system *system, struct vm *vm)
{
	struct guest_device *device;

	if (vm->device_count == GUEST_DEVICE_MAX) {
		system->overflow = "devices of one guest";
		return NULL;
	}
	device = &vm->devices[vm->device_count++];
	device->node = -1;
	device->backend_node = -1;
	return device;
}

/* A device that some file must stand behind: enabled, addressable, and no part of the board. */
static bool model_vm_is_device(const struct vm *vm, int node, struct range *reg)
{
	const void *guest = vm->guest.fdt;
	const char *type = tree_string(guest, node, "device_type");
	int cpus = fdt_path_offset(guest, "/cpus");
	int parent = fdt_parent_offset(guest, node);
	int reserved = fdt_path_offset(guest, "/reserved-memory");

	if (node == vm->gic.node || parent == vm->gic.node || (cpus >= 0 && parent == cpus) ||
	    (reserved >= 0 && parent == reserved))
		return false;
	if (type != NULL && strcmp(type, "memory") == 0)
		return false;
	return tree_enabled(guest, node) && tree_has(guest, node, "compatible") &&
	       tree_reg(guest, node, 0u, reg);
}

static void model_vm_devices(struct system *system, struct vm *vm)
{
	const void *guest = vm->guest.fdt;
	struct range reg;

	for (int node = 0; node >= 0; node = fdt_next_node(guest, node, NULL)) {
		struct guest_device *device;

		if (!model_vm_is_device(vm, node, &reg))
			continue;
		device = model_vm_new_device(system, vm);
		if (device == NULL)
			return;
		device->name = tree_name(guest, node);
		device->node = node;
		device->place = (struct place){&vm->guest, node, NULL};
		device->reg = reg;
		device->has_reg = true;
		device->has_interrupt = tree_interrupt(guest, node, 0u, &device->interrupt);
	}
}

/* The file that implements a backend for a node: "console" is whatever console the node can be. */
static void model_vm_find_record(const struct system *system, const struct vm *vm,
                                 struct guest_device *device)
{
	bool any = strcmp(device->backend, CONSOLE_NAME) == 0;

	device->console = any;
	for (uint32_t i = 0u; i < system->device_record_count; i++) {
		const struct device_record *record = &system->device_records[i];
		bool fits =
			record->compatible[0] == '\0'
				? !any
				: device->node >= 0 && tree_compatible(vm->guest.fdt, device->node,
		                                                       record->compatible);

		if (fits && (any ? (record->flags & DEVICE_FLAG_CONSOLE) != 0u
		                 : strcmp(record->backend, device->backend) == 0)) {
			device->record = record;
			return;
		}
	}
}

/* The device of the board that is this one. */
static void model_vm_pass(struct system *system, const struct vm *vm, struct guest_device *device)
{
	int node = device->backend_node;

	if (!tree_has(system->source.fdt, node, "pass-through"))
		return;
	source_references(&system->source);
	device->passed = model_device(system, vm->process, node, "pass-through", 0u);
	if (device->passed != NULL)
		device->passed->slot = device;
}

static bool model_vm_attach(struct system *system, struct vm *vm, int target, int node)
{
	for (uint32_t i = 0u; target >= 0 && i < vm->device_count; i++) {
		struct guest_device *device = &vm->devices[i];

		if (device->node != target)
			continue;
		device->backend_node = node;
		device->backend = tree_string(system->source.fdt, node, "backend");
		device->window =
			device->backend != NULL && strcmp(device->backend, WINDOW_NAME) == 0;
		if (device->backend != NULL && !device->window)
			model_vm_find_record(system, vm, device);
		model_vm_pass(system, vm, device);
		return true;
	}
	return false;
}

static void model_vm_backends(struct system *system, struct vm *vm)
{
	const void *fdt = system->source.fdt;
	int node;

	fdt_for_each_subnode(node, fdt, vm->place.node)
	{
		const char *name = fdt_get_name(fdt, node, NULL);
		int target;

		if (strcmp(name, "vcpus") == 0)
			continue;
		target = tree_label(vm->guest.fdt, name);
		if (model_vm_attach(system, vm, target, node) ||
		    vm->loose_count == GUEST_DEVICE_MAX)
			continue;
		vm->loose[vm->loose_count++] = (struct loose_backend){
			.name = name,
			.place = model_place(system, node, NULL),
			.guest_node = target,
		};
	}
}

static void model_vm_zero_regions(struct system *system, struct vm *vm)
{
	const void *fdt = system->source.fdt;
	int own = vm->place.node;

	for (uint32_t i = 0u; i + 4u <= tree_cell_count(fdt, own, "read-as-zero"); i += 4u) {
		struct guest_device *device = model_vm_new_device(system, vm);

		if (device == NULL)
			return;
		device->name = "read-as-zero";
		device->place = model_place(system, own, "read-as-zero");
		device->backend_node = own;
		device->backend = "zero";
		device->reg.start = tree_cell_pair(fdt, own, "read-as-zero", i);
		device->reg.bytes = tree_cell_pair(fdt, own, "read-as-zero", i + 2u);
		device->has_reg = true;
		model_vm_find_record(system, vm, device);
	}
}

static void model_vm_gic(struct vm *vm)
{
	const void *guest = vm->guest.fdt;
	int node = fdt_node_offset_by_compatible(guest, -1, "arm,gic-v3");
	struct range range;

	vm->gic = (struct place){&vm->guest, node, NULL};
	if (node < 0)
		return;
	if (tree_reg(guest, node, 0u, &range))
		vm->gicd_ipa = range.start;
	if (tree_reg(guest, node, 1u, &range))
		vm->gicr_ipa = range.start;
}

static void model_vm_vcpus(struct system *system, struct vm *vm)
{
	const void *fdt = system->source.fdt;
	int vcpus = fdt_subnode_offset(fdt, vm->place.node, "vcpus");
	int node;

	fdt_for_each_subnode(node, fdt, vcpus)
	{
		struct thread *thread = model_new_thread(system, vm->process);

		if (thread != NULL)
			model_read_thread(system, thread, node);
	}
}

static void model_vm_file(struct system *system, struct vm *vm, const char *property,
                          struct guest_file *file)
{
	file->name = tree_string(system->source.fdt, vm->place.node, property);
	file->place = model_place(system, vm->place.node, property);
	if (file->name == NULL)
		return;
	file->path = files_find(file->name, system->source.folder, &system->search);
	if (file->path != NULL && !files_read(file->path, &file->bytes))
		file->path = NULL;
}

static void model_vm_board(struct system *system, struct vm *vm)
{
	const char *path;

	vm->board_name = tree_string(system->source.fdt, vm->place.node, "board");
	vm->gic.node = -1;
	if (vm->board_name == NULL)
		return;
	path = files_find(vm->board_name, system->source.folder, &system->search);
	if (path == NULL)
		return;
	vm->board_good = source_compile(path, &system->search, &vm->guest) == SOURCE_GOOD;
}

void model_vm(struct system *system, int node)
{
	const void *fdt = system->source.fdt;
	struct process *process = model_new_process(system, fdt_get_name(fdt, node, NULL));
	struct vm *vm = &system->vms[system->vm_count];

	if (process == NULL)
		return;
	if (system->vm_count == VM_MAX) {
		system->overflow = "VMs";
		return;
	}
	vm->index = system->vm_count++;
	vm->process = process;
	vm->place = model_place(system, node, NULL);
	vm->spi_count = SPI_COUNT;
	vm->ram_pieces = tree_cell(fdt, node, "ram-pieces", 0u, 1u);
	vm->dma_allowed = tree_has(fdt, node, "allow-dma");
	process->vm = vm;
	process->place = vm->place;
	process->restart = RESTART_ON_FAULT;
	model_read_restart(system, process, node);
	if (tree_has(fdt, node, "critical"))
		process->flags |= PROCESS_FLAG_CRITICAL;
	model_set_program(system, process, "vmm");
	model_vm_vcpus(system, vm);
	model_vm_file(system, vm, "kernel", &vm->kernel);
	model_vm_file(system, vm, "initrd", &vm->initrd);
	model_vm_board(system, vm);
	if (!vm->board_good)
		return;
	model_vm_gic(vm);
	model_vm_banks(system, vm);
	model_vm_devices(system, vm);
	model_vm_backends(system, vm);
	model_vm_zero_regions(system, vm);
	guest_memory_place(system, vm);
}
