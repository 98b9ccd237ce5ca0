/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls by a number that is known only at run time: one SVC for each immediate. Linked
 * into the test programs of tests/hostile; called by hostile_calls.c at EL0.
 */
	.set	FRAME, 128
	.set	FRAME_OUT, 112

	/* void hostile_svc(uint64_t immediate, const uint64_t in[8], uint64_t out[31])
	 * x0 to x7 from in, x8 to x29 hold HOSTILE_PATTERN + their number; afterwards all of x0 to
	 * x29 go to out, and SP to out[30]. x30 is what brings us back. */
	.section .text.hostile_svc, "ax", %progbits
	.globl	hostile_svc
	.type	hostile_svc, %function
hostile_svc:
	sub	sp, sp, #FRAME
	stp	x18, x19, [sp, #0]
	stp	x20, x21, [sp, #16]
	stp	x22, x23, [sp, #32]
	stp	x24, x25, [sp, #48]
	stp	x26, x27, [sp, #64]
	stp	x28, x29, [sp, #80]
	stp	x30, xzr, [sp, #96]
	str	x2, [sp, #FRAME_OUT]
	mov	x3, sp
	str	x3, [x2, #240]
	adrp	x30, hostile_svc_table
	add	x30, x30, :lo12:hostile_svc_table
	add	x30, x30, x0, lsl #3
	mov	x29, x1
	mov	x8, #0x5a5a0000
	.irp	n, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
	add	x\n, x8, #\n
	.endr
	add	x8, x8, #8
	ldp	x0, x1, [x29, #0]
	ldp	x2, x3, [x29, #16]
	ldp	x4, x5, [x29, #32]
	ldp	x6, x7, [x29, #48]
	add	x29, x8, #21
	blr	x30
	ldr	x30, [sp, #FRAME_OUT]
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22
	str	x\n, [x30, #8 * \n]
	.endr
	.irp	n, 23, 24, 25, 26, 27, 28, 29
	str	x\n, [x30, #8 * \n]
	.endr
	mov	x1, sp
	ldr	x2, [x30, #240]
	sub	x1, x1, x2
	str	x1, [x30, #240]		/* how far SP has moved */
	ldp	x18, x19, [sp, #0]
	ldp	x20, x21, [sp, #16]
	ldp	x22, x23, [sp, #32]
	ldp	x24, x25, [sp, #48]
	ldp	x26, x27, [sp, #64]
	ldp	x28, x29, [sp, #80]
	ldr	x30, [sp, #96]
	add	sp, sp, #FRAME
	ret
	.size	hostile_svc, . - hostile_svc

	/* In the last part of the text: half a megabyte. */
	.section .text.end, "ax", %progbits
	.balign	8
hostile_svc_table:
	.set	number, 0
	.rept	65536
	svc	#number
	ret
	.set	number, number + 1
	.endr

	.section .note.GNU-stack, "", %progbits
