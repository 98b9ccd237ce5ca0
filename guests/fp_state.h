/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FP registers of fptest and fploop: patterns, and the exits that they must survive.
 */
#ifndef BULKHEAD_GUESTS_FP_STATE_H
#define BULKHEAD_GUESTS_FP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/lib/bare_board.h"

#define FP_REGISTERS 32u
#define FP_FPCR      0x01c00000u /* FZ, RMode towards zero */
#define FP_FPSR      0x0800009fu /* QC and all exception flags */

struct fp_state {
	uint64_t q[FP_REGISTERS][2];
	uint64_t fpcr;
	uint64_t fpsr;
};
_Static_assert(offsetof(struct fp_state, fpcr) == 512, "fp_regs.S counts on it");

void fp_exits(const struct fp_state *in, struct fp_state *out, uint64_t address, uint64_t count);

/* Patterns of a seed, `count` exits with them, and whether all came back. */
static inline bool fp_round(uint64_t seed, uint64_t count)
{
	static struct fp_state in;
	static struct fp_state out;

	for (uint32_t i = 0; i < FP_REGISTERS; i++) {
		in.q[i][0] = (seed + 2u * i + 1u) * 0x9e3779b97f4a7c15u;
		in.q[i][1] = (seed + 2u * i + 2u) * 0xc2b2ae3d27d4eb4fu;
	}
	in.fpcr = (seed & 1u) != 0u ? FP_FPCR : 0u;
	in.fpsr = (seed & 1u) != 0u ? FP_FPSR : 0x10u;
	fp_exits(&in, &out, UART_BASE + UART_FR, count);
	for (uint32_t i = 0; i < FP_REGISTERS; i++)
		if (in.q[i][0] != out.q[i][0] || in.q[i][1] != out.q[i][1])
			return false;
	return in.fpcr == out.fpcr && in.fpsr == out.fpsr;
}

#endif
