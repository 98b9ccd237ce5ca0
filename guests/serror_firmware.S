/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware for EL3 that raises SErrors, which QEMU itself never does (tests/target/serror.py). It
 * starts what was loaded at SYSTEM at EL2, non-secure, and has the secure timer as its only
 * interrupt. When that finds a guest with MAGIC in TPIDR_EL1, it does to EL2 what an asynchronous
 * external abort does there (DDI 0487 D1.3.1, AArch64.TakeException to EL2): SPSR, ELR and ESR_EL2 are
 * set and EL2 goes on at its vector, with PSTATE masked. It never interferes with EL2, where
 * SErrors are masked. Runs where it is loaded, uses its own stack only; PSCI: nothing but CPU 0 is there.
 */
#define SYSTEM 0x40200000
#define MAGIC  0x53657272

#define GICD  0x08000000
#define GICR  0x080a0000
#define PPI   29 /* secure physical timer */
#define EVERY 0x400 /* ticks of the counter: 16 us */

#define PSCI_VERSION 0x84000000

#define SCR_NS_FIQ_HCE_RW 0x535 /* and RES1 5:4: non-secure, FIQ to EL3, HVC, AArch64 */
#define HCR_AMO           5
#define HCR_TGE           27
#define SPSR_EL2H_MASKED  0x3c9
#define ESR_SERROR        0xbe000000
#define SPSR_A32          4
#define SPSR_EL2          3

#define ICC_SRE_EL3     s3_6_c12_c12_5
#define ICC_IAR0_EL1    s3_0_c12_c8_0
#define ICC_EOIR0_EL1   s3_0_c12_c8_1
#define ICC_PMR_EL1     s3_0_c4_c6_0
#define ICC_IGRPEN0_EL1 s3_0_c12_c12_6
#define CNTPS_TVAL_EL1  s3_7_c14_c2_0
#define CNTPS_CTL_EL1   s3_7_c14_c2_1

	.section .text.header, "ax"
	.global guest_header
guest_header:
	adr	x0, vectors
	msr	vbar_el3, x0
	adr	x0, stack_top
	mov	sp, x0
	mov	x0, #SCR_NS_FIQ_HCE_RW
	msr	scr_el3, x0
	msr	cptr_el3, xzr
	mov	x0, #0xf			/* SRE, no bypass, and for EL2 */
	msr	ICC_SRE_EL3, x0
	isb

	/* All interrupts but ours are the system's: group 1, non-secure (IHI 0069 4.6). */
	ldr	x1, =GICD
	mov	w0, #0x30			/* ARE_S, ARE_NS */
	str	w0, [x1]
	mov	w0, #0x37			/* and all groups */
	str	w0, [x1]
	mov	w2, #-1
	add	x3, x1, #0x84			/* GICD_IGROUPR1 to 9 */
	mov	x4, #9
1:	str	w2, [x3], #4
	subs	x4, x4, #1
	b.ne	1b
	ldr	x1, =GICR
	str	wzr, [x1, #0x14]		/* GICR_WAKER: awake */
2:	ldr	w0, [x1, #0x14]
	tbnz	w0, #2, 2b
	add	x1, x1, #0x10000
	mov	w2, #~(1 << PPI)
	str	w2, [x1, #0x80]			/* GICR_IGROUPR0 */
	strb	wzr, [x1, #(0x400 + PPI)]
	mov	w2, #(1 << PPI)
	str	w2, [x1, #0x100]		/* GICR_ISENABLER0 */
	mov	x0, #0xff
	msr	ICC_PMR_EL1, x0
	mov	x0, #1
	msr	ICC_IGRPEN0_EL1, x0
	mov	x0, #EVERY
	msr	CNTPS_TVAL_EL1, x0
	mov	x0, #1
	msr	CNTPS_CTL_EL1, x0
	mov	x0, #SPSR_EL2H_MASKED
	msr	spsr_el3, x0
	ldr	x0, =SYSTEM
	msr	elr_el3, x0
	mov	x0, xzr
	isb
	eret

/* x0 to x2 are the interrupted code's. */
timer:
	stp	x0, x1, [sp, #-32]!
	str	x2, [sp, #16]
	mrs	x0, ICC_IAR0_EL1
	mov	x1, #EVERY
	msr	CNTPS_TVAL_EL1, x1
	msr	ICC_EOIR0_EL1, x0
	mrs	x2, spsr_el3
	tbnz	x2, #SPSR_A32, 1f
	tbnz	x2, #SPSR_EL2, 2f
1:	mrs	x0, hcr_el2
	tbnz	x0, #HCR_TGE, 2f		/* a process */
	tbz	x0, #HCR_AMO, 2f
	mrs	x0, tpidr_el1
	ldr	x1, =MAGIC
	cmp	x0, x1
	b.ne	2f
	msr	spsr_el2, x2
	mrs	x0, elr_el3
	msr	elr_el2, x0
	ldr	x0, =ESR_SERROR
	msr	esr_el2, x0
	mrs	x0, vbar_el2
	add	x0, x0, #0x580			/* from a lower level, AArch64 */
	add	x1, x0, #0x200			/* AArch32 */
	tst	x2, #(1 << SPSR_A32)
	csel	x0, x0, x1, eq
	msr	elr_el3, x0
	mov	x0, #SPSR_EL2H_MASKED
	msr	spsr_el3, x0
2:	ldr	x2, [sp, #16]
	ldp	x0, x1, [sp], #32
	eret

call:
	stp	x1, x2, [sp, #-16]!
	ldr	w1, =PSCI_VERSION
	cmp	w0, w1
	mov	x2, #0x10000
	mov	x0, #-1				/* NOT_SUPPORTED */
	csel	x0, x2, x0, eq
	ldp	x1, x2, [sp], #16
	eret

	.balign 2048
vectors:
	.fill	0x400 / 4, 4, 0x14000000	/* our own level: stop here */
	b	call
	.balign 128
	b	.
	.balign 128
	b	timer
	.balign 128
	b	.
	.balign 128
	b	.
	.balign 128
	b	.
	.balign 128
	b	timer
	.balign 128
	b	.
	.ltorg
	.balign 16
	.space	256
stack_top:
