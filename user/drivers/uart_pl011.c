/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical PL011 (DDI 0183, chapter 3), interrupt driven; contract in user/lib/uart.h.
 * Owns the registers at uart->va, which are mapped in this process alone (EL2 used them until
 * it started and uses them again in a panic).
 */
#include "user/lib/uart.h"

#include "user/lib/device_io.h"

/* Registers, DDI 0183 table 3-1; all are accessed as 32-bit words */
#define UART_DR    0x00u
#define UART_FR    0x18u
#define UART_LCR_H 0x2cu
#define UART_CR    0x30u
#define UART_IFLS  0x34u
#define UART_IMSC  0x38u
#define UART_ICR   0x44u

#define DR_OE    (1u << 11) /* bytes before this one were lost */
#define DR_WRONG (7u << 8)  /* break, parity or framing error: not a byte */

#define FR_BUSY (1u << 3)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)

#define LCR_H_FEN    (1u << 4)
#define LCR_H_WLEN_8 (3u << 5)

#define CR_UARTEN (1u << 0)
#define CR_TXE    (1u << 8)
#define CR_RXE    (1u << 9)

#define INT_RX  (1u << 4)
#define INT_TX  (1u << 5)
#define INT_RT  (1u << 6)
#define INT_ALL 0x7ffu

#define IFLS_EARLY  0u     /* transmit when 1/8 is left, receive from 1/8 on */
#define DRAIN_TURNS 65536u /* a bound, not a time; 32 bytes at 115200 baud take 3 ms */

static uint32_t uart_read(const struct uart *uart, uint32_t offset)
{
	return device_read32(uart->va + offset);
}

static void uart_write(const struct uart *uart, uint32_t offset, uint32_t value)
{
	device_write32(uart->va + offset, value);
}

void uart_open(struct uart *uart, uint64_t va)
{
	*uart = (struct uart){.va = va};
	uart_write(uart, UART_IMSC, 0u);
	/* what EL2 has printed goes out first: LCR_H must not change before (3.3.8) */
	for (uint32_t i = 0u; i < DRAIN_TURNS; i++) {
		if ((uart_read(uart, UART_FR) & FR_BUSY) == 0u)
			break;
	}
	/* LCR_H is written only while the UART is off, and its write completes the divisors (3.3.7) */
	uart_write(uart, UART_CR, 0u);
	uart_write(uart, UART_LCR_H, LCR_H_FEN | LCR_H_WLEN_8);
	uart_write(uart, UART_IFLS, IFLS_EARLY);
	uart_write(uart, UART_ICR, INT_ALL);
	uart_write(uart, UART_CR, CR_UARTEN | CR_TXE | CR_RXE);
}

/*
 * The transmit interrupt is raised when the FIFO drains to its level, not while it is there,
 * so it is taken back before the FIFO is filled: a drain in between raises it again.
 *
 * Those for reception are not taken back here. Reading the bytes does that (2.8.2, 2.8.4:
 * below the level, and empty), while a write to ICR would forget bytes that stay in the FIFO
 * because nobody may take them yet: neither the level nor the timeout is reached once more.
 */
void uart_begin(struct uart *uart)
{
	uart_write(uart, UART_ICR, INT_ALL & ~(INT_RX | INT_RT));
}

int uart_take(struct uart *uart)
{
	while ((uart_read(uart, UART_FR) & FR_RXFE) == 0u) {
		uint32_t data = uart_read(uart, UART_DR);

		if ((data & (DR_OE | DR_WRONG)) != 0u)
			uart->errors++;
		if ((data & DR_WRONG) == 0u)
			return (int)(data & 0xffu);
	}
	return -1;
}

bool uart_put(struct uart *uart, uint8_t byte)
{
	if ((uart_read(uart, UART_FR) & FR_TXFF) != 0u)
		return false;
	uart_write(uart, UART_DR, byte);
	return true;
}

void uart_end(struct uart *uart, bool receive, bool transmit)
{
	uart_write(uart, UART_IMSC, (receive ? INT_RX | INT_RT : 0u) | (transmit ? INT_TX : 0u));
}
