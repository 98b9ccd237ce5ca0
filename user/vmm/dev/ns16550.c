/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend "ns16550": a 16550A (TI TL16C550C, SLLS177), whose line is a channel to the console
 * process. Eight byte registers, at consecutive addresses in a region of 8 bytes, else four bytes
 * apart (reg-shift 2). State under the device's lock.
 *
 * Sending: a byte goes into the channel's ring at once if there is room, else into the TX FIFO,
 * which moves on when the peer has read. Receiving: bytes move from the ring into the RX FIFO when
 * the guest looks or the peer notifies. Fewer bytes than the trigger level are reported by the
 * timeout interrupt at once: behind the ring nothing more is under way that would be worth
 * waiting for. There is no baud rate and no parity: the divisor and the format are kept.
 */
#include <stddef.h>

#include "user/lib/channel.h"
#include "user/lib/text.h"
#include "user/vmm/device.h"

#define REG_DATA 0u /* receiver and transmitter; DLAB: divisor, low byte */
#define REG_IER  1u /* DLAB: divisor, high byte */
#define REG_IIR  2u /* read; FCR when written */
#define REG_LCR  3u
#define REG_MCR  4u
#define REG_LSR  5u
#define REG_MSR  6u
#define REG_SCR  7u

#define IER_RX    (1u << 0)
#define IER_TX    (1u << 1)
#define IER_LINE  (1u << 2)
#define IER_MODEM (1u << 3)
#define IER_MASK  0xfu

#define IIR_NONE    0x01u
#define IIR_MODEM   0x00u
#define IIR_TX      0x02u
#define IIR_RX      0x04u
#define IIR_LINE    0x06u
#define IIR_TIMEOUT 0x0cu
#define IIR_FIFO    0xc0u

#define FCR_ENABLE     (1u << 0)
#define FCR_CLEAR_RX   (1u << 1)
#define FCR_CLEAR_TX   (1u << 2)
#define FCR_TRIGGER(x) (((x) >> 6) & 3u)

#define LCR_DLAB (1u << 7)

#define MCR_DTR  (1u << 0)
#define MCR_RTS  (1u << 1)
#define MCR_OUT1 (1u << 2)
#define MCR_OUT2 (1u << 3)
#define MCR_LOOP (1u << 4)
#define MCR_MASK 0x1fu

#define LSR_DR   (1u << 0)
#define LSR_OE   (1u << 1)
#define LSR_THRE (1u << 5)
#define LSR_TEMT (1u << 6)

#define MSR_DELTA(lines) ((lines) >> 4) /* CTS, DSR, RI, DCD stand in bits 7:4 */
#define MSR_CTS          (1u << 4)
#define MSR_DSR          (1u << 5)
#define MSR_RI           (1u << 6)
#define MSR_DCD          (1u << 7)
#define MSR_TERI         (1u << 2)
#define MSR_PRESENT      (MSR_CTS | MSR_DSR | MSR_DCD)

#define FIFO_DEPTH     16u
#define DIVISOR_RESET  12u /* 9600 baud of 1.8432 MHz */
#define REGION_PACKED  8u  /* a region of this size has the registers side by side */
#define REGISTER_SHIFT 2u

struct ns16550_fifo {
	uint8_t byte[FIFO_DEPTH];
	uint32_t first;
	uint32_t count;
};

struct ns16550 {
	uint8_t ier;
	uint8_t fcr;
	uint8_t lcr;
	uint8_t mcr;
	uint8_t msr;
	uint8_t scr;
	uint8_t divisor[2];
	bool overrun;  /* LSR.OE */
	bool tx_asked; /* the transmitter interrupt stands */
	struct ns16550_fifo rx;
	struct ns16550_fifo tx;
	struct channel_end console;
};

static void fifo_push(struct ns16550_fifo *fifo, uint8_t byte)
{
	fifo->byte[(fifo->first + fifo->count) % FIFO_DEPTH] = byte;
	fifo->count++;
}

static uint8_t fifo_pop(struct ns16550_fifo *fifo)
{
	uint8_t byte = fifo->byte[fifo->first];

	fifo->first = (fifo->first + 1u) % FIFO_DEPTH;
	fifo->count--;
	return byte;
}

static uint32_t ns16550_depth(const struct ns16550 *uart)
{
	return (uart->fcr & FCR_ENABLE) != 0u ? FIFO_DEPTH : 1u;
}

static uint32_t ns16550_trigger(const struct ns16550 *uart)
{
	static const uint8_t levels[4] = {1u, 4u, 8u, 14u};

	return (uart->fcr & FCR_ENABLE) != 0u ? levels[FCR_TRIGGER(uart->fcr)] : 1u;
}

