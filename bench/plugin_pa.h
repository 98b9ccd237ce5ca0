/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an instruction lies in physical memory: what tells the plugins of this folder to whom it
 * belongs, whatever virtual address a guest runs it at. Called while QEMU translates.
 */
#ifndef BULKHEAD_BENCH_PLUGIN_PA_H
#define BULKHEAD_BENCH_PLUGIN_PA_H

#include <stdint.h>

#include "bench/qemu_plugin_api.h"

/*
 * QEMU tells the host address of an instruction; the first one that is executed runs with the
 * MMU off, at a known physical address of the same RAM, and so gives the offset between the two.
 */
static inline uint64_t plugin_insn_pa(const struct plugin_insn *insn)
{
	static uintptr_t ram_offset; /* host address - physical address */
	uintptr_t host = (uintptr_t)qemu_plugin_insn_haddr(insn);

	if (host == 0)
		return UINT64_MAX;
	if (ram_offset == 0)
		ram_offset = host - qemu_plugin_insn_vaddr(insn);
	return host - ram_offset;
}

#endif
