/* SPDX-License-Identifier: Apache-2.0 */
/* The model's frame: tables, programs, and the processes that bhc adds. See model.h. */
#include "tool/model.h"

#include <libfdt.h>
#include <string.h>

#include "tool/arena.h"

#define CONSOLE_PRIORITY     150u
#define CONSOLE_BUDGET_US    2000u
#define SUPERVISOR_PRIORITY  140u
#define SUPERVISOR_BUDGET_US 1000u
#define HOST_PERIOD_US       10000u
#define RESTART_LIMIT        3u
#define RESTART_WINDOW_SEC   60u
#define STACK_BYTES          16384u

struct place model_place(const struct system *system, int node, const char *property)
{
	return (struct place){.source = &system->source, .node = node, .property = property};
}

struct process *model_new_process(struct system *system, const char *name)
{
	struct process *process;

	if (system->process_count == PROCESS_MAX) {
		system->overflow = "processes";
		return NULL;
	}
	process = &system->processes[system->process_count];
	process->name = name;
	process->index = system->process_count++;
	process->place = model_place(system, system->node, NULL);
	process->restart_limit = RESTART_LIMIT;
	process->restart_window_sec = RESTART_WINDOW_SEC;
	process->autostart = true;
	return process;
}

struct thread *model_new_thread(struct system *system, struct process *process)
{
	struct thread *thread;

	process->thread_stated++;
	if (process->thread_count == PROCESS_THREADS)
		return NULL;
	if (system->thread_count == THREAD_MAX) {
		system->overflow = "threads";
		return NULL;
	}
	thread = &system->threads[system->thread_count];
	thread->cpu_position = system->thread_count++;
	thread->process = process;
	thread->place = process->place;
	thread->index = process->thread_count;
	thread->vcpu = IMAGE_NONE;
	thread->stack_bytes = STACK_BYTES;
	process->threads[process->thread_count++] = thread;
	return thread;
}

static void model_join(struct system *system, struct model_channel *channel, uint32_t side,
                       struct process *process, const char *name)
{
	struct channel_end *end = &channel->end[side];

	end->channel = channel;
	end->process = process;
	end->name = name;
	end->side = side;
	if (process->end_count == END_MAX) {
		system->overflow = "channels of one process";
		return;
	}
	end->number = process->end_count;
	process->ends[process->end_count++] = end;
}

struct model_channel *model_new_channel(struct system *system, struct process *a, struct process *b,
                                        struct place place)
{
	struct model_channel *channel;

	if (system->channel_count == CHANNEL_MAX) {
		system->overflow = "channels";
		return NULL;
	}
	channel = &system->channels[system->channel_count++];
	channel->place = place;
	channel->bytes = CHANNEL_BYTES;
	model_join(system, channel, 0u, a, b->name);
	model_join(system, channel, 1u, b, a->name);
	return channel;
}

struct process *model_process_of(struct system *system, int node)
{
	for (uint32_t i = 0u; node >= 0 && i < system->process_count; i++) {
		if (!system->processes[i].implicit && system->processes[i].place.node == node)
			return &system->processes[i];
	}
	return NULL;
}

void model_read_restart(struct system *system, struct process *process, int node)
{
	const void *fdt = system->source.fdt;
	const char *restart = tree_string(fdt, node, "restart");
	const char *autostart = tree_string(fdt, node, "autostart");

	if (restart != NULL && strcmp(restart, "always") == 0)
		process->restart = RESTART_ALWAYS;
	else if (restart != NULL && strcmp(restart, "never") == 0)
		process->restart = RESTART_NEVER;
	else if (restart != NULL)
		process->restart = RESTART_ON_FAULT;
	process->autostart = autostart == NULL || strcmp(autostart, "no") != 0;
	process->restart_limit = tree_cell(fdt, node, "restart-limit", 0u, RESTART_LIMIT);
	process->restart_window_sec =
		tree_cell(fdt, node, "restart-window-sec", 0u, RESTART_WINDOW_SEC);
}

static bool model_device_records_good(const struct bytes *section)
{
	struct device_record record;

	for (uint64_t at = 0u; at < section->size; at += sizeof(record)) {
		if (section->size - at < sizeof(record))
			return false;
		memcpy(&record, section->data + at, sizeof(record));
		if (record.backend[RECORD_TEXT_BYTES - 1u] != '\0' ||
		    record.compatible[RECORD_TEXT_BYTES - 1u] != '\0' ||
		    record.channel_bytes % PAGE_BYTES != 0u ||
		    record.pool_bytes % PAGE_BYTES != 0u || record.peer > DEVICE_PEER_MUST)
			return false;
	}
	return true;
}

