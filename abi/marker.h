/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markers: what a measured program and the counting plugin (bench/count.c) agree on. A marker
 * is one instruction, MOVZ XZR, #imm16: it changes no register and no flag on any core (DDI
 * 0487 C6.2, MOVZ: register 31 is the zero register), no compiler emits it, and the plugin
 * does not count it. Used by guests and tasks at any exception level; it needs nothing.
 */
#ifndef BULKHEAD_ABI_MARKER_H
#define BULKHEAD_ABI_MARKER_H

#define MARKER_BEGIN 0xb100 /* + row: a measurement of this row begins */
#define MARKER_END   0xb200 /* + row: it ends; without a BEGIN it began at machine reset */
#define MARKER_ENTRY 0xb300 /* the row that was begun last ends: for a vector */
#define MARKER_BIT   0xb400 /* + 0 or 1: a bit of a value, the high ones first */
#define MARKER_VALUE 0xb500 /* + row: the bits so far are a value that belongs to this row */
#define MARKER_STOP  0xb600 /* all is measured: the machine may be ended */

#define MARKER_TEXT_(x) #x
#define MARKER_TEXT(x)  MARKER_TEXT_(x)
/* The instruction as assembly text, for a block that needs nothing between. */
#define MARKER_ASM(kind, row) "movz xzr, #(" MARKER_TEXT(kind) " + " MARKER_TEXT(row) ")\n\t"
#define MARKER(kind, row)     __asm__ volatile(MARKER_ASM(kind, row) : : : "memory")

/* Rows by number; bench/rows.py says what each of them is. */
#define ROW_EMPTY           0
#define ROW_HVC_UNKNOWN     1
#define ROW_PSCI_VERSION    2
#define ROW_GICD_TYPER      3
#define ROW_ISENABLER_READ  4
#define ROW_ISENABLER_WRITE 5
#define ROW_PL011_FLAGS     6
#define ROW_SYSCALL         7
#define ROW_TIMER_SPIN      8
#define ROW_TIMER_WFI       9
#define ROW_SGI_SELF        10
#define ROW_IPI             11
#define ROW_NOTIFY          12
#define ROW_LATENCY         13
#define ROW_ALIVE           14
#define ROW_RESET           15
#define ROW_LINUX           16
#define ROW_WORK            17 /* of a test, tests/storm_tests.py */

#endif
