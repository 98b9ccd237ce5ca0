/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about where a process's pages are: each form has its windows (abi/process.h), a
 * program is text and then constants in one physical piece, and two processes run either
 * the same program or programs with no page in common. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>

struct window {
	enum verify_form form;
	uint64_t start;
	uint64_t end;
};

/* clang-format off */
static const struct window windows[] = {
	{ FORM_RX,     PROGRAM_TEXT_VA, PROGRAM_TEXT_END },
	{ FORM_RO,     PROCESS_INFO_VA, PROGRAM_TEXT_END }, /* the info pages touch the program */
	{ FORM_RO,     POOL_VA,         TRACE_VA },
	{ FORM_RW,     POOL_VA,         TRACE_VA },
	{ FORM_RO,     TRACE_VA,        TRACE_VA + CPU_MAX * PAGE_BYTES },
	{ FORM_RO,     SHARED_VA,       POOL_VA },
	{ FORM_RW,     SHARED_VA,       POOL_VA },
	{ FORM_RO,     PAYLOAD_VA,      GUEST_VA },
	{ FORM_RW,     PROGRAM_DATA_VA, DEVICE_VA },        /* data and stacks */
	{ FORM_RW,     CHANNEL_VA,      DMA_VA },
	{ FORM_RW,     DMA_VA,          DMA_VA + DMA_BYTES_MAX },
	{ FORM_RW,     GUEST_VA,        VA_END },
	{ FORM_DEVICE, DEVICE_VA,       CHANNEL_VA },
};
/* clang-format on */

void verify_layout(struct verify *v)
{
	for (size_t i = 0; i < v->map_count; i++) {
		const struct verify_map *map = &v->maps[i];
		bool inside = v->spaces[map->space].kind != KIND_PROCESS;

		for (size_t n = 0; n < sizeof(windows) / sizeof(windows[0]); n++)
			inside |= windows[n].form == map->form && map->va >= windows[n].start &&
			          map->va + map->bytes <= windows[n].end;
		if (!inside)
			verify_fail(v,
			            "%s: %#" PRIx64 "-%#" PRIx64
			            " is %s, which does not belong there",
			            v->spaces[map->space].name, map->va, map->va + map->bytes - 1,
			            verify_form_name(map->form));
	}
}

/* What a process executes: RX from the start of its text, RO right behind it. */
static bool program_parts(const struct verify *v, uint32_t process, struct verify_map *text,
                          struct verify_map *constants)
{
	uint32_t space = verify_process_space(process);
	const struct verify_map *map = verify_lookup(v, space, PROGRAM_TEXT_VA, PAGE_BYTES);
	uint64_t end;

	if (!map || map->form != FORM_RX || map->va != PROGRAM_TEXT_VA)
		return false;
	*text = *map;
	end = map->va + map->bytes;
	map = end < PROGRAM_TEXT_END ? verify_lookup(v, space, end, PAGE_BYTES) : NULL;
	if (!map || map->form != FORM_RO || map->pa != text->pa + text->bytes)
		return false;
	*constants = *map;
	end += map->bytes;
	return end == PROGRAM_TEXT_END || verify_unmapped(v, space, end, PROGRAM_TEXT_END - end);
}

void verify_programs(struct verify *v)
{
	struct {
		struct verify_map text;
		struct verify_map constants;
	} programs[VMID_MAX] = {0};

	for (uint32_t i = 0; i < v->config.process_count; i++) {
		uint64_t start;
		uint64_t end;

		if (!program_parts(v, i, &programs[i].text, &programs[i].constants)) {
			verify_fail(v, "%s: its program is not RX and then RO in one piece",
			            v->processes[i].name);
			continue;
		}
		start = programs[i].text.pa;
		end = programs[i].constants.pa + programs[i].constants.bytes;
		for (uint32_t j = 0; j < i; j++) {
			uint64_t other = programs[j].text.pa;
			uint64_t other_end = programs[j].constants.pa + programs[j].constants.bytes;

			if (start >= other_end || other >= end ||
			    (start == other && end == other_end &&
			     programs[i].text.bytes == programs[j].text.bytes))
				continue;
			verify_fail(v,
			            "%s and %s share a part of their programs, at %#" PRIx64
			            " and %#" PRIx64,
			            v->processes[j].name, v->processes[i].name, other, start);
		}
	}
}

/* Memory for a process's devices is one piece, where its info pages say, and no more of it. */
void verify_dma(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		const struct process_info *info = &v->infos[i].info;
		const struct verify_map *map =
			verify_lookup(v, verify_process_space(i), DMA_VA, PAGE_BYTES);
		bool good = !map && info->dma_va == 0 && info->dma_pa == 0 && info->dma_bytes == 0;

		if (map && info->dma_va == DMA_VA && map->va == DMA_VA && map->form == FORM_RW)
			good = map->pa == info->dma_pa && map->bytes == info->dma_bytes &&
			       verify_unmapped(v, verify_process_space(i), DMA_VA + map->bytes,
			                       DMA_BYTES_MAX - map->bytes);
		if (!good)
			verify_fail(v,
			            "%s: its DMA memory of %#" PRIx64 " bytes, physically %#" PRIx64
			            ", at %#" PRIx64 " is not what is mapped there",
			            v->processes[i].name, info->dma_bytes, info->dma_pa,
			            info->dma_va);
	}
}