/* What a program's file must be: docs/system-description.md, "program". */
static const char *model_program_fault(struct program *program)
{
	struct bytes record;

	if (!elf_parse(&program->elf.bytes, &program->elf))
		return "is no AArch64 ELF file";
	for (uint32_t i = 0u; i < program->elf.segment_count; i++) {
		const struct elf_segment *segment = &program->elf.segments[i];
		uint64_t start = segment->writable ? PROGRAM_DATA_VA : PROGRAM_TEXT_VA;
		uint64_t end = segment->writable ? PROGRAM_DATA_END : PROGRAM_TEXT_END;
		struct range region = {start, end - start};
		struct range text = {PROGRAM_TEXT_VA, PROGRAM_TEXT_END - PROGRAM_TEXT_VA};
		struct range image = {segment->pa, segment->file_bytes};
		struct range memory = {segment->va, segment->memory_bytes};

		if (segment->writable && segment->executable)
			return "has a segment that is writable and executable";
		if (!range_inside(memory, region))
			return "has a segment outside of its region";
		if (segment->file_bytes != 0u && !range_inside(image, text))
			return "has a segment whose load address is outside of the text region";
	}
	if (elf_section(&program->elf, PROGRAM_SECTION, &record)) {
		if (record.size != sizeof(struct program_record))
			return "has a malformed " PROGRAM_SECTION;
		program->record = arena_grow(record.data, record.size, record.size);
		if (program->record->abi_version != ABI_VERSION)
			return "was compiled for another ABI version";
	}
	if (elf_section(&program->elf, DEVICE_SECTION, &record) &&
	    !model_device_records_good(&record))
		return "has a malformed " DEVICE_SECTION;
	if (elf_section(&program->elf, SETTING_SECTION, &record) && !model_settings_good(&record))
		return "has a malformed " SETTING_SECTION;
	return NULL;
}

void model_set_program(struct system *system, struct process *process, const char *name)
{
	struct program *program;
	const char *path;

	process->program_name = name;
	if (name == NULL)
		return;
	for (uint32_t i = 0u; i < system->program_count; i++) {
		if (strcmp(system->programs[i].name, name) == 0)
			process->program = &system->programs[i];
	}
	if (process->program == NULL) {
		program = &system->programs[system->program_count++];
		program->name = name;
		process->program = program;
		path = arena_format("%s/user/%s.elf", system->build, name);
		if (files_exist(path) && files_read(path, &program->elf.bytes)) {
			program->path = path;
			program->fault = model_program_fault(program);
			program->good = program->fault == NULL;
		}
	}
	if (process->program->record != NULL &&
	    (process->program->record->flags & PROGRAM_FLAG_FP) != 0u)
		process->flags |= PROCESS_FLAG_FP;
}

static struct process *model_host_process(struct system *system, const char *name,
                                          uint32_t priority, uint32_t budget_us)
{
	struct process *process;
	struct thread *thread;

	for (uint32_t i = 0u; i < system->process_count; i++) {
		process = &system->processes[i];
		if (process->program_name != NULL && strcmp(process->program_name, name) == 0)
			return process;
	}
	process = model_new_process(system, name);
	if (process == NULL)
		return NULL;
	process->implicit = true;
	process->restart = RESTART_ON_FAULT;
	process->flags |= PROCESS_FLAG_AUTOSTART;
	model_set_program(system, process, name);
	thread = model_new_thread(system, process);
	if (thread != NULL) {
		thread->priority = priority;
		thread->budget_us = budget_us;
		thread->period_us = HOST_PERIOD_US;
	}
	return process;
}

static void model_console_device(struct system *system, struct process *process)
{
	const void *fdt = system->source.fdt;
	struct device *device = &process->devices[0];

	if (!process->implicit || system->board.uart_type == UART_NONE)
		return;
	device->node = system->board.uart.node;
	device->place = system->board.uart;
	device->name = tree_name(fdt, device->node);
	while (device->reg_count < DEVICE_PART_MAX &&
	       tree_reg(fdt, device->node, device->reg_count, &device->regs[device->reg_count]))
		device->reg_count++;
	if (tree_interrupt(fdt, device->node, 0u, &device->interrupts[0]))
		device->interrupt_count = 1u;
	process->device_count = 1u;
}

