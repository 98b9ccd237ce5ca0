/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board as its own tree states it: CPUs, memory, GIC, firmware, boot UART
 * (docs/system-description.md, "What bhc takes from the board's tree"). Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <libfdt.h>
#include <string.h>

#define GICR_BYTES    0x20000ull      /* RD and SGI frame: IHI 0069, 12.10 */
#define AFFINITY_MASK 0xff00ffffffull /* MPIDR_EL1: DDI 0487 D19.2.101 */
#define LOAD_OFFSET   BLOCK_BYTES

static void read_cpus(struct want *w)
{
	int cpus = fdt_path_offset(w->fdt, "/cpus");
	int cells = cpus < 0 ? 0 : fdt_address_cells(w->fdt, cpus);
	int node;

	fdt_for_each_subnode(node, w->fdt, cpus)
	{
		if (!dt_type(w->fdt, node, "cpu") || !dt_okay(w->fdt, node))
			continue;
		if (w->cpu_count == WANT_CPUS) {
			want_stop(w, "too many CPUs");
			return;
		}
		w->cpus[w->cpu_count].node = node;
		w->cpus[w->cpu_count++].mpidr =
			dt_number(w->fdt, node, "reg", 0, (uint32_t)cells) & AFFINITY_MASK;
	}
	if (w->cpu_count == 0)
		want_stop(w, "the board has no CPU");
}

static void add_range(struct want *w, struct want_range *list, uint32_t *count,
                      struct want_range range)
{
	if (*count == WANT_RANGES)
		want_stop(w, "too many ranges of memory");
	else if (range.bytes)
		list[(*count)++] = range;
}

static void read_memory(struct want *w)
{
	int reserved = fdt_path_offset(w->fdt, "/reserved-memory");
	struct want_range range;
	int node;

	fdt_for_each_subnode(node, w->fdt, 0)
	{
		if (dt_type(w->fdt, node, "memory") && dt_okay(w->fdt, node))
			for (uint32_t i = 0; dt_reg(w->fdt, node, i, &range); i++)
				add_range(w, w->ram, &w->ram_count, range);
	}
	for (int i = 0; i < fdt_num_mem_rsv(w->fdt); i++)
		if (fdt_get_mem_rsv(w->fdt, i, &range.start, &range.bytes) == 0)
			add_range(w, w->reserved, &w->reserved_count, range);
	fdt_for_each_subnode(node, w->fdt, reserved)
	{
		for (uint32_t i = 0; dt_reg(w->fdt, node, i, &range); i++)
			add_range(w, w->reserved, &w->reserved_count, range);
	}
	if (w->ram_count == 0)
		want_stop(w, "the board has no memory");
}

static void read_gic(struct want *w)
{
	int node = fdt_node_offset_by_compatible(w->fdt, -1, "arm,gic-v3");
	uint32_t regions = dt_cell(w->fdt, node, "#redistributor-regions", 0, 1);
	struct want_range range;
	uint32_t cpu = 0;

	if (node < 0 || !dt_reg(w->fdt, node, 0, &range)) {
		want_stop(w, "the board has no arm,gic-v3");
		return;
	}
	w->gicd_pa = range.start;
	for (uint32_t i = 1; i <= regions && dt_reg(w->fdt, node, i, &range); i++)
		for (; range.bytes >= GICR_BYTES && cpu < w->cpu_count; range.bytes -= GICR_BYTES) {
			w->cpus[cpu++].gicr_pa = range.start;
			range.start += GICR_BYTES;
		}
}

static void read_firmware(struct want *w)
{
	int node = fdt_node_offset_by_compatible(w->fdt, -1, "arm,psci-1.0");
	const char *method;

	if (node < 0)
		node = fdt_node_offset_by_compatible(w->fdt, -1, "arm,psci-0.2");
	method = node < 0 ? NULL : dt_string(w->fdt, node, "method");
	w->psci_conduit = method && strcmp(method, "hvc") == 0 ? PSCI_HVC : PSCI_SMC;
}

static void read_uart(struct want *w)
{
	int chosen = fdt_path_offset(w->fdt, "/chosen");
	const char *path = chosen < 0 ? NULL : dt_string(w->fdt, chosen, "stdout-path");
	struct want_range range;

	w->uart_node = -1;
	if (path)
		w->uart_node =
			fdt_path_offset_namelen(w->fdt, path, (int)(strcspn(path, ":") & 0xffff));
	if (w->uart_node < 0 || !dt_is(w->fdt, w->uart_node, "arm,pl011") ||
	    !dt_reg(w->fdt, w->uart_node, 0, &range))
		return;
	w->uart_type = UART_PL011;
	w->uart_pa = range.start;
}

void want_board(struct want *w)
{
	w->node = fdt_path_offset(w->fdt, "/bulkhead");
	if (w->node < 0) {
		want_stop(w, "%s has no /bulkhead", w->options->system);
		return;
	}
	read_cpus(w);
	read_memory(w);
	read_gic(w);
	read_firmware(w);
	read_uart(w);
	w->load_pa = dt_has(w->fdt, w->node, "bulkhead,load-address")
	                     ? dt_number(w->fdt, w->node, "bulkhead,load-address", 0, 2)
	                     : w->ram[0].start + LOAD_OFFSET;
}