/* The interrupt of the highest priority that stands and is enabled, as IIR says it. */
static uint32_t ns16550_cause(const struct ns16550 *uart)
{
	if ((uart->ier & IER_LINE) != 0u && uart->overrun)
		return IIR_LINE;
	if ((uart->ier & IER_RX) != 0u && uart->rx.count >= ns16550_trigger(uart))
		return IIR_RX;
	if ((uart->ier & IER_RX) != 0u && uart->rx.count != 0u)
		return IIR_TIMEOUT;
	if ((uart->ier & IER_TX) != 0u && uart->tx_asked)
		return IIR_TX;
	if ((uart->ier & IER_MODEM) != 0u && (uart->msr & MSR_DELTA(0xf0u)) != 0u)
		return IIR_MODEM;
	return IIR_NONE;
}

static void ns16550_update(struct device *device)
{
	device->line_wanted = ns16550_cause(device->state) != IIR_NONE;
}

static void ns16550_receive(struct ns16550 *uart, uint8_t byte)
{
	if (uart->rx.count >= ns16550_depth(uart))
		uart->overrun = true;
	else
		fifo_push(&uart->rx, byte);
}

/* Takes what the peer has sent, as far as it fits. */
static void ns16550_fill(struct device *device)
{
	struct ns16550 *uart = device->state;
	uint32_t depth = ns16550_depth(uart);
	uint8_t bytes[FIFO_DEPTH];
	uint32_t count;

	if ((uart->mcr & MCR_LOOP) != 0u || uart->rx.count >= depth)
		return;
	count = channel_take(&uart->console, bytes, depth - uart->rx.count, &device->peer_tell);
	for (uint32_t i = 0u; i < count; i++)
		fifo_push(&uart->rx, bytes[i]);
}

/* Sends what waits in the FIFO, as far as it fits; the transmitter interrupt comes when it is empty. */
static void ns16550_drain(struct device *device)
{
	struct ns16550 *uart = device->state;
	bool waited = uart->tx.count != 0u;

	while (uart->tx.count != 0u) {
		uint8_t byte = uart->tx.byte[uart->tx.first];

		if (channel_put(&uart->console, &byte, 1u, &device->peer_tell) == 0u)
			return;
		(void)fifo_pop(&uart->tx);
	}
	if (waited)
		uart->tx_asked = true;
}

static void ns16550_send(struct device *device, uint8_t byte)
{
	struct ns16550 *uart = device->state;

	uart->tx_asked = false;
	if ((uart->mcr & MCR_LOOP) != 0u) {
		ns16550_receive(uart, byte);
		uart->tx_asked = true;
		return;
	}
	/* a byte that finds no room is lost, as on hardware; without a peer all are */
	if (uart->console.shared == NULL)
		uart->tx_asked = true;
	else if (uart->tx.count < ns16550_depth(uart))
		fifo_push(&uart->tx, byte);
	ns16550_drain(device);
}

/* The modem lines as they stand now; a change sets its delta bit. */
static void ns16550_modem(struct ns16550 *uart)
{
	uint32_t mcr = uart->mcr;
	uint32_t lines = MSR_PRESENT;
	uint32_t changed;

	if ((mcr & MCR_LOOP) != 0u)
		lines = ((mcr & MCR_RTS) != 0u ? MSR_CTS : 0u) |
		        ((mcr & MCR_DTR) != 0u ? MSR_DSR : 0u) |
		        ((mcr & MCR_OUT1) != 0u ? MSR_RI : 0u) |
		        ((mcr & MCR_OUT2) != 0u ? MSR_DCD : 0u);
	changed = MSR_DELTA((uart->msr ^ lines) & 0xf0u);
	/* RI: only its end is noticed */
	if ((lines & MSR_RI) != 0u)
		changed &= ~MSR_TERI;
	uart->msr = (uint8_t)((uart->msr & MSR_DELTA(0xf0u)) | changed | lines);
}

static uint32_t ns16550_lsr(struct ns16550 *uart)
{
	uint32_t value = (uart->rx.count != 0u ? LSR_DR : 0u) | (uart->overrun ? LSR_OE : 0u) |
	                 (uart->tx.count == 0u ? LSR_THRE | LSR_TEMT : 0u);

	uart->overrun = false;
	return value;
}

static uint32_t ns16550_iir(struct ns16550 *uart)
{
	uint32_t cause = ns16550_cause(uart);

	/* reading it takes back the transmitter interrupt, if that is what it says */
	if (cause == IIR_TX)
		uart->tx_asked = false;
	return cause | ((uart->fcr & FCR_ENABLE) != 0u ? IIR_FIFO : 0u);
}

