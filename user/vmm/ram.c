/* SPDX-License-Identifier: Apache-2.0 */
/* Guest RAM; contract in ram.h. Points to the bank table of the info page. Portable. */
#include "user/vmm/ram.h"

#include <stddef.h>

#define RAM_BANKS 8u

static const struct vm_bank *ram_banks;
static uint32_t ram_count;
static uintptr_t ram_base;

void ram_init(const struct vm_bank *banks, uint32_t count, uintptr_t base)
{
	ram_banks = banks;
	ram_count = count < RAM_BANKS ? count : RAM_BANKS;
	ram_base = base;
}

void *ram_pointer(uint64_t ipa, uint64_t bytes)
{
	for (uint32_t i = 0u; i < ram_count; i++) {
		uint64_t offset = ipa - ram_banks[i].ipa;

		if (offset < ram_banks[i].bytes && bytes <= ram_banks[i].bytes - offset)
			return (void *)(ram_base + ipa);
	}
	return NULL;
}
