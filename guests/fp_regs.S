/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void fp_exits(const struct fp_state *in, struct fp_state *out, uint64_t address,
 *               uint64_t count): loads every FP register from `in`, reads a device register
 * `count` times, and stores every FP register to `out`. The lower halves of v8 to v15 are
 * the caller's. For fptest and fploop.
 */
	.arch_extension fp
	.arch_extension simd

	.macro	all_pairs instruction, base
	\instruction	q0, q1, [\base, #0]
	\instruction	q2, q3, [\base, #32]
	\instruction	q4, q5, [\base, #64]
	\instruction	q6, q7, [\base, #96]
	\instruction	q8, q9, [\base, #128]
	\instruction	q10, q11, [\base, #160]
	\instruction	q12, q13, [\base, #192]
	\instruction	q14, q15, [\base, #224]
	\instruction	q16, q17, [\base, #256]
	\instruction	q18, q19, [\base, #288]
	\instruction	q20, q21, [\base, #320]
	\instruction	q22, q23, [\base, #352]
	\instruction	q24, q25, [\base, #384]
	\instruction	q26, q27, [\base, #416]
	\instruction	q28, q29, [\base, #448]
	\instruction	q30, q31, [\base, #480]
	.endm

	.text
	.global fp_exits
fp_exits:
	stp	d8, d9, [sp, #-64]!
	stp	d10, d11, [sp, #16]
	stp	d12, d13, [sp, #32]
	stp	d14, d15, [sp, #48]
	all_pairs ldp, x0
	add	x0, x0, #512
	ldp	x5, x6, [x0]
	msr	fpcr, x5
	msr	fpsr, x6
1:	ldr	w5, [x2]
	sub	x3, x3, #1
	cbnz	x3, 1b
	mrs	x5, fpcr
	mrs	x6, fpsr
	all_pairs stp, x1
	add	x1, x1, #512
	stp	x5, x6, [x1]
	msr	fpcr, xzr
	ldp	d10, d11, [sp, #16]
	ldp	d12, d13, [sp, #32]
	ldp	d14, d15, [sp, #48]
	ldp	d8, d9, [sp], #64
	ret
