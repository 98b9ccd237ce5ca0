/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the image; contract in layout.h. The tables' size depends on how everything is
 * aligned, which depends on where it lies, which depends on the tables' size: so it is placed
 * with a guess, and again with what that took, until both agree.
 */
#include "tool/layout.h"

#include <stdio.h>
#include <string.h>

#include "tool/arena.h"
#include "tool/config_writer.h"
#include "tool/info_writer.h"
#include "tool/report.h"

#define TABLE_GUESS       16u
#define TABLE_ROUNDS      8u /* then a page too many is taken, should no number fit exactly */
#define PAYLOAD_ALIGN_MIN 0x100000ull /* payloads from 1 MiB on are put on 2 MiB blocks */

uint64_t layout_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1u) / alignment * alignment;
}

uint64_t layout_el2_va(const struct layout *layout, uint64_t pa)
{
	return KERNEL_VA + (pa - layout->system->board.load_pa);
}

bool layout_read_kernel(struct layout *layout)
{
	struct kernel *kernel = &layout->kernel;
	struct bytes file;
	struct bytes sizes;
	struct object_size size;

	kernel->path = arena_format("%s/kernel.elf", layout->system->build);
	if (!files_read(kernel->path, &file) || !elf_parse(&file, &kernel->elf) ||
	    !elf_section(&kernel->elf, ".bulkhead.sizes", &sizes) ||
	    sizes.size != OBJECT_KINDS * sizeof(size)) {
		fprintf(stderr, "bhc: %s is missing or no kernel\n", kernel->path);
		return false;
	}
	for (uint32_t i = 0u; i < OBJECT_KINDS; i++) {
		memcpy(&size, sizes.data + i * sizeof(size), sizeof(size));
		if (size.kind != i || size.bytes % 64u != 0u)
			return false;
		kernel->object_bytes[i] = size.bytes;
	}
	for (uint32_t i = 0u; i < kernel->elf.segment_count; i++) {
		const struct elf_segment *segment = &kernel->elf.segments[i];
		uint64_t end = segment->va + segment->memory_bytes - KERNEL_VA;

		if (segment->va < KERNEL_VA || end > KERNEL_DEVICE_VA - KERNEL_VA ||
		    segment->va % PAGE_BYTES != 0u)
			return false;
		if (end > kernel->bytes)
			kernel->bytes = layout_up(end, PAGE_BYTES);
	}
	return true;
}

void layout_region(struct layout *layout, const char *owner, const char *what, struct range range,
                   bool in_file)
{
	if (layout->region_count == REGION_MAX) {
		layout->system->overflow = "memory regions";
		return;
	}
	layout->regions[layout->region_count++] = (struct region){
		.owner = owner,
		.what = what,
		.pa = range.start,
		.bytes = range.bytes,
		.in_file = in_file,
	};
}

/* The next part of the file. */
static uint64_t layout_append(struct layout *layout, const char *owner, const char *what,
                              uint64_t bytes, const struct bytes *data)
{
	uint64_t alignment = bytes >= PAYLOAD_ALIGN_MIN ? BLOCK_BYTES : PAGE_BYTES;
	uint64_t pa = layout_up(layout->cursor, alignment);
	struct range range = {pa, layout_up(bytes, PAGE_BYTES)};

	layout_region(layout, owner, what, range, true);
	if (data != NULL && layout->region_count < REGION_MAX) {
		layout->regions[layout->region_count - 1u].data = data->data;
		layout->regions[layout->region_count - 1u].data_bytes = data->size;
	}
	layout->cursor = range_end(range);
	return pa;
}

static struct bytes layout_kernel_bytes(const struct kernel *kernel)
{
	struct bytes out = {arena_alloc(kernel->bytes), kernel->bytes};

	for (uint32_t i = 0u; i < kernel->elf.segment_count; i++) {
		const struct elf_segment *segment = &kernel->elf.segments[i];

		memcpy(out.data + (segment->va - KERNEL_VA), segment->data, segment->file_bytes);
	}
	return out;
}

/* Text, rodata and the template of .data, as they lie from PROGRAM_TEXT_VA. */
static struct bytes layout_program_bytes(const struct program *program)
{
	struct bytes out = {NULL, 0u};

