/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uint64_t walk_execute(uint64_t value, uint64_t *ticks): runs the one instruction that
 * hostile_walk.c has put into walk_slot, with x0 = value; returns x0, and how many ticks of the
 * counter it took. Whatever it has changed that would stop the guest is put right before memory is
 * touched: the stack pointer that is in use, the interrupt masks, the vectors, the attributes.
 */
	.text
	.global walk_execute
	.global walk_slot
	.balign 64
walk_execute:
	mrs	x2, vbar_el1
	mrs	x3, mair_el1
	mrs	x4, cpacr_el1
	mrs	x5, ttbr1_el1
	mrs	x6, cntkctl_el1
	isb
	mrs	x7, cntvct_el0
	isb
walk_slot:
	nop
	isb
	mrs	x8, cntvct_el0
	msr	vbar_el1, x2
	msr	mair_el1, x3
	msr	spsel, #1
	msr	daifset, #0xf
	msr	cpacr_el1, x4
	msr	ttbr1_el1, x5
	msr	cntkctl_el1, x6
	msr	cntv_ctl_el0, xzr
	isb
	sub	x8, x8, x7
	str	x8, [x1]
	ret
