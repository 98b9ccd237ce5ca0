/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rules; contract in rules.h. */
#include "tool/rules.h"

#include <stdio.h>

/* clang-format off */
static const struct rule rules[] = {
	{ "system", rule_system, "there is one /bulkhead node, of a version that bhc knows" },
	{ "unknown-node", rule_unknown_node, "a node under /bulkhead is of a known kind" },
	{ "unknown-property", rule_unknown_property, "a node of ours has known properties only" },
	{ "value", rule_value, "a property of ours has a value from its list" },
	{ "name", rule_name, "process names are short enough, and each is there once" },
	{ "limits", rule_limits, "the description fits into bhc's and the ABI's tables" },
	{ "peer", rule_peer, "a peer or a channel's end is a process of this system" },
	{ "cpu-missing", rule_cpu_missing, "a thread or vCPU is on a CPU that the board has" },
	{ "thread-count", rule_thread_count, "a process has 1 to 8 threads" },
	{ "vcpu", rule_vcpu, "a VM has 1 to 8 vCPUs, numbered in order from 0" },
	{ "priority", rule_priority, "a thread states a priority from 0 to 255" },
	{ "stack", rule_stack, "a stack is of whole pages and fits its slot" },
	{ "budget", rule_budget, "budget and period come together, the budget not the larger" },
	{ "budget-fit", rule_budget_fit, "the budgets on a CPU do not add up to more than it has" },
	{ "unbudgeted-above", rule_unbudgeted_above,
	  "nothing without a budget is above a thread with a period" },
	{ "equal-priority", rule_equal_priority,
	  "of two threads of equal priority on a CPU, neither is without a budget" },
	{ "cpu-threads", rule_cpu_threads, "a CPU has at most 64 threads" },
	{ "vm-above-host", rule_vm_above_host,
	  "a VM without a budget is below console and supervisor on their CPU" },
	{ "board", rule_board, "the board states memory, CPUs, each once, a GICv3 with frames, and PSCI" },
	{ "load-address", rule_load_address, "the load address is 2 MiB aligned, in free memory" },
	{ "reserved", rule_reserved, "the board states what firmware keeps, be it nothing" },
	{ "memory", rule_memory, "the board has the memory that the system needs" },
	{ "device", rule_device, "a device given to a process is there, enabled and addressable" },
	{ "device-owner", rule_device_owner, "a page of device registers has one owner" },
	{ "interrupt-owner", rule_interrupt_owner, "a physical interrupt has one owner" },
	{ "dma", rule_dma, "DMA that nothing contains is allowed only when said aloud" },
	{ "program", rule_program, "a program is there and fits a process's address space" },
	{ "recorder", rule_recorder,
	  "the flight recorder has one reader at most, whose program declares that it is one" },
	{ "guest-tree", rule_guest_tree, "a VM's board file is there and compiles" },
	{ "guest-gic", rule_guest_gic, "a guest's tree has a GICv3 with room for its vCPUs" },
	{ "guest-cpus", rule_guest_cpus, "a guest's own /cpus has as many CPUs as the VM" },
	{ "guest-ram", rule_guest_ram, "a guest has RAM: whole pages, 1 to 8 banks, in reach" },
	{ "ram-place", rule_ram_place,
	  "RAM whose place is stated lies in the board's free memory, apart from other such" },
	{ "pass-through", rule_pass_through,
	  "a device that is handed to a guest fits its node there, and leads to nothing outside" },
	{ "address-overlap", rule_address_overlap, "two components of a guest share no address" },
	{ "guest-interrupt", rule_guest_interrupt, "a guest's interrupt has one source" },
	{ "no-backend", rule_no_backend, "an enabled guest device has something behind it" },
	{ "backend-nowhere", rule_backend_nowhere, "a backend is for a device that is there" },
	{ "device-file", rule_device_file, "some device file implements a backend" },
	{ "no-peer", rule_no_peer, "a backend that works with a peer has one" },
	{ "setting", rule_setting, "a setting of a device has the form and range that its backend states" },
	{ "shared-memory", rule_shared_memory,
	  "shared memory is of whole pages, for peers that are there, each by a window of its size" },
	{ "guest-console", rule_guest_console, "a guest has a console, or says no-console" },
	{ "guest-file", rule_guest_file, "kernel and initrd are there" },
	{ "kernel-address", rule_kernel_address, "there is RAM where the kernel goes" },
	{ "guest-placement", rule_guest_placement, "kernel, initrd and tree are in RAM, apart" },
};
/* clang-format on */

void rules_check(const struct system *system)
{
	for (uint32_t i = 0u; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i].check(system, rules[i].name);
}

void rules_list(void)
{
	for (uint32_t i = 0u; i < sizeof(rules) / sizeof(rules[0]); i++)
		printf("%-18s %s\n", rules[i].name, rules[i].text);
}
