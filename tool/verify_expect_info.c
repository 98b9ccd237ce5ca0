/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The info pages as docs/image.md says that they are: struct process_info, then its arrays.
 * Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <stdio.h>
#include <string.h>

#define ARRAY_ALIGN 16u

/* Starts an array: its place in the info pages. */
static uint64_t start_array(struct want_bytes *info)
{
	info->bytes = want_up(info->bytes, ARRAY_ALIGN);
	return PROCESS_INFO_VA + info->bytes;
}

static void put(struct want *w, struct want_bytes *info, const void *item, size_t bytes)
{
	if (info->bytes + bytes > WANT_INFO) {
		want_stop(w, "info pages too small");
		return;
	}
	memcpy(info->data + info->bytes, item, bytes);
	info->bytes += bytes;
}

/* One record per register block or interrupt, whichever are more. */
static void put_devices(struct want *w, struct want_process *p, struct process_info *head)
{
	head->devices = start_array(&p->info);
	for (uint32_t n = 0; n < p->device_count; n++) {
		const struct want_device *d = &p->devices[n];

		for (uint32_t i = 0; i < d->reg_count || i < d->interrupt_count; i++) {
			struct process_device item = {.handle = IMAGE_NONE};

			snprintf(item.name, sizeof(item.name), "%s", d->name);
			if (i < d->reg_count) {
				item.va = d->va[i];
				item.bytes = d->regs[i].bytes;
			}
			if (i < d->interrupt_count) {
				item.handle = d->handle[i];
				item.bit = d->bit[i];
			}
			put(w, &p->info, &item, sizeof(item));
			head->device_count++;
		}
	}
}

static void put_channels(struct want *w, struct want_process *p, struct process_info *head)
{
	head->channels = start_array(&p->info);
	head->channel_count = p->end_count;
	for (uint32_t n = 0; n < p->end_count; n++) {
		const struct want_channel *channel = &w->channels[p->ends[n] / 2];
		uint32_t end = p->ends[n] % 2;
		struct process_channel item = {
			.va = channel->va[end],
			.bytes = channel->bytes,
			.handle = channel->handle[end],
			.bit = channel->bit[end],
			.side = end,
		};

		snprintf(item.name, sizeof(item.name), "%s", channel->name[end]);
		memcpy(item.settings, channel->settings, sizeof(item.settings));
		put(w, &p->info, &item, sizeof(item));
	}
}

static void put_children(struct want *w, uint32_t index, struct process_info *head)
{
	struct want_process *p = &w->processes[index];

	head->children = start_array(&p->info);
	for (uint32_t i = 0; index == w->supervisor && i < w->process_count; i++) {
		const struct want_process *child = &w->processes[i];
		struct process_child item = {
			.handle = p->child_handle[i],
			.flags = child->child_flags,
			.restart_limit = child->restart_limit,
			.restart_window_sec = child->restart_window_sec,
		};

		if (i == index)
			continue;
		if (child->flags & PROCESS_FLAG_AUTOSTART) {
			item.flags &= ~CHILD_AUTOSTART;
			item.flags |= CHILD_KERNEL_START;
		}
		snprintf(item.name, sizeof(item.name), "%s", child->name);
		put(w, &p->info, &item, sizeof(item));
		head->child_count++;
	}
}

static void put_shared(struct want *w, uint32_t index, struct process_info *head)
{
	struct want_process *p = &w->processes[index];

	head->shared = start_array(&p->info);
	for (uint32_t i = 0; i < w->shared_count; i++)
		for (uint32_t n = 0; n < w->shared[i].peer_count; n++) {
			const struct want_peer *peer = &w->shared[i].peers[n];
			struct process_shared item = {
				.va = peer->va,
				.ipa = peer->ipa,
				.bytes = w->shared[i].bytes,
				.self = n,
				.peers = w->shared[i].peer_count,
				.writable = peer->writable,
			};

			if (peer->process != index)
				continue;
			snprintf(item.name, sizeof(item.name), "%s", w->shared[i].name);
			put(w, &p->info, &item, sizeof(item));
			head->shared_count++;
		}
}

