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

void rule_dma(const struct system *system, const char *name)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		if (process->implicit || process->dma_allowed)
			continue;
		if (process->dma_bytes != 0u)
			report(name, model_place(system, process->place.node, "dma-bytes"),
			       "%s has dma-bytes for its devices, but does not say allow-dma",
			       process->name);
		for (uint32_t j = 0u; j < process->device_count; j++) {
			int node = rule_master_beside(system, &process->devices[j]);

			if (node >= 0)
				report(name, process->devices[j].place,
				       "%s (%s), in the pages of %s, can write all memory on "
				       "behalf of %s: no IOMMU contains it; say allow-dma to "
				       "accept "
				       "that",
				       tree_name(system->source.fdt, node),
				       source_position(model_place(system, node, NULL)),
				       process->devices[j].name, process->name);
		}
	}
}
