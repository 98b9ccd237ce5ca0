/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest RAM as the VM process sees it: at a fixed offset from the guest's addresses. Every
 * access to guest memory goes through ram_pointer, which checks it against the banks. Set
 * once by thread 0 before any vCPU runs; then any thread.
 */
#ifndef BULKHEAD_USER_VMM_RAM_H
#define BULKHEAD_USER_VMM_RAM_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/process.h"

/* base: where IPA 0 would be (GUEST_VA). */
void ram_init(const struct vm_bank *banks, uint32_t count, uintptr_t base);
/* `bytes` (at least 1) bytes of one bank; NULL: not all of them are RAM. */
void *ram_pointer(uint64_t ipa, uint64_t bytes);

#endif
