/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of objects; contract in assign.h. */
#include "tool/assign.h"

#include <stdlib.h>
#include <string.h>

#include "abi/syscall.h"
#include "tool/pass.h"
#include "tool/report.h"

static int assign_compare_threads(const void *left, const void *right)
{
	const struct thread *const *a = left;
	const struct thread *const *b = right;

	if ((*a)->cpu != (*b)->cpu)
		return (*a)->cpu < (*b)->cpu ? -1 : 1;
	if ((*a)->priority != (*b)->priority)
		return (*a)->priority > (*b)->priority ? -1 : 1;
	return (*a)->cpu_position < (*b)->cpu_position ? -1 : 1;
}

/* By CPU, and there from the highest priority: the kernel's slots are in this order. */
void assign_threads(struct system *system)
{
	struct board *board = &system->board;

	for (uint32_t i = 0u; i < system->thread_count; i++)
		system->order[i] = &system->threads[i];
	qsort(system->order, system->thread_count, sizeof(system->order[0]),
	      assign_compare_threads);
	board->cpus[0].used = true;
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		struct thread *thread = system->order[i];

		thread->id = i;
		if (thread->cpu >= board->cpu_count)
			continue;
		board->cpus[thread->cpu].used = true;
		if (board->cpus[thread->cpu].thread_count++ == 0u)
			board->cpus[thread->cpu].thread_first = i;
	}
	for (uint32_t i = 0u; i < board->cpu_count; i++) {
		if (board->cpus[i].used)
			board->cpus[i].index = system->cpu_used++;
	}
}

static void assign_vms(struct system *system)
{
	for (uint32_t i = 0u; i < system->process_count; i++)
		system->processes[i].vmid = 1u + i;
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		struct vm *vm = &system->vms[i];

		vm->vmid = 1u + system->process_count + i;
		vm->vcpu_first = system->vcpu_count;
		for (uint32_t j = 0u; j < vm->process->thread_count; j++)
			vm->process->threads[j]->vcpu = system->vcpu_count++;
	}
}

static uint32_t assign_bit(struct thread *thread)
{
	if (thread->bit_next == NOTIFY_BIT_COUNT)
		report("limits", thread->place, "%s needs more than %u notification bits",
		       thread->process->name, NOTIFY_BIT_COUNT);
	return thread->bit_next++;
}

static uint32_t assign_handle(struct process *process, uint32_t kind, uint32_t object,
                              uint32_t argument)
{
	struct config_handle *handle = &process->handles[process->handle_count];

	if (process->handle_count == HANDLE_MAX - 1u) {
		report("limits", process->place, "%s needs more than %u handles", process->name,
		       HANDLE_MAX - 1u);
		return 0u;
	}
	handle->kind = kind;
	handle->object = object;
	handle->argument = argument;
	return process->handle_count++;
}

/* Two register blocks in one page of one process share its mapping. */
static uint64_t assign_device_va(const struct process *process, const struct device *device,
                                 uint32_t part, uint64_t *next)
{
	struct range reg = device->regs[part];
	uint64_t page = reg.start / PAGE_BYTES * PAGE_BYTES;
	uint64_t end = (range_end(reg) + PAGE_BYTES - 1u) / PAGE_BYTES * PAGE_BYTES;
	uint64_t va = *next;

	for (const struct device *other = process->devices; other <= device; other++) {
		uint32_t count = other == device ? part : other->reg_count;

		for (uint32_t i = 0u; i < count; i++) {
			if (other->regs[i].start / PAGE_BYTES * PAGE_BYTES == page &&
			    end - page == PAGE_BYTES)
				return other->va[i] / PAGE_BYTES * PAGE_BYTES + reg.start - page;
		}
	}
	*next += end - page;
	if (*next > CHANNEL_VA)
		report("limits", device->place, "the devices of %s take more than %llu bytes",
		       process->name, (unsigned long long)(CHANNEL_VA - DEVICE_VA));
	return va + reg.start - page;
}

/* Nobody but the guest has it; thread 0 enables its interrupts, and nobody else is told of them. */
static void assign_passed(struct system *system, const struct process *process,
                          const struct device *device)
{
	struct tree_interrupt guest;

	for (uint32_t i = 0u; i < device->interrupt_count && pass_slot_interrupt(device, i, &guest);
	     i++)
		system->interrupts[system->interrupt_count++] = (struct config_interrupt){
			.intid = device->interrupts[i].intid,
			.thread = process->threads[0]->id,
			.edge = device->interrupts[i].edge,
			.guest_intid = guest.intid,
		};
}

