/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about the physical board: its memory, its devices and who gets them. See rules.h. */
#include "tool/report.h"
#include "tool/rules.h"

#define INTID_SPI_FIRST 32u
#define INTID_SPI_LAST  1019u
#define REACH           (1ull << 40) /* VTCR_EL2.PS, TCR_EL2.PS: 40 bits of address */
#define GICD_FRAME      0x10000ull
#define GICR_FRAMES     0x20000ull

static void rule_reach(const char *name, struct place place, const char *what, uint64_t start,
                       uint64_t bytes)
{
	if (bytes > REACH || start > REACH - bytes)
		report(name, place, "%s at 0x%llx is beyond 40 bits of address", what,
		       (unsigned long long)start);
}

/* IHI 0069 12.8: frames of 64 KiB; EL2 maps them by whole pages. */
static void rule_frame(const char *name, struct place place, const char *what, uint64_t start,
                       uint64_t bytes)
{
	rule_reach(name, place, what, start, bytes);
	if (start % PAGE_BYTES != 0u)
		report(name, place, "%s at 0x%llx does not begin with a page", what,
		       (unsigned long long)start);
}

/* The tables of EL2 and of the spaces reach so far. */
static void rule_board_reach(const struct board *board, const char *name)
{
	for (uint32_t i = 0u; i < board->memory_count; i++)
		rule_reach(name, board->memory[i].place, "memory", board->memory[i].range.start,
		           board->memory[i].range.bytes);
	rule_frame(name, board->gic, "the distributor", board->gicd_pa, GICD_FRAME);
	for (uint32_t i = 0u; i < board->cpu_count; i++)
		rule_frame(name, board->gic, "a redistributor", board->cpus[i].gicr_pa,
		           GICR_FRAMES);
	/* DDI 0183 3.1: a PL011 has 4 KiB of its own */
	rule_frame(name, board->uart, "the console", board->uart_pa, PAGE_BYTES);
}

void rule_board(const struct system *system, const char *name)
{
	const struct board *board = &system->board;
	struct place nowhere = model_place(system, -1, NULL);

	if (board->memory_count == 0u)
		report(name, nowhere, "the board states no memory");
	if (board->cpu_count == 0u)
		report(name, nowhere, "the board states no CPUs");
	if (board->gicd_pa == 0u)
		report(name, nowhere, "the board states no arm,gic-v3");
	if (board->psci.node < 0)
		report(name, nowhere, "the board states no PSCI firmware");
	if (board->uart_type != UART_NONE && board->uart_pa == 0u)
		report(name, board->uart, "the console states no address");
	rule_board_reach(board, name);
	for (uint32_t i = 0u; i < board->cpu_count; i++) {
		for (uint32_t j = 0u; j < i; j++) {
			if (board->cpus[i].mpidr == board->cpus[j].mpidr)
				report(name, board->cpus[i].place, "%s has the address of %s (%s)",
				       tree_name(system->source.fdt, board->cpus[i].place.node),
				       tree_name(system->source.fdt, board->cpus[j].place.node),
				       source_position(board->cpus[j].place));
		}
	}
	for (uint32_t i = 0u; board->gicd_pa != 0u && i < board->cpu_count; i++) {
		if (board->cpus[i].gicr_pa == 0u)
			report(name, board->gic, "no redistributor for %s (%s)",
			       tree_name(system->source.fdt, board->cpus[i].place.node),
			       source_position(board->cpus[i].place));
	}
}

void rule_load_address(const struct system *system, const char *name)
{
	const struct board *board = &system->board;
	struct range first = {board->load_pa, IMAGE_MIN_BYTES};
	struct place place = model_place(system, system->node, "bulkhead,load-address");
	bool inside = board->memory_count == 0u;

	for (uint32_t i = 0u; i < board->memory_count; i++)
		inside = inside || range_inside(first, board->memory[i].range);
	if (board->load_pa % BLOCK_BYTES != 0u || !inside)
		report(name, place,
		       "0x%llx is no load address: 2 MiB aligned, in the board's memory",
		       (unsigned long long)board->load_pa);
	for (uint32_t i = 0u; i < board->reserved_count; i++) {
		if (range_overlap(first, board->reserved[i].range))
			report(name, place, "the load address 0x%llx lies in %s (%s)",
			       (unsigned long long)board->load_pa, board->reserved[i].name,
			       source_position(board->reserved[i].place));
	}
}

