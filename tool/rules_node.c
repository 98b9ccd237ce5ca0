/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about the nodes and properties under /bulkhead. See rules.h. */
#include <libfdt.h>
#include <string.h>

#include "tool/arena.h"
#include "tool/report.h"
#include "tool/rules.h"

/* clang-format off */
static const char *const always[] = { "compatible", "status", "phandle", "label",
	"#address-cells", "#size-cells", "ranges", NULL };
static const char *const of_system[] = { "bulkhead,load-address", NULL };
static const char *const of_process[] = { "program", "devices", "fp", "critical", "restart",
	"restart-limit", "restart-window-sec", "autostart", "allow-dma", "dma-bytes",
	"flight-recorder", "#peer-cells", NULL };
static const char *const of_thread[] = { "reg", "cpu", "priority", "budget-us", "period-us",
	"stack-bytes", NULL };
static const char *const of_vm[] = { "board", "kernel", "initrd", "kernel-address",
	"tree-address", "initrd-address", "extra-ram", "ram-pieces", "read-as-zero", "ram-at",
	"ram-one-to-one", "allow-dma", "restart",
	"restart-limit", "restart-window-sec", "autostart", "critical", "no-console", NULL };
static const char *const of_backend[] = { "backend", "peer", NULL };
static const char *const of_channel[] = { "ends", "backend", NULL };
static const char *const of_shared[] = { "bytes", "read-write", "read-only", NULL };
static const char *const of_window[] = { "backend", "memory", NULL };
static const char *const of_passed[] = { "pass-through", "drop", NULL };
static const char *const of_vcpus[] = { NULL };
/* clang-format on */

static bool rule_in_list(const char *const *list, const char *text)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, text) == 0)
			return true;
	}
	return false;
}

void rule_system(const struct system *system, const char *name)
{
	if (system->node < 0)
		report(name, model_place(system, -1, NULL), "there is no /bulkhead node");
	else if (!tree_compatible(system->source.fdt, system->node, "bulkhead,system-1"))
		report(name, model_place(system, system->node, NULL),
		       "/bulkhead is not compatible with \"bulkhead,system-1\"");
}

static bool rule_known_node(const void *fdt, int node)
{
	return tree_compatible(fdt, node, "bulkhead,process") ||
	       tree_compatible(fdt, node, "bulkhead,vm") ||
	       tree_compatible(fdt, node, "bulkhead,channel") ||
	       tree_compatible(fdt, node, "bulkhead,shared-memory");
}

static void rule_unknown_child(const struct system *system, const char *name, int node,
                               const char *prefix)
{
	const void *fdt = system->source.fdt;
	int child;

	fdt_for_each_subnode(child, fdt, node)
	{
		const char *text = fdt_get_name(fdt, child, NULL);

		if (strncmp(text, prefix, strlen(prefix)) != 0)
			report(name, model_place(system, child, NULL),
			       "%s: only %s nodes belong into %s", text, prefix,
			       fdt_get_name(fdt, node, NULL));
	}
}

void rule_unknown_node(const struct system *system, const char *name)
{
	const void *fdt = system->source.fdt;
	int node;

	if (system->node < 0)
		return;
	fdt_for_each_subnode(node, fdt, system->node)
	{
		if (!rule_known_node(fdt, node))
			report(name, model_place(system, node, NULL),
			       "%s is neither a process, a VM, a channel nor shared memory (its "
			       "compatible says)",
			       fdt_get_name(fdt, node, NULL));
		else if (tree_compatible(fdt, node, "bulkhead,process"))
			rule_unknown_child(system, name, node, "thread");
	}
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		node = fdt_subnode_offset(fdt, system->vms[i].place.node, "vcpus");
		if (node >= 0)
			rule_unknown_child(system, name, node, "vcpu");
	}
}

static void rule_properties(const struct system *system, const char *name, int node,
                            const char *const *allowed)
{
	const void *fdt = system->source.fdt;
	int property;

	fdt_for_each_property_offset(property, fdt, node)
	{
		const char *text;

		fdt_getprop_by_offset(fdt, property, &text, NULL);
		if (!rule_in_list(always, text) && !rule_in_list(allowed, text))
			report(name, model_place(system, node, text), "%s has no property %s",
			       fdt_get_name(fdt, node, NULL), text);
	}
}