	for (uint32_t i = 0u; i < program->elf.segment_count; i++) {
		const struct elf_segment *segment = &program->elf.segments[i];
		uint64_t end = segment->pa + segment->file_bytes - PROGRAM_TEXT_VA;

		if (segment->file_bytes != 0u && end > out.size)
			out.size = end;
	}
	out.size = layout_up(out.size, PAGE_BYTES);
	out.data = arena_alloc(out.size);
	for (uint32_t i = 0u; i < program->elf.segment_count; i++) {
		const struct elf_segment *segment = &program->elf.segments[i];

		if (segment->file_bytes != 0u)
			memcpy(out.data + (segment->pa - PROGRAM_TEXT_VA), segment->data,
			       segment->file_bytes);
	}
	return out;
}

static void layout_append_programs(struct layout *layout)
{
	struct system *system = layout->system;

	for (uint32_t i = 0u; i < system->program_count; i++) {
		struct program *program = &system->programs[i];
		struct bytes text = layout_program_bytes(program);

		program->text_bytes = text.size;
		program->pa = layout_append(layout, program->name, "program", text.size, &text);
	}
	for (uint32_t i = 0u; i < system->process_count; i++) {
		struct process *process = &system->processes[i];

		process->info_pa = layout_append(layout, process->name, "info", process->info.size,
		                                 &process->info);
	}
}

static void layout_append_payload(struct layout *layout, const struct vm *vm, const char *what,
                                  struct guest_file *file)
{
	if (file->bytes.size != 0u)
		file->pa = layout_append(layout, vm->process->name, what, file->bytes.size,
		                         &file->bytes);
}

static void layout_file(struct layout *layout)
{
	struct system *system = layout->system;
	struct bytes kernel = layout_kernel_bytes(&layout->kernel);

	layout->cursor = system->board.load_pa;
	layout_append(layout, "kernel", "text, rodata, data", kernel.size, &kernel);
	layout->config_pa = layout_append(layout, "kernel", "config", layout->config_bytes, NULL);
	layout->tables_pa =
		layout_append(layout, "kernel", "tables", layout->table_pages * PAGE_BYTES, NULL);
	layout_append_programs(layout);
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		struct vm *vm = &system->vms[i];

		layout_append_payload(layout, vm, "guest tree", &vm->tree);
		layout_append_payload(layout, vm, "guest kernel", &vm->kernel);
		layout_append_payload(layout, vm, "guest initrd", &vm->initrd);
	}
	layout->file_end = layout->cursor;
}

static uint32_t layout_object_count(const struct system *system, uint32_t kind)
{
	const uint32_t counts[OBJECT_KINDS] = {
		[OBJECT_CPU] = system->cpu_used,
		[OBJECT_THREAD] = system->thread_count,
		[OBJECT_PROCESS] = system->process_count,
		[OBJECT_VM] = system->vm_count,
		[OBJECT_VCPU] = system->vcpu_count,
		[OBJECT_INTERRUPT] = system->interrupt_count,
		[OBJECT_TRACE] = system->cpu_used,
	};

	return counts[kind];
}

/* Kernel objects and stacks: at EL2 they follow the file at the file's own distance. */
static void layout_kernel_memory(struct layout *layout)
{
	struct system *system = layout->system;
	uint64_t bytes = 0u;
	uint64_t end;

	for (uint32_t i = 0u; i < OBJECT_KINDS; i++) {
		layout->object_pa[i] = bytes;
		bytes += layout_up((uint64_t)layout->kernel.object_bytes[i] *
		                           layout_object_count(system, i),
		                   PAGE_BYTES);
	}
	layout->objects_bytes = bytes;
	layout->objects_pa = layout_take(layout, "kernel", "objects", bytes, PAGE_BYTES);
	for (uint32_t i = 0u; i < OBJECT_KINDS; i++)
		layout->object_pa[i] += layout->objects_pa;
	bytes = system->cpu_used * (PAGE_BYTES + IMAGE_STACK_BYTES);
	layout->stacks_pa = layout_take(layout, "kernel", "stacks", bytes, PAGE_BYTES);
	end = layout->stacks_pa + bytes;
	if (layout->objects_pa < system->board.load_pa ||
	    layout->stacks_pa < system->board.load_pa ||
	    end - system->board.load_pa > KERNEL_DEVICE_VA - KERNEL_VA) {
		report("limits", model_place(system, system->node, NULL),
		       "kernel memory at 0x%llx is out of EL2's reach of 512 MiB from the load "
		       "address",
		       (unsigned long long)layout->stacks_pa);
		layout->good = false;
	}
}

static uint64_t layout_data_bytes(const struct program *program)
{
	uint64_t end = PROGRAM_DATA_VA;

	for (uint32_t i = 0u; i < program->elf.segment_count; i++) {
		const struct elf_segment *segment = &program->elf.segments[i];

		if (segment->writable && segment->va + segment->memory_bytes > end)
			end = segment->va + segment->memory_bytes;
	}
	return layout_up(end - PROGRAM_DATA_VA, PAGE_BYTES);
}

