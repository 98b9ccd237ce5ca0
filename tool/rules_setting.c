/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about what a backend's record demands of its node: a peer, settings. See rules.h. */
#include <libfdt.h>
#include <string.h>

#include "tool/arena.h"
#include "tool/report.h"
#include "tool/rules.h"

static bool rule_has_peer(const struct system *system, const struct guest_device *device)
{
	return device->console || tree_has(system->source.fdt, device->backend_node, "peer");
}

void rule_no_peer(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			const struct guest_device *device = &vm->devices[j];

			if (device->record != NULL && device->record->peer == DEVICE_PEER_MUST &&
			    !rule_has_peer(system, device))
				report(name, model_place(system, device->backend_node, "backend"),
				       "%s of %s (%s) needs a peer: backend \"%s\" does nothing "
				       "without one",
				       device->name, vm->process->name,
				       source_position(device->place), device->record->backend);
		}
	}
}

static const char *rule_number_fault(const void *value, const struct setting_record *record)
{
	uint32_t number = fdt32_ld(value);

	if (number >= record->minimum && number <= record->maximum)
		return NULL;
	return arena_format("is %u, not from %u to %u", number, record->minimum, record->maximum);
}

/* What is wrong with a property's value, or NULL. */
static const char *rule_setting_fault(const char *value, uint32_t length,
                                      const struct setting_record *record)
{
	switch (record->kind) {
	case SETTING_FLAG:
		return length == 0u ? NULL : "takes no value";
	case SETTING_NUMBER:
		return length == 4u ? rule_number_fault(value, record) : "takes one cell";
	case SETTING_WIDE:
		return length == 8u ? NULL : "takes two cells";
	case SETTING_TEXT:
		if (length != 0u && length - 1u <= record->bytes &&
		    memchr(value, '\0', length) == value + length - 1u)
			return NULL;
		return arena_format("takes a string of at most %u bytes", record->bytes);
	default:
		return length == record->bytes
		               ? NULL
		               : arena_format("takes %u bytes, not %u", record->bytes, length);
	}
}

static void rule_setting_of(const struct system *system, const char *name, const struct vm *vm,
                            const struct guest_device *device, const struct setting_record *record)
{
	int length = 0;
	const char *value =
		fdt_getprop(system->source.fdt, device->backend_node, record->property, &length);
	const char *fault;

	if (value == NULL)
		return;
	fault = rule_setting_fault(value, (uint32_t)length, record);
	if (fault == NULL && device->record->peer != DEVICE_PEER_MUST &&
	    !rule_has_peer(system, device))
		fault = "has no peer that it is for";
	if (fault != NULL)
		report(name, model_place(system, device->backend_node, record->property),
		       "%s of %s of %s %s (device: %s; backend: \"%s\" of %s)", record->property,
		       device->name, vm->process->name, fault, source_position(device->place),
		       record->backend, vm->process->program->path);
}

/* A channel between processes: the backend that it names, and its settings. */
static void rule_setting_channel(const struct system *system, const char *name, int node)
{
	const struct device_record *backend = model_channel_backend(system, node);
	const struct setting_record *record;
	const void *fdt = system->source.fdt;

	if (backend == NULL && system->device_records_known && tree_has(fdt, node, "backend"))
		report(name, model_place(system, node, "backend"),
		       "%s is between processes: its backend is none that has pools",
		       fdt_get_name(fdt, node, NULL));
	for (uint32_t i = 0u;
	     backend != NULL && (record = model_setting_at(system, backend, i)) != NULL; i++) {
		int length = 0;
		const char *value = fdt_getprop(fdt, node, record->property, &length);
		const char *fault =
			value == NULL ? NULL : rule_setting_fault(value, (uint32_t)length, record);

		if (fault != NULL)
			report(name, model_place(system, node, record->property),
			       "%s of %s %s (backend \"%s\")", record->property,
			       fdt_get_name(fdt, node, NULL), fault, record->backend);
	}
}

void rule_setting(const struct system *system, const char *name)
{
	const struct setting_record *record;
	int node;

	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			const struct guest_device *device = &vm->devices[j];

			for (uint32_t k = 0u;
			     (record = model_setting_of(system, device, k)) != NULL; k++)
				rule_setting_of(system, name, vm, device, record);
		}
	}
	if (system->node < 0)
		return;
	fdt_for_each_subnode(node, system->source.fdt, system->node)
	{
		if (tree_compatible(system->source.fdt, node, "bulkhead,channel"))
			rule_setting_channel(system, name, node);
	}
}
