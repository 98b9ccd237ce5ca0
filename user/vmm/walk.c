/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's stage-1 tables; contract in walk.h. Owns nothing. Portable. */
#include "user/vmm/walk.h"

#include <stddef.h>

#include "user/vmm/machine.h"
#include "user/vmm/ram.h"

/* TCR_EL1, DDI 0487 D13.2.131; the TTBR1 fields stand 16 bits higher */
#define TCR_TSZ(tcr) ((unsigned)((tcr)&0x3fu))
#define TCR_EPD      (1ull << 7)
#define TCR_TG0(tcr) ((unsigned)(((tcr) >> 14) & 3u))
#define TCR_TG1(tcr) ((unsigned)(((tcr) >> 30) & 3u))
#define TCR_TBI0     (1ull << 37)
#define TCR_TBI1     (1ull << 38)

#define TSZ_MIN     16u /* 48-bit addresses */
#define TSZ_MAX     48u /* with small translation tables; else 39 */
#define OUTPUT_BITS 48u
#define OUTPUT_MASK ((1ull << OUTPUT_BITS) - 1u)
#define VA_SELECT   (1ull << 55)
#define LAST_LEVEL  3u

/* Descriptors, D8.3 */
#define DESCRIPTOR_VALID 1u
#define DESCRIPTOR_TABLE 2u /* at level 3: a page */

/* What one half of the address space is translated with. */
struct walk_half {
	uint64_t base;
	unsigned input_bits;
	unsigned page_bits; /* 12, 14 or 16 */
};

bool walk_read(const struct walk_regs *regs, uint64_t ipa, uint32_t bytes, uint64_t *value)
{
	void *at = (ipa & (bytes - 1u)) == 0u ? ram_pointer(ipa, bytes) : NULL;

	if (at == NULL)
		return false;
	if ((regs->sctlr & WALK_SCTLR_M) == 0u || (regs->sctlr & WALK_SCTLR_C) == 0u)
		machine_clean(at, bytes);
	/* single copy: another vCPU may be changing it */
	if (bytes == 4u)
		*value = __atomic_load_n((const uint32_t *)at, __ATOMIC_RELAXED);
	else
		*value = __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
	return true;
}

/* Which table, and whether va is an address that it may translate. */
static bool walk_select(const struct walk_regs *regs, uint64_t va, struct walk_half *half)
{
	static const uint8_t page_bits_0[4] = {12u, 16u, 14u, 0u};
	static const uint8_t page_bits_1[4] = {0u, 14u, 12u, 16u};
	bool upper = (va & VA_SELECT) != 0u;
	uint64_t fields = upper ? regs->tcr >> 16 : regs->tcr;
	uint64_t ignore = regs->tcr & (upper ? TCR_TBI1 : TCR_TBI0);
	unsigned size = TCR_TSZ(fields);
	uint64_t top;

	half->base = upper ? regs->ttbr1 : regs->ttbr0;
	half->page_bits = upper ? page_bits_1[TCR_TG1(regs->tcr)] : page_bits_0[TCR_TG0(regs->tcr)];
	half->input_bits = 64u - size;
	if ((fields & TCR_EPD) != 0u || half->page_bits == 0u || size < TSZ_MIN || size > TSZ_MAX ||
	    half->input_bits <= half->page_bits)
		return false;
	/* D8.2.1: the bits above the input size are all copies of bit 55, or ignored */
	top = upper ? ~va : va;
	if (ignore != 0u)
		top &= (1ull << 56) - 1u;
	return top >> half->input_bits == 0u;
}

bool walk_translate(const struct walk_regs *regs, uint64_t va, uint64_t *ipa)
{
	struct walk_half half;
	uint64_t descriptor;
	unsigned stride;
	unsigned levels;
	unsigned shift;
	unsigned index_bits;
	uint64_t base;

	if ((regs->sctlr & WALK_SCTLR_M) == 0u) {
		*ipa = va;
		return va <= OUTPUT_MASK;
	}
	if (!walk_select(regs, va, &half))
		return false;
	stride = half.page_bits - 3u;
	levels = (half.input_bits - half.page_bits + stride - 1u) / stride; /* 1 to 4 */
	shift = half.page_bits + (levels - 1u) * stride;
	index_bits = half.input_bits - shift;
	/* D8.2.5: the first table is aligned to its size, at least 64 bytes; CnP and ASID drop out */
	base = half.base & OUTPUT_MASK & ~((8ull << (index_bits < 3u ? 3u : index_bits)) - 1u);
	for (unsigned level = LAST_LEVEL + 1u - levels; level <= LAST_LEVEL; level++) {
		uint64_t index = (va >> shift) & ((1ull << index_bits) - 1u);

		if (!walk_read(regs, base + index * 8u, 8u, &descriptor))
			return false;
		if ((regs->sctlr & WALK_SCTLR_EE) != 0u)
			descriptor = __builtin_bswap64(descriptor);
		if ((descriptor & DESCRIPTOR_VALID) == 0u)
			return false;
		if (level == LAST_LEVEL || (descriptor & DESCRIPTOR_TABLE) == 0u) {
			/* a page at level 3; a block at levels 1 (4 KiB only) and 2 */
			bool page = (descriptor & DESCRIPTOR_TABLE) != 0u;
			bool good = level == LAST_LEVEL
			                    ? page
			                    : level == 2u || (level == 1u && half.page_bits == 12u);

			*ipa = (descriptor & OUTPUT_MASK & ~((1ull << shift) - 1u)) |
			       (va & ((1ull << shift) - 1u));
			return good;
		}
		base = descriptor & OUTPUT_MASK & ~((1ull << half.page_bits) - 1u);
		shift -= stride;
		index_bits = stride;
	}
	return false;
}