static struct vm_payload payload(struct want_file *file, uint64_t *next)
{
	if (file->content.bytes == 0)
		return (struct vm_payload){0, 0, 0};
	file->va = *next;
	*next += want_up(file->content.bytes, BLOCK_BYTES);
	return (struct vm_payload){file->va, file->content.bytes, file->ipa};
}

/* A record per register block or interrupt of what is handed over, whichever are more. */
static void put_passed(struct want *w, const struct want_passed *passed, struct want_bytes *info,
                       struct vm_info *out)
{
	const struct want_device *physical = &passed->physical;

	for (uint32_t i = 0; i < physical->reg_count || i < physical->interrupt_count; i++) {
		struct vm_device item = {
			.backend = "pass-through", .intid = IMAGE_NONE, .channel = IMAGE_NONE};

		if (i < physical->reg_count) {
			item.ipa = passed->regs[i].start;
			item.bytes = passed->regs[i].bytes;
		}
		if (i < physical->interrupt_count) {
			item.intid = passed->interrupts[i].intid;
			item.edge = passed->interrupts[i].edge;
		}
		put(w, info, &item, sizeof(item));
		out->device_count++;
	}
}

static void put_vm_devices(struct want *w, const struct want_vm *vm, struct want_bytes *info,
                           struct vm_info *out)
{
	for (uint32_t i = 0; i < vm->device_count; i++) {
		const struct want_guest_device *d = &vm->devices[i];
		struct vm_device item = {
			.ipa = d->reg.start,
			.bytes = d->reg.bytes,
			.intid = d->has_interrupt ? d->interrupt.intid : IMAGE_NONE,
			.edge = d->has_interrupt ? d->interrupt.edge : 0,
			.channel = d->channel,
		};

		if (d->passed)
			put_passed(w, &vm->passed[d->passed - 1], info, out);
		if (d->window || d->passed)
			continue;
		memcpy(item.backend, d->backend, sizeof(item.backend));
		put(w, info, &item, sizeof(item));
		out->device_count++;
	}
}

static void put_vm(struct want *w, struct want_process *p, struct process_info *head)
{
	struct want_vm *vm = &w->vms[p->vm];
	struct vm_info *out = &head->vm;
	uint64_t next = PAYLOAD_VA;

	head->vm_present = 1;
	head->guest_dma = vm->allow_dma;
	out->vcpu_count = p->thread_count;
	out->kernel_kind = vm->kernel_kind;
	out->bank_count = vm->bank_count;
	out->kernel = payload(&vm->kernel, &next);
	out->initrd = payload(&vm->initrd, &next);
	out->tree = payload(&vm->tree, &next);
	out->entry = vm->entry;
	out->seed_offset = vm->seed_offset;
	out->gicd_ipa = vm->gicd_ipa;
	out->gicr_ipa = vm->gicr_ipa;
	for (uint32_t i = 0; i < vm->bank_count; i++)
		out->banks[i] = (struct vm_bank){vm->banks[i].ipa.start, vm->banks[i].ipa.bytes};
	memcpy(out->sibling, p->sibling_handle, sizeof(out->sibling));
	out->devices = start_array(&p->info);
	put_vm_devices(w, vm, &p->info, out);
}

/* Who each slot is: every thread of the system, in the order of the configuration. */
static void put_recorder(struct want *w, struct want_process *p, struct process_info *head)
{
	head->trace_rings = TRACE_VA;
	head->trace_cpu_count = w->cpu_used;
	head->trace_thread_count = w->thread_count;
	head->trace_threads = start_array(&p->info);
	for (uint32_t i = 0; i < w->thread_count; i++) {
		const struct want_thread *t = w->order[i];
		struct trace_thread item = {
			.process = t->process,
			.cpu = w->cpus[t->cpu].index,
			.slot = t->id - w->cpus[t->cpu].thread_first,
			.index = t->index,
			.vm = w->processes[t->process].vm != IMAGE_NONE,
			.priority = t->priority,
		};

		snprintf(item.name, sizeof(item.name), "%s", w->processes[t->process].name);
		put(w, &p->info, &item, sizeof(item));
	}
}

