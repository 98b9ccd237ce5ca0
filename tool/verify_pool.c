/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule "pool": each page in the window of pools is one that the process's info page names,
 * writable or not as it says there, and somebody writes it. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>

static bool names(const struct process_pool *pool, uint64_t va)
{
	return va >= pool->va && va - pool->va < pool->bytes;
}

bool verify_pool_window(uint64_t va)
{
	return va >= POOL_VA && va < TRACE_VA;
}

bool verify_pool_at(const struct verify *v, uint32_t process, uint64_t va, bool *writable)
{
	const struct verify_info *info = &v->infos[process];
	bool named = false;

	*writable = false;
	for (uint32_t i = 0; i < info->info.pool_count; i++) {
		if (!names(&info->pools[i], va))
			continue;
		named = true;
		*writable |= info->pools[i].writable == 1;
	}
	return named;
}

static void check_entry(struct verify *v, uint32_t process, uint32_t number)
{
	const struct process_pool *pool = &v->infos[process].pools[number];
	const struct verify_map *map = NULL;
	bool writable;

	if (pool->va >= POOL_VA && pool->va < TRACE_VA && pool->bytes != 0 &&
	    pool->bytes % PAGE_BYTES == 0 && pool->bytes <= TRACE_VA - pool->va)
		map = verify_lookup(v, verify_process_space(process), pool->va, pool->bytes);
	if (map && pool->writable <= 1 && verify_pool_at(v, process, pool->va, &writable) &&
	    map->form == (writable ? FORM_RW : FORM_RO) &&
	    (pool->pa == 0 || pool->pa == map->pa + (pool->va - map->va)))
		return;
	verify_fail(v, "%s: pool %u at %#" PRIx64 ", %#" PRIx64 " bytes, is not mapped as it says",
	            v->processes[process].name, number, pool->va, pool->bytes);
}

/* Somebody writes what others read. */
static bool has_writer(const struct verify *v, uint64_t pa)
{
	for (size_t i = 0; i < v->map_count; i++) {
		const struct verify_map *map = &v->maps[i];

		if (map->form == FORM_RW && verify_pool_window(map->va) && pa >= map->pa &&
		    pa - map->pa < map->bytes)
			return true;
	}
	return false;
}

/* What the info pages name is mapped so, and nothing else lies in the window of pools. */
void verify_pools(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++)
		for (uint32_t n = 0; n < v->infos[i].info.pool_count; n++)
			check_entry(v, i, n);
	for (size_t i = 0; i < v->map_count; i++) {
		const struct verify_map *map = &v->maps[i];
		const struct verify_space *s = &v->spaces[map->space];
		bool writable;

		if (s->kind != KIND_PROCESS || !verify_pool_window(map->va))
			continue;
		for (uint64_t at = 0; at < map->bytes; at += PAGE_BYTES) {
			if (verify_pool_at(v, s->index, map->va + at, &writable) &&
			    map->form == (writable ? FORM_RW : FORM_RO) &&
			    has_writer(v, map->pa + at))
				continue;
			verify_fail(v,
			            "%s: %#" PRIx64 " at %#" PRIx64
			            " is no pool of its info, or one that nobody writes",
			            s->name, map->pa + at, map->va + at);
			break;
		}
	}
}
