/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend "pl011": the UART of DDI 0183 (revision r1p1: FIFOs of 16), its line being the
 * channel to the console process. State under the device's lock, but for the flag register,
 * which is kept up to date in one word and read without. docs/devices.md has every register.
 *
 * Sending: a byte goes into the channel's ring at once if there is room, else into the TX
 * FIFO, which moves on when the peer has read; so TXFF is set only while the peer is slow,
 * and a byte is lost only if the guest writes in spite of TXFF.
 * Receiving: the RX FIFO is filled from the ring whenever it has room, so input is never
 * overrun: what does not fit waits in the ring and then at the sender. When the ring is empty
 * and the FIFO is not, the receive timeout has come: there is no line whose silence could be
 * timed. RXRIS is raised with it, as QEMU does, for drivers that unmask only that.
 * Loopback takes bytes, breaks and modem lines from the transmitter instead, and can overrun.
 */
#include <stddef.h>

#include "user/lib/channel.h"
#include "user/vmm/device.h"

/* Registers, DDI 0183 table 3-1 */
#define UART_DR     0x000u
#define UART_RSR    0x004u /* write: ECR */
#define UART_FR     0x018u
#define UART_ILPR   0x020u
#define UART_IBRD   0x024u
#define UART_FBRD   0x028u
#define UART_LCR_H  0x02cu
#define UART_CR     0x030u
#define UART_IFLS   0x034u
#define UART_IMSC   0x038u
#define UART_RIS    0x03cu
#define UART_MIS    0x040u
#define UART_ICR    0x044u
#define UART_DMACR  0x048u
#define UART_ID     0xfe0u /* PeriphID0-3, PCellID0-3 */
#define UART_ID_END 0x1000u

/* DR above the data, and RSR with the same order from bit 0 */
#define DR_BE    (1u << 10)
#define DR_OE    (1u << 11)
#define DR_ERROR 8u /* shift from DR to RSR */
#define RSR_MASK 0xfu

/* FR */
#define FR_CTS   (1u << 0)
#define FR_DSR   (1u << 1)
#define FR_DCD   (1u << 2)
#define FR_BUSY  (1u << 3)
#define FR_RXFE  (1u << 4)
#define FR_TXFF  (1u << 5)
#define FR_RXFF  (1u << 6)
#define FR_TXFE  (1u << 7)
#define FR_RI    (1u << 8)
#define FR_MODEM (FR_CTS | FR_DSR | FR_DCD | FR_RI)

/* LCR_H */
#define LCR_BRK (1u << 0)
#define LCR_FEN (1u << 4)

/* CR */
#define CR_LBE   (1u << 7)
#define CR_DTR   (1u << 10)
#define CR_RTS   (1u << 11)
#define CR_OUT1  (1u << 12)
#define CR_OUT2  (1u << 13)
#define CR_RESET 0x300u

/* Interrupts: IMSC, RIS, MIS, ICR */
#define INT_RI   (1u << 0)
#define INT_CTS  (1u << 1)
#define INT_DCD  (1u << 2)
#define INT_DSR  (1u << 3)
#define INT_RX   (1u << 4)
#define INT_TX   (1u << 5)
#define INT_RT   (1u << 6)
#define INT_BE   (1u << 9)
#define INT_OE   (1u << 10)
#define INT_MASK 0x7ffu

#define IFLS_RESET 0x12u /* both at half */
#define FIFO_DEPTH 16u

struct pl011_fifo {
	uint16_t entry[FIFO_DEPTH];
	uint32_t first;
	uint32_t count;
};

struct pl011 {
	uint32_t flags; /* FR; read without the lock */
	uint32_t rsr;
	uint32_t ilpr;
	uint32_t ibrd;
	uint32_t fbrd;
	uint32_t lcr;
	uint32_t cr;
	uint32_t ifls;
	uint32_t imsc;
	uint32_t ris;
	uint32_t dmacr;
	uint32_t last; /* DR once the FIFO is empty */
	bool rx_early; /* INT_RX stands for the timeout, not for the level */
	bool overrun;  /* the next entry gets OE */
	struct pl011_fifo rx;
	struct pl011_fifo tx;
	struct channel_end console;
};

