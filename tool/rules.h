/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that a description keeps: a table of names and functions (rules.c), the functions
 * by subject in rules_*.c. A rule reads the model and reports what breaks it; it changes
 * nothing and does not rely on another rule having run. Each has an example that breaks it,
 * tests/rules/NAME.dts. Rules about what no file can say before memory is laid out ("memory",
 * "limits") are also reported by the layout.
 */
#ifndef BULKHEAD_TOOL_RULES_H
#define BULKHEAD_TOOL_RULES_H

#include "tool/model.h"

typedef void rule_function(const struct system *system, const char *name);

struct rule {
	const char *name;
	rule_function *check;
	const char *text; /* what it demands */
};

/* Runs every rule; one that finds no node to look at is silent. */
void rules_check(const struct system *system);
/* One line per rule, on standard output. */
void rules_list(void);

#define IMAGE_MIN_BYTES BLOCK_BYTES /* kernel, tables and processes, at the very least */

/* The whole pages that hold a range. */
struct range rule_pages(struct range range);

/* The rules, by file. rules_node.c: */
rule_function rule_system, rule_unknown_node, rule_unknown_property, rule_value, rule_name,
	rule_limits, rule_peer;
/* rules_cpu.c: */
rule_function rule_cpu_missing, rule_thread_count, rule_vcpu, rule_priority, rule_stack,
	rule_budget, rule_budget_fit, rule_unbudgeted_above, rule_equal_priority, rule_cpu_threads,
	rule_vm_above_host;
/* rules_board.c: */
rule_function rule_board, rule_load_address, rule_reserved, rule_memory, rule_device_owner,
	rule_interrupt_owner, rule_device, rule_program, rule_recorder;
/* rules_dma.c: */
rule_function rule_dma;
/* rules_guest.c: */
rule_function rule_guest_tree, rule_guest_gic, rule_guest_cpus, rule_guest_ram,
	rule_address_overlap, rule_guest_interrupt, rule_no_backend, rule_backend_nowhere,
	rule_device_file, rule_guest_console;
/* rules_pass.c: */
rule_function rule_pass_through;
/* rules_place.c: */
rule_function rule_ram_place;
/* rules_shared.c: */
rule_function rule_shared_memory;
/* rules_setting.c: */
rule_function rule_no_peer, rule_setting;
/* rules_guest_file.c: */
rule_function rule_guest_file, rule_kernel_address, rule_guest_placement;

#endif
