/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors of the measuring guests: bench_vectors.h says what an interrupt does. Its
 * first instruction is the marker. Anything else is an error, and told as such.
 */
#include "abi/marker.h"

#define ICC_IAR1  s3_0_c12_c12_0
#define ICC_EOIR1 s3_0_c12_c12_1
#define ICC_SGI1R s3_0_c12_c11_5

	.macro other number
	.balign 128
	mov	x0, sp
	mov	x1, #\number
	b	guest_trap
	.endm

	.section .text.vectors, "ax"
	.balign 2048
	.global bench_vectors
bench_vectors:
	.set	number, 0
	.rept	5
	other	number
	.set	number, number + 1
	.endr

	.balign 128			/* IRQ of the current level, SP_EL1 */
	movz	xzr, #MARKER_ENTRY
	stp	x0, x1, [sp, #-16]!
	mrs	x1, cntvct_el0
	msr	cntv_ctl_el0, xzr
	mrs	x0, ICC_IAR1
	dsb	sy
	msr	ICC_EOIR1, x0
	isb
	cmp	x0, #1
	b.eq	answer
	adrp	x0, bench_counter
	str	x1, [x0, #:lo12:bench_counter]
	adrp	x0, bench_interrupts
	add	x0, x0, #:lo12:bench_interrupts
	ldr	w1, [x0]
	add	w1, w1, #1
	str	w1, [x0]
	ldp	x0, x1, [sp], #16
	eret

	.set	number, 6
	.rept	10
	other	number
	.set	number, number + 1
	.endr

answer:
	mov	x1, #(2 << 24)		/* SGI 2 to the target list {0} */
	orr	x1, x1, #1
	msr	ICC_SGI1R, x1
	isb
	ldp	x0, x1, [sp], #16
	eret

	.section .bss.bench, "aw", %nobits
	.balign 8
	.global bench_counter, bench_interrupts
bench_counter:
	.skip 8
bench_interrupts:
	.skip 4