static void pl011_push(struct pl011_fifo *fifo, uint16_t entry)
{
	fifo->entry[(fifo->first + fifo->count) % FIFO_DEPTH] = entry;
	fifo->count++;
}

static uint16_t pl011_pop(struct pl011_fifo *fifo)
{
	uint16_t entry = fifo->entry[fifo->first];

	fifo->first = (fifo->first + 1u) % FIFO_DEPTH;
	fifo->count--;
	return entry;
}

static uint32_t pl011_depth(const struct pl011 *uart)
{
	return (uart->lcr & LCR_FEN) != 0u ? FIFO_DEPTH : 1u;
}

/* Entries at which a FIFO's interrupt triggers: IFLS, 1/8 to 7/8; without FIFO, its only one. */
static uint32_t pl011_level(const struct pl011 *uart, uint32_t shift)
{
	static const uint8_t levels[8] = {2u, 4u, 8u, 12u, 14u, 14u, 14u, 14u};

	return (uart->lcr & LCR_FEN) != 0u ? levels[(uart->ifls >> shift) & 7u] : 1u;
}

static uint32_t pl011_rx_level(const struct pl011 *uart)
{
	return pl011_level(uart, 3u);
}

/* The transmit interrupt comes at this level or below; without FIFO, when it is empty. */
static uint32_t pl011_tx_level(const struct pl011 *uart)
{
	return (uart->lcr & LCR_FEN) != 0u ? pl011_level(uart, 0u) : 0u;
}

/* Modem inputs: outputs in loopback, else unconnected (3.3.6, 3.3.11). */
static uint32_t pl011_modem(const struct pl011 *uart)
{
	if ((uart->cr & CR_LBE) == 0u)
		return 0u;
	return ((uart->cr & CR_RTS) != 0u ? FR_CTS : 0u) |
	       ((uart->cr & CR_DTR) != 0u ? FR_DSR : 0u) |
	       ((uart->cr & CR_OUT1) != 0u ? FR_DCD : 0u) |
	       ((uart->cr & CR_OUT2) != 0u ? FR_RI : 0u);
}

/* Lock held: brings flags, modem interrupts and the line up to date. */
static void pl011_update(struct device *device)
{
	struct pl011 *uart = device->state;
	uint32_t depth = pl011_depth(uart);
	uint32_t modem = pl011_modem(uart);
	uint32_t changed = (uart->flags & FR_MODEM) ^ modem;
	uint32_t flags = modem;

	uart->ris |= ((changed & FR_CTS) != 0u ? INT_CTS : 0u) |
	             ((changed & FR_DSR) != 0u ? INT_DSR : 0u) |
	             ((changed & FR_DCD) != 0u ? INT_DCD : 0u) |
	             ((changed & FR_RI) != 0u ? INT_RI : 0u);
	flags |= uart->rx.count == 0u ? FR_RXFE : 0u;
	flags |= uart->rx.count >= depth ? FR_RXFF : 0u;
	flags |= uart->tx.count == 0u ? FR_TXFE : FR_BUSY;
	flags |= uart->tx.count >= depth ? FR_TXFF : 0u;
	__atomic_store_n(&uart->flags, flags, __ATOMIC_RELAXED);
	device->line_wanted = (uart->ris & uart->imsc) != 0u;
}

/* Lock held: an entry arrives. */
static void pl011_receive(struct pl011 *uart, uint16_t entry)
{
	if (uart->rx.count >= pl011_depth(uart)) {
		/* 3.3.1: the FIFO keeps what it has, the shift register is overwritten */
		uart->overrun = true;
		uart->ris |= INT_OE;
		return;
	}
	if (uart->overrun)
		entry |= DR_OE;
	uart->overrun = false;
	pl011_push(&uart->rx, entry);
	if ((entry & DR_BE) != 0u)
		uart->ris |= INT_BE;
	if (uart->rx.count >= pl011_rx_level(uart)) {
		uart->ris |= INT_RX;
		uart->rx_early = false;
	}
}

