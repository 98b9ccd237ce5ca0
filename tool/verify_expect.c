/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration part as docs/image.md says that it is: struct config and its arrays, byte
 * for byte but for the addresses of root tables: any page of the tables may be a root.
 * Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <stdlib.h>
#include <string.h>

#define ARRAY_ALIGN 16u
#define VMPIDR_RES1 (1ull << 31)
#define VMID_SHIFT  48
#define SPI_COUNT   256u

/* The arrays' places from the start of the part; the part's size. */
static uint64_t lay_out(struct want *w)
{
	struct config *c = &w->config;
	uint64_t at = want_up(sizeof(*c), ARRAY_ALIGN);
	struct {
		uint64_t *to;
		uint64_t bytes;
	} arrays[] = {
		{&c->cpus, c->cpu_count * sizeof(struct config_cpu)},
		{&c->processes, c->process_count * sizeof(struct config_process)},
		{&c->threads, c->thread_count * sizeof(struct config_thread)},
		{&c->vms, c->vm_count * sizeof(struct config_vm)},
		{&c->vcpus, c->vcpu_count * sizeof(struct config_vcpu)},
		{&c->handles, c->handle_count * sizeof(struct config_handle)},
		{&c->interrupts, c->interrupt_count * sizeof(struct config_interrupt)},
	};

	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		*arrays[i].to = at;
		at = want_up(at + arrays[i].bytes, ARRAY_ALIGN);
	}
	return want_up(at, PAGE_BYTES);
}

/* An element of an array of the part that is being filled. */
static void put(struct want *w, uint64_t array, uint64_t index, const void *item, size_t bytes)
{
	memcpy(w->config_part.data + (array - want_el2_va(w, w->config_pa)) + index * bytes, item,
	       bytes);
}

static void put_processes(struct want *w)
{
	for (uint32_t i = 0; i < w->process_count; i++) {
		const struct want_process *p = &w->processes[i];
		struct config_process item = {
			.vttbr = (1ull + i) << VMID_SHIFT,
			.entry = w->programs[p->program].elf.entry,
			.flags = p->flags,
			.vm = p->vm,
			.handle_first = p->handle_first,
			.handle_count = p->handle_count,
			.thread_count = p->thread_count,
			.supervisor_thread = IMAGE_NONE,
			.supervisor_bit = w->supervisor_bit,
		};

		snprintf(item.name, sizeof(item.name), "%s", p->name);
		if (i != w->supervisor)
			item.supervisor_thread = w->processes[w->supervisor].threads[0]->id;
		for (uint32_t n = 0; n < p->thread_count; n++)
			item.thread[n] = p->threads[n]->id;
		put(w, w->config.processes, i, &item, sizeof(item));
		for (uint32_t n = 0; n < p->handle_count; n++)
			put(w, w->config.handles, p->handle_first + n, &p->handles[n],
			    sizeof(p->handles[n]));
	}
}

static void put_threads(struct want *w)
{
	for (uint32_t i = 0; i < w->cpu_count; i++) {
		const struct want_cpu *cpu = &w->cpus[i];
		struct config_cpu item = {cpu->mpidr, cpu->gicr_va, cpu->thread_first,
		                          cpu->thread_count};

		if (cpu->used)
			put(w, w->config.cpus, cpu->index, &item, sizeof(item));
	}
	for (uint32_t i = 0; i < w->thread_count; i++) {
		const struct want_thread *t = w->order[i];
		struct config_thread item = {
			.process = t->process,
			.index = t->index,
			.cpu = w->cpus[t->cpu].index,
			.priority = t->priority,
			.budget_us = t->budget_us,
			.period_us = t->period_us,
			.stack_top = STACK_VA + (t->index + 1ull) * STACK_SLOT,
			.vcpu = t->vcpu,
		};

		put(w, w->config.threads, i, &item, sizeof(item));
	}
}

static void put_vms(struct want *w)
{
	for (uint32_t i = 0; i < w->vm_count; i++) {
		const struct want_vm *vm = &w->vms[i];
		const struct want_process *p = &w->processes[vm->process];
		struct config_vm item = {
			.vttbr = (1ull + w->process_count + i) << VMID_SHIFT,
			.gicd_ipa = vm->gicd_ipa,
			.gicr_ipa = vm->gicr_ipa,
			.process = vm->process,
			.vcpu_first = vm->vcpu_first,
			.vcpu_count = p->thread_count,
			.spi_count = SPI_COUNT,
		};

		put(w, w->config.vms, i, &item, sizeof(item));
		for (uint32_t n = 0; n < p->thread_count; n++) {
			struct config_vcpu vcpu = {i, p->threads[n]->id, VMPIDR_RES1 | n};

			put(w, w->config.vcpus, vm->vcpu_first + n, &vcpu, sizeof(vcpu));
		}
	}
}

/* Called twice: for the size before anything has a place, and for the bytes when all has. */
void want_config(struct want *w)
{
	uint64_t base = want_el2_va(w, w->config_pa);
	uint64_t bytes = lay_out(w);
	struct config *c = &w->config;

	w->config_part.bytes = bytes;
	if (!w->config_pa)
		return;
	w->config_part.data = want_alloc(w, 1, bytes);
	c->cpus += base;
	c->processes += base;
	c->threads += base;
	c->vms += base;
	c->vcpus += base;
	c->handles += base;
	c->interrupts += base;
	c->objects_start = want_el2_va(w, w->objects_pa);
	c->objects_bytes = w->objects_bytes;
	for (uint32_t i = 0; i < OBJECT_KINDS; i++)
		c->objects[i] = want_el2_va(w, w->object_pa[i]);
	memcpy(w->config_part.data, c, sizeof(*c));
	put_processes(w);
	put_threads(w);
	put_vms(w);
	for (uint32_t i = 0; i < w->interrupt_count; i++)
		put(w, c->interrupts, i, &w->interrupts[i], sizeof(w->interrupts[i]));
}
