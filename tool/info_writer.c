/* SPDX-License-Identifier: Apache-2.0 */
/* Info pages; contract in info_writer.h. */
#include "tool/info_writer.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tool/arena.h"
#include "tool/layout.h"
#include "tool/pass.h"
#include "tool/report.h"

#define INFO_BYTES (PROGRAM_TEXT_VA - PROCESS_INFO_VA)

/* Info pages being filled: the arrays follow the struct. */
struct info_buffer {
	const struct process *process;
	struct process_info head;
	uint8_t bytes[INFO_BYTES];
	uint64_t used;
};

static void info_put(struct info_buffer *buffer, const void *item, uint64_t bytes)
{
	if (buffer->used + bytes > INFO_BYTES) {
		report("limits", buffer->process->place,
		       "what %s has to know does not fit into its info pages",
		       buffer->process->name);
		return;
	}
	memcpy(buffer->bytes + buffer->used, item, bytes);
	buffer->used += bytes;
}

static uint64_t info_array(struct info_buffer *buffer)
{
	buffer->used = layout_up(buffer->used, 16u);
	return PROCESS_INFO_VA + buffer->used;
}

/* One record per register block or interrupt, whichever are more. */
static void info_devices(struct info_buffer *buffer, const struct process *process)
{
	buffer->head.devices = info_array(buffer);
	for (uint32_t i = 0u; i < process->device_count; i++) {
		const struct device *device = &process->devices[i];

		for (uint32_t j = 0u;
		     device->slot == NULL && (j < device->reg_count || j < device->interrupt_count);
		     j++) {
			struct process_device item = {.handle = IMAGE_NONE};

			snprintf(item.name, sizeof(item.name), "%s", device->name);
			if (j < device->reg_count) {
				item.va = device->va[j];
				item.bytes = device->regs[j].bytes;
			}
			if (j < device->interrupt_count) {
				item.handle = device->handle[j];
				item.bit = device->bit[j];
			}
			info_put(buffer, &item, sizeof(item));
			buffer->head.device_count++;
		}
	}
}

static void info_channels(struct info_buffer *buffer, const struct process *process)
{
	buffer->head.channels = info_array(buffer);
	for (uint32_t i = 0u; i < process->end_count; i++) {
		const struct channel_end *end = process->ends[i];
		struct process_channel item = {
			.va = end->va,
			.bytes = end->channel->bytes,
			.handle = end->handle,
			.bit = end->bit,
			.side = end->side,
		};

		snprintf(item.name, sizeof(item.name), "%s", end->name);
		memcpy(item.settings, end->channel->settings, sizeof(item.settings));
		info_put(buffer, &item, sizeof(item));
		buffer->head.channel_count++;
	}
}

static void info_pool(struct info_buffer *buffer, const struct system *system,
                      const struct pool *pool, uint32_t channel, bool writable)
{
	struct process_pool item = {
		.va = model_pool_va(system, pool, buffer->process),
		.bytes = pool->bytes,
		.channel = channel,
		.port = pool->port,
		.writable = writable,
	};

	info_put(buffer, &item, sizeof(item));
	buffer->head.pool_count++;
}

/* For each end of the process: a port's, all that it may access; a server's, the one at that port. */
static void info_pools(struct info_buffer *buffer, const struct system *system,
                       const struct process *process)
{
	buffer->head.pools = info_array(buffer);
	for (uint32_t i = 0u; i < process->end_count; i++) {
		const struct channel_end *end = process->ends[i];

		if (end->channel->pool_bytes == 0u)
			continue;
		for (uint32_t j = 0u; j < system->pool_count; j++) {
			const struct pool *pool = &system->pools[j];
			bool own = pool->channel == end->channel;

			if (end->side == 1u ? own
			                    : pool->server == end->channel->end[1].process &&
			                              model_pool_access(pool, process) != POOL_NONE)
				info_pool(buffer, system, pool, end->number,
				          own && end->side == 0u);
		}
	}
	for (uint32_t j = 0u; j < system->pool_count; j++) {
		if (system->pools[j].server == process && system->pools[j].channel == NULL)
			info_pool(buffer, system, &system->pools[j], IMAGE_NONE, true);
	}
}

static uint32_t info_child_flags(const struct process *child)
{
	uint32_t flags = 0u;

	if (child->vm != NULL)
		flags |= CHILD_VM;
	if ((child->flags & PROCESS_FLAG_AUTOSTART) != 0u)
		flags |= CHILD_KERNEL_START;
	else if (child->autostart)
		flags |= CHILD_AUTOSTART;
	if (child->restart != RESTART_NEVER)
		flags |= CHILD_RESTART_ON_FAULT;
	if (child->restart == RESTART_ALWAYS)
		flags |= CHILD_RESTART_ALWAYS;
	return flags;
}

