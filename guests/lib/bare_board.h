/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are on QEMU's virt board, physical or virtual, and the registers of the
 * PL011 (DDI 0183 section 3.2). For the small guests.
 */
#ifndef BULKHEAD_GUESTS_LIB_BARE_BOARD_H
#define BULKHEAD_GUESTS_LIB_BARE_BOARD_H

#define GICD_BASE   0x08000000u
#define GICR_BASE   0x080a0000u
#define GICR_STRIDE 0x20000u
#define GICR_SGI    0x10000u /* second frame of a redistributor */
#define UART_BASE   0x09000000u
#define RTC_BASE    0x09010000u
#define RAM_BASE    0x40000000u

#define INTID_VTIMER 27u
#define INTID_PTIMER 30u
#define INTID_UART   33u
#define INTID_SPARE  80u /* to 103: SPIs with no device behind them */

#define UART_DR    0x00u
#define UART_RSR   0x04u
#define UART_FR    0x18u
#define UART_ILPR  0x20u
#define UART_IBRD  0x24u
#define UART_FBRD  0x28u
#define UART_LCR_H 0x2cu
#define UART_CR    0x30u
#define UART_IFLS  0x34u
#define UART_IMSC  0x38u
#define UART_RIS   0x3cu
#define UART_MIS   0x40u
#define UART_ICR   0x44u
#define UART_DMACR 0x48u

#define UART_FR_BUSY 0x08u
#define UART_FR_TXFF 0x20u
#define UART_FR_TXFE 0x80u
#define UART_INT_TX  0x20u

#define TIMER_ENABLE  1u
#define TIMER_IMASK   2u
#define TIMER_ISTATUS 4u

#endif