void rule_reserved(const struct system *system, const char *name)
{
	if (!system->board.reserved_stated)
		report(name, model_place(system, -1, NULL),
		       "the board does not state what its firmware keeps: add /reserved-memory, "
		       "even empty");
}

void rule_memory(const struct system *system, const char *name)
{
	uint64_t have = 0u;
	uint64_t need = IMAGE_MIN_BYTES;
	const struct bank *largest = NULL;
	const struct vm *owner = NULL;

	for (uint32_t i = 0u; i < system->board.memory_count; i++)
		have += system->board.memory[i].range.bytes;
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		need += vm->kernel.bytes.size + vm->initrd.bytes.size;
		for (uint32_t j = 0u; j < vm->bank_count; j++) {
			need += vm->banks[j].ipa.bytes;
			if (largest == NULL || vm->banks[j].ipa.bytes > largest->ipa.bytes) {
				largest = &vm->banks[j];
				owner = vm;
			}
		}
	}
	if (need > have && largest != NULL && system->board.memory_count != 0u)
		report(name, largest->place,
		       "the VMs need %llu MiB, most of it %s; the board has %llu MiB (%s)",
		       (unsigned long long)(need >> 20), owner->process->name,
		       (unsigned long long)(have >> 20),
		       source_position(system->board.memory[0].place));
}

void rule_device(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		for (uint32_t j = 0u; j < process->device_count; j++) {
			const struct device *device = &process->devices[j];

			if (device->node < 0)
				report(name, device->place,
				       "device %u of %s is no node of the board", j, process->name);
			else if (!tree_enabled(system->source.fdt, device->node))
				report(name, device->place, "%s of %s is disabled (%s)",
				       device->name, process->name,
				       source_position(
					       model_place(system, device->node, "status")));
			else if (device->reg_count == 0u)
				report(name, device->place, "%s of %s has no address (%s)",
				       device->name, process->name,
				       source_position(model_place(system, device->node, NULL)));
			for (uint32_t k = 0u; k < device->reg_count; k++)
				rule_reach(name, device->place, device->name, device->regs[k].start,
				           device->regs[k].bytes);
		}
	}
}

struct range rule_pages(struct range range)
{
	uint64_t start = range.start / PAGE_BYTES * PAGE_BYTES;
	uint64_t end = (range_end(range) + PAGE_BYTES - 1u) / PAGE_BYTES * PAGE_BYTES;

	return (struct range){start, end - start};
}

/* A register block of one process against those of another, by whole pages. */
static void rule_device_pair(const char *name, const struct process *a, const struct process *b)
{
	for (uint32_t i = 0u; i < a->device_count * DEVICE_PART_MAX; i++) {
		const struct device *mine = &a->devices[i / DEVICE_PART_MAX];
		uint32_t part = i % DEVICE_PART_MAX;

		for (uint32_t j = 0u;
		     part < mine->reg_count && j < b->device_count * DEVICE_PART_MAX; j++) {
			const struct device *yours = &b->devices[j / DEVICE_PART_MAX];
			uint32_t other = j % DEVICE_PART_MAX;

			if (other < yours->reg_count &&
			    range_overlap(rule_pages(mine->regs[part]),
			                  rule_pages(yours->regs[other])))
				report(name, mine->place,
				       "%s of %s is in a page with %s of %s (%s)", mine->name,
				       a->name, yours->name, b->name,
				       source_position(yours->place));
		}
	}
}