static void info_children(struct info_buffer *buffer, const struct process *process)
{
	buffer->head.children = info_array(buffer);
	for (uint32_t i = 0u; i < process->child_count; i++) {
		const struct process *child = process->children[i];
		struct process_child item = {
			.handle = process->child_handle[i],
			.flags = info_child_flags(child),
			.restart_limit = child->restart_limit,
			.restart_window_sec = child->restart_window_sec,
		};

		snprintf(item.name, sizeof(item.name), "%s", child->name);
		info_put(buffer, &item, sizeof(item));
		buffer->head.child_count++;
	}
}

static void info_shared(struct info_buffer *buffer, const struct process *process)
{
	buffer->head.shared = info_array(buffer);
	for (uint32_t i = 0u; i < process->shared_count; i++) {
		const struct shared_peer *peer = process->shared[i];
		struct process_shared item = {
			.va = peer->va,
			.ipa = peer->window == NULL ? 0u : peer->window->reg.start,
			.bytes = peer->shared->bytes,
			.self = peer->number,
			.peers = peer->shared->peer_count,
			.writable = peer->writable ? 1u : 0u,
		};

		snprintf(item.name, sizeof(item.name), "%s", peer->shared->name);
		info_put(buffer, &item, sizeof(item));
		buffer->head.shared_count++;
	}
}

/* What is handed to the guest: a record per register block or interrupt, whichever are more. */
static void info_passed(struct info_buffer *buffer, const struct device *device)
{
	for (uint32_t i = 0u; i < device->reg_count || i < device->interrupt_count; i++) {
		struct vm_device item = {.intid = IMAGE_NONE, .channel = IMAGE_NONE};
		struct tree_interrupt interrupt;
		struct range reg;

		snprintf(item.backend, sizeof(item.backend), "%s", BACKEND_PASSED);
		if (i < device->reg_count && pass_slot_reg(device, i, &reg)) {
			item.ipa = reg.start;
			item.bytes = reg.bytes;
		}
		if (i < device->interrupt_count && pass_slot_interrupt(device, i, &interrupt)) {
			item.intid = interrupt.intid;
			item.edge = interrupt.edge;
		}
		info_put(buffer, &item, sizeof(item));
		buffer->head.vm.device_count++;
	}
}

static void info_vm_devices(struct info_buffer *buffer, const struct vm *vm)
{
	buffer->head.vm.devices = info_array(buffer);
	for (uint32_t i = 0u; i < vm->device_count; i++) {
		const struct guest_device *device = &vm->devices[i];
		struct vm_device item = {
			.ipa = device->reg.start,
			.bytes = device->reg.bytes,
			.intid = device->has_interrupt ? device->interrupt.intid : IMAGE_NONE,
			.edge = device->has_interrupt ? device->interrupt.edge : 0u,
			.channel = device->end == NULL ? IMAGE_NONE : device->end->number,
		};

		if (device->passed != NULL)
			info_passed(buffer, device->passed);
		if (device->window || device->passed != NULL)
			continue;
		snprintf(item.backend, sizeof(item.backend), "%.*s", (int)RECORD_TEXT_BYTES - 1,
		         device->record != NULL ? device->record->backend : device->backend);
		info_put(buffer, &item, sizeof(item));
		buffer->head.vm.device_count++;
	}
}

/* Each payload starts a 2 MiB block, so that large ones are mapped by blocks. */
static struct vm_payload info_payload(struct guest_file *file, uint64_t *next)
{
	struct vm_payload payload = {.bytes = file->bytes.size, .ipa = file->ipa};

	if (file->bytes.size == 0u)
		return (struct vm_payload){0u, 0u, 0u};
	payload.va = file->va = *next;
	*next += layout_up(file->bytes.size, BLOCK_BYTES);
	return payload;
}