/* Lock held: takes what the peer has sent, as far as it fits. */
static void pl011_fill(struct device *device)
{
	struct pl011 *uart = device->state;
	uint32_t depth = pl011_depth(uart);
	uint8_t bytes[FIFO_DEPTH];
	uint32_t count;

	if ((uart->cr & CR_LBE) != 0u || uart->rx.count >= depth)
		return;
	count = channel_take(&uart->console, bytes, depth - uart->rx.count, &device->peer_tell);
	for (uint32_t i = 0u; i < count; i++)
		pl011_receive(uart, bytes[i]);
	if (count == 0u || channel_used(&uart->console) != 0u)
		return;
	uart->rx_early = (uart->ris & INT_RX) == 0u || uart->rx_early;
	uart->ris |= INT_RT | INT_RX;
}

/* Lock held: sends what waits in the FIFO, as far as it fits. */
static void pl011_drain(struct device *device)
{
	struct pl011 *uart = device->state;
	uint32_t level = pl011_tx_level(uart);
	bool above = uart->tx.count > level;

	while (uart->tx.count != 0u) {
		uint8_t byte = (uint8_t)uart->tx.entry[uart->tx.first];

		if (channel_put(&uart->console, &byte, 1u, &device->peer_tell) == 0u)
			break;
		(void)pl011_pop(&uart->tx);
	}
	if (above && uart->tx.count <= level)
		uart->ris |= INT_TX;
}

/* Lock held: the guest writes DR. */
static void pl011_send(struct device *device, uint8_t byte)
{
	struct pl011 *uart = device->state;
	uint32_t level = pl011_tx_level(uart);

	if ((uart->cr & CR_LBE) != 0u) {
		pl011_receive(uart, byte);
		uart->ris |= uart->rx.count != 0u ? INT_RT : 0u;
	} else if (uart->console.shared != NULL &&
	           (uart->tx.count != 0u ||
	            channel_put(&uart->console, &byte, 1u, &device->peer_tell) == 0u)) {
		/* a byte written in spite of TXFF is lost, as on hardware */
		if (uart->tx.count < pl011_depth(uart))
			pl011_push(&uart->tx, byte);
		pl011_drain(device);
	}
	/* A byte that has gone at once has passed the level; one that waits fills the FIFO above it. */
	if (uart->tx.count <= level)
		uart->ris |= INT_TX;
	else
		uart->ris &= ~INT_TX;
}

/* Lock held: the guest reads DR. */
static uint32_t pl011_take(struct device *device)
{
	struct pl011 *uart = device->state;

	if (uart->rx.count != 0u)
		uart->last = pl011_pop(&uart->rx);
	uart->rsr = (uart->last >> DR_ERROR) & RSR_MASK;
	if (uart->rx.count == 0u)
		uart->ris &= ~(INT_RX | INT_RT);
	else if (uart->rx.count < pl011_rx_level(uart) && !uart->rx_early)
		uart->ris &= ~INT_RX;
	pl011_fill(device);
	return uart->last;
}

static void pl011_write_lcr(struct device *device, uint32_t value)
{
	struct pl011 *uart = device->state;
	uint32_t changed = uart->lcr ^ value;

	uart->lcr = value;
	if ((changed & LCR_FEN) != 0u) {
		/* 3.3.7: clearing FEN makes the FIFOs one deep; what was received is dropped */
		uart->rx = (struct pl011_fifo){.count = 0u};
		uart->ris &= ~(INT_RX | INT_RT);
		uart->rx_early = false;
		pl011_fill(device);
	}
	if ((changed & value & LCR_BRK) != 0u && (uart->cr & CR_LBE) != 0u)
		pl011_receive(uart, DR_BE);
}

static void pl011_reset(struct device *device)
{
	struct pl011 *uart = device->state;

	uart->cr = CR_RESET;
	uart->ifls = IFLS_RESET;
	if (device->peer != NULL) {
		channel_open_info(&uart->console, device->peer);
		device->peer_tell = true;
	}
	pl011_update(device);
}