/* The device of a guest that a node of ours is about, or NULL. */
static const struct guest_device *rule_device_of(const struct system *system, int node)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			if (vm->devices[j].node >= 0 && vm->devices[j].backend_node == node)
				return &vm->devices[j];
		}
	}
	return NULL;
}

/* What a backend knows beside `backend` and `peer`, for a message; is `text` among it? */
static bool rule_known_setting(const struct system *system, const struct guest_device *device,
                               const char *text, const char **list)
{
	const struct setting_record *record;
	bool known = false;

	*list = "backend, peer";
	for (uint32_t i = 0u; (record = model_setting_of(system, device, i)) != NULL; i++) {
		known = known || strcmp(record->property, text) == 0;
		*list = arena_format("%s, %s", *list, record->property);
	}
	return known;
}

/* Without a record (rules backend-nowhere, device-file) nothing is known about settings. */
static void rule_backend_properties(const struct system *system, const char *name, int node)
{
	const struct guest_device *device = rule_device_of(system, node);
	const void *fdt = system->source.fdt;
	const char *list;
	int property;

	if (device != NULL && device->window)
		rule_properties(system, name, node, of_window);
	if (device != NULL && device->passed != NULL && device->backend == NULL)
		rule_properties(system, name, node, of_passed);
	if (device == NULL || device->record == NULL)
		return;
	fdt_for_each_property_offset(property, fdt, node)
	{
		const char *text;

		fdt_getprop_by_offset(fdt, property, &text, NULL);
		if (!rule_in_list(always, text) && !rule_in_list(of_backend, text) &&
		    !rule_known_setting(system, device, text, &list))
			report(name, model_place(system, node, text),
			       "%s (%s) has no property %s: backend \"%s\" knows %s",
			       fdt_get_name(fdt, node, NULL), source_position(device->place), text,
			       device->record->backend, list);
	}
}

static void rule_vm_properties(const struct system *system, const char *name, int node)
{
	const void *fdt = system->source.fdt;
	int child;
	int vcpu;

	rule_properties(system, name, node, of_vm);
	fdt_for_each_subnode(child, fdt, node)
	{
		if (strcmp(fdt_get_name(fdt, child, NULL), "vcpus") != 0) {
			rule_backend_properties(system, name, child);
			continue;
		}
		rule_properties(system, name, child, of_vcpus);
		fdt_for_each_subnode(vcpu, fdt, child)
			rule_properties(system, name, vcpu, of_thread);
	}
}

/* A channel between processes: with the settings of the backend that it names, if any. */
static void rule_channel_properties(const struct system *system, const char *name, int node)
{
	const struct device_record *backend = model_channel_backend(system, node);
	const void *fdt = system->source.fdt;
	int property;

	fdt_for_each_property_offset(property, fdt, node)
	{
		const struct setting_record *record;
		const char *text;
		bool known;

		fdt_getprop_by_offset(fdt, property, &text, NULL);
		known = rule_in_list(always, text) || rule_in_list(of_channel, text);
		for (uint32_t i = 0u; backend != NULL && !known &&
		                      (record = model_setting_at(system, backend, i)) != NULL;
		     i++)
			known = strcmp(record->property, text) == 0;
		if (!known)
			report(name, model_place(system, node, text), "%s has no property %s",
			       fdt_get_name(fdt, node, NULL), text);
	}
}

void rule_unknown_property(const struct system *system, const char *name)
{
	const void *fdt = system->source.fdt;
	int node;
	int child;

	if (system->node < 0)
		return;
	rule_properties(system, name, system->node, of_system);
	fdt_for_each_subnode(node, fdt, system->node)
	{
		if (tree_compatible(fdt, node, "bulkhead,vm"))
			rule_vm_properties(system, name, node);
		else if (tree_compatible(fdt, node, "bulkhead,channel"))
			rule_channel_properties(system, name, node);
		else if (tree_compatible(fdt, node, "bulkhead,shared-memory"))
			rule_properties(system, name, node, of_shared);
		if (!tree_compatible(fdt, node, "bulkhead,process"))
			continue;
		rule_properties(system, name, node, of_process);
		fdt_for_each_subnode(child, fdt, node)
			rule_properties(system, name, child, of_thread);
	}
}

