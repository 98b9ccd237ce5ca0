/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes, threads, devices and channels of a description, and those that docs/
 * system-description.md says are added: console, supervisor, everybody's channel to the
 * console. Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <libfdt.h>
#include <string.h>

#define CONSOLE_PRIORITY     150u
#define CONSOLE_BUDGET_US    2000u
#define SUPERVISOR_PRIORITY  140u
#define SUPERVISOR_BUDGET_US 1000u
#define HOST_PERIOD_US       10000u
#define STACK_BYTES          16384u
#define RESTART_LIMIT        3u
#define RESTART_WINDOW_SEC   60u

uint32_t want_add_process(struct want *w, const char *name, int node)
{
	struct want_process *p = &w->processes[w->process_count];

	if (w->process_count == WANT_PROCESSES) {
		want_stop(w, "too many processes");
		return WANT_PROCESSES - 1;
	}
	p->name = name;
	p->node = node;
	p->vm = IMAGE_NONE;
	return w->process_count++;
}

static uint32_t cpu_of(const struct want *w, int node)
{
	for (uint32_t i = 0; i < w->cpu_count; i++)
		if (node >= 0 && w->cpus[i].node == node)
			return i;
	return IMAGE_NONE;
}

/* A thread as its node states it; without a node as the console's and supervisor's are. */
void want_add_thread(struct want *w, uint32_t process, int node)
{
	struct want_process *p = &w->processes[process];
	struct want_thread *t = &w->threads[w->thread_count];

	if (p->thread_count == PROCESS_THREADS || w->thread_count == WANT_THREADS) {
		want_stop(w, "%s: too many threads", p->name);
		return;
	}
	*t = (struct want_thread){.process = process,
	                          .index = p->thread_count,
	                          .order = w->thread_count++,
	                          .vcpu = IMAGE_NONE,
	                          .stack_bytes = STACK_BYTES};
	p->threads[p->thread_count++] = t;
	if (node < 0)
		return;
	t->cpu = cpu_of(w, dt_reference(w->fdt, node, "cpu", 0));
	t->priority = dt_cell(w->fdt, node, "priority", 0, IMAGE_NONE);
	t->budget_us = dt_cell(w->fdt, node, "budget-us", 0, 0);
	t->period_us = dt_cell(w->fdt, node, "period-us", 0, 0);
	t->stack_bytes = dt_cell(w->fdt, node, "stack-bytes", 0, STACK_BYTES);
	if (t->cpu == IMAGE_NONE)
		want_stop(w, "%s: thread %u is on no CPU of the board", p->name, t->index);
	if (t->stack_bytes % PAGE_BYTES || t->stack_bytes > STACK_SLOT - PAGE_BYTES)
		want_stop(w, "%s: a stack of %llu bytes", p->name,
		          (unsigned long long)t->stack_bytes);
}

/* What the program's file says: its flags, its pages, its memory. */
static void read_program(struct want *w, struct want_program *program)
{
	const char *path = want_text(w, "%s/user/%s.elf", w->options->build, program->name);
	struct program_record record;
	struct want_bytes file;
	struct want_bytes section;

	if (!want_load(w, path, &file))
		return;
	if (!want_elf_read(&file, &program->elf)) {
		want_stop(w, "%s is no AArch64 ELF file", path);
		return;
	}
	if (want_elf_section(&program->elf, PROGRAM_SECTION, &section) &&
	    section.bytes >= sizeof(record)) {
		memcpy(&record, section.data, sizeof(record));
		program->flags = record.flags;
	}
}

void want_set_program(struct want *w, struct want_process *p, const char *name)
{
	for (p->program = 0; p->program < w->program_count; p->program++)
		if (name && strcmp(w->programs[p->program].name, name) == 0)
			break;
	if (!name || p->program == WANT_PROCESSES) {
		want_stop(w, "%s has no program", p->name);
		return;
	}
	if (p->program == w->program_count) {
		w->programs[w->program_count++].name = name;
		read_program(w, &w->programs[p->program]);
	}
	if (w->programs[p->program].flags & PROGRAM_FLAG_FP)
		p->flags |= PROCESS_FLAG_FP;
}

