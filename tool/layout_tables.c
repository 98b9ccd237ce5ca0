/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sees what: the mappings of EL2, of every process and of every guest, as tables. Called
 * by layout.c when every part has its place.
 */
#include "tool/layout.h"
#include "tool/pass.h"

#define GICD_BYTES 0x10000ull
#define GICR_BYTES 0x20000ull

static void layout_map_el2(struct layout *layout, uint64_t va, uint64_t pa, uint64_t bytes,
                           enum map_kind kind)
{
	struct mapping mapping = {va, pa, layout_up(bytes, PAGE_BYTES), kind};

	pagetable_map_el2(&layout->tables, layout->el2_root_pa, &mapping);
}

static void layout_map_kernel(struct layout *layout)
{
	const struct elf_file *elf = &layout->kernel.elf;
	uint64_t load_pa = layout->system->board.load_pa;

	for (uint32_t i = 0u; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		enum map_kind kind = segment->writable     ? MAP_RW
		                     : segment->executable ? MAP_TEXT
		                                           : MAP_RO;

		layout_map_el2(layout, segment->va, load_pa + segment->va - KERNEL_VA,
		               segment->memory_bytes, kind);
	}
	layout_map_el2(layout, load_pa, load_pa, PAGE_BYTES, MAP_TEXT);
}

static void layout_map_el2_devices(struct layout *layout)
{
	const struct board *board = &layout->system->board;
	uint64_t va = KERNEL_DEVICE_VA;

	layout->gicd_va = va;
	layout_map_el2(layout, va, board->gicd_pa, GICD_BYTES, MAP_DEVICE);
	va += GICD_BYTES;
	for (uint32_t i = 0u; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = &board->cpus[i];

		if (!cpu->used)
			continue;
		layout->gicr_va[cpu->index] = va;
		layout_map_el2(layout, va, cpu->gicr_pa, GICR_BYTES, MAP_DEVICE);
		va += GICR_BYTES;
	}
	if (board->uart_type == UART_NONE)
		return;
	layout->uart_va = va + board->uart_pa % PAGE_BYTES;
	layout_map_el2(layout, va, board->uart_pa / PAGE_BYTES * PAGE_BYTES, PAGE_BYTES,
	               MAP_DEVICE);
}

static void layout_el2(struct layout *layout)
{
	layout->el2_root_pa = pagetable_new(&layout->tables);
	layout_map_kernel(layout);
	layout_map_el2(layout, layout_el2_va(layout, layout->config_pa), layout->config_pa,
	               layout->config_bytes, MAP_RO);
	layout_map_el2(layout, layout_el2_va(layout, layout->objects_pa), layout->objects_pa,
	               layout->objects_bytes, MAP_RW);
	for (uint32_t i = 0u; i < layout->system->cpu_used; i++) {
		uint64_t pa = layout->stacks_pa + i * (PAGE_BYTES + IMAGE_STACK_BYTES) + PAGE_BYTES;

		layout_map_el2(layout, layout_el2_va(layout, pa), pa, IMAGE_STACK_BYTES, MAP_RW);
	}
	layout_map_el2_devices(layout);
}

static void layout_map(struct layout *layout, uint64_t root, uint64_t va, uint64_t pa,
                       uint64_t bytes, enum map_kind kind)
{
	struct mapping mapping = {va, pa, layout_up(bytes, PAGE_BYTES), kind};

	pagetable_map_stage2(&layout->tables, root, &mapping);
}

/* A page of text is executable when an executable segment touches it, else read-only. */
static void layout_map_program(struct layout *layout, const struct process *process)
{
	const struct program *program = process->program;
	uint64_t data_end = PROGRAM_DATA_VA;

	for (uint64_t at = 0u; at < program->text_bytes; at += PAGE_BYTES) {
		struct range page = {PROGRAM_TEXT_VA + at, PAGE_BYTES};
		enum map_kind kind = MAP_RO;

		for (uint32_t i = 0u; i < program->elf.segment_count; i++) {
			const struct elf_segment *segment = &program->elf.segments[i];
			struct range range = {segment->va, segment->memory_bytes};

			if (segment->executable && range_overlap(page, range))
				kind = MAP_TEXT;
		}
		layout_map(layout, process->root_pa, page.start, program->pa + at, PAGE_BYTES,
		           kind);
	}
	for (uint32_t i = 0u; i < program->elf.segment_count; i++) {
		const struct elf_segment *segment = &program->elf.segments[i];
		uint64_t end = segment->va + segment->memory_bytes;

		if (segment->writable && end > data_end)
			data_end = end;
	}
	layout_map(layout, process->root_pa, PROGRAM_DATA_VA, process->data_pa,
	           data_end - PROGRAM_DATA_VA, MAP_RW);
}