/* The console, the supervisor, and everybody's channel to the console. */
void model_implicit(struct system *system)
{
	system->console =
		model_host_process(system, "console", CONSOLE_PRIORITY, CONSOLE_BUDGET_US);
	system->supervisor =
		model_host_process(system, "supervisor", SUPERVISOR_PRIORITY, SUPERVISOR_BUDGET_US);
	if (system->console == NULL || system->supervisor == NULL)
		return;
	model_console_device(system, system->console);
	for (uint32_t i = 0u; i < system->process_count; i++) {
		struct process *process = &system->processes[i];
		struct model_channel *channel;

		if (process == system->console)
			continue;
		channel = model_new_channel(system, process, system->console, process->place);
		if (channel != NULL)
			channel->end[0].name = "console";
	}
}

/* What the VM process says about its devices. */
static void model_device_records(struct system *system)
{
	const char *path = arena_format("%s/user/vmm.elf", system->build);
	struct bytes file;
	struct bytes records;
	struct elf_file elf;

	if (!files_exist(path) || !files_read(path, &file) || !elf_parse(&file, &elf))
		return;
	system->device_records_known = true;
	if (elf_section(&elf, DEVICE_SECTION, &records) && model_device_records_good(&records)) {
		system->device_record_count =
			(uint32_t)(records.size / sizeof(struct device_record));
		system->device_records = arena_grow(records.data, records.size, records.size);
	}
	if (elf_section(&elf, SETTING_SECTION, &records) && model_settings_good(&records)) {
		system->setting_record_count =
			(uint32_t)(records.size / sizeof(struct setting_record));
		system->setting_records = arena_grow(records.data, records.size, records.size);
	}
}

/* A channel of its own: ends = <&a &b>. */
static void model_channel(struct system *system, int node)
{
	const void *fdt = system->source.fdt;
	struct process *a = model_process_of(system, tree_reference(fdt, node, "ends", 0u));
	struct process *b = model_process_of(system, tree_reference(fdt, node, "ends", 1u));

	const struct device_record *backend = model_channel_backend(system, node);
	struct model_channel *channel;

	if (a == NULL || b == NULL)
		return;
	channel = model_new_channel(system, a, b, model_place(system, node, NULL));
	if (channel == NULL || backend == NULL)
		return;
	channel->bytes = backend->channel_bytes != 0u ? backend->channel_bytes : PAGE_BYTES;
	model_settings_read(system, backend, node, channel);
}

static void model_peers(struct system *system, struct vm *vm)
{
	for (uint32_t i = 0u; i < vm->device_count; i++) {
		struct guest_device *device = &vm->devices[i];
		int node = device->backend_node;
		struct model_channel *channel;

		if (node < 0 || !tree_has(system->source.fdt, node, "peer"))
			continue;
		device->peer = model_process_of(
			system, tree_reference(system->source.fdt, node, "peer", 0u));
		if (device->peer == NULL)
			continue;
		channel = model_new_channel(system, vm->process, device->peer,
		                            model_place(system, node, "peer"));
		if (channel == NULL)
			continue;
		device->end = &channel->end[0];
		if (device->record != NULL && device->record->channel_bytes != 0u)
			channel->bytes = device->record->channel_bytes;
	}
}

static void model_console_ends(struct system *system)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		struct vm *vm = &system->vms[i];

		for (uint32_t j = 0u; j < vm->device_count; j++) {
			if (!vm->devices[j].console)
				continue;
			for (uint32_t k = 0u; k < vm->process->end_count; k++) {
				struct channel_end *end = vm->process->ends[k];

				if (strcmp(end->name, "console") == 0)
					vm->devices[j].end = end;
			}
		}
	}
}

void model_build(struct system *system)
{
	const void *fdt = system->source.fdt;
	int node;

	system->node = fdt_path_offset(fdt, "/bulkhead");
	model_board(system);
	if (system->node < 0)
		return;
	model_device_records(system);
	fdt_for_each_subnode(node, fdt, system->node)
	{
		if (!tree_enabled(fdt, node))
			continue;
		if (tree_compatible(fdt, node, "bulkhead,process"))
			model_process(system, node);
		else if (tree_compatible(fdt, node, "bulkhead,vm"))
			model_vm(system, node);
	}
	model_implicit(system);
	fdt_for_each_subnode(node, fdt, system->node)
	{
		if (tree_enabled(fdt, node) && tree_compatible(fdt, node, "bulkhead,channel"))
			model_channel(system, node);
	}
	for (uint32_t i = 0u; i < system->vm_count; i++)
		model_peers(system, &system->vms[i]);
	model_console_ends(system);
	model_shared(system);
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		for (uint32_t j = 0u; j < system->vms[i].device_count; j++) {
			const struct guest_device *device = &system->vms[i].devices[j];

			if (device->end != NULL && device->record != NULL && device->node >= 0)
				model_settings_read(system, device->record, device->backend_node,
				                    device->end->channel);
		}
	}
	model_pools(system);
}