static void rule_one_of(const struct system *system, const char *name, int node,
                        const char *property, const char *const *values)
{
	const char *value = tree_string(system->source.fdt, node, property);

	if (tree_has(system->source.fdt, node, property) &&
	    (value == NULL || !rule_in_list(values, value)))
		report(name, model_place(system, node, property), "%s cannot be %s%s%s", property,
		       value == NULL ? "" : "\"", value == NULL ? "what it is" : value,
		       value == NULL ? "" : "\"");
}

static void rule_cell_multiple(const struct system *system, const char *name, int node,
                               const char *property, uint32_t cells, bool many)
{
	uint32_t count = tree_cell_count(system->source.fdt, node, property);

	if (tree_has(system->source.fdt, node, property) &&
	    (count == 0u || count % cells != 0u || (!many && count != cells)))
		report(name, model_place(system, node, property), "%s takes %s%u cells, not %u",
		       property, many ? "groups of " : "", cells, count);
}

void rule_value(const struct system *system, const char *name)
{
	static const char *const restart[] = {"always", "on-fault", "never", NULL};
	static const char *const yes_no[] = {"yes", "no", NULL};
	static const char *const pairs[] = {"kernel-address", "tree-address", "initrd-address",
	                                    NULL};

	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];
		int node = process->place.node;

		if (process->implicit)
			continue;
		rule_one_of(system, name, node, "restart", restart);
		rule_one_of(system, name, node, "autostart", yes_no);
		rule_cell_multiple(system, name, node, "restart-limit", 1u, false);
		rule_cell_multiple(system, name, node, "restart-window-sec", 1u, false);
		rule_cell_multiple(system, name, node, "dma-bytes", 1u, false);
		if (process->dma_bytes % PAGE_BYTES != 0u || process->dma_bytes > DMA_BYTES_MAX)
			report(name, model_place(system, node, "dma-bytes"),
			       "dma-bytes is of whole pages, up to %llu", DMA_BYTES_MAX);
		rule_cell_multiple(system, name, node, "extra-ram", 4u, true);
		rule_cell_multiple(system, name, node, "read-as-zero", 4u, true);
		for (const char *const *pair = pairs; *pair != NULL; pair++)
			rule_cell_multiple(system, name, node, *pair, 2u, false);
		if (process->vm != NULL &&
		    (process->vm->ram_pieces == 0u || process->vm->ram_pieces > PIECE_MAX))
			report(name, model_place(system, node, "ram-pieces"),
			       "ram-pieces is from 1 to %u", PIECE_MAX);
	}
}

void rule_name(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		if (strlen(process->name) >= NAME_BYTES)
			report(name, process->place, "%s is longer than %u characters",
			       process->name, NAME_BYTES - 1u);
		for (uint32_t j = 0u; j < i; j++) {
			const struct process *other = &system->processes[j];

			if (strcmp(process->name, other->name) == 0)
				report(name, other->place,
				       "%s is also the name of a process that bhc adds (program "
				       "%s)",
				       other->name, process->program_name);
		}
	}
}

void rule_limits(const struct system *system, const char *name)
{
	if (system->overflow != NULL)
		report(name, model_place(system, system->node, NULL),
		       "more %s than there is room for", system->overflow);
}

void rule_peer(const struct system *system, const char *name)
{
	const void *fdt = system->source.fdt;
	int node;

	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			node = vm->devices[j].backend_node;
			if (node >= 0 && tree_has(fdt, node, "peer") && vm->devices[j].peer == NULL)
				report(name, model_place(system, node, "peer"),
				       "the peer of %s is no process of this system",
				       vm->devices[j].name);
		}
	}
	if (system->node < 0)
		return;
	fdt_for_each_subnode(node, fdt, system->node)
	{
		uint32_t known = 0u;

		if (!tree_compatible(fdt, node, "bulkhead,channel"))
			continue;
		for (uint32_t i = 0u; i < system->process_count; i++) {
			int place = system->processes[i].place.node;

			known += tree_reference(fdt, node, "ends", 0u) == place;
			known += tree_reference(fdt, node, "ends", 1u) == place;
		}
		if (known != 2u || tree_cell_count(fdt, node, "ends") != 2u)
			report(name, model_place(system, node, "ends"),
			       "the ends of %s are not two processes of this system",
			       fdt_get_name(fdt, node, NULL));
	}
}
