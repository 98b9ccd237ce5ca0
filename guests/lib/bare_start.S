/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions of a small guest: the arm64 Image header, MMU and caches on with
 * an identity map, stack, .bss, then guest_main(). The same way for secondary CPUs, which
 * PSCI CPU_ON starts at guest_secondary and which go on to guest_secondary_main().
 *
 * The translation table is static data and nothing is written while the caches are off, so
 * no line of what was written before has to be maintained.
 */
#define MAIR_VALUE  0x04ff00	/* 0: Device-nGnRnE, 1: Normal write-back, 2: Device-nGnRE */
#define TCR_VALUE   0x80803519	/* T0SZ 25, inner shareable write-back, 4 KiB, no TTBR1 */
#define SCTLR_MMU   0x30d5183d	/* RES1, M, C, I, SA, SA0, CP15BEN, nTWI, nTWE */
#define BLOCK_DEVICE 0x0060000000000401	/* UXN, PXN, AF, attribute 0 */
#define BLOCK_NORMAL 0x0000000000000705	/* AF, inner shareable, attribute 1 */
#define STACK_SHIFT 14

	.section .text.header, "ax"
	.global guest_header
guest_header:
	b	guest_primary
	.long	0
	.quad	0x80000			/* text_offset */
	.quad	__guest_size		/* image_size */
	.quad	0xa			/* little-endian, 4 KiB pages, may lie anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

guest_primary:
	mov	x19, x0			/* the device tree, or 0 */
	bl	mmu_on
	adrp	x0, __bss_start
	add	x0, x0, :lo12:__bss_start
	adrp	x1, __bss_end
	add	x1, x1, :lo12:__bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	bl	own_stack
	mov	x0, x19
	bl	guest_main
3:	wfi
	b	3b

	.global guest_secondary
guest_secondary:
	mov	x19, x0			/* the context of CPU_ON */
	bl	mmu_on
	bl	own_stack
	mov	x0, x19
	bl	guest_secondary_main
4:	wfi
	b	4b

/* The stack of this CPU: the one that its Aff0 counts; CPUs beyond the eighth stay here. */
own_stack:
	mrs	x0, mpidr_el1
	and	x0, x0, #0xff
5:	cmp	x0, #8
	b.lo	6f
	wfi
	b	5b
6:	adrp	x1, __guest_stacks
	add	x1, x1, :lo12:__guest_stacks
	add	x0, x0, #1
	add	x1, x1, x0, lsl #STACK_SHIFT
	mov	sp, x1
	ret

/* DDI 0487 D5.2: the registers of the EL1&0 regime, synchronised, before SCTLR_EL1.M. */
mmu_on:
	msr	daifset, #0xf
	msr	spsel, #1
	adrp	x0, guest_vectors
	add	x0, x0, :lo12:guest_vectors
	msr	vbar_el1, x0
	ldr	x0, =MAIR_VALUE
	msr	mair_el1, x0
	adrp	x0, guest_table
	msr	ttbr0_el1, x0
	ldr	x0, =TCR_VALUE
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #7		/* PARange becomes IPS: at most 48 bits */
	cmp	x1, #5
	mov	x2, #5
	csel	x1, x1, x2, ls
	orr	x0, x0, x1, lsl #32
	msr	tcr_el1, x0
	mov	x0, #(3 << 20)		/* CPACR_EL1.FPEN: no trap of FP */
	msr	cpacr_el1, x0
	msr	mdscr_el1, xzr
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x0, =SCTLR_MMU
	msr	sctlr_el1, x0
	isb
	ret
	.ltorg

/*
 * Level 1, 1 GiB a line: devices below 1 GiB, RAM up to 256 GiB, devices above (the high
 * redistributors and PCI windows of the board).
 */
	.section .data.table, "aw"
	.balign 4096
	.global guest_table
guest_table:
	.quad	BLOCK_DEVICE
	.set	gib, 1
	.rept	255
	.quad	BLOCK_NORMAL + (gib << 30)
	.set	gib, gib + 1
	.endr
	.rept	256
	.quad	BLOCK_DEVICE + (gib << 30)
	.set	gib, gib + 1
	.endr
