/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs of a description and the guests' trees that they name: RAM, virtual GIC, devices and what
 * stands behind each (docs/system-description.md, "A VM" and "A guest's tree"). Contract:
 * verify_want.h.
 */
#include "tool/verify_want.h"

#include <libfdt.h>
#include <string.h>

static void add_bank(struct want *w, struct want_vm *vm, struct want_range range)
{
	if (vm->bank_count == sizeof(vm->banks) / sizeof(vm->banks[0])) {
		want_stop(w, "%s has too many banks of RAM", w->processes[vm->process].name);
		return;
	}
	vm->banks[vm->bank_count++].ipa = range;
}

static void read_ram(struct want *w, struct want_vm *vm, int node)
{
	struct want_range range;
	int memory;

	fdt_for_each_subnode(memory, vm->fdt, 0)
	{
		if (dt_type(vm->fdt, memory, "memory") && dt_okay(vm->fdt, memory))
			for (uint32_t i = 0; dt_reg(vm->fdt, memory, i, &range); i++)
				add_bank(w, vm, range);
	}
	for (uint32_t i = 0; i + 4 <= dt_cells(w->fdt, node, "extra-ram"); i += 4) {
		range.start = dt_number(w->fdt, node, "extra-ram", i, 2);
		range.bytes = dt_number(w->fdt, node, "extra-ram", i + 2, 2);
		add_bank(w, vm, range);
	}
	for (uint32_t i = 0; i < vm->bank_count; i++) {
		bool stated = dt_has(w->fdt, node, "ram-at");

		vm->banks[i].placed = stated || dt_has(w->fdt, node, "ram-one-to-one");
		vm->banks[i].pa = stated ? dt_number(w->fdt, node, "ram-at", 2 * i, 2)
		                         : vm->banks[i].ipa.start;
	}
	vm->ram_pieces = dt_cell(w->fdt, node, "ram-pieces", 0, 1);
	if (vm->bank_count == 0 || vm->ram_pieces == 0)
		want_stop(w, "%s has no RAM", w->processes[vm->process].name);
}

static bool read_gic(struct want_vm *vm, int *node)
{
	struct want_range range;

	*node = fdt_node_offset_by_compatible(vm->fdt, -1, "arm,gic-v3");
	if (*node < 0 || !dt_reg(vm->fdt, *node, 0, &range))
		return false;
	vm->gicd_ipa = range.start;
	if (!dt_reg(vm->fdt, *node, 1, &range))
		return false;
	vm->gicr_ipa = range.start;
	return true;
}

static struct want_guest_device *add_device(struct want *w, struct want_vm *vm)
{
	struct want_guest_device *device = &vm->devices[vm->device_count];

	if (vm->device_count == WANT_RANGES) {
		want_stop(w, "%s has too many devices", w->processes[vm->process].name);
		return &vm->devices[0];
	}
	vm->device_count++;
	device->backend_node = -1;
	device->channel = IMAGE_NONE;
	return device;
}

/* Enabled nodes with compatible and reg that are neither memory, CPU, GIC nor reserved. */
static void read_devices(struct want *w, struct want_vm *vm, int gic)
{
	int cpus = fdt_path_offset(vm->fdt, "/cpus");
	int reserved = fdt_path_offset(vm->fdt, "/reserved-memory");

	for (int node = 0; node >= 0; node = fdt_next_node(vm->fdt, node, NULL)) {
		int parent = node > 0 ? fdt_parent_offset(vm->fdt, node) : -1;
		struct want_guest_device *device;
		struct want_range reg;

		if (!dt_has(vm->fdt, node, "compatible") || !dt_okay(vm->fdt, node) ||
		    node == gic || parent == gic || (parent >= 0 && parent == cpus) ||
		    (parent >= 0 && parent == reserved) || dt_type(vm->fdt, node, "memory") ||
		    !dt_reg(vm->fdt, node, 0, &reg))
			continue;
		device = add_device(w, vm);
		device->node = node;
		device->reg = reg;
		device->has_interrupt = dt_interrupt(vm->fdt, node, 0, &device->interrupt);
	}
}

/*
 * The record of the VM process that stands behind a device. The backend "console" is the record
 * with DEVICE_FLAG_CONSOLE that implements the node's compatible; another one is named, and a
 * record without a compatible may stand behind any node.
 */
