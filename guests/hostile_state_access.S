/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For hostile_state.c.
 *
 * void state_access(uint64_t sctlr, uint64_t address, uint64_t value, uint64_t *seen): with this
 * SCTLR_EL1, which may turn off the MMU and turn round the bytes, a word is stored to the device
 * and loaded, and a pair loaded; then SCTLR_EL1 is what it was, seen[0..2] are the words, and seen[3]
 * is SCTLR_EL1 as it was read behind them.
 *
 * state_user: the same at EL0; x0 = address, x1 = value; x2 to x4 are the words; ends by SVC.
 */
	.text
	.global state_access
state_access:
	mrs	x4, sctlr_el1
	dsb	sy
	msr	sctlr_el1, x0
	isb
	str	w2, [x1]
	ldr	w5, [x1]
	ldp	w6, w7, [x1]
	stp	w6, w7, [x1]
	mrs	x8, sctlr_el1
	msr	sctlr_el1, x4
	isb
	str	x5, [x3]
	str	x6, [x3, #8]
	str	x7, [x3, #16]
	str	x8, [x3, #24]
	ret

	.global state_user
state_user:
	str	w1, [x0]
	ldr	w2, [x0]
	ldp	w3, w4, [x0]
	svc	#0
