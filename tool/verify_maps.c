/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who maps what, how: the lists of mappings of EL2, of every process and of every guest
 * (docs/image.md, "EL2's address space" and "Stage-2 spaces"), and how many tables they take.
 * Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <stdlib.h>
#include <string.h>

#define GICD_BYTES   0x10000ull
#define GICR_BYTES   0x20000ull
#define LEVEL1_BYTES 0x40000000ull

void want_add_map(struct want *w, uint32_t space, const struct want_map *map)
{
	struct want_space *s = &w->spaces[space];

	if (map->bytes == 0)
		return;
	s->maps = want_more(w, s->maps, s->count, &s->room, sizeof(*map));
	s->maps[s->count] = *map;
	s->maps[s->count++].bytes = want_up(map->bytes, PAGE_BYTES);
}

static void add(struct want *w, uint32_t space, uint64_t va, struct want_range physical,
                enum verify_form form, const char *what)
{
	want_add_map(w, space, &(struct want_map){va, physical.start, physical.bytes, form, what});
}

static void add_kernel(struct want *w)
{
	for (uint32_t i = 0; i < w->kernel.segment_count; i++) {
		const struct want_segment *s = &w->kernel.segments[i];
		struct want_range range = {w->load_pa + (s->va - KERNEL_VA), s->bytes};

		if (s->write)
			add(w, SPACE_EL2_ID, s->va, range, FORM_RW, "kernel data");
		else if (s->execute)
			add(w, SPACE_EL2_ID, s->va, range, FORM_RX, "kernel text");
		else
			add(w, SPACE_EL2_ID, s->va, range, FORM_RO, "kernel constants");
	}
	add(w, SPACE_EL2_ID, w->load_pa, (struct want_range){w->load_pa, PAGE_BYTES}, FORM_RX,
	    "the identity page");
	add(w, SPACE_EL2_ID, want_el2_va(w, w->config_pa),
	    (struct want_range){w->config_pa, w->config_part.bytes}, FORM_RO, "the configuration");
	add(w, SPACE_EL2_ID, want_el2_va(w, w->objects_pa),
	    (struct want_range){w->objects_pa, w->objects_bytes}, FORM_RW, "kernel objects");
	for (uint32_t i = 0; i < w->cpu_used; i++) {
		uint64_t pa = w->stacks_pa + i * (PAGE_BYTES + IMAGE_STACK_BYTES) + PAGE_BYTES;

		add(w, SPACE_EL2_ID, want_el2_va(w, pa), (struct want_range){pa, IMAGE_STACK_BYTES},
		    FORM_RW, "a kernel stack");
	}
}

static void add_kernel_devices(struct want *w)
{
	uint64_t va = KERNEL_DEVICE_VA;

	w->config.gicd_va = va;
	add(w, SPACE_EL2_ID, va, (struct want_range){w->gicd_pa, GICD_BYTES}, FORM_DEVICE,
	    "the distributor");
	va += GICD_BYTES;
	for (uint32_t i = 0; i < w->cpu_count; i++) {
		if (!w->cpus[i].used)
			continue;
		w->cpus[i].gicr_va = va;
		add(w, SPACE_EL2_ID, va, (struct want_range){w->cpus[i].gicr_pa, GICR_BYTES},
		    FORM_DEVICE, "a redistributor");
		va += GICR_BYTES;
	}
	if (w->uart_type == UART_NONE)
		return;
	w->config.uart_va = va + w->uart_pa % PAGE_BYTES;
	add(w, SPACE_EL2_ID, va,
	    (struct want_range){w->uart_pa - w->uart_pa % PAGE_BYTES, PAGE_BYTES}, FORM_DEVICE,
	    "the boot UART");
}

/* A page of a program that an executable segment touches is RX, the others are RO. */
static void add_program(struct want *w, uint32_t space, const struct want_program *program)
{
	for (uint64_t at = 0; at < program->text.bytes; at += PAGE_BYTES) {
		struct want_range page = {PROGRAM_TEXT_VA + at, PAGE_BYTES};
		bool execute = false;

		for (uint32_t i = 0; i < program->elf.segment_count; i++) {
			const struct want_segment *s = &program->elf.segments[i];

			execute |=
				s->execute && want_meet(page, (struct want_range){s->va, s->bytes});
		}
		add(w, space, page.start, (struct want_range){program->pa + at, PAGE_BYTES},
		    execute ? FORM_RX : FORM_RO, execute ? "text" : "constants");
	}
}

