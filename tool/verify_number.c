/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of everything, as docs/image.md says that they are given out: threads, vCPUs,
 * notification bits, interrupts, handles; and the configuration that they make up. Contract:
 * verify_want.h.
 */
#include "tool/verify_want.h"

#include <stdlib.h>
#include <string.h>

#include "abi/syscall.h"

#define BITS_GIVEN_OUT 60u /* abi/syscall.h: bits 0..59 */

/* By CPU, there from the highest priority down, equals as the description has them. */
static int by_slot(const void *left, const void *right)
{
	const struct want_thread *a = *(struct want_thread *const *)left;
	const struct want_thread *b = *(struct want_thread *const *)right;

	if (a->cpu != b->cpu)
		return a->cpu < b->cpu ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static void number_threads(struct want *w)
{
	for (uint32_t i = 0; i < w->thread_count; i++)
		w->order[i] = &w->threads[i];
	qsort(w->order, w->thread_count, sizeof(w->order[0]), by_slot);
	w->cpus[0].used = true;
	for (uint32_t i = 0; i < w->thread_count; i++) {
		struct want_cpu *cpu = &w->cpus[w->order[i]->cpu];

		w->order[i]->id = i;
		cpu->used = true;
		if (cpu->thread_count++ == 0)
			cpu->thread_first = i;
	}
	for (uint32_t i = 0; i < w->cpu_count; i++)
		if (w->cpus[i].used)
			w->cpus[i].index = w->cpu_used++;
	if (w->cpu_used > CPU_MAX)
		want_stop(w, "%u CPUs are used", w->cpu_used);
	for (uint32_t i = 0; i < w->vm_count; i++) {
		struct want_process *p = &w->processes[w->vms[i].process];

		w->vms[i].vcpu_first = w->vcpu_count;
		for (uint32_t n = 0; n < p->thread_count; n++)
			p->threads[n]->vcpu = w->vcpu_count++;
	}
}

static uint32_t next_bit(struct want *w, struct want_process *p)
{
	if (p->bit_next == BITS_GIVEN_OUT)
		want_stop(w, "%s: too many notification bits", p->name);
	return p->bit_next++;
}

/* Registers one after the other from DEVICE_VA; what shares a page shares its mapping. */
static uint64_t device_va(const struct want_process *p, uint32_t n, uint32_t part, uint64_t *next)
{
	struct want_range reg = p->devices[n].regs[part];
	uint64_t page = reg.start - reg.start % PAGE_BYTES;
	uint64_t bytes = want_up(reg.start + reg.bytes, PAGE_BYTES) - page;
	uint64_t va = *next;

	for (uint32_t d = 0; d <= n; d++)
		for (uint32_t r = 0; r < (d == n ? part : p->devices[d].reg_count); r++) {
			uint64_t other = p->devices[d].regs[r].start;

			if (other - other % PAGE_BYTES == page && bytes == PAGE_BYTES)
				return p->devices[d].va[r] - other % PAGE_BYTES +
				       reg.start % PAGE_BYTES;
		}
	*next += bytes;
	return va + reg.start % PAGE_BYTES;
}

/* Interrupts of a guest: thread 0 of its VM's process stands for them. */
static void number_passed(struct want *w, const struct want_vm *vm, uint32_t thread)
{
	for (uint32_t n = 0; n < vm->passed_count; n++) {
		const struct want_passed *passed = &vm->passed[n];

		for (uint32_t i = 0; i < passed->physical.interrupt_count; i++) {
			const struct want_interrupt *irq = &passed->physical.interrupts[i];

			if (w->interrupt_count == WANT_PROCESSES) {
				want_stop(w, "too many interrupts");
				return;
			}
			w->interrupts[w->interrupt_count++] = (struct config_interrupt){
				.intid = irq->intid,
				.thread = thread,
				.edge = irq->edge,
				.guest_intid = passed->interrupts[i].intid};
		}
	}
}

static void number_process(struct want *w, struct want_process *p)
{
	uint64_t next = DEVICE_VA;

	for (uint32_t n = 0; n < p->device_count; n++) {
		struct want_device *d = &p->devices[n];

		for (uint32_t i = 0; i < d->reg_count; i++)
			d->va[i] = device_va(p, n, i, &next);
		for (uint32_t i = 0; i < d->interrupt_count; i++) {
			d->bit[i] = next_bit(w, p);
			if (w->interrupt_count == WANT_PROCESSES) {
				want_stop(w, "too many interrupts");
				return;
			}
			w->interrupts[w->interrupt_count++] =
				(struct config_interrupt){.intid = d->interrupts[i].intid,
			                                  .thread = p->threads[0]->id,
			                                  .bit = d->bit[i],
			                                  .edge = d->interrupts[i].edge};
		}
	}
	if (p->vm != IMAGE_NONE)
		number_passed(w, &w->vms[p->vm], p->threads[0]->id);
	if (next > CHANNEL_VA)
		want_stop(w, "%s: too many device pages", p->name);
	next = CHANNEL_VA;
	for (uint32_t n = 0; n < p->end_count; n++) {
		struct want_channel *channel = &w->channels[p->ends[n] / 2];

		channel->bit[p->ends[n] % 2] = next_bit(w, p);
		channel->va[p->ends[n] % 2] = next;
		next += channel->bytes;
	}
	if (next > DMA_VA)
		want_stop(w, "%s: too large channels", p->name);
}

static uint32_t add_handle(struct want *w, struct want_process *p, uint32_t kind, uint32_t object,
                           uint32_t argument)
{
	if (p->handle_count == WANT_HANDLES) {
		want_stop(w, "%s: too many handles", p->name);
		return 0;
	}
	p->handles[p->handle_count] = (struct config_handle){kind, object, argument, 0};
	return p->handle_count++;
}

static uint32_t interrupt_index(const struct want *w, uint32_t intid)
{
	for (uint32_t i = 0; i < w->interrupt_count; i++)
		if (w->interrupts[i].intid == intid)
			return i;
	return IMAGE_NONE;
}

static void add_own_handles(struct want *w, struct want_process *p)
{
	p->system_handle = IMAGE_NONE;
	for (uint32_t i = 0; i < PROCESS_THREADS; i++) {
		p->start_handle[i] = p->sibling_handle[i] = IMAGE_NONE;
		if (i >= p->thread_count)
			continue;
		p->start_handle[i] =
			add_handle(w, p, HANDLE_NOTIFY, p->threads[i]->id, NOTIFY_START);
		if (p->vm != IMAGE_NONE)
			p->sibling_handle[i] =
				add_handle(w, p, HANDLE_NOTIFY, p->threads[i]->id, VM_KICK_BIT);
	}
	for (uint32_t n = 0; n < p->device_count; n++)
		for (uint32_t i = 0; i < p->devices[n].interrupt_count; i++)
			p->devices[n].handle[i] = add_handle(
				w, p, HANDLE_INTERRUPT,
				interrupt_index(w, p->devices[n].interrupts[i].intid), 0);
}

static void number_handles(struct want *w, uint32_t index)
{
	struct want_process *p = &w->processes[index];

	add_own_handles(w, p);
	for (uint32_t n = 0; n < p->end_count; n++) {
		struct want_channel *channel = &w->channels[p->ends[n] / 2];
		uint32_t end = p->ends[n] % 2;
		const struct want_process *peer = &w->processes[channel->process[1 - end]];

		channel->handle[end] = add_handle(w, p, HANDLE_NOTIFY, peer->threads[0]->id,
		                                  channel->bit[1 - end]);
	}
	if (index == w->supervisor || index == w->console)
		p->system_handle = add_handle(w, p, HANDLE_SYSTEM, 0, 0);
	for (uint32_t i = 0; index == w->supervisor && i < w->process_count; i++)
		if (i != index)
			p->child_handle[i] =
				add_handle(w, p, HANDLE_PROCESS, i, RIGHT_STATUS | RIGHT_CONTROL);
}

static int by_intid(const void *left, const void *right)
{
	const struct config_interrupt *a = left;
	const struct config_interrupt *b = right;

	return a->intid < b->intid ? -1 : a->intid > b->intid;
}

void want_numbers(struct want *w)
{
	uint32_t handles = 0;

	number_threads(w);
	for (uint32_t i = 0; i < w->process_count; i++)
		number_process(w, &w->processes[i]);
	w->supervisor_bit = next_bit(w, &w->processes[w->supervisor]);
	qsort(w->interrupts, w->interrupt_count, sizeof(w->interrupts[0]), by_intid);
	for (uint32_t i = 0; i < w->process_count; i++) {
		number_handles(w, i);
		w->processes[i].handle_first = handles;
		handles += w->processes[i].handle_count;
	}
	w->config = (struct config){
		.magic = CONFIG_MAGIC,
		.abi_version = ABI_VERSION,
		.psci_conduit = w->psci_conduit,
		.cpu_count = w->cpu_used,
		.process_count = w->process_count,
		.thread_count = w->thread_count,
		.vm_count = w->vm_count,
		.vcpu_count = w->vcpu_count,
		.handle_count = handles,
		.interrupt_count = w->interrupt_count,
	};
}
