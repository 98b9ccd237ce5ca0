/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each part lies, by the rules of docs/image.md ("Placement"): the file from the load
 * address in order, then what is not in it first fit. Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <stdlib.h>
#include <string.h>

#define TABLES_FIRST 16u /* where the search for the number of tables starts */
#define ROUNDS       8u
#define LARGE        0x100000ull /* parts of the file from 1 MiB on start on a block */

static void read_kernel(struct want *w)
{
	const char *path = want_text(w, "%s/kernel.elf", w->options->build);
	struct want_bytes file;
	struct want_bytes sizes;
	struct object_size size;

	if (!want_load(w, path, &file))
		return;
	if (!want_elf_read(&file, &w->kernel) ||
	    !want_elf_section(&w->kernel, ".bulkhead.sizes", &sizes) ||
	    sizes.bytes != OBJECT_KINDS * sizeof(size)) {
		want_stop(w, "%s is no kernel", path);
		return;
	}
	for (uint32_t i = 0; i < OBJECT_KINDS; i++) {
		memcpy(&size, sizes.data + i * sizeof(size), sizeof(size));
		w->object_bytes[i] = size.bytes;
	}
	for (uint32_t i = 0; i < w->kernel.segment_count; i++) {
		const struct want_segment *s = &w->kernel.segments[i];
		uint64_t end = want_up(s->va + s->bytes - KERNEL_VA, PAGE_BYTES);

		if (s->va < KERNEL_VA || s->va % PAGE_BYTES || end > KERNEL_DEVICE_VA - KERNEL_VA)
			want_stop(w, "%s: a segment at %#llx", path, (unsigned long long)s->va);
		else if (end > w->kernel_bytes)
			w->kernel_bytes = end;
	}
}

/* Text, rodata and the template of .data by load address; .data and .bss by address. */
static void read_program(struct want *w, struct want_program *program)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < program->elf.segment_count; i++) {
		const struct want_segment *s = &program->elf.segments[i];
		uint64_t last = s->pa + s->file_bytes;

		if ((s->file_bytes && (s->pa < PROGRAM_TEXT_VA || last > PROGRAM_TEXT_END)) ||
		    (s->write && (s->va < PROGRAM_DATA_VA || s->execute))) {
			want_stop(w, "program %s does not fit", program->name);
			return;
		}
		if (s->file_bytes && last > end)
			end = last;
		if (s->write && s->va + s->bytes > PROGRAM_DATA_VA + program->data_bytes)
			program->data_bytes = s->va + s->bytes - PROGRAM_DATA_VA;
	}
	program->data_bytes = want_up(program->data_bytes, PAGE_BYTES);
	program->text.bytes = end ? want_up(end - PROGRAM_TEXT_VA, PAGE_BYTES) : 0;
	program->text.data = want_alloc(w, 1, program->text.bytes + 1);
	for (uint32_t i = 0; i < program->elf.segment_count; i++) {
		const struct want_segment *s = &program->elf.segments[i];

		if (s->file_bytes)
			memcpy(program->text.data + (s->pa - PROGRAM_TEXT_VA), s->data,
			       s->file_bytes);
	}
}

void want_add_region(struct want *w, const struct want_region *region)
{
	w->regions = want_more(w, w->regions, w->region_count, &w->region_room, sizeof(*region));
	w->regions[w->region_count++] = *region;
}

/* The next part of the file. */
static uint64_t append(struct want *w, const char *owner, const char *what,
                       const struct want_bytes *content, uint64_t bytes)
{
	uint64_t pa = want_up(w->file_end, bytes >= LARGE ? BLOCK_BYTES : PAGE_BYTES);
	struct want_region region = {
		.pa = pa,
		.bytes = want_up(bytes, PAGE_BYTES),
		.in_file = true,
		.owner = owner,
		.what = what,
		.data = content ? content->data : NULL,
		.data_bytes = content ? content->bytes : 0,
	};

	want_add_region(w, &region);
	w->file_end = pa + region.bytes;
	return pa;
}