static void rule_device_kernel(const struct system *system, const char *name,
                               const struct process *process)
{
	const struct board *board = &system->board;
	struct range gic;

	for (uint32_t i = 0u; i < process->device_count; i++) {
		const struct device *device = &process->devices[i];

		for (uint32_t j = 0u; j < device->reg_count; j++) {
			struct range pages = rule_pages(device->regs[j]);

			for (uint32_t k = 0u;
			     board->gic.node >= 0 &&
			     tree_reg(system->source.fdt, board->gic.node, k, &gic);
			     k++) {
				if (range_overlap(pages, gic))
					report(name, device->place,
					       "%s of %s belongs to the kernel (%s)", device->name,
					       process->name, source_position(board->gic));
			}
			for (uint32_t k = 0u; k < board->memory_count; k++) {
				if (range_overlap(pages, board->memory[k].range))
					report(name, device->place, "%s of %s overlaps memory (%s)",
					       device->name, process->name,
					       source_position(board->memory[k].place));
			}
		}
	}
}

void rule_device_owner(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		rule_device_kernel(system, name, &system->processes[i]);
		for (uint32_t j = 0u; j < i; j++)
			rule_device_pair(name, &system->processes[i], &system->processes[j]);
	}
}

/* The device that comes with an interrupt before this one does, over all processes. */
static const struct device *rule_interrupt_before(const struct system *system,
                                                  const struct device *last, uint32_t last_part)
{
	uint32_t intid = last->interrupts[last_part].intid;

	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		for (uint32_t j = 0u; j < process->device_count; j++) {
			const struct device *device = &process->devices[j];

			for (uint32_t k = 0u; k < device->interrupt_count; k++) {
				if (device == last && k == last_part)
					return NULL;
				if (device->interrupts[k].intid == intid)
					return device;
			}
		}
	}
	return NULL;
}

void rule_interrupt_owner(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		for (uint32_t j = 0u; j < process->device_count * DEVICE_PART_MAX; j++) {
			const struct device *device = &process->devices[j / DEVICE_PART_MAX];
			uint32_t part = j % DEVICE_PART_MAX;
			const struct device *before;
			uint32_t intid;

			if (part >= device->interrupt_count)
				continue;
			intid = device->interrupts[part].intid;
			if (intid < INTID_SPI_FIRST || intid > INTID_SPI_LAST)
				report(name, device->place,
				       "interrupt %u of %s is no shared peripheral interrupt",
				       intid, device->name);
			before = rule_interrupt_before(system, device, part);
			if (before != NULL)
				report(name, device->place,
				       "interrupt %u (SPI %u) of %s of %s already belongs to %s "
				       "(%s)",
				       intid, intid - INTID_SPI_FIRST, device->name, process->name,
				       before->name, source_position(before->place));
		}
	}
}

/* Before the programs are built (no vmm.elf) nothing can be said about them. */
void rule_program(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];
		const struct program *program = process->program;
		bool of_vm = process->vm != NULL;
		bool for_vm;

		if (process->program_name == NULL) {
			report(name, process->place, "%s names no program", process->name);
			continue;
		}
		if (program == NULL || !system->device_records_known)
			continue;
		if (program->path == NULL)
			report(name, process->place, "%s: there is no %s/user/%s.elf",
			       process->name, system->build, process->program_name);
		else if (program->fault != NULL)
			report(name, process->place, "%s: %s %s", process->name, program->path,
			       program->fault);
		for_vm =
			program->record != NULL && (program->record->flags & PROGRAM_FLAG_VM) != 0u;
		if (program->record != NULL && for_vm != of_vm)
			report(name, process->place, "%s: %s is %s program of a VM", process->name,
			       program->path, for_vm ? "the" : "no");
	}
}

void rule_recorder(const struct system *system, const char *name)
{
	const struct process *reader = NULL;

	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];
		const struct program *program = process->program;
		bool declared;

		if (process->recorder && reader != NULL)
			report(name, process->place, "%s and %s both read the flight recorder",
			       reader->name, process->name);
		if (process->recorder)
			reader = process;
		if (program == NULL || program->path == NULL || !program->good)
			continue;
		declared = program->record != NULL &&
		           (program->record->flags & PROGRAM_FLAG_RECORDER) != 0u;
		if (process->recorder && !declared)
			report(name, process->place,
			       "%s has flight-recorder, but %s does not read it", process->name,
			       program->path);
		else if (declared && !process->recorder)
			report(name, process->place,
			       "%s: %s reads the flight recorder, which the node "
			       "does not grant (flight-recorder)",
			       process->name, program->path);
	}
}
