/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry to and return from EL2. While a lower level runs, SP_EL2 points at the struct
 * context of what runs there (cpu->context), so entry saves straight into it.
 *
 * Entry saves x0-x7 and x30 and calls the C handler on the CPU's stack. C preserves x19-x29, and
 * x8-x18 it does not know of: the kernel is built -ffixed-x8 to -ffixed-x18, so that most
 * entries leave them alone (registers.c is how they are reached). The handler answers 0: back to
 * where we came from, nothing else was touched. Otherwise the rest of the context is saved; what
 * runs next is cpu->next where the handler has said so (TRAP_HOST, TRAP_GUEST), else trap_resume
 * decides; and all of that context is loaded.
 *
 * vcpu_run clobbers x8-x17 of its caller, so the turn to the guest does not save them, nor the turn
 * back load them: the VM process finds there what its own guest had in them.
 *
 * TPIDR_EL2 holds the struct cpu; its first two words are stack_top and context.
 */

#define TRAP_HOST_BIT  2
#define TRAP_GUEST_BIT 3
#define CPU_STACK_TOP 0
#define CPU_CONTEXT   8
#define CPU_NEXT      16
#define CONTEXT_X30   240
#define CONTEXT_PC    248
#define CONTEXT_SP    264

	.macro entry handler
	.balign 128
	stp x0, x1, [sp, #0]
	stp x2, x3, [sp, #16]
	stp x4, x5, [sp, #32]
	stp x6, x7, [sp, #48]
	str x30, [sp, #CONTEXT_X30]
	mrs x0, tpidr_el2
	ldr x1, [x0, #CPU_STACK_TOP]
	mov sp, x1
	bl \handler
	b trap_return
	.endm

	/* An exception of the kernel itself: a bug. The stack may be the cause: start it anew. */
	.macro bug kind
	.balign 128
	mrs x0, tpidr_el2
	ldr x1, [x0, #CPU_STACK_TOP]
	mov sp, x1
	mov x0, #\kind
	b trap_bug
	.endm

	.section .vectors, "ax"
	.balign 2048
	.global vectors
vectors:
	bug 0                   /* current level, SP_EL0: never used */
	bug 1
	bug 2
	bug 3
	bug 4                   /* current level, SP_EL2 */
	bug 5
	bug 6
	bug 7
	entry trap_sync         /* lower level, AArch64 */
	entry trap_irq
	entry trap_irq
	entry trap_serror
	entry trap_sync         /* lower level, AArch32 */
	entry trap_irq
	entry trap_irq
	entry trap_serror

	.balign 64
trap_return:
	mrs x1, tpidr_el2
	ldr x1, [x1, #CPU_CONTEXT]
	cbnz w0, trap_save
	mov sp, x1
	ldp x2, x3, [sp, #16]
	ldp x4, x5, [sp, #32]
	ldp x6, x7, [sp, #48]
	ldr x30, [sp, #CONTEXT_X30]
	ldp x0, x1, [sp, #0]
	eret
	dsb nsh                 /* no speculation past ERET */
	isb

trap_save:
	stp x18, x19, [x1, #144]
	stp x20, x21, [x1, #160]
	stp x22, x23, [x1, #176]
	stp x24, x25, [x1, #192]
	stp x26, x27, [x1, #208]
	stp x28, x29, [x1, #224]
	mrs x2, elr_el2
	mrs x3, spsr_el2
	mrs x4, sp_el0
	stp x2, x3, [x1, #CONTEXT_PC]
	str x4, [x1, #CONTEXT_SP]
	mrs x2, tpidr_el2
	tbnz w0, #TRAP_GUEST_BIT, trap_guest
	stp x8, x9, [x1, #64]
	stp x10, x11, [x1, #80]
	stp x12, x13, [x1, #96]
	stp x14, x15, [x1, #112]
	stp x16, x17, [x1, #128]
	tbnz w0, #TRAP_HOST_BIT, trap_host
	mov x1, x2
	bl trap_resume
	b context_enter
trap_guest:
	ldr x0, [x2, #CPU_NEXT]
	str x0, [x2, #CPU_CONTEXT]

	/* x0: the context to go to. Also the first way out of boot_main. */
	.global context_enter
context_enter:
	mov sp, x0
	ldp x8, x9, [sp, #64]
	ldp x10, x11, [sp, #80]
	ldp x12, x13, [sp, #96]
	ldp x14, x15, [sp, #112]
	ldp x16, x17, [sp, #128]
context_enter_rest:
	ldp x2, x3, [sp, #CONTEXT_PC]
	ldr x4, [sp, #CONTEXT_SP]
	msr elr_el2, x2
	msr spsr_el2, x3
	msr sp_el0, x4
	ldp x2, x3, [sp, #16]
	ldp x4, x5, [sp, #32]
	ldp x6, x7, [sp, #48]
	ldp x18, x19, [sp, #144]
	ldp x20, x21, [sp, #160]
	ldp x22, x23, [sp, #176]
	ldp x24, x25, [sp, #192]
	ldp x26, x27, [sp, #208]
	ldp x28, x29, [sp, #224]
	ldr x30, [sp, #CONTEXT_X30]
	ldp x0, x1, [sp, #0]
	eret
	dsb nsh
	isb

trap_host:
	ldr x0, [x2, #CPU_NEXT]
	str x0, [x2, #CPU_CONTEXT]
	mov sp, x0
	b context_enter_rest

	/* fp_save(words), fp_load(words): V0-V31, FPSR, FPCR; FP must not be trapped at EL2 */
	.arch_extension fp
	.arch_extension simd
	.global fp_save
fp_save:
	stp q0, q1, [x0], #32
	stp q2, q3, [x0], #32
	stp q4, q5, [x0], #32
	stp q6, q7, [x0], #32
	stp q8, q9, [x0], #32
	stp q10, q11, [x0], #32
	stp q12, q13, [x0], #32
	stp q14, q15, [x0], #32
	stp q16, q17, [x0], #32
	stp q18, q19, [x0], #32
	stp q20, q21, [x0], #32
	stp q22, q23, [x0], #32
	stp q24, q25, [x0], #32
	stp q26, q27, [x0], #32
	stp q28, q29, [x0], #32
	stp q30, q31, [x0], #32
	mrs x1, fpsr
	mrs x2, fpcr
	stp x1, x2, [x0]
	ret

	.global fp_load
fp_load:
	ldp q0, q1, [x0], #32
	ldp q2, q3, [x0], #32
	ldp q4, q5, [x0], #32
	ldp q6, q7, [x0], #32
	ldp q8, q9, [x0], #32
	ldp q10, q11, [x0], #32
	ldp q12, q13, [x0], #32
	ldp q14, q15, [x0], #32
	ldp q16, q17, [x0], #32
	ldp q18, q19, [x0], #32
	ldp q20, q21, [x0], #32
	ldp q22, q23, [x0], #32
	ldp q24, q25, [x0], #32
	ldp q26, q27, [x0], #32
	ldp q28, q29, [x0], #32
	ldp q30, q31, [x0], #32
	ldp x1, x2, [x0]
	msr fpsr, x1
	msr fpcr, x2
	ret
