/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest "bench_first": an image of 64 KiB whose first instruction says that it was reached, and
 * which then asks for a reset. No MMU, no stack, no memory written.
 */
#include "abi/marker.h"

#define PSCI_SYSTEM_RESET 0x84000009

	.section .text.header, "ax"
	.global guest_header
guest_header:
	movz	xzr, #(MARKER_END + ROW_RESET)
	b	1f
	.quad	0			/* text_offset */
	.quad	0x10000			/* image_size */
	.quad	0xa			/* little-endian, 4 KiB pages, may lie anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

1:	ldr	w0, =PSCI_SYSTEM_RESET
	movz	xzr, #(MARKER_BEGIN + ROW_RESET)
	hvc	#0
2:	wfi
	b	2b
	.ltorg

	/* the rest of the 64 KiB: bytes that are not zero */
	.balign	64
	.fill	(0x10000 - (. - guest_header)) / 8, 8, 0x5ca1ab1e5ca1ab1e
