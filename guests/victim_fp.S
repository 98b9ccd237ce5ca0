/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FP registers of the victim, which uses none itself:
 * void victim_fp_set(const uint64_t *words): all 32 are loaded from 64 words.
 * void victim_fp_get(uint64_t *words): they are stored there.
 */
	.arch_extension fp
	.arch_extension simd

	.text
	.global victim_fp_set
victim_fp_set:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ldr	q\n, [x0], #16
	.endr
	ret

	.global victim_fp_get
victim_fp_get:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	str	q\n, [x0], #16
	.endr
	ret