static void assign_devices(struct system *system, struct process *process)
{
	uint64_t next = DEVICE_VA;

	for (uint32_t i = 0u; i < process->device_count; i++) {
		struct device *device = &process->devices[i];

		if (device->slot != NULL) {
			assign_passed(system, process, device);
			continue;
		}
		for (uint32_t j = 0u; j < device->reg_count; j++)
			device->va[j] = assign_device_va(process, device, j, &next);
		for (uint32_t j = 0u; j < device->interrupt_count; j++) {
			device->bit[j] = assign_bit(process->threads[0]);
			system->interrupts[system->interrupt_count++] = (struct config_interrupt){
				.intid = device->interrupts[j].intid,
				.thread = process->threads[0]->id,
				.bit = device->bit[j],
				.edge = device->interrupts[j].edge,
			};
		}
	}
}

static int assign_compare_interrupts(const void *left, const void *right)
{
	const struct config_interrupt *a = left;
	const struct config_interrupt *b = right;

	return a->intid < b->intid ? -1 : a->intid > b->intid;
}

static uint32_t assign_interrupt_index(const struct system *system, uint32_t intid)
{
	for (uint32_t i = 0u; i < system->interrupt_count; i++) {
		if (system->interrupts[i].intid == intid)
			return i;
	}
	return IMAGE_NONE;
}

/* One behind the other, from CHANNEL_VA. */
static void assign_channel_ends(struct process *process)
{
	uint64_t va = CHANNEL_VA;

	for (uint32_t i = 0u; i < process->end_count; i++) {
		process->ends[i]->va = va;
		process->ends[i]->bit = assign_bit(process->threads[0]);
		va += process->ends[i]->channel->bytes;
	}
	if (va > DMA_VA)
		report("limits", process->place, "the channels of %s take more than %llu bytes",
		       process->name, (unsigned long long)(DMA_VA - CHANNEL_VA));
}

/* One behind the other, from SHARED_VA; a VM's process has none of it. */
static void assign_shared(struct process *process)
{
	uint64_t va = SHARED_VA;

	for (uint32_t i = 0u; process->vm == NULL && i < process->shared_count; i++) {
		process->shared[i]->va = va;
		va += process->shared[i]->shared->bytes;
	}
}

static void assign_supervision(struct system *system)
{
	struct process *supervisor = system->supervisor;

	supervisor->supervisor_bit = assign_bit(supervisor->threads[0]);
	for (uint32_t i = 0u; i < system->process_count; i++) {
		struct process *child = &system->processes[i];

		if (child == supervisor)
			continue;
		supervisor->children[supervisor->child_count] = child;
		supervisor->child_handle[supervisor->child_count++] = assign_handle(
			supervisor, HANDLE_PROCESS, child->index, RIGHT_STATUS | RIGHT_CONTROL);
	}
}

static void assign_handles(struct system *system, struct process *process)
{
	process->system_handle = IMAGE_NONE;
	for (uint32_t i = 0u; i < process->thread_count; i++) {
		uint32_t id = process->threads[i]->id;

		process->start_handle[i] = assign_handle(process, HANDLE_NOTIFY, id, NOTIFY_START);
		if (process->vm != NULL)
			process->sibling_handle[i] =
				assign_handle(process, HANDLE_NOTIFY, id, VM_KICK_BIT);
	}
	for (uint32_t i = 0u; i < process->device_count; i++) {
		struct device *device = &process->devices[i];

		for (uint32_t j = 0u; device->slot == NULL && j < device->interrupt_count; j++)
			device->handle[j] = assign_handle(
				process, HANDLE_INTERRUPT,
				assign_interrupt_index(system, device->interrupts[j].intid), 0u);
	}
	for (uint32_t i = 0u; i < process->end_count; i++) {
		struct channel_end *end = process->ends[i];
		const struct channel_end *peer = &end->channel->end[1u - end->side];

		end->handle = assign_handle(process, HANDLE_NOTIFY, peer->process->threads[0]->id,
		                            peer->bit);
	}
	if (process == system->supervisor || process == system->console)
		process->system_handle = assign_handle(process, HANDLE_SYSTEM, 0u, 0u);
	if (process == system->supervisor)
		assign_supervision(system);
}

void assign_all(struct system *system)
{
	assign_threads(system);
	assign_vms(system);
	for (uint32_t i = 0u; i < system->process_count; i++) {
		assign_devices(system, &system->processes[i]);
		assign_channel_ends(&system->processes[i]);
		assign_shared(&system->processes[i]);
	}
	qsort(system->interrupts, system->interrupt_count, sizeof(system->interrupts[0]),
	      assign_compare_interrupts);
	for (uint32_t i = 0u; i < system->process_count; i++) {
		struct process *process = &system->processes[i];

		process->handle_first = system->handle_count;
		assign_handles(system, process);
		system->handle_count += process->handle_count;
	}
}
