/* SPDX-License-Identifier: Apache-2.0 */
/* included: user/drivers/uart_pl011.c */
/*
 * The driver of the physical PL011 on a model of one (DDI 0183): FIFOs, levels, the receive
 * timeout, bytes that come damaged or are lost. What is sent and received comes out whole and in
 * order, no register is used against its rules, and whoever asked for an interrupt gets one: bytes
 * that were left in a FIFO are not forgotten.
 */
#include "tests/fuzz/fuzz.h"

#define BULKHEAD_USER_LIB_DEVICE_IO_H /* the model is in its place */
static uint32_t device_read32(uint64_t va);
static void device_write32(uint64_t va, uint32_t value);
#include "user/drivers/uart_pl011.c"

#define UART_VA     0x400000ull
#define FIFO_BYTES  32u
#define LEVEL_BYTES 4u /* UARTIFLS 0: 1/8 */
#define KEPT        4096u

static struct {
	uint16_t rx[FIFO_BYTES];
	uint32_t rx_count;
	uint32_t tx_count;
	uint32_t ris, imsc, cr, lcr_h, ifls;
	bool overrun;
	bool silence_counts; /* a byte has come since the receive timeout was last raised */
	uint32_t busy_reads; /* what EL2 printed is still going out for so long */
} pl011;
static uint8_t sent[KEPT], came[KEPT]; /* what uart_put took; what is in the receive FIFO, good */
static uint32_t sent_head, sent_tail, came_head, came_tail;
static uint64_t damaged;
static struct fuzz input;

/* The transmitter takes bytes out of its FIFO: they are those that were put, in order. */
static void drain(uint32_t count)
{
	for (; count != 0u && pl011.tx_count != 0u; count--) {
		sent_tail++;
		if (pl011.tx_count-- == LEVEL_BYTES + 1u)
			pl011.ris |= INT_TX;
	}
	FUZZ_CHECK(sent_head - sent_tail == pl011.tx_count);
}

static uint32_t read_data(void)
{
	uint32_t data = pl011.rx[0];

	FUZZ_CHECK(pl011.rx_count != 0u);
	memmove(pl011.rx, pl011.rx + 1, sizeof(pl011.rx) - sizeof(pl011.rx[0]));
	pl011.rx_count--;
	if (pl011.rx_count < LEVEL_BYTES)
		pl011.ris &= ~INT_RX;
	if (pl011.rx_count == 0u)
		pl011.ris &= ~INT_RT;
	return data | (pl011.overrun ? DR_OE : 0u);
}

static uint32_t read_flags(void)
{
	uint32_t busy = pl011.tx_count != 0u ? FR_BUSY : 0u;

	if (pl011.busy_reads != 0u) {
		pl011.busy_reads--;
		busy = FR_BUSY;
	}
	return busy | (pl011.rx_count == 0u ? FR_RXFE : 0u) |
	       (pl011.tx_count == FIFO_BYTES ? FR_TXFF : 0u);
}

static uint32_t device_read32(uint64_t va)
{
	if (va == UART_VA + UART_DR)
		return read_data();
	FUZZ_CHECK(va == UART_VA + UART_FR);
	return read_flags();
}

static void write_data(uint32_t value)
{
	FUZZ_CHECK(value <= 0xffu && pl011.tx_count < FIFO_BYTES);
	FUZZ_CHECK((pl011.cr & (CR_UARTEN | CR_TXE)) == (CR_UARTEN | CR_TXE));
	FUZZ_CHECK(sent[sent_head % KEPT] == value);
	sent_head++;
	if (++pl011.tx_count > LEVEL_BYTES)
		pl011.ris &= ~INT_TX;
}

static void device_write32(uint64_t va, uint32_t value)
{
	switch (va - UART_VA) {
	case UART_DR:
		write_data(value);
		break;
	case UART_CR:
		FUZZ_CHECK(value != 0u || pl011.busy_reads == 0u);
		pl011.cr = value;
		break;
	case UART_LCR_H: /* 3.3.7: not while it is on */
		FUZZ_CHECK((pl011.cr & CR_UARTEN) == 0u);
		pl011.lcr_h = value;
		break;
	case UART_IFLS:
		pl011.ifls = value;
		break;
	case UART_IMSC:
		pl011.imsc = value;
		break;
	case UART_ICR:
		pl011.ris &= ~value;
		break;
	default:
		FUZZ_CHECK(false);
	}
}

