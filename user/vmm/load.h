/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the guest into its RAM: all of it cleared, then kernel, initrd and tree copied from
 * their pristine payloads, then everything cleaned to the point of coherency, because the
 * guest starts with its caches off. Thread 0, before any vCPU runs; ram_init has been called.
 */
#ifndef BULKHEAD_USER_VMM_LOAD_H
#define BULKHEAD_USER_VMM_LOAD_H

#include <stdint.h>

#include "abi/process.h"

struct load_start {
	uint64_t entry; /* IPA of the first instruction */
	uint64_t x0;    /* IPA of the tree, or 0 */
};

/* Codes of EXIT_REASON_FAILED by which a VM process says why its guest did not start. */
enum load_error {
	LOAD_OK = 0,
	LOAD_BAD_IMAGE = 1,      /* not an arm64 Image */
	LOAD_BAD_ELF = 2,        /* not an AArch64 executable, or it contradicts itself */
	LOAD_KERNEL_NOT_RAM = 3, /* the kernel, or what it reserves, is not all in RAM */
	LOAD_INITRD_NOT_RAM = 4,
	LOAD_TREE_NOT_RAM = 5,
	LOAD_ENTRY_NOT_RAM = 6,
	LOAD_DEVICES = 7, /* bus_init refused */
};

enum load_error load_guest(const struct vm_info *info, struct load_start *start);
/* A sentence for the console. */
const char *load_error_text(enum load_error error);

#endif