static uint32_t ns16550_value(struct device *device, uint32_t reg)
{
	struct ns16550 *uart = device->state;
	uint32_t value;

	switch (reg) {
	case REG_DATA:
		value = uart->rx.count != 0u ? fifo_pop(&uart->rx) : 0u;
		ns16550_fill(device);
		return value;
	case REG_IER:
		return uart->ier;
	case REG_IIR:
		return ns16550_iir(uart);
	case REG_LCR:
		return uart->lcr;
	case REG_MCR:
		return uart->mcr;
	case REG_LSR:
		return ns16550_lsr(uart);
	case REG_MSR:
		value = uart->msr;
		uart->msr &= 0xf0u;
		return value;
	default:
		return uart->scr;
	}
}

static void ns16550_write_fcr(struct ns16550 *uart, uint32_t value)
{
	uint32_t changed = (uart->fcr ^ value) & FCR_ENABLE;

	/* a change of ENABLE clears both; without it no other bit counts */
	if ((value & FCR_CLEAR_RX) != 0u || changed != 0u)
		uart->rx = (struct ns16550_fifo){.count = 0u};
	if ((value & FCR_CLEAR_TX) != 0u || changed != 0u) {
		uart->tx_asked = uart->tx_asked || uart->tx.count != 0u;
		uart->tx = (struct ns16550_fifo){.count = 0u};
	}
	uart->fcr = (value & FCR_ENABLE) != 0u ? (uint8_t)value : 0u;
}

static void ns16550_set(struct device *device, uint32_t reg, uint8_t value)
{
	struct ns16550 *uart = device->state;

	switch (reg) {
	case REG_DATA:
		ns16550_send(device, value);
		break;
	case REG_IER:
		/* enabled while the transmitter is empty: it says so at once */
		if ((value & IER_TX & ~(uint32_t)uart->ier) != 0u && uart->tx.count == 0u)
			uart->tx_asked = true;
		uart->ier = value & IER_MASK;
		break;
	case REG_IIR:
		ns16550_write_fcr(uart, value);
		ns16550_fill(device);
		break;
	case REG_LCR:
		uart->lcr = value;
		break;
	case REG_MCR:
		uart->mcr = value & MCR_MASK;
		ns16550_modem(uart);
		ns16550_fill(device);
		break;
	case REG_SCR:
		uart->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

/* The register at an offset; false: none, between those that are apart. */
static bool ns16550_register(const struct device *device, uint32_t offset, uint32_t *reg)
{
	uint32_t shift = device->bytes == REGION_PACKED ? 0u : REGISTER_SHIFT;

	*reg = offset >> shift;
	return (*reg << shift) == offset && *reg <= REG_SCR;
}

static uint32_t ns16550_read(struct device *device, uint32_t offset, uint32_t bytes)
{
	struct ns16550 *uart = device->state;
	uint32_t value;
	uint32_t reg;

	(void)bytes;
	if (!ns16550_register(device, offset, &reg))
		return 0u;
	device_lock(device);
	ns16550_fill(device);
	if ((uart->lcr & LCR_DLAB) != 0u && reg <= REG_IER)
		value = uart->divisor[reg];
	else
		value = ns16550_value(device, reg);
	ns16550_update(device);
	device_unlock(device);
	return value;
}

static void ns16550_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
	struct ns16550 *uart = device->state;
	uint32_t reg;

	(void)bytes;
	if (!ns16550_register(device, offset, &reg))
		return;
	device_lock(device);
	if ((uart->lcr & LCR_DLAB) != 0u && reg <= REG_IER)
		uart->divisor[reg] = (uint8_t)value;
	else
		ns16550_set(device, reg, (uint8_t)value);
	ns16550_update(device);
	device_unlock(device);
}

static void ns16550_poll(struct device *device)
{
	device_lock(device);
	ns16550_drain(device);
	ns16550_fill(device);
	ns16550_update(device);
	device_unlock(device);
}

static void ns16550_reset(struct device *device)
{
	struct ns16550 *uart = device->state;

	uart->divisor[0] = DIVISOR_RESET;
	uart->msr = MSR_PRESENT;
	uart->tx_asked = true;
	if (device->peer != NULL) {
		channel_open_info(&uart->console, device->peer);
		device->peer_tell = true;
	}
	ns16550_update(device);
}

static const struct device_ops ns16550_ops = {
	.backend = "ns16550",
	.state_bytes = sizeof(struct ns16550),
	.reset = ns16550_reset,
	.read = ns16550_read,
	.write = ns16550_write,
	.poll = ns16550_poll,
};
DEVICE_BACKEND(ns16550_ops);
DEVICE_RECORD(ns16550_record, "ns16550", "ns16550a", .flags = DEVICE_FLAG_CONSOLE);
