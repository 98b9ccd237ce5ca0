/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial port of a process, as a driver in user/drivers/uart_*.c implements it: which one
 * a program has is decided when it is linked (user/programs.mk). Interrupt driven; nothing
 * here waits. Called by the one thread that owns the device. Speed and format are the
 * firmware's.
 */
#ifndef BULKHEAD_USER_LIB_UART_H
#define BULKHEAD_USER_LIB_UART_H

#include <stdbool.h>
#include <stdint.h>

struct uart {
	uint64_t va;     /* of its registers */
	uint64_t errors; /* bytes that came damaged, and times that some were lost */
};

/* Takes over the device at va: FIFOs on, no interrupt asked for. */
void uart_open(struct uart *uart, uint64_t va);
/* First of each round: takes back what has interrupted. */
void uart_begin(struct uart *uart);
/* A received byte, or -1: there is none. */
int uart_take(struct uart *uart);
/* False: there is no room; the byte was not taken. */
bool uart_put(struct uart *uart, uint8_t byte);
/* Last of each round: which interrupts are wanted, for bytes that came and for room. */
void uart_end(struct uart *uart, bool receive, bool transmit);

#endif
