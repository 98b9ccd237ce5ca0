/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about physical memory as a whole, after every page's owners are known: devices are not
 * memory, what restarts is pristine, what the file holds belongs to somebody, and no page is
 * lost between its neighbours. The last two find a page that a table should have named and
 * does not: separation by accident is not separation. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>

/* The process that drives the boot UART: exactly one, or the console would be EL2's alone. */
void verify_uart(struct verify *v)
{
	uint64_t page = v->head.uart_pa & ~(PAGE_BYTES - 1);
	unsigned owners = 0;

	if (v->head.uart_type == UART_NONE)
		return;
	for (size_t i = 0; i < v->map_count; i++)
		owners += v->maps[i].space != SPACE_EL2_ID && v->maps[i].pa <= page &&
		          page - v->maps[i].pa < v->maps[i].bytes;
	if (owners != 1 && v->config.process_count)
		verify_fail(v, "the boot UART's page %#" PRIx64 " is in %u processes, not in one",
		            page, owners);
}

static void check_place(struct verify *v, const struct verify_map *map)
{
	const struct verify_space *s = &v->spaces[map->space];
	uint64_t image_end = v->head.load_pa + v->head.image_size;
	const char *why = NULL;

	switch (map->form) {
	case FORM_DEVICE:
		if (map->pa < image_end && v->head.load_pa < map->pa + map->bytes)
			why = "a device in the image's memory";
		break;
	case FORM_RX:
	case FORM_RO:
		if (s->kind == KIND_PROCESS && !verify_in_file(v, map->pa, map->bytes) &&
		    !verify_recorder_page(v, map->pa) &&
		    !verify_shared_at(v, map->space, map->va) && !verify_pool_window(map->va))
			why = "read-only, but the image has nothing to put there";
		break;
	case FORM_RW:
	case FORM_RWX:
		if (s->kind != KIND_EL2 && verify_overlaps_file(v, map->pa, map->bytes))
			why = "writable, but in the image: not pristine after a restart";
		break;
	default:
		break;
	}
	if (why)
		verify_fail(v, "%s: %#" PRIx64 "-%#" PRIx64 " at %#" PRIx64 ": %s", s->name,
		            map->pa, map->pa + map->bytes - 1, map->va, why);
}

void verify_place(struct verify *v)
{
	for (size_t i = 0; i < v->map_count; i++)
		check_place(v, &v->maps[i]);
}

static bool all_zero(const struct verify *v, uint64_t pa)
{
	const uint8_t *page = verify_file_at(v, pa, PAGE_BYTES);

	for (unsigned i = 0; page && i < PAGE_BYTES; i++)
		if (page[i])
			return false;
	return true;
}

/* A page of the file that nobody maps and that is no table holds nothing. */
void verify_content(struct verify *v)
{
	size_t next = 0;

	for (uint64_t at = 0; at < v->file_bytes; at += PAGE_BYTES) {
		uint64_t pa = v->head.load_pa + at;

		while (next < v->owned_count && v->owned[next].start + v->owned[next].bytes <= pa)
			next++;
		if (next < v->owned_count && v->owned[next].start <= pa)
			continue;
		if (!all_zero(v, pa))
			verify_fail(v,
			            "%#" PRIx64 ": the image has content there that no space maps",
			            pa);
	}
}

/* Memory behind the file that the image asks for has an owner, to the last page. */
void verify_holes(struct verify *v)
{
	uint64_t image_end = v->head.load_pa + v->head.image_size;
	uint64_t at = v->head.load_pa + v->file_bytes;

	for (size_t i = 0; i <= v->owned_count && at < image_end; i++) {
		uint64_t start = i < v->owned_count ? v->owned[i].start : image_end;

		if (start > image_end)
			start = image_end;
		if (start > at)
			verify_fail(v,
			            "%#" PRIx64 "-%#" PRIx64
			            " belongs to the image and to nobody in it",
			            at, start - 1);
		if (i < v->owned_count && v->owned[i].start + v->owned[i].bytes > at)
			at = v->owned[i].start + v->owned[i].bytes;
	}
}
