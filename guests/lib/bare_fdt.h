/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little that small guests want from their device tree: the banks of memory, and the command line. Any
 * CPU.
 */
#ifndef BULKHEAD_GUESTS_LIB_BARE_FDT_H
#define BULKHEAD_GUESTS_LIB_BARE_FDT_H

#include <stdint.h>

struct bank {
	uint64_t base;
	uint64_t bytes;
};

/* Bytes of the tree at this address; 0: there is none. */
uint32_t fdt_bytes(uint64_t tree);
/* The banks of the nodes memory@..; how many, at most `count`. */
uint32_t fdt_banks(uint64_t tree, struct bank *banks, uint32_t count);
/* The command line of /chosen; NULL: there is none. */
const char *fdt_bootargs(uint64_t tree);

#endif