static void info_vm(struct info_buffer *buffer, struct vm *vm)
{
	struct vm_info *out = &buffer->head.vm;
	uint64_t next = PAYLOAD_VA;

	buffer->head.vm_present = 1u;
	buffer->head.guest_dma = vm->dma_allowed ? 1u : 0u;
	out->vcpu_count = vm->process->thread_count;
	out->kernel_kind = vm->kernel_kind;
	out->bank_count = vm->bank_count;
	out->kernel = info_payload(&vm->kernel, &next);
	out->initrd = info_payload(&vm->initrd, &next);
	out->tree = info_payload(&vm->tree, &next);
	out->entry = vm->kernel_kind == KERNEL_ELF ? 0u : vm->entry;
	out->seed_offset = vm->seed_offset;
	out->gicd_ipa = vm->gicd_ipa;
	out->gicr_ipa = vm->gicr_ipa;
	for (uint32_t i = 0u; i < vm->bank_count; i++)
		out->banks[i] = (struct vm_bank){vm->banks[i].ipa.start, vm->banks[i].ipa.bytes};
	for (uint32_t i = 0u; i < PROCESS_THREADS; i++)
		out->sibling[i] =
			i < vm->process->thread_count ? vm->process->sibling_handle[i] : IMAGE_NONE;
	info_vm_devices(buffer, vm);
}

/* Every thread by name, as a slot is all that an event says. */
static void info_recorder(struct info_buffer *buffer, const struct system *system)
{
	buffer->head.trace_rings = TRACE_VA;
	buffer->head.trace_cpu_count = system->cpu_used;
	buffer->head.trace_threads = info_array(buffer);
	for (uint32_t i = 0u; i < system->thread_count; i++) {
		const struct thread *thread = system->order[i];
		const struct board_cpu *cpu = &system->board.cpus[thread->cpu];
		struct trace_thread item = {
			.process = thread->process->index,
			.cpu = cpu->index,
			.slot = thread->id - cpu->thread_first,
			.index = thread->index,
			.vm = thread->process->vm != NULL,
			.priority = thread->priority,
		};

		snprintf(item.name, sizeof(item.name), "%s", thread->process->name);
		info_put(buffer, &item, sizeof(item));
		buffer->head.trace_thread_count++;
	}
}

void info_writer_write(struct system *system, struct process *process)
{
	struct info_buffer *buffer = arena_alloc(sizeof(*buffer));
	struct process_info *head = &buffer->head;

	buffer->process = process;
	buffer->used = sizeof(*head);
	head->magic = PROCESS_INFO_MAGIC;
	head->abi_version = ABI_VERSION;
	head->thread_count = process->thread_count;
	snprintf(head->name, sizeof(head->name), "%s", process->name);
	for (uint32_t i = 0u; i < PROCESS_THREADS; i++)
		head->start_handle[i] =
			i < process->thread_count ? process->start_handle[i] : IMAGE_NONE;
	head->system_handle = process->system_handle;
	head->supervisor_bit = process == system->supervisor ? process->supervisor_bit : 0u;
	head->dma_va = process->dma_bytes != 0u ? DMA_VA : 0u;
	head->dma_bytes = process->dma_bytes;
	head->period_us = process->threads[0]->period_us;
	head->budget_us = process->threads[0]->budget_us;
	info_devices(buffer, process);
	info_channels(buffer, process);
	info_children(buffer, process);
	info_shared(buffer, process);
	if (process->vm != NULL)
		info_vm(buffer, process->vm);
	if (process->recorder)
		info_recorder(buffer, system);
	info_pools(buffer, system, process);
	memcpy(buffer->bytes, head, sizeof(*head));
	process->info = (struct bytes){buffer->bytes, layout_up(buffer->used, PAGE_BYTES)};
}

void info_writer_place(const struct system *system, struct process *process)
{
	struct process_info head;
	uint8_t *channels;
	uint8_t *pools;

	if (!process->dma_allowed)
		return;
	memcpy(&head, process->info.data, sizeof(head));
	head.dma_pa = process->dma_pa;
	memcpy(process->info.data, &head, sizeof(head));
	channels = process->info.data + (head.channels - PROCESS_INFO_VA);
	for (uint32_t i = 0u; i < process->end_count; i++)
		memcpy(channels + i * sizeof(struct process_channel) +
		               offsetof(struct process_channel, pa),
		       &process->ends[i]->channel->pa, sizeof(uint64_t));
	pools = process->info.data + (head.pools - PROCESS_INFO_VA);
	for (uint32_t i = 0u; i < head.pool_count; i++) {
		struct process_pool item;

		memcpy(&item, pools + i * sizeof(item), sizeof(item));
		for (uint32_t j = 0u; j < system->pool_count; j++) {
			const struct pool *pool = &system->pools[j];

			if (model_pool_access(pool, process) != POOL_NONE &&
			    model_pool_va(system, pool, process) == item.va)
				item.pa = pool->pa;
		}
		memcpy(pools + i * sizeof(item), &item, sizeof(item));
	}
}
