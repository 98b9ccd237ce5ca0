/* SPDX-License-Identifier: Apache-2.0 */
/* The rule about shared memory: regions, peers, and windows of guests. See rules.h. */
#include <string.h>

#include "tool/report.h"
#include "tool/rules.h"

static void rule_region(const struct system *system, const char *name, const struct shared *shared)
{
	if (strlen(shared->name) >= NAME_BYTES)
		report(name, shared->place, "%s is longer than %u characters", shared->name,
		       NAME_BYTES - 1u);
	if (shared->bytes == 0u || shared->bytes % PAGE_BYTES != 0u ||
	    shared->bytes > SHARED_BYTES_MAX)
		report(name, model_place(system, shared->place.node, "bytes"),
		       "%s has %llu bytes, not whole pages up to %llu", shared->name,
		       (unsigned long long)shared->bytes, SHARED_BYTES_MAX);
	if (shared->peer_stated == 0u || shared->peer_stated > SHARED_PEERS)
		report(name, shared->place, "%s has %u peers, not 1 to %u", shared->name,
		       shared->peer_stated, SHARED_PEERS);
	for (uint32_t i = 0u; i < shared->peer_count; i++) {
		const struct shared_peer *peer = &shared->peers[i];
		struct place place = model_place(system, shared->place.node,
		                                 peer->writable ? "read-write" : "read-only");

		if (peer->process == NULL) {
			report(name, place, "peer %u of %s is no process of this system", i,
			       shared->name);
			continue;
		}
		for (uint32_t j = 0u; j < i; j++) {
			if (shared->peers[j].process == peer->process)
				report(name, place, "%s (%s) is twice a peer of %s",
				       peer->process->name, source_position(peer->process->place),
				       shared->name);
		}
		if (peer->process->vm != NULL && peer->process->vm->board_good &&
		    peer->window == NULL)
			report(name, place,
			       "%s (%s) is a peer of %s, but no device of its guest is a window "
			       "on it",
			       peer->process->name, source_position(peer->process->place),
			       shared->name);
	}
}

/* The region that a device of a VM's guest is the window of, or NULL. */
static const struct shared *rule_window_region(const struct vm *vm,
                                               const struct guest_device *device)
{
	for (uint32_t i = 0u; i < vm->process->shared_count; i++) {
		if (vm->process->shared[i]->window == device)
			return vm->process->shared[i]->shared;
	}
	return NULL;
}

static void rule_window(const struct system *system, const char *name, const struct vm *vm,
                        const struct guest_device *device)
{
	const struct shared *shared = rule_window_region(vm, device);
	struct range all = {0u, GUEST_IPA_END};
	struct range second;

	if (shared == NULL)
		report(name, model_place(system, device->backend_node, "memory"),
		       "%s (%s) is a window on no shared memory of %s", device->name,
		       source_position(device->place), vm->process->name);
	else if (device->reg.start == 0u || device->reg.start % PAGE_BYTES != 0u ||
	         device->reg.bytes != shared->bytes || !range_inside(device->reg, all))
		report(name, device->place,
		       "the window %s of %s, 0x%llx, %llu bytes, is not on pages below 0x%llx, of "
		       "the %llu bytes of %s (%s)",
		       device->name, vm->process->name, (unsigned long long)device->reg.start,
		       (unsigned long long)device->reg.bytes, GUEST_IPA_END,
		       (unsigned long long)shared->bytes, shared->name,
		       source_position(shared->place));
	if (device->has_interrupt || tree_reg(vm->guest.fdt, device->node, 1u, &second))
		report(name, device->place,
		       "the window %s of %s (%s) has more than an address: nothing is behind that",
		       device->name, vm->process->name, source_position(vm->place));
}

void rule_shared_memory(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->shared_count; i++)
		rule_region(system, name, &system->shared[i]);
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			if (vm->devices[j].window)
				rule_window(system, name, vm, &vm->devices[j]);
		}
	}
}