static void find_backend(struct want *w, const struct want_vm *vm, struct want_guest_device *device,
                         const char *backend)
{
	const struct want_program *program = &w->programs[w->processes[vm->process].program];
	struct want_bytes section = {NULL, 0};
	struct device_record record;

	device->console = strcmp(backend, "console") == 0;
	strncpy(device->backend, backend, sizeof(device->backend) - 1);
	want_elf_section(&program->elf, DEVICE_SECTION, &section);
	for (uint64_t at = 0; at + sizeof(record) <= section.bytes; at += sizeof(record)) {
		memcpy(&record, section.data + at, sizeof(record));
		record.backend[RECORD_TEXT_BYTES - 1] = 0;
		record.compatible[RECORD_TEXT_BYTES - 1] = 0;
		if (device->console ? !(record.flags & DEVICE_FLAG_CONSOLE)
		                    : strcmp(record.backend, backend) != 0)
			continue;
		if (record.compatible[0]
		            ? device->node < 0 || !dt_is(vm->fdt, device->node, record.compatible)
		            : device->console)
			continue;
		memcpy(device->backend, record.backend, sizeof(device->backend));
		device->known = true;
		device->channel_bytes = record.channel_bytes;
		device->pool_bytes = record.pool_bytes;
		if (record.channel_bytes % PAGE_BYTES || record.pool_bytes % PAGE_BYTES)
			want_stop(w, "%s: a channel of %u bytes", record.backend,
			          record.channel_bytes);
		return;
	}
}

static void read_backends(struct want *w, struct want_vm *vm, int node)
{
	int child;

	fdt_for_each_subnode(child, w->fdt, node)
	{
		int target = dt_label(vm->fdt, fdt_get_name(w->fdt, child, NULL));
		const char *backend = dt_string(w->fdt, child, "backend");

		for (uint32_t i = 0; target >= 0 && i < vm->device_count; i++) {
			if (vm->devices[i].node != target)
				continue;
			vm->devices[i].backend_node = child;
			vm->devices[i].window = backend && strcmp(backend, "shared-memory") == 0;
			if (dt_has(w->fdt, child, "pass-through"))
				want_pass(w, vm, i, child);
			else if (backend && !vm->devices[i].window)
				find_backend(w, vm, &vm->devices[i], backend);
		}
	}
	for (uint32_t i = 0; i + 4 <= dt_cells(w->fdt, node, "read-as-zero"); i += 4) {
		struct want_guest_device *device = add_device(w, vm);

		device->node = -1;
		device->reg.start = dt_number(w->fdt, node, "read-as-zero", i, 2);
		device->reg.bytes = dt_number(w->fdt, node, "read-as-zero", i + 2, 2);
		find_backend(w, vm, device, "zero");
	}
}

static void read_file(struct want *w, int node, const char *property, struct want_file *file)
{
	const char *name = dt_string(w->fdt, node, property);
	const char *path = name ? want_find(w, name) : NULL;

	if (path)
		want_load(w, path, &file->content);
	else if (name)
		want_stop(w, "%s: no such file", name);
}

void want_vm(struct want *w, uint32_t process, int node)
{
	struct want_process *p = &w->processes[process];
	struct want_vm *vm = &w->vms[w->vm_count];
	const char *board = dt_string(w->fdt, node, "board");
	const char *path = board ? want_find(w, board) : NULL;
	int gic;
	int child;

	if (w->vm_count == WANT_VMS || !path) {
		want_stop(w, "%s: too many VMs, or no board", p->name);
		return;
	}
	vm->process = process;
	p->vm = w->vm_count++;
	p->child_flags = CHILD_VM;
	want_restart(w, p, node, CHILD_RESTART_ON_FAULT);
	if (dt_has(w->fdt, node, "critical"))
		p->flags |= PROCESS_FLAG_CRITICAL;
	vm->allow_dma = dt_has(w->fdt, node, "allow-dma");
	want_set_program(w, p, "vmm");
	fdt_for_each_subnode(child, w->fdt, fdt_subnode_offset(w->fdt, node, "vcpus"))
		want_add_thread(w, process, child);
	vm->fdt = want_compile(w, path);
	if (w->failures)
		return;
	if (!read_gic(vm, &gic) || p->thread_count == 0) {
		want_stop(w, "%s has no vCPU, or its tree no arm,gic-v3", p->name);
		return;
	}
	read_ram(w, vm, node);
	read_devices(w, vm, gic);
	read_backends(w, vm, node);
	read_file(w, node, "kernel", &vm->kernel);
	read_file(w, node, "initrd", &vm->initrd);
	if (!w->failures)
		want_guest_files(w, vm);
}
