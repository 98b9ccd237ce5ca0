/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes compatible with "bulkhead,process". See model.h. */
#include <libfdt.h>
#include <string.h>

#include "tool/model.h"

void model_read_thread(struct system *system, struct thread *thread, int node)
{
	const void *fdt = system->source.fdt;
	int cpu = tree_reference(fdt, node, "cpu", 0u);

	thread->place = model_place(system, node, NULL);
	thread->cpu = IMAGE_NONE;
	for (uint32_t i = 0u; i < system->board.cpu_count; i++) {
		if (cpu >= 0 && system->board.cpus[i].place.node == cpu)
			thread->cpu = i;
	}
	thread->priority = tree_cell(fdt, node, "priority", 0u, IMAGE_NONE);
	thread->budget_us = tree_cell(fdt, node, "budget-us", 0u, 0u);
	thread->period_us = tree_cell(fdt, node, "period-us", 0u, 0u);
	thread->stack_bytes = tree_cell(fdt, node, "stack-bytes", 0u, thread->stack_bytes);
}

struct device *model_device(struct system *system, struct process *process, int node,
                            const char *property, uint32_t index)
{
	const void *fdt = system->source.fdt;
	struct device *device;

	if (process->device_count == DEVICE_MAX) {
		system->overflow = "devices of one process";
		return NULL;
	}
	device = &process->devices[process->device_count++];
	device->place = model_place(system, node, property);
	device->node = tree_reference(fdt, node, property, index);
	device->name = "?";
	if (device->node < 0)
		return device;
	device->name = tree_name(fdt, device->node);
	while (device->reg_count < DEVICE_PART_MAX &&
	       tree_reg(fdt, device->node, device->reg_count, &device->regs[device->reg_count]))
		device->reg_count++;
	while (device->interrupt_count < DEVICE_PART_MAX &&
	       tree_interrupt(fdt, device->node, device->interrupt_count,
	                      &device->interrupts[device->interrupt_count]))
		device->interrupt_count++;
	return device;
}

void model_process(struct system *system, int node)
{
	const void *fdt = system->source.fdt;
	struct process *process = model_new_process(system, fdt_get_name(fdt, node, NULL));
	struct thread *thread;
	int child;

	if (process == NULL)
		return;
	process->place = model_place(system, node, NULL);
	process->restart = RESTART_NEVER;
	model_read_restart(system, process, node);
	if (process->autostart)
		process->flags |= PROCESS_FLAG_AUTOSTART;
	if (tree_has(fdt, node, "fp"))
		process->flags |= PROCESS_FLAG_FP;
	if (tree_has(fdt, node, "critical"))
		process->flags |= PROCESS_FLAG_CRITICAL;
	process->recorder = tree_has(fdt, node, "flight-recorder");
	process->dma_allowed = tree_has(fdt, node, "allow-dma");
	process->dma_bytes = tree_cell(fdt, node, "dma-bytes", 0u, 0u);
	model_set_program(system, process, tree_string(fdt, node, "program"));
	for (uint32_t i = 0u; i < tree_cell_count(fdt, node, "devices"); i++)
		(void)model_device(system, process, node, "devices", i);
	fdt_for_each_subnode(child, fdt, node)
	{
		if (strncmp(fdt_get_name(fdt, child, NULL), "thread", 6u) != 0)
			continue;
		thread = model_new_thread(system, process);
		if (thread != NULL)
			model_read_thread(system, thread, child);
	}
}