static void place_file(struct want *w)
{
	w->file_end = w->load_pa;
	append(w, "EL2", "the kernel", NULL, w->kernel_bytes);
	w->config_pa = append(w, "EL2", "the configuration", NULL, w->config_part.bytes);
	w->tables_pa = append(w, "nobody", "a table", NULL, w->table_count * PAGE_BYTES);
	for (uint32_t i = 0; i < w->program_count; i++)
		w->programs[i].pa = append(w, w->programs[i].name, "the program",
		                           &w->programs[i].text, w->programs[i].text.bytes);
	for (uint32_t i = 0; i < w->process_count; i++)
		w->processes[i].info_pa = append(w, w->processes[i].name, "an info page",
		                                 &w->processes[i].info, w->processes[i].info.bytes);
	for (uint32_t i = 0; i < w->vm_count; i++) {
		struct want_vm *vm = &w->vms[i];
		const char *name = w->processes[vm->process].name;
		struct want_file *files[] = {&vm->tree, &vm->kernel, &vm->initrd};
		static const char *const names[] = {"the guest's tree", "the guest's kernel",
		                                    "the guest's initrd"};

		for (uint32_t n = 0; n < 3; n++)
			if (files[n]->content.bytes)
				files[n]->pa = append(w, name, names[n], &files[n]->content,
				                      files[n]->content.bytes);
	}
}

static int by_start(const void *left, const void *right)
{
	const struct want_range *a = left;
	const struct want_range *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void keep_free(struct want *w, uint64_t start, uint64_t end)
{
	if (end <= start)
		return;
	if (w->free_count == sizeof(w->free) / sizeof(w->free[0]))
		want_stop(w, "memory is in too many pieces");
	else
		w->free[w->free_count++] = (struct want_range){start, end - start};
}

static void take_away(struct want *w, struct want_range gone)
{
	uint64_t gone_end = gone.start + gone.bytes;
	uint32_t count = w->free_count;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct want_range range = w->free[i];

		if (!want_meet(range, gone))
			continue;
		w->free[i].bytes = gone.start > range.start ? gone.start - range.start : 0;
		keep_free(w, gone_end, range.start + range.bytes);
	}
	for (uint32_t i = 0; i < w->free_count; i++)
		if (w->free[i].bytes)
			w->free[kept++] = w->free[i];
	w->free_count = kept;
	qsort(w->free, kept, sizeof(w->free[0]), by_start);
}

static void find_free(struct want *w)
{
	w->free_count = 0;
	for (uint32_t i = 0; i < w->ram_count; i++)
		keep_free(w, want_up(w->ram[i].start, PAGE_BYTES),
		          (w->ram[i].start + w->ram[i].bytes) / PAGE_BYTES * PAGE_BYTES);
	for (uint32_t i = 0; i < w->reserved_count; i++) {
		uint64_t start = w->reserved[i].start / PAGE_BYTES * PAGE_BYTES;
		uint64_t end = want_up(w->reserved[i].start + w->reserved[i].bytes, PAGE_BYTES);

		take_away(w, (struct want_range){start, end - start});
	}
	take_away(w, (struct want_range){w->load_pa, w->file_end - w->load_pa});
	take_away(w, (struct want_range){0, PAGE_BYTES});
}

/* The first place of the size at or above lowest; 0 when there is none. */
static uint64_t first_fit(const struct want *w, uint64_t lowest, uint64_t bytes, uint64_t alignment)
{
	for (uint32_t i = 0; i < w->free_count; i++) {
		uint64_t end = w->free[i].start + w->free[i].bytes;
		uint64_t start = w->free[i].start < lowest ? lowest : w->free[i].start;

		start = want_up(start, alignment);
		if (start < end && bytes <= end - start)
			return start;
	}
	return 0;
}

static void occupy(struct want *w, const char *owner, const char *what, struct want_range range)
{
	want_add_region(
		w, &(struct want_region){
			   .pa = range.start, .bytes = range.bytes, .owner = owner, .what = what});
	take_away(w, range);
}

