/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical PL011 (DDI 0183), interrupt driven, for the console process, which owns its
 * page. Firmware has set speed and format. One thread.
 */
#ifndef BULKHEAD_USER_DRIVERS_UART_PL011_H
#define BULKHEAD_USER_DRIVERS_UART_PL011_H

#include <stdbool.h>
#include <stdint.h>

struct uart {
	volatile uint32_t *page;
};

/* Takes over the device whose registers are at va: FIFOs on, receive interrupts on. */
void uart_open(struct uart *uart, uint64_t va);
/* A received byte, or -1. */
int uart_take(struct uart *uart);
/* False: the transmit FIFO is full. */
bool uart_put(struct uart *uart, uint8_t byte);
/* Interrupt when the transmit FIFO drains: wanted or not. */
void uart_want_transmit(struct uart *uart, bool wanted);
/* Clears what has been served. */
void uart_served(struct uart *uart);

#endif
