/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule "shared": shared memory is mapped where the info pages of its peers say, with the
 * right that they state, and nowhere else; a guest has nothing but RAM and that. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>

/* The process whose info pages speak for a space: its own, or that of the guest's VM. */
static uint32_t process_of(const struct verify *v, const struct verify_space *s)
{
	return s->kind == KIND_VM ? v->vms[s->index].process : s->index;
}

const struct process_shared *verify_shared_at(const struct verify *v, uint32_t space, uint64_t va)
{
	const struct verify_space *s = &v->spaces[space];
	const struct verify_info *info;

	if (s->kind == KIND_EL2)
		return NULL;
	info = &v->infos[process_of(v, s)];
	for (uint32_t i = 0; i < info->info.shared_count; i++) {
		const struct process_shared *shared = &info->shared[i];
		uint64_t start = s->kind == KIND_VM ? shared->ipa : shared->va;

		if (start && shared->bytes <= SHARED_BYTES_MAX && va >= start &&
		    va - start < shared->bytes)
			return shared;
	}
	return NULL;
}

static void check_region(struct verify *v, uint32_t process, const struct process_shared *shared)
{
	uint32_t vm = v->processes[process].vm;
	uint32_t space = vm == IMAGE_NONE ? verify_process_space(process) : verify_vm_space(v, vm);
	uint64_t start = vm == IMAGE_NONE ? shared->va : shared->ipa;
	const struct verify_map *map = NULL;

	if (start && shared->bytes && shared->bytes <= SHARED_BYTES_MAX)
		map = verify_lookup(v, space, start, shared->bytes);
	if (!map || map->form != (shared->writable ? FORM_RW : FORM_RO) || shared->writable > 1 ||
	    shared->self >= shared->peers || shared->peers > SHARED_PEERS ||
	    (vm == IMAGE_NONE ? shared->ipa : shared->va) != 0)
		verify_fail(v,
		            "%s: shared memory %.*s at %#" PRIx64 ", %#" PRIx64
		            " bytes, peer %u of %u, is not mapped %s",
		            v->spaces[space].name, (int)NAME_BYTES, shared->name, start,
		            shared->bytes, shared->self, shared->peers,
		            shared->writable ? "RW" : "RO");
}

/* Is the whole mapping shared memory that the info pages name? Regions may touch. */
static bool named(const struct verify *v, const struct verify_map *map)
{
	uint64_t at = map->va;

	while (at < map->va + map->bytes) {
		const struct process_shared *shared = verify_shared_at(v, map->space, at);

		if (!shared || (map->form == FORM_RW) != (shared->writable == 1))
			return false;
		at = (v->spaces[map->space].kind == KIND_VM ? shared->ipa : shared->va) +
		     shared->bytes;
	}
	return at == map->va + map->bytes;
}

void verify_regions(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++)
		for (uint32_t n = 0; n < v->infos[i].info.shared_count; n++)
			check_region(v, i, &v->infos[i].shared[n]);
	for (size_t i = 0; i < v->map_count; i++) {
		const struct verify_map *map = &v->maps[i];
		enum verify_kind kind = v->spaces[map->space].kind;
		bool window = kind == KIND_VM && map->form != FORM_RWX && map->form != FORM_DEVICE;

		if (kind == KIND_PROCESS)
			window = map->va >= SHARED_VA && map->va < POOL_VA;
		if (window && !named(v, map))
			verify_fail(v, "%s: %#" PRIx64 "-%#" PRIx64 " is no shared memory of it",
			            v->spaces[map->space].name, map->va, map->va + map->bytes - 1);
	}
}
