/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every MRS and every MSR (register) of op0 2 and 3, to be called by number: bits 14:0 are
 * op0<0>, op1, CRn, CRm, op2 (DDI 0487 C5.1.3), bit 15 is set for MSR. Called by hostile_walker.c
 * at EL0 with a value in x0, which comes back as what was read.
 */
	.section .text.end, "ax", %progbits
	.globl	hostile_mrs
	.balign	8
hostile_mrs:
	.set	number, 0
	.rept	32768
	.inst	0xd5300000 + (number << 5)
	ret
	.set	number, number + 1
	.endr
	.set	number, 0
	.rept	32768
	.inst	0xd5100000 + (number << 5)
	ret
	.set	number, number + 1
	.endr

	.section .note.GNU-stack, "", %progbits
