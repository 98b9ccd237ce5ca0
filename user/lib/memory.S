/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memcpy, memmove, memset, memcmp, strlen, strcmp for EL0 programs (text.h). In assembly so
 * that no compiler turns a loop of theirs into a call of itself; general registers only.
 */
	.macro	function name
	.globl	\name
	.type	\name, %function
	.balign	16
\name:
	.endm

	.macro	end name
	.size	\name, . - \name
	.endm

	.text

function memmove
	/* Forward unless the destination begins inside the source. */
	sub	x3, x0, x1
	cmp	x3, x2
	b.hs	memcpy
	add	x4, x0, x2
	add	x1, x1, x2
1:	cbz	x2, 2f
	ldrb	w5, [x1, #-1]!
	strb	w5, [x4, #-1]!
	sub	x2, x2, #1
	b	1b
2:	ret
end memmove

function memcpy
	mov	x3, x0
	orr	x4, x0, x1
	tst	x4, #7
	b.ne	3f
1:	subs	x2, x2, #64
	b.lo	2f
	ldp	x4, x5, [x1]
	ldp	x6, x7, [x1, #16]
	ldp	x8, x9, [x1, #32]
	ldp	x10, x11, [x1, #48]
	add	x1, x1, #64
	stp	x4, x5, [x3]
	stp	x6, x7, [x3, #16]
	stp	x8, x9, [x3, #32]
	stp	x10, x11, [x3, #48]
	add	x3, x3, #64
	b	1b
2:	add	x2, x2, #64
4:	subs	x2, x2, #8
	b.lo	5f
	ldr	x4, [x1], #8
	str	x4, [x3], #8
	b	4b
5:	add	x2, x2, #8
3:	cbz	x2, 6f
	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	sub	x2, x2, #1
	b	3b
6:	ret
end memcpy

function memset
	mov	x3, x0
	and	x1, x1, #0xff
	orr	x1, x1, x1, lsl #8
	orr	x1, x1, x1, lsl #16
	orr	x1, x1, x1, lsl #32
	tst	x0, #7
	b.ne	3f
1:	subs	x2, x2, #32
	b.lo	2f
	stp	x1, x1, [x3]
	stp	x1, x1, [x3, #16]
	add	x3, x3, #32
	b	1b
2:	add	x2, x2, #32
4:	subs	x2, x2, #8
	b.lo	5f
	str	x1, [x3], #8
	b	4b
5:	add	x2, x2, #8
3:	cbz	x2, 6f
	strb	w1, [x3], #1
	sub	x2, x2, #1
	b	3b
6:	ret
end memset

function memcmp
1:	cbz	x2, 2f
	ldrb	w3, [x0], #1
	ldrb	w4, [x1], #1
	sub	x2, x2, #1
	subs	w5, w3, w4
	b.eq	1b
	mov	w0, w5
	ret
2:	mov	w0, #0
	ret
end memcmp

function strlen
	mov	x1, x0
1:	ldrb	w2, [x1], #1
	cbnz	w2, 1b
	sub	x0, x1, x0
	sub	x0, x0, #1
	ret
end strlen

function strcmp
1:	ldrb	w2, [x0], #1
	ldrb	w3, [x1], #1
	subs	w4, w2, w3
	b.ne	2f
	cbnz	w2, 1b
2:	mov	w0, w4
	ret
end strcmp

	.section .note.GNU-stack, "", %progbits
