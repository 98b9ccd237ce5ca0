/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few functions of QEMU's plugin interface, version 1 (QEMU 7.2), that bench/count.c
 * uses; Debian ships none of its headers. Resolved in the QEMU binary that loads the plugin.
 */
#ifndef BULKHEAD_BENCH_QEMU_PLUGIN_API_H
#define BULKHEAD_BENCH_QEMU_PLUGIN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLUGIN_API_VERSION 1
#define PLUGIN_NO_REGS     0 /* a callback that touches no guest register */
#define PLUGIN_ADD_U64     0 /* the one inline operation */

struct plugin_tb;
struct plugin_insn;

struct plugin_machine {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	bool system_emulation;
	int smp_vcpus;
	int max_vcpus;
};

typedef void (*plugin_tb_trans)(uint64_t id, struct plugin_tb *tb);
typedef void (*plugin_exec)(unsigned int cpu, void *data);
typedef void (*plugin_exit)(uint64_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_tb_trans function);
void qemu_plugin_register_vcpu_tb_exec_cb(struct plugin_tb *tb, plugin_exec function, int flags,
                                          void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct plugin_insn *insn, plugin_exec function,
                                            int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct plugin_insn *insn, int op, void *data,
                                                uint64_t addend);
void qemu_plugin_register_atexit_cb(uint64_t id, plugin_exit function, void *data);
size_t qemu_plugin_tb_n_insns(const struct plugin_tb *tb);
struct plugin_insn *qemu_plugin_tb_get_insn(const struct plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct plugin_insn *insn);

/* What QEMU looks for in a plugin. */
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const struct plugin_machine *machine, int count,
                        char **arguments);

#endif
