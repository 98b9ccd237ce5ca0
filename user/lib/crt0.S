/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions of every thread of every EL0 program. The kernel enters with
 * x0 = index of the thread in its process, x1 = ID_AA64ISAR0_EL1 of its CPU, SP = top of its
 * stack, EL0, everything else 0.
 * Thread 0 makes .data and .bss anew from the read-only template, so that a restarted
 * process begins as it did the first time; then it lets the other threads go.
 */

	/* numbers of abi/syscall.h and abi/process.h; info.h asserts them */
	.set	PROCESS_INFO_VA, 0x200000
	.set	SYSCALL_WAIT, 0
	.set	SYSCALL_NOTIFY, 1
	.set	SYSCALL_EXIT, 12
	.set	NOTIFY_START_BIT, 63
	.set	EXIT_REASON_OFF_CODE, 3

	/* offsets in struct process_info */
	.set	INFO_THREAD_COUNT, 12
	.set	INFO_START_HANDLE, 48

	.section .text.start, "ax", %progbits
	.globl	_start
	.type	_start, %function
_start:
	mov	x29, xzr
	mov	x30, xzr
	mov	w19, w0
	mov	x23, x1
	cbnz	w19, secondary

	/* .data from its template, both 16-byte aligned and padded */
	adrp	x0, __data_load
	add	x0, x0, :lo12:__data_load
	adrp	x1, __data_start
	add	x1, x1, :lo12:__data_start
	adrp	x2, __data_end
	add	x2, x2, :lo12:__data_end
1:	cmp	x1, x2
	b.hs	2f
	ldp	x3, x4, [x0], #16
	stp	x3, x4, [x1], #16
	b	1b
2:	adrp	x1, __bss_start
	add	x1, x1, :lo12:__bss_start
	adrp	x2, __bss_end
	add	x2, x2, :lo12:__bss_end
	/* 64 bytes at a time: both are aligned to that */
	cmp	x1, x2
	b.hs	4f
3:	stp	xzr, xzr, [x1, #16]
	stp	xzr, xzr, [x1, #32]
	stp	xzr, xzr, [x1, #48]
	stp	xzr, xzr, [x1], #64
	cmp	x1, x2
	b.lo	3b

4:	adrp	x0, program_isar0
	str	x23, [x0, :lo12:program_isar0]

	/* The other threads may go. Pairs with the barrier behind their wait. */
	dmb	ish
	mov	x20, #PROCESS_INFO_VA
	ldr	w21, [x20, #INFO_THREAD_COUNT]
	add	x20, x20, #INFO_START_HANDLE
	mov	w22, #1
5:	cmp	w22, w21
	b.hs	run
	ldr	w0, [x20, w22, uxtw #2]
	svc	#SYSCALL_NOTIFY
	add	w22, w22, #1
	b	5b

secondary:
	mov	x0, #1 << NOTIFY_START_BIT
	mov	x1, #-1
	svc	#SYSCALL_WAIT
	cbz	x0, secondary
	dmb	ish

run:
	mov	w0, w19
	bl	main
	sxtw	x1, w0
	mov	x0, #EXIT_REASON_OFF_CODE
6:	svc	#SYSCALL_EXIT
	b	6b
	.size	_start, . - _start

	.bss
	.globl	program_isar0
	.type	program_isar0, %object
	.size	program_isar0, 8
	.balign	8
program_isar0:
	.zero	8

	.section .note.GNU-stack, "", %progbits