/* restart, restart-limit, restart-window-sec, autostart: what the supervisor is told. */
void want_restart(struct want *w, struct want_process *p, int node, uint32_t otherwise)
{
	const char *restart = node < 0 ? NULL : dt_string(w->fdt, node, "restart");
	const char *autostart = node < 0 ? NULL : dt_string(w->fdt, node, "autostart");

	p->child_flags |= CHILD_AUTOSTART;
	if (autostart && strcmp(autostart, "no") == 0)
		p->child_flags &= ~CHILD_AUTOSTART;
	if (!restart)
		p->child_flags |= otherwise;
	else if (strcmp(restart, "always") == 0)
		p->child_flags |= CHILD_RESTART_ALWAYS | CHILD_RESTART_ON_FAULT;
	else if (strcmp(restart, "never") != 0)
		p->child_flags |= CHILD_RESTART_ON_FAULT;
	p->restart_limit = dt_cell(w->fdt, node, "restart-limit", 0, RESTART_LIMIT);
	p->restart_window_sec = dt_cell(w->fdt, node, "restart-window-sec", 0, RESTART_WINDOW_SEC);
}

void want_device_parts(const void *fdt, struct want_device *device, uint32_t interrupts)
{
	while (device->reg_count < WANT_PARTS &&
	       dt_reg(fdt, device->node, device->reg_count, &device->regs[device->reg_count]))
		device->reg_count++;
	while (device->interrupt_count < interrupts &&
	       dt_interrupt(fdt, device->node, device->interrupt_count,
	                    &device->interrupts[device->interrupt_count]))
		device->interrupt_count++;
	device->name = dt_name(fdt, device->node);
}

static void add_device(struct want *w, struct want_process *p, int node, uint32_t interrupts)
{
	struct want_device *device = &p->devices[p->device_count];

	if (p->device_count == WANT_DEVICES || node < 0) {
		want_stop(w, "%s: too many devices, or one that is not there", p->name);
		return;
	}
	p->device_count++;
	device->node = node;
	want_device_parts(w->fdt, device, interrupts);
}

static void read_process(struct want *w, int node)
{
	struct want_process *p =
		&w->processes[want_add_process(w, fdt_get_name(w->fdt, node, NULL), node)];
	int child;

	want_restart(w, p, node, 0);
	if (p->child_flags & CHILD_AUTOSTART)
		p->flags |= PROCESS_FLAG_AUTOSTART;
	if (dt_has(w->fdt, node, "fp"))
		p->flags |= PROCESS_FLAG_FP;
	if (dt_has(w->fdt, node, "critical"))
		p->flags |= PROCESS_FLAG_CRITICAL;
	p->recorder = dt_has(w->fdt, node, "flight-recorder");
	p->allow_dma = dt_has(w->fdt, node, "allow-dma");
	p->dma_bytes = dt_cell(w->fdt, node, "dma-bytes", 0, 0);
	if (p->dma_bytes % PAGE_BYTES || p->dma_bytes > DMA_BYTES_MAX ||
	    (p->dma_bytes && !p->allow_dma))
		want_stop(w, "%s: dma-bytes %#llx", p->name, (unsigned long long)p->dma_bytes);
	want_set_program(w, p, dt_string(w->fdt, node, "program"));
	for (uint32_t i = 0; i < dt_cells(w->fdt, node, "devices"); i++)
		add_device(w, p, dt_reference(w->fdt, node, "devices", i), WANT_PARTS);
	fdt_for_each_subnode(child, w->fdt, node)
	{
		if (strncmp(fdt_get_name(w->fdt, child, NULL), "thread", 6) == 0)
			want_add_thread(w, w->process_count - 1, child);
	}
	if (p->thread_count == 0)
		want_stop(w, "%s has no thread", p->name);
}

/* The process of the description that runs the program, else one that is added. */
static uint32_t host_process(struct want *w, const char *program, uint32_t priority,
                             uint32_t budget_us)
{
	struct want_process *p;
	uint32_t index;

	for (uint32_t i = 0; i < w->process_count; i++)
		if (strcmp(w->programs[w->processes[i].program].name, program) == 0)
			return i;
	index = want_add_process(w, program, -1);
	p = &w->processes[index];
	p->flags = PROCESS_FLAG_AUTOSTART;
	want_restart(w, p, -1, CHILD_RESTART_ON_FAULT);
	want_set_program(w, p, program);
	want_add_thread(w, index, -1);
	if (w->failures)
		return index;
	p->threads[0]->priority = priority;
	p->threads[0]->budget_us = budget_us;
	p->threads[0]->period_us = HOST_PERIOD_US;
	return index;
}