static void add_devices(struct want *w, uint32_t space, const struct want_process *p)
{
	for (uint32_t n = 0; n < p->device_count; n++) {
		const struct want_device *d = &p->devices[n];

		for (uint32_t i = 0; i < d->reg_count; i++) {
			uint64_t skew = d->regs[i].start % PAGE_BYTES;

			add(w, space, d->va[i] - skew,
			    (struct want_range){d->regs[i].start - skew, d->regs[i].bytes + skew},
			    FORM_DEVICE, d->name);
		}
	}
}

static void add_process(struct want *w, uint32_t index)
{
	const struct want_process *p = &w->processes[index];
	const struct want_program *program = &w->programs[p->program];
	uint32_t space = 1 + index;

	add(w, space, PROCESS_INFO_VA, (struct want_range){p->info_pa, p->info.bytes}, FORM_RO,
	    "info pages");
	add_program(w, space, program);
	add(w, space, PROGRAM_DATA_VA, (struct want_range){p->data_pa, program->data_bytes},
	    FORM_RW, "data");
	for (uint32_t n = 0; n < p->thread_count; n++) {
		uint64_t bytes = p->threads[n]->stack_bytes;

		add(w, space, STACK_VA + (n + 1) * STACK_SLOT - bytes,
		    (struct want_range){p->threads[n]->stack_pa, bytes}, FORM_RW, "a stack");
	}
	add_devices(w, space, p);
	for (uint32_t n = 0; n < p->end_count; n++) {
		const struct want_channel *channel = &w->channels[p->ends[n] / 2];

		add(w, space, channel->va[p->ends[n] % 2],
		    (struct want_range){channel->pa, channel->bytes}, FORM_RW, "a channel");
	}
	for (uint32_t i = 0; i < w->shared_count; i++)
		for (uint32_t n = 0; n < w->shared[i].peer_count; n++) {
			const struct want_shared *shared = &w->shared[i];

			if (shared->peers[n].process == index && p->vm == IMAGE_NONE)
				add(w, space, shared->peers[n].va,
				    (struct want_range){shared->pa, shared->bytes},
				    shared->peers[n].writable ? FORM_RW : FORM_RO, "shared memory");
		}
	add(w, space, DMA_VA, (struct want_range){p->dma_pa, p->dma_bytes}, FORM_RW, "DMA memory");
	for (uint32_t i = 0; i < w->pool_count; i++) {
		const struct want_pool *pool = &w->pools[i];
		enum verify_form form = want_pool_form(w, pool, index);

		if (form != FORM_NONE)
			add(w, space, want_pool_va(w, i, index),
			    (struct want_range){pool->pa, pool->bytes}, form, "a pool");
	}
	if (p->recorder)
		add(w, space, TRACE_VA,
		    (struct want_range){w->object_pa[OBJECT_TRACE], w->cpu_used * PAGE_BYTES},
		    FORM_RO, "the flight recorder");
}

static void add_vm(struct want *w, uint32_t index)
{
	const struct want_vm *vm = &w->vms[index];
	const struct want_file *files[] = {&vm->kernel, &vm->initrd, &vm->tree};
	uint32_t process = 1 + vm->process;
	uint32_t guest = 1 + w->process_count + index;

	for (uint32_t i = 0; i < 3; i++)
		add(w, process, files[i]->va,
		    (struct want_range){files[i]->pa, files[i]->content.bytes}, FORM_RO,
		    "a file for its guest");
	for (uint32_t i = 0; i < w->shared_count; i++)
		for (uint32_t n = 0; n < w->shared[i].peer_count; n++) {
			const struct want_shared *shared = &w->shared[i];

			if (shared->peers[n].process == vm->process)
				add(w, guest, shared->peers[n].ipa,
				    (struct want_range){shared->pa, shared->bytes},
				    shared->peers[n].writable ? FORM_RW : FORM_RO, "shared memory");
		}
	for (uint32_t i = 0; i < vm->passed_count; i++)
		for (uint32_t n = 0; n < vm->passed[i].physical.reg_count; n++) {
			struct want_range reg = vm->passed[i].physical.regs[n];
			uint64_t skew = reg.start % PAGE_BYTES;

			add(w, guest, vm->passed[i].regs[n].start - skew,
			    (struct want_range){reg.start - skew, reg.bytes + skew}, FORM_DEVICE,
			    vm->passed[i].physical.name);
		}
	for (uint32_t i = 0; i < vm->bank_count; i++) {
		uint64_t ipa = vm->banks[i].ipa.start;

		for (uint32_t n = 0; n < vm->banks[i].piece_count; n++) {
			struct want_range piece = vm->banks[i].pieces[n];

			add(w, guest, ipa, piece, FORM_RWX, "RAM");
			add(w, process, GUEST_VA + ipa, piece, FORM_RW, "its guest's RAM");
			ipa += piece.bytes;
		}
	}
}

