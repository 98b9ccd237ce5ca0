/* SPDX-License-Identifier: Apache-2.0 */
/* A system as text; contract in show.h. */
#include <stdlib.h>

#include "tool/arena.h"
#include "tool/show.h"

const char *show_bytes(uint64_t bytes)
{
	if (bytes % (1ull << 30) == 0u)
		return arena_format("%llu GiB", (unsigned long long)(bytes >> 30));
	if (bytes % (1ull << 20) == 0u)
		return arena_format("%llu MiB", (unsigned long long)(bytes >> 20));
	return arena_format("%llu KiB", (unsigned long long)((bytes + 1023u) >> 10));
}

static int show_compare(const void *left, const void *right)
{
	const struct region *const *a = left;
	const struct region *const *b = right;

	return (*a)->pa < (*b)->pa ? -1 : (*a)->pa > (*b)->pa;
}

const struct region **show_order(const struct layout *layout)
{
	const struct region **order = arena_alloc((layout->region_count + 1u) * sizeof(*order));

	for (uint32_t i = 0u; i < layout->region_count; i++)
		order[i] = &layout->regions[i];
	qsort(order, layout->region_count, sizeof(*order), show_compare);
	return order;
}

static void show_memory(const struct layout *layout, FILE *out)
{
	const struct region **order = show_order(layout);

	fprintf(out, "memory\n");
	for (uint32_t i = 0u; i < layout->region_count; i++) {
		const struct region *region = order[i];

		if (region->bytes != 0u)
			fprintf(out, "  0x%09llx-0x%09llx %9s  %-20s %s%s\n",
			        (unsigned long long)region->pa,
			        (unsigned long long)(region->pa + region->bytes - 1u),
			        show_bytes(region->bytes), region->owner, region->what,
			        region->in_file ? "" : ", not in the file");
	}
	fprintf(out, "  image: %s in the file, %s with what directly follows, %u tables\n",
	        show_bytes(layout->file_end - layout->system->board.load_pa),
	        show_bytes(layout->image_end - layout->system->board.load_pa),
	        layout->tables.count);
}

static void show_guests(const struct system *system, FILE *out)
{
	for (uint32_t i = 0u; i < system->vm_count; i++) {
		const struct vm *vm = &system->vms[i];

		fprintf(out, "guest %s (addresses as it sees them)\n", vm->process->name);
		for (uint32_t j = 0u; j < vm->bank_count; j++)
			fprintf(out, "  0x%09llx-0x%09llx %9s  RAM, %u physical piece(s)\n",
			        (unsigned long long)vm->banks[j].ipa.start,
			        (unsigned long long)(range_end(vm->banks[j].ipa) - 1u),
			        show_bytes(vm->banks[j].ipa.bytes), vm->banks[j].piece_count);
		for (uint32_t j = 0u; j < vm->device_count; j++) {
			const struct guest_device *device = &vm->devices[j];

			fprintf(out, "  0x%09llx-0x%09llx %9s  %s, %s",
			        (unsigned long long)device->reg.start,
			        (unsigned long long)(range_end(device->reg) - 1u),
			        show_bytes(device->reg.bytes), device->name,
			        device->passed != NULL
			                ? arena_format("%s of the board", device->passed->name)
			                : arena_format("backend %s", device->backend));
			if (device->has_interrupt)
				fprintf(out, ", SPI %u", device->interrupt.intid - 32u);
			fputc('\n', out);
		}
		if (vm->kernel_kind != KERNEL_ELF)
			fprintf(out, "  kernel at 0x%llx, ", (unsigned long long)vm->kernel.ipa);
		else
			fprintf(out, "  kernel where its ELF headers say, ");
		fprintf(out, "tree at 0x%llx", (unsigned long long)vm->tree.ipa);
		if (vm->initrd.bytes.size != 0u)
			fprintf(out, ", initrd at 0x%llx", (unsigned long long)vm->initrd.ipa);
		fputc('\n', out);
	}
}

static void show_cpus(const struct system *system, FILE *out)
{
	const struct board *board = &system->board;

	fprintf(out, "CPUs\n");
	for (uint32_t i = 0u; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = &board->cpus[i];

		fprintf(out, "  %s%s\n", tree_name(system->source.fdt, cpu->place.node),
		        cpu->used ? "" : ": not used");
		for (uint32_t j = 0u; j < cpu->thread_count; j++) {
			const struct thread *thread = system->order[cpu->thread_first + j];

			fprintf(out, "    priority %3u  %s %s %u", thread->priority,
			        thread->process->name,
			        thread->process->vm != NULL ? "vCPU" : "thread", thread->index);
			if (thread->budget_us != 0u)
				fprintf(out, ", %u us in every %u us", thread->budget_us,
				        thread->period_us);
			fputc('\n', out);
		}
	}
}

/* Said aloud: what no table of ours can contain. */
static void show_dma(const struct system *system, FILE *out)
{
	const char *heading = "allow-dma\n";

	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		if (process->vm != NULL && process->vm->dma_allowed) {
			fprintf(out,
			        "%s  the GUEST of %s: through its devices it can read and write "
			        "ALL "
			        "memory\n",
			        heading, process->name);
			heading = "";
		}
		if (!process->dma_allowed)
			continue;
		fprintf(out, "%s  %s: its devices can read and write ALL memory", heading,
		        process->name);
		heading = "";
		if (process->dma_bytes != 0u)
			fprintf(out, "; %s of its own are for them",
			        show_bytes(process->dma_bytes));
		fputc('\n', out);
	}
}

static void show_links(const struct system *system, FILE *out)
{
	fprintf(out, "interrupts\n");
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		for (uint32_t j = 0u; j < process->device_count; j++) {
			const struct device *device = &process->devices[j];

			for (uint32_t k = 0u; k < device->interrupt_count; k++)
				fprintf(out, "  INTID %u (SPI %u, %s)  %s of %s%s\n",
				        device->interrupts[k].intid,
				        device->interrupts[k].intid - 32u,
				        device->interrupts[k].edge != 0u ? "edge" : "level",
				        device->name, device->slot != NULL ? "the guest of " : "",
				        process->name);
		}
	}
	fprintf(out, "channels\n");
	for (uint32_t i = 0u; i < system->channel_count; i++)
		fprintf(out, "  %s <-> %s, %s\n", system->channels[i].end[0].process->name,
		        system->channels[i].end[1].process->name,
		        show_bytes(system->channels[i].bytes));
	for (uint32_t i = 0u; i < system->shared_count; i++) {
		const struct shared *shared = &system->shared[i];

		fprintf(out, "shared memory %s, %s\n", shared->name, show_bytes(shared->bytes));
		for (uint32_t j = 0u; j < shared->peer_count; j++)
			fprintf(out, "  %s: %s\n", shared->peers[j].process->name,
			        shared->peers[j].writable ? "read-write" : "read-only");
	}
	show_dma(system, out);
	for (uint32_t i = 0u; i < system->process_count; i++) {
		if (system->processes[i].recorder)
			fprintf(out, "flight recorder\n  read by %s\n", system->processes[i].name);
	}
}

void show_text(const struct system *system, const struct layout *layout, FILE *out)
{
	if (layout != NULL)
		show_memory(layout, out);
	show_guests(system, out);
	show_cpus(system, out);
	show_links(system, out);
}
