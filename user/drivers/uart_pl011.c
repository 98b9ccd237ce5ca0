/* SPDX-License-Identifier: Apache-2.0 */
/* The physical PL011; contract in uart_pl011.h. Registers: DDI 0183 chapter 3. */
#include "user/drivers/uart_pl011.h"

#define UARTDR   (0x00u / 4u)
#define UARTFR   (0x18u / 4u)
#define UARTLCR  (0x2cu / 4u)
#define UARTCR   (0x30u / 4u)
#define UARTIFLS (0x34u / 4u)
#define UARTIMSC (0x38u / 4u)
#define UARTICR  (0x44u / 4u)

#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define LCR_FEN (1u << 4)
#define LCR_8   (3u << 5)
#define CR_ON   0x301u /* UARTEN, TXE, RXE */
#define INT_RX  (1u << 4)
#define INT_TX  (1u << 5)
#define INT_RT  (1u << 6)
#define INT_ALL 0x7ffu

void uart_open(struct uart *uart, uint64_t va)
{
	uart->page = (volatile uint32_t *)va;
	uart->page[UARTIMSC] = 0u;
	uart->page[UARTICR] = INT_ALL;
	uart->page[UARTLCR] = LCR_FEN | LCR_8;
	uart->page[UARTIFLS] = 0u; /* transmit below 1/8, receive from 1/8 on */
	uart->page[UARTCR] = CR_ON;
	uart->page[UARTIMSC] = INT_RX | INT_RT;
}

int uart_take(struct uart *uart)
{
	if ((uart->page[UARTFR] & FR_RXFE) != 0u)
		return -1;
	return (int)(uart->page[UARTDR] & 0xffu);
}

bool uart_put(struct uart *uart, uint8_t byte)
{
	if ((uart->page[UARTFR] & FR_TXFF) != 0u)
		return false;
	uart->page[UARTDR] = byte;
	return true;
}

void uart_want_transmit(struct uart *uart, bool wanted)
{
	uart->page[UARTIMSC] = INT_RX | INT_RT | (wanted ? INT_TX : 0u);
}

void uart_served(struct uart *uart)
{
	uart->page[UARTICR] = INT_RX | INT_RT | INT_TX;
}