static void add_end(struct want *w, uint32_t channel, uint32_t end, uint32_t process,
                    const char *name)
{
	struct want_process *p = &w->processes[process];

	if (p->end_count == WANT_ENDS) {
		want_stop(w, "%s: too many channels", p->name);
		return;
	}
	w->channels[channel].process[end] = process;
	w->channels[channel].name[end] = name;
	w->channels[channel].number[end] = p->end_count;
	p->ends[p->end_count++] = channel * 2 + end;
}

struct want_channel *want_join(struct want *w, uint32_t a, uint32_t b)
{
	uint32_t channel = w->channel_count;

	if (channel == WANT_CHANNELS) {
		want_stop(w, "too many channels");
		return &w->channels[0];
	}
	w->channel_count++;
	w->channels[channel].bytes = PAGE_BYTES;
	w->channels[channel].backend_node = -1;
	add_end(w, channel, 0, a, w->processes[b].name);
	add_end(w, channel, 1, b, w->processes[a].name);
	return &w->channels[channel];
}

static uint32_t process_at(const struct want *w, int node)
{
	for (uint32_t i = 0; i < w->process_count; i++)
		if (node >= 0 && w->processes[i].node == node)
			return i;
	return IMAGE_NONE;
}

/* Channels: to the console first, then those of their own, then each VM's peers. */
static void read_channels(struct want *w)
{
	struct want_channel *channel;
	int node;

	for (uint32_t i = 0; i < w->process_count; i++)
		if (i != w->console)
			want_join(w, i, w->console)->name[0] = "console";
	fdt_for_each_subnode(node, w->fdt, w->node)
	{
		uint32_t a = process_at(w, dt_reference(w->fdt, node, "ends", 0));
		uint32_t b = process_at(w, dt_reference(w->fdt, node, "ends", 1));

		if (dt_is(w->fdt, node, "bulkhead,channel") && dt_okay(w->fdt, node) &&
		    a != IMAGE_NONE && b != IMAGE_NONE)
			want_channel_backend(w, want_join(w, a, b), node);
	}
	for (uint32_t i = 0; i < w->vm_count; i++) {
		struct want_vm *vm = &w->vms[i];

		for (uint32_t n = 0; n < vm->device_count; n++) {
			struct want_guest_device *device = &vm->devices[n];
			uint32_t peer = process_at(
				w, dt_reference(w->fdt, device->backend_node, "peer", 0));

			if (device->node >= 0 && peer != IMAGE_NONE) {
				channel = want_join(w, vm->process, peer);
				device->channel = channel->number[0];
				if (device->channel_bytes)
					channel->bytes = device->channel_bytes;
				channel->pool_bytes = device->pool_bytes;
				channel->backend_node = device->backend_node;
			}
			if (device->console && vm->process != w->console)
				device->channel = 0; /* the channel to the console is the first */
		}
	}
}

void want_processes(struct want *w)
{
	struct want_process *console;
	int node;

	fdt_for_each_subnode(node, w->fdt, w->node)
	{
		const char *name = fdt_get_name(w->fdt, node, NULL);

		if (!dt_okay(w->fdt, node))
			continue;
		if (dt_is(w->fdt, node, "bulkhead,process"))
			read_process(w, node);
		else if (dt_is(w->fdt, node, "bulkhead,vm"))
			want_vm(w, want_add_process(w, name, node), node);
		if (w->failures)
			return;
	}
	w->console = host_process(w, "console", CONSOLE_PRIORITY, CONSOLE_BUDGET_US);
	if (w->failures)
		return;
	w->supervisor = host_process(w, "supervisor", SUPERVISOR_PRIORITY, SUPERVISOR_BUDGET_US);
	console = &w->processes[w->console];
	if (console->node < 0 && w->uart_type != UART_NONE)
		add_device(w, console, w->uart_node, 1);
	read_channels(w);
}