static void put_pool(struct want *w, uint32_t index, uint32_t number, uint32_t channel,
                     bool writable, struct process_info *head)
{
	const struct want_pool *pool = &w->pools[number];
	struct process_pool item = {
		.va = want_pool_va(w, number, index),
		.bytes = pool->bytes,
		.channel = channel,
		.port = pool->port,
		.writable = writable,
	};

	put(w, &w->processes[index].info, &item, sizeof(item));
	head->pool_count++;
}

/*
 * By the process's channels: at a port all pools of its server that it may read, at a server's end
 * the pool of that port. Then a server's own.
 */
static void put_pools(struct want *w, uint32_t index, struct process_info *head)
{
	struct want_process *p = &w->processes[index];

	head->pools = start_array(&p->info);
	for (uint32_t n = 0; n < p->end_count; n++) {
		uint32_t channel = p->ends[n] / 2;
		bool port = p->ends[n] % 2 == 0;

		if (w->channels[channel].pool_bytes == 0)
			continue;
		for (uint32_t i = 0; i < w->pool_count; i++) {
			const struct want_pool *pool = &w->pools[i];

			if (port ? pool->server == w->channels[channel].process[1] &&
			                    want_pool_form(w, pool, index) != FORM_NONE
			         : pool->channel == channel)
				put_pool(w, index, i, n, port && pool->channel == channel, head);
		}
	}
	for (uint32_t i = 0; i < w->pool_count; i++)
		if (w->pools[i].channel == IMAGE_NONE && w->pools[i].server == index)
			put_pool(w, index, i, IMAGE_NONE, true, head);
}

static void put_info(struct want *w, uint32_t index)
{
	struct want_process *p = &w->processes[index];
	struct process_info head = {
		.magic = PROCESS_INFO_MAGIC,
		.abi_version = ABI_VERSION,
		.thread_count = p->thread_count,
		.system_handle = p->system_handle,
		.supervisor_bit = index == w->supervisor ? w->supervisor_bit : 0,
		.dma_va = p->dma_bytes ? DMA_VA : 0,
		.dma_bytes = p->dma_bytes,
		.period_us = p->threads[0]->period_us,
		.budget_us = p->threads[0]->budget_us,
	};

	snprintf(head.name, sizeof(head.name), "%s", p->name);
	memcpy(head.start_handle, p->start_handle, sizeof(head.start_handle));
	p->info = (struct want_bytes){want_alloc(w, 1, WANT_INFO), sizeof(head)};
	put_devices(w, p, &head);
	put_channels(w, p, &head);
	put_children(w, index, &head);
	put_shared(w, index, &head);
	if (p->vm != IMAGE_NONE)
		put_vm(w, p, &head);
	if (p->recorder)
		put_recorder(w, p, &head);
	put_pools(w, index, &head);
	memcpy(p->info.data, &head, sizeof(head));
	p->info.bytes = want_up(p->info.bytes, PAGE_BYTES);
}

void want_infos(struct want *w)
{
	for (uint32_t i = 0; i < w->process_count; i++)
		put_info(w, i);
}

static void place_pools(const struct want *w, uint32_t index, const struct process_info *head)
{
	struct process_pool *pools =
		(void *)(w->processes[index].info.data + (head->pools - PROCESS_INFO_VA));

	for (uint32_t n = 0; n < head->pool_count; n++)
		for (uint32_t i = 0; i < w->pool_count; i++)
			if (want_pool_form(w, &w->pools[i], index) != FORM_NONE &&
			    want_pool_va(w, i, index) == pools[n].va)
				pools[n].pa = w->pools[i].pa;
}

/* A process with allow-dma is told where its channels and its DMA memory lie. */
void want_places(struct want *w)
{
	for (uint32_t i = 0; i < w->process_count; i++) {
		struct want_process *p = &w->processes[i];
		struct process_info *head = (void *)p->info.data;
		struct process_channel *channels =
			(void *)(p->info.data + (head->channels - PROCESS_INFO_VA));

		if (!p->allow_dma)
			continue;
		head->dma_pa = p->dma_pa;
		for (uint32_t n = 0; n < p->end_count; n++)
			channels[n].pa = w->channels[p->ends[n] / 2].pa;
		place_pools(w, i, head);
	}
}
