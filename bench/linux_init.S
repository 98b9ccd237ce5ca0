/* SPDX-License-Identifier: Apache-2.0 */
/* /init of the Linux row: its first instructions end the row and the machine. At EL0 of Linux. */
#include "abi/marker.h"

	.global _start
_start:
	movz	xzr, #(MARKER_END + ROW_LINUX)
	movz	xzr, #MARKER_STOP
1:	wfi
	b	1b