static int by_va(const void *left, const void *right)
{
	const struct want_map *a = left;
	const struct want_map *b = right;

	if (a->va != b->va)
		return a->va < b->va ? -1 : 1;
	return a->bytes > b->bytes ? -1 : a->bytes < b->bytes;
}

/* Two devices in one page are one mapping of it; anything else twice is a mistake. */
static void sort_space(struct want *w, struct want_space *s)
{
	uint32_t kept = 0;

	if (s->count == 0u)
		return;
	qsort(s->maps, s->count, sizeof(*s->maps), by_va);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct want_map *map = &s->maps[i];
		const struct want_map *last = kept ? &s->maps[kept - 1] : NULL;

		if (last && last->va + last->bytes > map->va) {
			if (last->form != FORM_DEVICE || map->form != FORM_DEVICE ||
			    map->pa - last->pa != map->va - last->va)
				want_stop(w, "%s: %s and %s at one address", s->name, last->what,
				          map->what);
			continue;
		}
		s->maps[kept++] = *map;
	}
	s->count = kept;
}

/* Tables of a space: a root, one per GiB, one per 2 MiB that is not a block. */
static uint64_t count_tables(const struct want_space *s)
{
	uint64_t level2 = 0;
	uint64_t level3 = 0;
	uint64_t count = 1;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct want_map *map = &s->maps[i];
		bool blocks = s->kind != KIND_EL2 && map->va % BLOCK_BYTES == map->pa % BLOCK_BYTES;
		uint64_t end = map->va + map->bytes;

		for (uint64_t va = map->va; va < end;) {
			uint64_t next = (va / BLOCK_BYTES + 1) * BLOCK_BYTES;

			if (va / LEVEL1_BYTES + 1 != level2) {
				level2 = va / LEVEL1_BYTES + 1;
				count++;
			}
			if (!(blocks && va % BLOCK_BYTES == 0 && next <= end) &&
			    va / BLOCK_BYTES + 1 != level3) {
				level3 = va / BLOCK_BYTES + 1;
				count++;
			}
			va = next;
		}
	}
	return count;
}

static void start_space(struct want *w, enum verify_kind kind, const char *name)
{
	struct want_space *s = &w->spaces[w->space_count++];

	s->kind = kind;
	s->name = name;
	s->count = 0;
}

void want_maps(struct want *w)
{
	w->space_count = 0;
	if (1 + w->process_count + w->vm_count > SPACE_MAX) {
		want_stop(w, "more spaces than VMIDs");
		return;
	}
	start_space(w, KIND_EL2, "EL2");
	for (uint32_t i = 0; i < w->process_count; i++)
		start_space(w, KIND_PROCESS, w->processes[i].name);
	for (uint32_t i = 0; i < w->vm_count; i++)
		start_space(w, KIND_VM,
		            want_text(w, "guest of %s", w->processes[w->vms[i].process].name));
	add_kernel(w);
	add_kernel_devices(w);
	for (uint32_t i = 0; i < w->process_count; i++)
		add_process(w, i);
	for (uint32_t i = 0; i < w->vm_count; i++)
		add_vm(w, i);
	w->table_count = 0;
	for (uint32_t i = 0; i < w->space_count; i++) {
		sort_space(w, &w->spaces[i]);
		w->table_count += count_tables(&w->spaces[i]);
	}
}
