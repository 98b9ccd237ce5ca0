/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First instructions of every CPU. Entered at EL2 with the MMU off, at the physical address
 * of the image: the boot CPU by the loader (x0 = device tree, unused), the others by PSCI
 * CPU_ON (x0 = CPU index). Everything here runs from the image's first page, which the EL2
 * tables also map at its physical address; it is position independent and reads only
 * constants of the image, which the loader has cleaned to the point of coherency.
 * Nothing is written to memory before the MMU is on.
 *
 * x19 CPU index, x20 physical address of the image, x21 UART or 0.
 */

#define HEAD_UART_TYPE 76
#define HEAD_LOAD_PA   80
#define HEAD_UART_PA   96
#define HEAD_EL2_ROOT  104
#define HEAD_CONFIG_VA 112
#define HEAD_STACK_VA  120
#define STACK_STRIDE   0x5000

#define PL011_DR  0x00
#define PL011_FR  0x18

	.section .head, "ax"
	.global image_head
image_head:
	b boot_primary
	nop
	.quad 0          /* text_offset */
	.quad 0          /* image_size: bhc */
	.quad 0xa        /* flags */
	.quad 0, 0, 0
	.ascii "ARM\x64"
	.long 0
	.quad 0x64616568646b6c62 /* IMAGE_MAGIC */
	.long 2          /* ABI_VERSION */
	.long 0          /* uart_type: bhc, as all that follow */
	.quad 0, 0, 0, 0, 0, 0

boot_primary:
	mov x19, #0
	b boot_common

	.global boot_secondary
boot_secondary:
	mov x19, x0

boot_common:
	msr daifset, #0xf
	adr x20, image_head
	mov x21, #0
	ldr w1, [x20, #HEAD_UART_TYPE]
	cbz w1, 1f
	ldr x21, [x20, #HEAD_UART_PA]
1:
	mrs x1, CurrentEL
	cmp x1, #(2 << 2)
	adr x0, refuse_level
	b.ne boot_refuse

	ldr x1, [x20, #HEAD_LOAD_PA]
	cmp x1, x20
	adr x0, refuse_address
	b.ne boot_refuse

	/* What the design needs of a core (DDI 0487 D19.2): 40-bit PA, GICv3 registers, a counter */
	mrs x1, id_aa64mmfr0_el1
	and x1, x1, #0xf
	cmp x1, #2
	adr x0, refuse_pa
	b.lo boot_refuse
	mrs x1, id_aa64pfr0_el1
	ubfx x1, x1, #24, #4
	adr x0, refuse_gic
	cbz x1, boot_refuse
	mrs x1, cntfrq_el0
	adr x0, refuse_counter
	cbz x1, boot_refuse

	/* HCR_EL2 is not zero on entry everywhere; E2H may be stuck at 1 (D19.2.48) */
	adr x2, boot_values
	ldp x3, x4, [x2]          /* HCR, MAIR */
	ldp x5, x6, [x2, #16]     /* TCR, SCTLR */
	msr hcr_el2, x3
	isb
	mrs x1, hcr_el2
	adr x0, refuse_e2h
	tbnz x1, #34, boot_refuse

	/* Stale entries of whoever ran before: D8.13; each CPU for itself */
	tlbi alle2
	tlbi alle1
	ic iallu
	dsb nsh
	isb
	ldr x1, [x20, #HEAD_EL2_ROOT]
	msr mair_el2, x4
	msr tcr_el2, x5
	msr ttbr0_el2, x1
	isb                       /* before the MMU uses them: D8.1 */
	msr sctlr_el2, x6
	isb

	/* The MMU is on: leave the identity page for good */
	ldr x1, [x20, #HEAD_STACK_VA]
	mov x2, #STACK_STRIDE
	add x3, x19, #1
	madd x1, x3, x2, x1
	mov sp, x1
	mov x0, x19
	ldr x1, [x20, #HEAD_CONFIG_VA]
	ldr x2, =boot_main
	mov x29, xzr
	mov x30, xzr
	br x2

/* x0: why. Prints and stops; a loader that is not at EL2 still gets to read it. */
boot_refuse:
	mov x5, x0
	adr x0, refuse_prefix
	bl boot_print
	mov x0, x5
	bl boot_print
2:	wfi
	b 2b

boot_print:
	cbz x21, 4f
3:	ldrb w1, [x0], #1
	cbz w1, 4f
5:	ldr w2, [x21, #PL011_FR]
	tbz w2, #5, 6f            /* TXFF, DDI 0183 3.3.3 */
	yield
	b 5b
6:	str w1, [x21, #PL011_DR]
	b 3b
4:	ret

refuse_prefix:  .asciz "bulkhead: refused: "
refuse_level:   .asciz "not started at EL2\r\n"
refuse_address: .asciz "the image is not at the address it was compiled for\r\n"
refuse_pa:      .asciz "the core has fewer than 40 physical address bits\r\n"
refuse_gic:     .asciz "the core has no GICv3 system registers\r\n"
refuse_counter: .asciz "CNTFRQ_EL0 is 0: the firmware has not set it\r\n"
refuse_e2h:     .asciz "HCR_EL2.E2H cannot be cleared on this core\r\n"
	.balign 8
	.ltorg
