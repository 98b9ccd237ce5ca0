/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x8 to x18 of what the trap came from, in the quick part of a trap: the kernel's code does not use
 * them (-ffixed-x8 and up), so they are in the CPU still, and not in the context. Contract in
 * arch.h. Right only until the rest of the context is saved.
 */
#include "arch/arm64/arch.h"

/* clang-format off */
#define HIGH_REGISTERS(X) \
	X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18)
/* clang-format on */

void guest_spill_high(struct context *context, uint32_t rt)
{
	uint64_t value;

#define SPILL(n)                                                \
	case n##u:                                              \
		__asm__ volatile("mov %0, x" #n : "=r"(value)); \
		break;
	switch (rt) {
		HIGH_REGISTERS(SPILL)
	default:
		return;
	}
	context->x[rt] = value;
}

void guest_fill_high(const struct context *context, uint32_t rt)
{
	uint64_t value = context->x[rt];

#define FILL(n)                                                     \
	case n##u:                                                  \
		__asm__ volatile("mov x" #n ", %0" : : "r"(value)); \
		break;
	switch (rt) {
		HIGH_REGISTERS(FILL)
	default:
		break;
	}
}