static void byte_comes(uint8_t byte, uint8_t errors)
{
	uint32_t wrong = (uint32_t)(errors & 7u) << 8;

	if (pl011.rx_count == FIFO_BYTES) {
		pl011.overrun = true;
		return;
	}
	pl011.overrun = false;
	pl011.rx[pl011.rx_count++] = (uint16_t)(wrong | byte);
	if (wrong == 0u)
		came[came_head++ % KEPT] = byte;
	else
		damaged++;
	pl011.silence_counts = true;
	if (pl011.rx_count >= LEVEL_BYTES)
		pl011.ris |= INT_RX;
}

/* Nothing comes for 32 bit times. */
static void silence(void)
{
	if (pl011.silence_counts && pl011.rx_count != 0u)
		pl011.ris |= INT_RT;
	pl011.silence_counts = false;
}

static bool interrupts(void)
{
	return (pl011.ris & pl011.imsc) != 0u;
}

static void take(struct uart *uart, uint32_t most)
{
	for (; most != 0u; most--) {
		int byte = uart_take(uart);

		if (byte < 0) {
			FUZZ_CHECK(pl011.rx_count == 0u && came_tail == came_head);
			return;
		}
		FUZZ_CHECK(came_tail != came_head && byte == came[came_tail % KEPT]);
		came_tail++;
	}
}

static void put(struct uart *uart, uint32_t count)
{
	for (; count != 0u; count--) {
		uint8_t byte = fuzz_u8(&input);

		sent[sent_head % KEPT] = byte;
		if (!uart_put(uart, byte)) {
			FUZZ_CHECK(pl011.tx_count == FIFO_BYTES);
			return;
		}
	}
}

static void some_come(uint32_t count)
{
	for (; count != 0u; count--) {
		uint8_t byte = fuzz_u8(&input);

		byte_comes(byte, byte >= 0xf0u ? fuzz_u8(&input) : 0u);
	}
}

/* As console_round does, with the world around it going on between any two steps. */
static void round_of(struct uart *uart)
{
	uint8_t what = fuzz_u8(&input);
	bool receive = (what & 1u) != 0u;
	bool transmit = (what & 2u) != 0u;
	uint32_t left;

	uart_begin(uart);
	some_come((what >> 2) & 3u);
	take(uart, fuzz_pick(&input, 40u));
	drain((what >> 4) & 3u);
	put(uart, fuzz_pick(&input, 48u));
	left = pl011.tx_count;
	uart_end(uart, receive, transmit);
	FUZZ_CHECK((pl011.imsc & INT_TX) == (transmit ? INT_TX : 0u));
	FUZZ_CHECK((pl011.imsc & (INT_RX | INT_RT)) == (receive ? INT_RX | INT_RT : 0u));
	if ((what & 0x40u) != 0u) {
		silence();
		FUZZ_CHECK(!receive || pl011.rx_count == 0u || interrupts());
	}
	if ((what & 0x80u) != 0u) {
		drain(FIFO_BYTES);
		FUZZ_CHECK(!transmit || left <= LEVEL_BYTES || interrupts());
	}
}

static void start(struct uart *uart)
{
	uint8_t how = fuzz_u8(&input);

	memset(&pl011, 0, sizeof(pl011));
	sent_head = sent_tail = came_head = came_tail = 0u;
	damaged = 0u;
	pl011.imsc = fuzz_u16(&input);
	pl011.ris = fuzz_u16(&input) & INT_ALL;
	pl011.cr = CR_UARTEN | CR_TXE | CR_RXE;
	pl011.busy_reads = how < 0xffu ? how : 0u;
	uart_open(uart, UART_VA);
	FUZZ_CHECK(pl011.imsc == 0u && pl011.ris == 0u && pl011.ifls == IFLS_EARLY);
	FUZZ_CHECK(pl011.lcr_h == (LCR_H_FEN | LCR_H_WLEN_8));
	FUZZ_CHECK(pl011.cr == (CR_UARTEN | CR_TXE | CR_RXE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uart uart;

	input = (struct fuzz){data, size};
	start(&uart);
	while (input.left != 0u) {
		round_of(&uart);
		some_come(fuzz_pick(&input, 48u));
	}
	take(&uart, FIFO_BYTES);
	FUZZ_CHECK(uart.errors >= damaged);
	return 0;
}
