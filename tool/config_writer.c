/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's configuration; contract in config_writer.h. */
#include "tool/config_writer.h"

#include <stdio.h>
#include <string.h>

#include "tool/arena.h"

#define ARRAY_ALIGN 16u
#define VMID_SHIFT  48u
#define MPIDR_RES1  (1ull << 31)

/* Where each array starts, from the start of the configuration. */
struct offsets {
	uint64_t cpus;
	uint64_t processes;
	uint64_t threads;
	uint64_t vms;
	uint64_t vcpus;
	uint64_t handles;
	uint64_t interrupts;
	uint64_t end;
};

static uint64_t config_next(uint64_t *at, uint64_t count, uint64_t bytes)
{
	uint64_t start = *at;

	*at = layout_up(start + count * bytes, ARRAY_ALIGN);
	return start;
}

static struct offsets config_offsets(const struct system *system)
{
	uint64_t at = layout_up(sizeof(struct config), ARRAY_ALIGN);
	struct offsets out;

	out.cpus = config_next(&at, system->cpu_used, sizeof(struct config_cpu));
	out.processes = config_next(&at, system->process_count, sizeof(struct config_process));
	out.threads = config_next(&at, system->thread_count, sizeof(struct config_thread));
	out.vms = config_next(&at, system->vm_count, sizeof(struct config_vm));
	out.vcpus = config_next(&at, system->vcpu_count, sizeof(struct config_vcpu));
	out.handles = config_next(&at, system->handle_count, sizeof(struct config_handle));
	out.interrupts = config_next(&at, system->interrupt_count, sizeof(struct config_interrupt));
	out.end = at;
	return out;
}

uint64_t config_writer_bytes(const struct system *system)
{
	return layout_up(config_offsets(system).end, PAGE_BYTES);
}

static void config_put(struct bytes *out, uint64_t offset, uint64_t index, const void *item,
                       uint64_t bytes)
{
	memcpy(out->data + offset + index * bytes, item, bytes);
}

static void config_cpus(const struct layout *layout, struct bytes *out, uint64_t offset)
{
	const struct board *board = &layout->system->board;

	for (uint32_t i = 0u; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = &board->cpus[i];
		struct config_cpu item = {
			.mpidr = cpu->mpidr,
			.gicr_va = cpu->used ? layout->gicr_va[cpu->index] : 0u,
			.thread_first = cpu->thread_first,
			.thread_count = cpu->thread_count,
		};

		if (cpu->used)
			config_put(out, offset, cpu->index, &item, sizeof(item));
	}
}

static void config_processes(const struct system *system, struct bytes *out, uint64_t offset)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];
		struct config_process item = {
			.vttbr = process->root_pa | (uint64_t)process->vmid << VMID_SHIFT,
			.entry = process->program->elf.entry,
			.flags = process->flags,
			.vm = process->vm == NULL ? IMAGE_NONE : process->vm->index,
			.handle_first = process->handle_first,
			.handle_count = process->handle_count,
			.thread_count = process->thread_count,
			.supervisor_thread = process == system->supervisor
		                                     ? IMAGE_NONE
		                                     : system->supervisor->threads[0]->id,
			.supervisor_bit = system->supervisor->supervisor_bit,
		};

		snprintf(item.name, sizeof(item.name), "%s", process->name);
		for (uint32_t j = 0u; j < process->thread_count; j++)
			item.thread[j] = process->threads[j]->id;
		config_put(out, offset, i, &item, sizeof(item));
	}
}

static void config_threads(const struct system *system, struct bytes *out, uint64_t offset)
{
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *thread = system->order[i];
		struct config_thread item = {
			.process = thread->process->index,
			.index = thread->index,
			.cpu = system->board.cpus[thread->cpu].index,
			.priority = thread->priority,
			.budget_us = thread->budget_us,
			.period_us = thread->period_us,
			.stack_top = STACK_VA + (thread->index + 1u) * STACK_SLOT,
			.vcpu = thread->vcpu,
		};

		config_put(out, offset, i, &item, sizeof(item));
	}
}

static void config_vms(const struct system *system, struct bytes *out,
                       const struct offsets *offsets)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];
		struct config_vm item = {
			.vttbr = vm->root_pa | (uint64_t)vm->vmid << VMID_SHIFT,
			.gicd_ipa = vm->gicd_ipa,
			.gicr_ipa = vm->gicr_ipa,
			.process = vm->process->index,
			.vcpu_first = vm->vcpu_first,
			.vcpu_count = vm->process->thread_count,
			.spi_count = vm->spi_count,
		};

		config_put(out, offsets->vms, i, &item, sizeof(item));
		for (uint32_t j = 0u; j < vm->process->thread_count; j++) {
			struct config_vcpu vcpu = {
				.vm = i,
				.thread = vm->process->threads[j]->id,
				.vmpidr = MPIDR_RES1 | j,
			};

			config_put(out, offsets->vcpus, vm->vcpu_first + j, &vcpu, sizeof(vcpu));
		}
	}
}

static void config_handles(const struct system *system, struct bytes *out,
                           const struct offsets *offsets)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		for (uint32_t j = 0u; j < process->handle_count; j++)
			config_put(out, offsets->handles, process->handle_first + j,
			           &process->handles[j], sizeof(process->handles[j]));
	}
	for (uint32_t i = 0u; i < system->interrupt_count; i++)
		config_put(out, offsets->interrupts, i, &system->interrupts[i],
		           sizeof(system->interrupts[i]));
}

static struct config config_head(const struct layout *layout, const struct offsets *offsets)
{
	const struct system *system = layout->system;
	uint64_t base = layout_el2_va(layout, layout->config_pa);
	struct config head = {
		.magic = CONFIG_MAGIC,
		.abi_version = ABI_VERSION,
		.psci_conduit = system->board.psci_conduit,
		.cpu_count = system->cpu_used,
		.process_count = system->process_count,
		.thread_count = system->thread_count,
		.vm_count = system->vm_count,
		.vcpu_count = system->vcpu_count,
		.handle_count = system->handle_count,
		.interrupt_count = system->interrupt_count,
		.cpus = base + offsets->cpus,
		.processes = base + offsets->processes,
		.threads = base + offsets->threads,
		.vms = base + offsets->vms,
		.vcpus = base + offsets->vcpus,
		.handles = base + offsets->handles,
		.interrupts = base + offsets->interrupts,
		.objects_start = layout_el2_va(layout, layout->objects_pa),
		.objects_bytes = layout->objects_bytes,
		.gicd_va = layout->gicd_va,
		.uart_va = layout->uart_va,
	};

	for (uint32_t i = 0u; i < OBJECT_KINDS; i++)
		head.objects[i] = layout_el2_va(layout, layout->object_pa[i]);
	return head;
}

struct bytes config_writer_write(const struct layout *layout)
{
	const struct system *system = layout->system;
	struct offsets offsets = config_offsets(system);
	struct bytes out = {arena_alloc(layout->config_bytes), layout->config_bytes};
	struct config head = config_head(layout, &offsets);

	memcpy(out.data, &head, sizeof(head));
	config_cpus(layout, &out, offsets.cpus);
	config_processes(system, &out, offsets.processes);
	config_threads(system, &out, offsets.threads);
	config_vms(system, &out, &offsets);
	config_handles(system, &out, &offsets);
	return out;
}
