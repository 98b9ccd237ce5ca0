/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: the smallest one. No MMU, no stack, no memory written: a line through the PL011
 * and PSCI SYSTEM_OFF. What it needs is its text, the UART and an HVC.
 */
#define UART_BASE 0x09000000
#define UART_FR 0x18
#define UART_CR 0x30
#define UART_FR_TXFF 5
#define PSCI_SYSTEM_OFF 0x84000008

	.section .text.header, "ax"
	.global guest_header
guest_header:
	b	start
	.long	0
	.quad	0x80000			/* text_offset */
	.quad	__guest_size		/* image_size */
	.quad	0xa			/* little-endian, 4 KiB pages, may lie anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

start:
	mov	x1, #UART_BASE
	mov	w0, #0x301		/* RXE, TXE, UARTEN */
	str	w0, [x1, #UART_CR]
	adr	x2, text
1:	ldrb	w0, [x2], #1
	cbz	w0, 3f
2:	ldr	w3, [x1, #UART_FR]
	tbz	w3, #UART_FR_TXFF, 4f
	yield
	b	2b
4:	str	w0, [x1]
	b	1b
3:	ldr	w0, =PSCI_SYSTEM_OFF
	hvc	#0
5:	wfi
	b	5b

text:	.asciz	"tiny from EL1\r\n"
	.balign	4