static uint32_t pl011_value(struct device *device, uint32_t reg)
{
	static const uint8_t ids[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	struct pl011 *uart = device->state;

	switch (reg) {
	case UART_DR:
		return pl011_take(device);
	case UART_RSR:
		return uart->rsr;
	case UART_FR:
		return uart->flags;
	case UART_ILPR:
		return uart->ilpr;
	case UART_IBRD:
		return uart->ibrd;
	case UART_FBRD:
		return uart->fbrd;
	case UART_LCR_H:
		return uart->lcr;
	case UART_CR:
		return uart->cr;
	case UART_IFLS:
		return uart->ifls;
	case UART_IMSC:
		return uart->imsc;
	case UART_RIS:
		return uart->ris;
	case UART_MIS:
		return uart->ris & uart->imsc;
	case UART_DMACR:
		return uart->dmacr;
	default:
		return reg >= UART_ID && reg < UART_ID_END ? ids[(reg - UART_ID) / 4u] : 0u;
	}
}

static __attribute__((noinline)) uint32_t pl011_read_locked(struct device *device, uint32_t offset)
{
	struct pl011 *uart = device->state;
	uint32_t value;

	device_lock(device);
	if (offset == UART_FR) {
		pl011_drain(device);
		pl011_update(device);
		value = uart->flags;
	} else {
		value = pl011_value(device, offset & ~3u);
		pl011_update(device);
	}
	device_unlock(device);
	return value >> (8u * (offset & 3u));
}

/* The flag register is what drivers poll: short while it is not the answer to a full FIFO. */
static uint32_t pl011_read(struct device *device, uint32_t offset, uint32_t bytes)
{
	const struct pl011 *uart = device->state;

	(void)bytes;
	if (offset == UART_FR) {
		uint32_t flags = __atomic_load_n(&uart->flags, __ATOMIC_RELAXED);

		if ((flags & FR_TXFF) == 0u)
			return flags;
	}
	return pl011_read_locked(device, offset);
}

/* Lock held. Bits that DDI 0183 reserves do not stick. */
static void pl011_set(struct device *device, uint32_t reg, uint32_t value)
{
	struct pl011 *uart = device->state;

	switch (reg) {
	case UART_DR:
		pl011_send(device, (uint8_t)value);
		break;
	case UART_RSR:
		uart->rsr = 0u;
		break;
	case UART_ILPR:
		uart->ilpr = value & 0xffu;
		break;
	case UART_IBRD:
		uart->ibrd = value & 0xffffu;
		break;
	case UART_FBRD:
		uart->fbrd = value & 0x3fu;
		break;
	case UART_LCR_H:
		pl011_write_lcr(device, value & 0xffu);
		break;
	case UART_CR:
		uart->cr = value & 0xff87u;
		pl011_fill(device);
		break;
	case UART_IFLS:
		uart->ifls = value & 0x3fu;
		break;
	case UART_IMSC:
		uart->imsc = value & INT_MASK;
		break;
	case UART_ICR:
		uart->ris &= ~value;
		uart->rx_early = uart->rx_early && (uart->ris & INT_RX) != 0u;
		break;
	case UART_DMACR:
		uart->dmacr = value & 7u;
		break;
	default: /* read-only, or nothing there */
		break;
	}
}

static void pl011_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
	(void)bytes;
	/* the registers are at most 16 bits wide, at word offsets: other byte lanes are not there */
	if ((offset & 3u) != 0u)
		return;
	device_lock(device);
	pl011_set(device, offset, value);
	pl011_update(device);
	device_unlock(device);
}

static void pl011_poll(struct device *device)
{
	device_lock(device);
	pl011_drain(device);
	pl011_fill(device);
	pl011_update(device);
	device_unlock(device);
}

static const struct device_ops pl011_ops = {
	.backend = "pl011",
	.state_bytes = sizeof(struct pl011),
	.reset = pl011_reset,
	.read = pl011_read,
	.write = pl011_write,
	.poll = pl011_poll,
};
DEVICE_BACKEND(pl011_ops);
DEVICE_RECORD(pl011_record, "pl011", "arm,pl011", .flags = DEVICE_FLAG_CONSOLE);