static void layout_process_memory(struct layout *layout)
{
	struct system *system = layout->system;

	for (uint32_t i = 0u; i < system->process_count; i++) {
		struct process *process = &system->processes[i];
		uint64_t bytes = layout_data_bytes(process->program);

		if (bytes != 0u)
			process->data_pa =
				layout_take(layout, process->name, "data", bytes, PAGE_BYTES);
		for (uint32_t j = 0u; j < process->thread_count; j++)
			process->threads[j]->stack_pa =
				layout_take(layout, process->name, "stack",
			                    process->threads[j]->stack_bytes, PAGE_BYTES);
		if (process->dma_bytes != 0u)
			process->dma_pa = layout_take(layout, process->name, "DMA memory",
			                              process->dma_bytes, PAGE_BYTES);
	}
	for (uint32_t i = 0u; i < system->channel_count; i++) {
		struct model_channel *channel = &system->channels[i];
		const char *owner = arena_format("%s, %s", channel->end[0].process->name,
		                                 channel->end[1].process->name);

		channel->pa = layout_take(layout, owner, "channel", channel->bytes, PAGE_BYTES);
	}
	for (uint32_t i = 0u; i < system->shared_count; i++) {
		struct shared *shared = &system->shared[i];

		shared->pa = layout_take(layout, shared->name, "shared memory", shared->bytes,
		                         PAGE_BYTES);
	}
	for (uint32_t i = 0u; i < system->pool_count; i++) {
		struct pool *pool = &system->pools[i];
		const struct process *owner =
			pool->channel != NULL ? pool->channel->end[0].process : pool->server;

		pool->pa = layout_take(layout, owner->name, "pool", pool->bytes, PAGE_BYTES);
	}
}

/* What follows the file without a gap belongs to the image's size: see image.h. */
static void layout_image_end(struct layout *layout)
{
	bool more = true;

	layout->image_end = layout->file_end;
	while (more) {
		more = false;
		for (uint32_t i = 0u; i < layout->region_count; i++) {
			const struct region *region = &layout->regions[i];

			if (region->pa == layout->image_end && region->bytes != 0u) {
				layout->image_end += region->bytes;
				more = true;
			}
		}
	}
}

static void layout_once(struct layout *layout)
{
	struct system *system = layout->system;

	layout->region_count = 0u;
	layout_file(layout);
	layout_free_memory(layout);
	layout_placed_ram(layout);
	layout_kernel_memory(layout);
	layout_process_memory(layout);
	for (uint32_t i = 0u; i < system->vm_count; i++)
		layout_guest_ram(layout, &system->vms[i]);
	layout_image_end(layout);
	if (layout->good)
		layout_tables(layout);
}

static bool layout_in_memory(const struct layout *layout)
{
	const struct board *board = &layout->system->board;
	struct range file = {board->load_pa, layout->file_end - board->load_pa};
	bool inside = false;

	for (uint32_t i = 0u; i < board->memory_count; i++)
		inside = inside || range_inside(file, board->memory[i].range);
	for (uint32_t i = 0u; i < board->reserved_count; i++) {
		if (!range_overlap(file, board->reserved[i].range))
			continue;
		report("memory", board->reserved[i].place,
		       "the image at 0x%llx (%llu KiB) lies over %s, which the board reserves",
		       (unsigned long long)file.start, (unsigned long long)(file.bytes / 1024u),
		       board->reserved[i].name);
		return false;
	}
	if (!inside)
		report("memory", model_place(layout->system, layout->system->node, NULL),
		       "the image at 0x%llx (%llu KiB) does not lie in the board's memory",
		       (unsigned long long)file.start, (unsigned long long)(file.bytes / 1024u));
	return inside;
}

void layout_place(struct layout *layout)
{
	layout->good = true;
	layout->config_bytes = config_writer_bytes(layout->system);
	layout->table_pages = TABLE_GUESS;
	layout_once(layout);
	for (uint32_t i = 0u; layout->good && layout->tables.count != layout->table_pages; i++) {
		if (i >= TABLE_ROUNDS && layout->tables.count < layout->table_pages)
			break;
		layout->table_pages = layout->tables.count;
		layout_once(layout);
	}
	layout->good = layout->good && layout_in_memory(layout);
	for (uint32_t i = 0u; i < layout->system->process_count; i++)
		info_writer_place(layout->system, &layout->system->processes[i]);
}
