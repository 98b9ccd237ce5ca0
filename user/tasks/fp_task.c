/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that owns FP registers. Each round fills V0 to V31, FPCR and FPSR with a pattern,
 * holds them through a stretch of computing and a wait, while guests and others on the same
 * CPU use theirs, and compares. Says once a second how many rounds were good; ends with code
 * 1 when one was not.
 */
#include <stdbool.h>
#include <stddef.h>

#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/lib/text.h"

PROGRAM_RECORD("fp_task", PROGRAM_FLAG_FP);

#define REGISTERS 32u
#define HOLD_US   200u        /* of computing, for preemption */
#define PERIOD_US 2000u       /* until the wait is over, for the switch to others */
#define FPCR_ODD  0x01c00000u /* FZ, RMode towards zero */
#define FPSR_ODD  0x0800009fu /* QC and all exception flags */
#define FPSR_EVEN 0x10u

struct fp_set {
	uint64_t v[REGISTERS][2];
	uint64_t fpcr;
	uint64_t fpsr;
};

_Static_assert(offsetof(struct fp_set, fpcr) == 512u, "fp_hold counts on it");

static struct fp_set in;
static struct fp_set out;

/* Loads the registers, spins until `spin`, waits until `wait`, and stores the registers. */
static void fp_hold(uint64_t spin, uint64_t wait)
{
	register uint64_t x0 __asm__("x0") = 0u;
	register uint64_t x1 __asm__("x1") = wait;
	register const struct fp_set *from __asm__("x19") = &in;
	register struct fp_set *to __asm__("x20") = &out;
	register uint64_t until __asm__("x21") = spin;

	/* clang-format off */
	__asm__ volatile(
		"add	x4, %[from], #512\n\t"
		"ldp	x2, x3, [x4]\n\t"
		"msr	fpcr, x2\n\t"
		"msr	fpsr, x3\n\t"
		"mov	x2, %[from]\n\t"
		"ld1	{v0.2d-v3.2d}, [x2], #64\n\t"
		"ld1	{v4.2d-v7.2d}, [x2], #64\n\t"
		"ld1	{v8.2d-v11.2d}, [x2], #64\n\t"
		"ld1	{v12.2d-v15.2d}, [x2], #64\n\t"
		"ld1	{v16.2d-v19.2d}, [x2], #64\n\t"
		"ld1	{v20.2d-v23.2d}, [x2], #64\n\t"
		"ld1	{v24.2d-v27.2d}, [x2], #64\n\t"
		"ld1	{v28.2d-v31.2d}, [x2]\n"
		"1:	yield\n\t"
		"isb\n\t"
		"mrs	x2, cntvct_el0\n\t"
		"cmp	x2, %[until]\n\t"
		"b.lo	1b\n\t"
		"svc	%[call]\n\t"
		"mov	x2, %[to]\n\t"
		"st1	{v0.2d-v3.2d}, [x2], #64\n\t"
		"st1	{v4.2d-v7.2d}, [x2], #64\n\t"
		"st1	{v8.2d-v11.2d}, [x2], #64\n\t"
		"st1	{v12.2d-v15.2d}, [x2], #64\n\t"
		"st1	{v16.2d-v19.2d}, [x2], #64\n\t"
		"st1	{v20.2d-v23.2d}, [x2], #64\n\t"
		"st1	{v24.2d-v27.2d}, [x2], #64\n\t"
		"st1	{v28.2d-v31.2d}, [x2], #64\n\t"
		"mrs	x3, fpcr\n\t"
		"mrs	x4, fpsr\n\t"
		"stp	x3, x4, [x2]\n\t"
		"msr	fpcr, xzr\n\t"
		: "+r"(x0), "+r"(x1)
		: [from] "r"(from), [to] "r"(to), [until] "r"(until), [call] "i"(SYSCALL_WAIT)
		: "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
		  "x14", "x15", "x16", "x17", "cc", "memory",
		  "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
		  "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22",
		  "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
	/* clang-format on */
}

static bool fp_round(uint64_t round)
{
	uint64_t now = clock_now();

	for (uint32_t i = 0u; i < REGISTERS; i++) {
		in.v[i][0] = (round + 2ull * i + 1u) * 0x9e3779b97f4a7c15u;
		in.v[i][1] = (round + 2ull * i + 2u) * 0xc2b2ae3d27d4eb4fu;
	}
	in.fpcr = (round & 1u) != 0u ? FPCR_ODD : 0u;
	in.fpsr = (round & 1u) != 0u ? FPSR_ODD : FPSR_EVEN;
	fp_hold(now + clock_ticks_from_us(HOLD_US), now + clock_ticks_from_us(PERIOD_US));
	return memcmp(&in, &out, sizeof(in)) == 0;
}

int main(unsigned thread)
{
	uint64_t second = clock_ticks_per_second();
	uint64_t said = clock_now();

	(void)thread;
	console_open();
	console_puts("fp_task: first round\n");
	for (uint64_t round = 1u; fp_round(round); round++) {
		if (clock_now() - said < second)
			continue;
		said += second;
		console_print("fp_task: %lu rounds ok\n", round);
	}
	console_puts("fp_task: FAILED: the registers changed\n");
	return 1;
}
