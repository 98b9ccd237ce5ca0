/* SPDX-License-Identifier: Apache-2.0 */
/* What the board's own tree says: CPUs, memory, GIC, firmware, boot UART. See model.h. */
#include <libfdt.h>
#include <string.h>

#include "tool/model.h"

#define LOAD_OFFSET    0x200000ull /* where loaders put an Image with text_offset 0 */
#define GICR_BYTES     0x20000ull  /* RD and SGI frame of a GICv3: IHI 0069, 12.10 */
#define MPIDR_AFFINITY 0xff00ffffffull

static void model_board_cpus(struct system *system)
{
	struct board *board = &system->board;
	const void *fdt = system->source.fdt;
	int cpus = fdt_path_offset(fdt, "/cpus");
	int cells = cpus < 0 ? 0 : fdt_address_cells(fdt, cpus);
	int node;

	fdt_for_each_subnode(node, fdt, cpus)
	{
		const char *type = tree_string(fdt, node, "device_type");
		struct board_cpu *cpu = &board->cpus[board->cpu_count];

		if (type == NULL || strcmp(type, "cpu") != 0 || !tree_enabled(fdt, node))
			continue;
		if (board->cpu_count == BOARD_CPU_MAX) {
			system->overflow = "CPUs of the board";
			return;
		}
		cpu->place = model_place(system, node, NULL);
		cpu->mpidr = cells == 2 ? tree_cell_pair(fdt, node, "reg", 0u)
		                        : tree_cell(fdt, node, "reg", 0u, 0u);
		cpu->mpidr &= MPIDR_AFFINITY;
		board->cpu_count++;
	}
}

static void model_add_range(struct system *system, struct board_range *list, uint32_t *count,
                            struct range range, struct place place)
{
	if (range.bytes == 0u)
		return;
	if (*count == RANGE_MAX) {
		system->overflow = "memory ranges of the board";
		return;
	}
	list[(*count)++] = (struct board_range){
		.range = range,
		.place = place,
		.name = place.node < 0 ? "/memreserve/"
	                               : fdt_get_name(system->source.fdt, place.node, NULL),
	};
}

static void model_board_memory(struct system *system)
{
	struct board *board = &system->board;
	const void *fdt = system->source.fdt;
	struct range range;
	int node;

	fdt_for_each_subnode(node, fdt, 0)
	{
		const char *type = tree_string(fdt, node, "device_type");

		if (type == NULL || strcmp(type, "memory") != 0 || !tree_enabled(fdt, node))
			continue;
		for (uint32_t i = 0u; tree_reg(fdt, node, i, &range); i++)
			model_add_range(system, board->memory, &board->memory_count, range,
			                model_place(system, node, "reg"));
	}
}

static void model_board_reserved(struct system *system)
{
	struct board *board = &system->board;
	const void *fdt = system->source.fdt;
	int parent = fdt_path_offset(fdt, "/reserved-memory");
	struct range range;
	int node;

	board->reserved_stated = parent >= 0 || fdt_num_mem_rsv(fdt) > 0;
	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
		if (fdt_get_mem_rsv(fdt, i, &range.start, &range.bytes) == 0)
			model_add_range(system, board->reserved, &board->reserved_count, range,
			                model_place(system, -1, NULL));
	}
	fdt_for_each_subnode(node, fdt, parent)
	{
		for (uint32_t i = 0u; tree_reg(fdt, node, i, &range); i++)
			model_add_range(system, board->reserved, &board->reserved_count, range,
			                model_place(system, node, "reg"));
	}
}

/* Redistributors: the regions of the GIC's node one after the other, in the order of CPUs. */
static void model_board_gic(struct system *system)
{
	struct board *board = &system->board;
	const void *fdt = system->source.fdt;
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
	uint32_t regions;
	uint32_t cpu = 0u;
	struct range range;

	board->gic = model_place(system, node, NULL);
	if (node < 0 || !tree_reg(fdt, node, 0u, &range))
		return;
	board->gicd_pa = range.start;
	regions = tree_cell(fdt, node, "#redistributor-regions", 0u, 1u);
	for (uint32_t i = 0u; i < regions && tree_reg(fdt, node, 1u + i, &range); i++) {
		for (uint64_t at = 0u; at + GICR_BYTES <= range.bytes && cpu < board->cpu_count;
		     at += GICR_BYTES)
			board->cpus[cpu++].gicr_pa = range.start + at;
	}
}

static void model_board_firmware(struct system *system)
{
	struct board *board = &system->board;
	const void *fdt = system->source.fdt;
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-1.0");
	const char *method;

	if (node < 0)
		node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-0.2");
	board->psci = model_place(system, node, NULL);
	method = node < 0 ? NULL : tree_string(fdt, node, "method");
	board->psci_conduit = method != NULL && strcmp(method, "hvc") == 0 ? PSCI_HVC : PSCI_SMC;
}

static void model_board_uart(struct system *system)
{
	struct board *board = &system->board;
	const void *fdt = system->source.fdt;
	int node = tree_console(fdt);
	struct range range;

	board->uart = model_place(system, node, NULL);
	if (node < 0 || !tree_reg(fdt, node, 0u, &range))
		return;
	if (tree_compatible(fdt, node, "arm,pl011")) {
		board->uart_type = UART_PL011;
		board->uart_pa = range.start;
	}
}

void model_board(struct system *system)
{
	struct board *board = &system->board;
	const void *fdt = system->source.fdt;

	model_board_cpus(system);
	model_board_memory(system);
	model_board_reserved(system);
	model_board_gic(system);
	model_board_firmware(system);
	model_board_uart(system);
	if (system->node >= 0 && tree_has(fdt, system->node, "bulkhead,load-address"))
		board->load_pa = tree_cell_pair(fdt, system->node, "bulkhead,load-address", 0u);
	else if (board->memory_count != 0u)
		board->load_pa = board->memory[0].range.start + LOAD_OFFSET;
}