/* From the load address upward, else from the bottom of memory. */
static uint64_t take(struct want *w, const char *owner, const char *what, uint64_t bytes)
{
	uint64_t pa = first_fit(w, w->load_pa, bytes, PAGE_BYTES);

	if (!pa)
		pa = first_fit(w, 0, bytes, PAGE_BYTES);
	if (!pa)
		want_stop(w, "%s: no memory for %s", owner, what);
	else
		occupy(w, owner, what, (struct want_range){pa, bytes});
	return pa;
}

static void place_kernel_memory(struct want *w)
{
	const struct config *c = &w->config;
	const uint32_t counts[OBJECT_KINDS] = {
		[OBJECT_CPU] = c->cpu_count,         [OBJECT_THREAD] = c->thread_count,
		[OBJECT_PROCESS] = c->process_count, [OBJECT_VM] = c->vm_count,
		[OBJECT_VCPU] = c->vcpu_count,       [OBJECT_INTERRUPT] = c->interrupt_count,
		[OBJECT_TRACE] = c->cpu_count,
	};

	w->objects_bytes = 0;
	for (uint32_t i = 0; i < OBJECT_KINDS; i++)
		w->objects_bytes += want_up((uint64_t)w->object_bytes[i] * counts[i], PAGE_BYTES);
	w->objects_pa = take(w, "EL2", "kernel objects", w->objects_bytes);
	w->object_pa[0] = w->objects_pa;
	for (uint32_t i = 1; i < OBJECT_KINDS; i++)
		w->object_pa[i] =
			w->object_pa[i - 1] +
			want_up((uint64_t)w->object_bytes[i - 1] * counts[i - 1], PAGE_BYTES);
	w->stacks_pa = take(w, "EL2", "kernel stacks and their guard pages",
	                    w->cpu_used * (PAGE_BYTES + IMAGE_STACK_BYTES));
}

static void place_processes(struct want *w)
{
	for (uint32_t i = 0; i < w->process_count; i++) {
		struct want_process *p = &w->processes[i];
		uint64_t data = w->programs[p->program].data_bytes;

		if (data)
			p->data_pa = take(w, p->name, "data", data);
		for (uint32_t n = 0; n < p->thread_count; n++)
			p->threads[n]->stack_pa =
				take(w, p->name, "a stack", p->threads[n]->stack_bytes);
		if (p->dma_bytes)
			p->dma_pa = take(w, p->name, "DMA memory", p->dma_bytes);
	}
	for (uint32_t i = 0; i < w->channel_count; i++) {
		struct want_channel *channel = &w->channels[i];
		const char *owner =
			want_text(w, "%s and %s", w->processes[channel->process[0]].name,
		                  w->processes[channel->process[1]].name);

		channel->pa = take(w, owner, "the channel", channel->bytes);
	}
	for (uint32_t i = 0; i < w->shared_count; i++)
		w->shared[i].pa = take(w, w->shared[i].name, "shared memory", w->shared[i].bytes);
	for (uint32_t i = 0; i < w->pool_count; i++)
		w->pools[i].pa =
			take(w, w->processes[w->pools[i].owner].name, "a pool", w->pools[i].bytes);
}

/* As much of the bytes as the free range with the most whole alignments holds. */
static struct want_range largest(const struct want *w, uint64_t bytes, uint64_t alignment)
{
	struct want_range best = {0, 0};

	for (uint32_t i = 0; i < w->free_count; i++) {
		uint64_t end = w->free[i].start + w->free[i].bytes;
		uint64_t start = want_up(w->free[i].start, alignment);
		uint64_t room = start < end ? (end - start) / alignment * alignment : 0;

		if (room > best.bytes)
			best = (struct want_range){start, room};
	}
	if (best.bytes > bytes)
		best.bytes = bytes;
	return best;
}

