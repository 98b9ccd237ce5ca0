/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void calls_execute(uint64_t *words, uint64_t how): x0 to x17 from the words, HVC #0 (how 0),
 * HVC #0x4a4a (1) or SMC #0 (2), and back to the words.
 */
	.text
	.global calls_execute
calls_execute:
	stp	x29, x30, [sp, #-48]!
	stp	x19, x20, [sp, #16]
	mov	x19, x0
	mov	x20, x1
	ldp	x0, x1, [x19]
	ldp	x2, x3, [x19, #16]
	ldp	x4, x5, [x19, #32]
	ldp	x6, x7, [x19, #48]
	ldp	x8, x9, [x19, #64]
	ldp	x10, x11, [x19, #80]
	ldp	x12, x13, [x19, #96]
	ldp	x14, x15, [x19, #112]
	ldp	x16, x17, [x19, #128]
	cbz	x20, 1f
	tbnz	x20, #1, 2f
	hvc	#0x4a4a
	b	3f
1:	hvc	#0
	b	3f
2:	smc	#0
3:	stp	x0, x1, [x19]
	stp	x2, x3, [x19, #16]
	stp	x4, x5, [x19, #32]
	stp	x6, x7, [x19, #48]
	stp	x8, x9, [x19, #64]
	stp	x10, x11, [x19, #80]
	stp	x12, x13, [x19, #96]
	stp	x14, x15, [x19, #112]
	stp	x16, x17, [x19, #128]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #48
	ret
