/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes compatible with "bulkhead,shared-memory", and the windows of guests on them. See model.h. */
#include <libfdt.h>

#include "tool/model.h"

static void model_shared_peers(struct system *system, struct shared *shared, const char *property,
                               bool writable)
{
	const void *fdt = system->source.fdt;
	int node = shared->place.node;

	for (uint32_t i = 0u; i < tree_cell_count(fdt, node, property); i++) {
		struct shared_peer *peer = &shared->peers[shared->peer_count];

		shared->peer_stated++;
		if (shared->peer_count == SHARED_PEERS)
			return;
		peer->shared = shared;
		peer->number = shared->peer_count++;
		peer->writable = writable;
		peer->process = model_process_of(system, tree_reference(fdt, node, property, i));
		if (peer->process == NULL)
			continue;
		if (peer->process->shared_count == SHARED_OWN_MAX)
			system->overflow = "shared memory of one process";
		else
			peer->process->shared[peer->process->shared_count++] = peer;
	}
}

static void model_shared_region(struct system *system, int node)
{
	const void *fdt = system->source.fdt;
	struct shared *shared = &system->shared[system->shared_count];

	if (system->shared_count == SHARED_MAX) {
		system->overflow = "regions of shared memory";
		return;
	}
	system->shared_count++;
	shared->name = fdt_get_name(fdt, node, NULL);
	shared->place = model_place(system, node, NULL);
	shared->bytes = tree_cell(fdt, node, "bytes", 0u, 0u);
	model_shared_peers(system, shared, "read-write", true);
	model_shared_peers(system, shared, "read-only", false);
}

/* The peer that a window of a VM's guest is about: the first without one. */
static void model_shared_window(struct system *system, const struct vm *vm,
                                const struct guest_device *device)
{
	int node = tree_reference(system->source.fdt, device->backend_node, "memory", 0u);

	for (uint32_t i = 0u; node >= 0 && i < vm->process->shared_count; i++) {
		struct shared_peer *peer = vm->process->shared[i];

		if (peer->shared->place.node == node && peer->window == NULL) {
			peer->window = device;
			return;
		}
	}
}

void model_shared(struct system *system)
{
	const void *fdt = system->source.fdt;
	int node;

	fdt_for_each_subnode(node, fdt, system->node)
	{
		if (tree_enabled(fdt, node) && tree_compatible(fdt, node, "bulkhead,shared-memory"))
			model_shared_region(system, node);
	}
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			if (vm->devices[j].window)
				model_shared_window(system, vm, &vm->devices[j]);
		}
	}
}