static void place_bank(struct want *w, struct want_vm *vm, struct want_bank *bank)
{
	bool blocks = bank->ipa.start % BLOCK_BYTES == 0 && bank->ipa.bytes >= BLOCK_BYTES;
	uint64_t alignment = blocks ? BLOCK_BYTES : PAGE_BYTES;
	uint64_t part = want_up(bank->ipa.bytes / vm->ram_pieces, alignment);
	uint64_t left = bank->ipa.bytes;

	for (bank->piece_count = 0; left; left -= bank->pieces[bank->piece_count++].bytes) {
		uint64_t bytes = left < part ? left : part;
		struct want_range piece = {first_fit(w, 0, bytes, alignment), bytes};

		if (!piece.start)
			piece = largest(w, bytes, alignment);
		if (!piece.bytes || bank->piece_count == WANT_PIECES) {
			want_stop(w, "no memory for the RAM of %s", w->processes[vm->process].name);
			return;
		}
		occupy(w, w->processes[vm->process].name, "guest RAM", piece);
		bank->pieces[bank->piece_count] = piece;
		if (vm->ram_pieces > 1) /* a block stays free between them */
			take_away(w, (struct want_range){piece.start + piece.bytes, BLOCK_BYTES});
	}
}

/* RAM whose place is stated lies in free memory, all of it. */
static void place_stated(struct want *w, const struct want_vm *vm, struct want_bank *bank)
{
	struct want_range range = {bank->pa, bank->ipa.bytes};

	for (uint32_t i = 0; i < w->free_count; i++) {
		if (!want_inside(range, w->free[i]) || range.start % PAGE_BYTES)
			continue;
		occupy(w, w->processes[vm->process].name, "guest RAM", range);
		bank->pieces[0] = range;
		bank->piece_count = 1;
		return;
	}
	want_stop(w, "RAM of %s cannot lie at %#llx", w->processes[vm->process].name,
	          (unsigned long long)range.start);
}

/* Of all guests the banks whose place is stated, or those whose is not. */
static void place_ram(struct want *w, bool stated)
{
	for (uint32_t i = 0; i < w->vm_count; i++)
		for (uint32_t n = 0; n < w->vms[i].bank_count; n++) {
			struct want_bank *bank = &w->vms[i].banks[n];

			if (bank->placed == stated && stated)
				place_stated(w, &w->vms[i], bank);
			else if (bank->placed == stated)
				place_bank(w, &w->vms[i], bank);
		}
}

/* The image's memory goes on as long as part follows part without a gap. */
static void find_image_end(struct want *w)
{
	uint64_t before;

	w->image_end = w->file_end;
	do {
		before = w->image_end;
		for (uint32_t i = 0; i < w->region_count; i++)
			if (w->regions[i].pa == w->image_end)
				w->image_end += w->regions[i].bytes;
	} while (w->image_end != before);
}

static void place_all(struct want *w)
{
	w->region_count = 0;
	place_file(w);
	find_free(w);
	place_ram(w, true);
	place_kernel_memory(w);
	place_processes(w);
	place_ram(w, false);
	find_image_end(w);
	if (!w->failures)
		want_maps(w);
}

static void fill_head(struct want *w)
{
	const struct want_segment *first = &w->kernel.segments[0];

	if (first->va != KERNEL_VA || first->file_bytes < sizeof(w->head)) {
		want_stop(w, "the kernel does not start with its head");
		return;
	}
	memcpy(&w->head, first->data, sizeof(w->head));
	w->head.image_size = w->image_end - w->load_pa;
	w->head.uart_type = w->uart_type;
	w->head.load_pa = w->load_pa;
	w->head.image_bytes = w->file_end - w->load_pa;
	w->head.uart_pa = w->uart_pa;
	w->head.el2_root_pa = 0; /* any page of the tables */
	w->head.config_va = want_el2_va(w, w->config_pa);
	w->head.stack_va = want_el2_va(w, w->stacks_pa);
}

void want_plan(struct want *w)
{
	uint64_t tables = TABLES_FIRST;

	read_kernel(w);
	for (uint32_t i = 0; i < w->program_count && !w->failures; i++)
		read_program(w, &w->programs[i]);
	if (w->failures)
		return;
	want_config(w); /* its size */
	for (uint32_t round = 0; round <= ROUNDS && !w->failures; round++) {
		w->table_count = tables;
		place_all(w);
		tables = w->table_count;
		if (w->tables_pa + tables * PAGE_BYTES <= w->file_end &&
		    w->regions[2].bytes == tables * PAGE_BYTES)
			break;
	}
	if (!w->failures)
		fill_head(w);
}
