/* SPDX-License-Identifier: Apache-2.0 */
/* The rule about devices that read or write memory by themselves. See rules.h. */
#include <libfdt.h>

#include "tool/report.h"
#include "tool/rules.h"

/* Does the device read or write memory by itself, as far as its node tells? */
static bool rule_masters_bus(const void *fdt, int node)
{
	return tree_has(fdt, node, "dma-coherent") || tree_has(fdt, node, "dma-ranges") ||
	       tree_has(fdt, node, "iommus") || tree_compatible(fdt, node, "virtio,mmio");
}

/* A node that masters the bus and lies in a page of the device: whoever has that page has it, too. */
static int rule_master_beside(const struct system *system, const struct device *device)
{
	const void *fdt = system->source.fdt;
	struct range reg;

	if (device->node >= 0 && rule_masters_bus(fdt, device->node))
		return device->node;
	for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		if (!tree_enabled(fdt, node) || !rule_masters_bus(fdt, node))
			continue;
		for (uint32_t i = 0u; tree_reg(fdt, node, i, &reg); i++) {
			for (uint32_t j = 0u; j < device->reg_count; j++) {
				if (range_overlap(rule_pages(device->regs[j]), reg))
					return node;
			}
		}
	}
	return -1;
}

/* Physical addresses are what a device uses; a guest has them only where RAM is one to one. */
static void rule_dma_guest(const char *name, const struct vm *vm, const struct device *device)
{
	for (uint32_t i = 0u; i < vm->bank_count; i++) {
		const struct bank *bank = &vm->banks[i];

		if (!bank->placed || bank->pa != bank->ipa.start)
			report(name, device->place,
			       "%s can write memory, and RAM of %s at 0x%llx is not there "
			       "physically (%s): "
			       "say ram-one-to-one",
			       device->name, vm->process->name, (unsigned long long)bank->ipa.start,
			       source_position(bank->place));
	}
}

static void rule_dma_device(const struct system *system, const char *name,
                            const struct process *process, const struct device *device)
{
	const struct vm *vm = process->vm;
	int node = rule_master_beside(system, device);

	if (node < 0)
		return;
	if (vm != NULL && vm->dma_allowed)
		rule_dma_guest(name, vm, device);
	else if (!process->dma_allowed)
		report(name, device->place,
		       "%s (%s), in the pages of %s, can write all memory on behalf of %s: no "
		       "IOMMU "
		       "contains it; say allow-dma to accept that",
		       tree_name(system->source.fdt, node),
		       source_position(model_place(system, node, NULL)), device->name,
		       process->name);
}

void rule_dma(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		if (process->implicit)
			continue;
		if (process->dma_bytes != 0u && !process->dma_allowed)
			report(name, model_place(system, process->place.node, "dma-bytes"),
			       "%s has dma-bytes for its devices, but does not say allow-dma",
			       process->name);
		for (uint32_t j = 0u; j < process->device_count; j++)
			rule_dma_device(system, name, process, &process->devices[j]);
	}
}
