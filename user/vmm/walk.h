/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's own stage-1 translation, walked in software (DDI 0487 D8.2), to find the
 * instruction that caused an exit. The address-translation instructions are not used: not
 * available at EL0, and unsafe at EL2 on cores with speculative-AT errata. Tables are the
 * guest's and hostile: every read is checked against its RAM, and levels are bounded.
 * Permissions are not checked: the address has just been executed.
 */
#ifndef BULKHEAD_USER_VMM_WALK_H
#define BULKHEAD_USER_VMM_WALK_H

#include <stdbool.h>
#include <stdint.h>

struct walk_regs {
	uint64_t sctlr;
	uint64_t tcr;
	uint64_t ttbr0;
	uint64_t ttbr1;
};

/* SCTLR_EL1 */
#define WALK_SCTLR_M   (1ull << 0)
#define WALK_SCTLR_C   (1ull << 2)
#define WALK_SCTLR_E0E (1ull << 24)
#define WALK_SCTLR_EE  (1ull << 25)

/* The IPA of an instruction's address; false: there is none, or its tables are not in RAM. */
bool walk_translate(const struct walk_regs *regs, uint64_t va, uint64_t *ipa);
/*
 * Reads 4 (instruction) or 8 (descriptor) aligned bytes of guest RAM; false: not RAM. With
 * the guest's caches off it reads what the guest wrote past them.
 */
bool walk_read(const struct walk_regs *regs, uint64_t ipa, uint32_t bytes, uint64_t *value);

#endif