static void layout_map_devices(struct layout *layout, const struct process *process)
{
	for (uint32_t i = 0u; i < process->device_count; i++) {
		const struct device *device = &process->devices[i];

		for (uint32_t j = 0u; device->slot == NULL && j < device->reg_count; j++) {
			uint64_t skew = device->regs[j].start % PAGE_BYTES;

			layout_map(layout, process->root_pa, device->va[j] - skew,
			           device->regs[j].start - skew, device->regs[j].bytes + skew,
			           MAP_DEVICE);
		}
	}
}

static void layout_map_pools(struct layout *layout, const struct process *process)
{
	const struct system *system = layout->system;

	for (uint32_t i = 0u; i < system->pool_count; i++) {
		const struct pool *pool = &system->pools[i];
		enum pool_access access = model_pool_access(pool, process);

		if (access != POOL_NONE)
			layout_map(layout, process->root_pa, model_pool_va(system, pool, process),
			           pool->pa, pool->bytes, access == POOL_WRITE ? MAP_RW : MAP_RO);
	}
}

static void layout_process(struct layout *layout, struct process *process)
{
	process->root_pa = pagetable_new(&layout->tables);
	layout_map(layout, process->root_pa, PROCESS_INFO_VA, process->info_pa, process->info.size,
	           MAP_RO);
	layout_map_program(layout, process);
	for (uint32_t i = 0u; i < process->thread_count; i++) {
		const struct thread *thread = process->threads[i];

		layout_map(layout, process->root_pa,
		           STACK_VA + (i + 1u) * STACK_SLOT - thread->stack_bytes, thread->stack_pa,
		           thread->stack_bytes, MAP_RW);
	}
	layout_map_devices(layout, process);
	for (uint32_t i = 0u; i < process->end_count; i++)
		layout_map(layout, process->root_pa, process->ends[i]->va,
		           process->ends[i]->channel->pa, process->ends[i]->channel->bytes, MAP_RW);
	for (uint32_t i = 0u; process->vm == NULL && i < process->shared_count; i++) {
		const struct shared_peer *peer = process->shared[i];

		layout_map(layout, process->root_pa, peer->va, peer->shared->pa,
		           peer->shared->bytes, peer->writable ? MAP_RW : MAP_RO);
	}
	layout_map(layout, process->root_pa, DMA_VA, process->dma_pa, process->dma_bytes, MAP_RW);
	layout_map_pools(layout, process);
	if (process->recorder)
		layout_map(layout, process->root_pa, TRACE_VA, layout->object_pa[OBJECT_TRACE],
		           layout->system->cpu_used * PAGE_BYTES, MAP_RO);
}

/* The guest's own devices, at its addresses. */
static void layout_map_passed(struct layout *layout, const struct vm *vm)
{
	for (uint32_t i = 0u; i < vm->process->device_count; i++) {
		const struct device *device = &vm->process->devices[i];
		struct range guest;

		for (uint32_t j = 0u; j < device->reg_count && pass_slot_reg(device, j, &guest);
		     j++) {
			uint64_t skew = guest.start % PAGE_BYTES;

			layout_map(layout, vm->root_pa, guest.start - skew,
			           device->regs[j].start - skew, guest.bytes + skew, MAP_DEVICE);
		}
	}
}

/* Guest RAM: executable in the guest's space, never in its VM process. */
static void layout_vm(struct layout *layout, struct vm *vm)
{
	const struct guest_file *files[] = {&vm->kernel, &vm->initrd, &vm->tree};

	vm->root_pa = pagetable_new(&layout->tables);
	for (uint32_t i = 0u; i < sizeof(files) / sizeof(files[0]); i++)
		layout_map(layout, vm->process->root_pa, files[i]->va, files[i]->pa,
		           files[i]->bytes.size, MAP_RO);
	for (uint32_t i = 0u; i < vm->process->shared_count; i++) {
		const struct shared_peer *peer = vm->process->shared[i];

		layout_map(layout, vm->root_pa, peer->window->reg.start, peer->shared->pa,
		           peer->shared->bytes, peer->writable ? MAP_RW : MAP_RO);
	}
	layout_map_passed(layout, vm);
	for (uint32_t i = 0u; i < vm->bank_count; i++) {
		uint64_t ipa = vm->banks[i].ipa.start;

		for (uint32_t j = 0u; j < vm->banks[i].piece_count; j++) {
			struct range piece = vm->banks[i].pieces[j].range;

			layout_map(layout, vm->root_pa, ipa, piece.start, piece.bytes, MAP_GUEST);
			layout_map(layout, vm->process->root_pa, GUEST_VA + ipa, piece.start,
			           piece.bytes, MAP_RW);
			ipa += piece.bytes;
		}
	}
}

void layout_tables(struct layout *layout)
{
	struct system *system = layout->system;

	layout->tables.base_pa = layout->tables_pa;
	layout->tables.count = 0u;
	layout_el2(layout);
	for (uint32_t i = 0u; i < system->process_count; i++)
		layout_process(layout, &system->processes[i]);
	for (uint32_t i = 0u; i < system->vm_count; i++)
		layout_vm(layout, &system->vms[i]);
}
