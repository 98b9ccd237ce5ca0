/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory of a description: regions, who may map them how, and where guests have theirs
 * (docs/system-description.md, "Shared memory"). Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <libfdt.h>

static void add_peers(struct want *w, struct want_shared *shared, const char *property,
                      bool writable)
{
	for (uint32_t i = 0; i < dt_cells(w->fdt, shared->node, property); i++) {
		int node = dt_reference(w->fdt, shared->node, property, i);
		struct want_peer peer = {.process = w->process_count, .writable = writable};

		for (uint32_t n = 0; n < w->process_count; n++)
			if (node >= 0 && w->processes[n].node == node)
				peer.process = n;
		for (uint32_t n = 0; n < shared->peer_count; n++)
			if (shared->peers[n].process == peer.process)
				peer.process = w->process_count;
		if (peer.process == w->process_count || shared->peer_count == SHARED_PEERS) {
			want_stop(w, "%s: too many peers, or one that is not there, or twice",
			          shared->name);
			return;
		}
		shared->peers[shared->peer_count++] = peer;
	}
}

static void add_region(struct want *w, int node)
{
	struct want_shared *shared = &w->shared[w->shared_count];

	if (w->shared_count == WANT_SHARED) {
		want_stop(w, "too many regions of shared memory");
		return;
	}
	w->shared_count++;
	shared->name = fdt_get_name(w->fdt, node, NULL);
	shared->node = node;
	shared->bytes = dt_cell(w->fdt, node, "bytes", 0, 0);
	add_peers(w, shared, "read-write", true);
	add_peers(w, shared, "read-only", false);
	if (shared->bytes == 0 || shared->bytes % PAGE_BYTES || shared->bytes > SHARED_BYTES_MAX)
		want_stop(w, "%s: %#llx bytes", shared->name, (unsigned long long)shared->bytes);
}

static void add_window(struct want *w, const struct want_vm *vm,
                       const struct want_guest_device *device)
{
	int node = dt_reference(w->fdt, device->backend_node, "memory", 0);

	for (uint32_t i = 0; node >= 0 && i < w->shared_count; i++)
		for (uint32_t n = 0; n < w->shared[i].peer_count; n++) {
			struct want_peer *peer = &w->shared[i].peers[n];

			if (w->shared[i].node != node || peer->process != vm->process ||
			    peer->window || device->reg.bytes != w->shared[i].bytes ||
			    device->reg.start % PAGE_BYTES || device->reg.start == 0 ||
			    device->reg.start > GUEST_IPA_END - device->reg.bytes)
				continue;
			peer->window = true;
			peer->ipa = device->reg.start;
			return;
		}
	want_stop(w, "%s: a window on no shared memory", w->processes[vm->process].name);
}

/* One behind the other from SHARED_VA, in each process that is no VM's. */
static void number_shared(struct want *w, uint32_t process)
{
	uint64_t va = SHARED_VA;

	for (uint32_t i = 0; i < w->shared_count; i++)
		for (uint32_t n = 0; n < w->shared[i].peer_count; n++) {
			struct want_peer *peer = &w->shared[i].peers[n];

			if (peer->process != process)
				continue;
			if (w->processes[process].vm != IMAGE_NONE) {
				if (!peer->window)
					want_stop(w, "%s: no window on %s",
					          w->processes[process].name, w->shared[i].name);
				continue;
			}
			peer->va = va;
			va += w->shared[i].bytes;
		}
}

void want_shared(struct want *w)
{
	int node;

	fdt_for_each_subnode(node, w->fdt, w->node)
	{
		if (dt_okay(w->fdt, node) && dt_is(w->fdt, node, "bulkhead,shared-memory"))
			add_region(w, node);
	}
	for (uint32_t i = 0; i < w->vm_count; i++)
		for (uint32_t n = 0; n < w->vms[i].device_count; n++)
			if (w->vms[i].devices[n].window)
				add_window(w, &w->vms[i], &w->vms[i].devices[n]);
	for (uint32_t i = 0; i < w->process_count; i++)
		number_shared(w, i);
}
