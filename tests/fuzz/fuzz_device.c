/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/dev/pl011.c user/vmm/dev/pl031.c user/vmm/dev/zero.c user/vmm/bus.c
 * helpers: user/lib/channel.c user/lib/text.c tests/unit/vmm_host.c
 */
/*
 * Register accesses of a guest to the PL011, the PL031 and a zero region, with time going on and
 * a peer that sends, reads, or writes nonsense into the channel. After each step the interrupt
 * lines must be what the registers say; what the guest sends must come out in order, and what
 * it receives must be what was sent; the clock must be the one that a model keeps.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/vmm_host.h"
#include "user/lib/channel.h"
#include "user/vmm/bus.h"

#define UART      0x9000000ull
#define RTC       0x9010000ull
#define ZERO      0x9020000ull
#define UART_LINE 33u
#define RTC_LINE  34u
#define RTC_START 1767225600u /* 2026-01-01 00:00:00 UTC */

/* PL011, DDI 0183 */
#define DR         0x00u
#define FR         0x18u
#define LCR_H      0x2cu
#define CR         0x30u
#define RIS        0x3cu
#define MIS        0x40u
#define FR_RXFE    0x10u
#define FR_TXFF    0x20u
#define FR_TXFE    0x80u
#define CR_LOOP    0x80u
#define LCR_FEN    0x10u
#define TICKS_MOST (1ull << 60) /* six centuries: the counter does not wrap */
#define PIECE      64u
#define HISTORY    16384u

static struct channel *shared;
static struct channel_end peer;
static bool honest;
/* From the peer to the guest, and from the guest to the peer: bytes in order */
static uint8_t sent[HISTORY];
static uint32_t sent_count;
static uint32_t received;
static bool gap; /* the guest has thrown away what it had received */
static uint8_t typed[HISTORY];
static uint32_t typed_count;
static uint32_t printed;

/* PL031, DDI 0224 */
static uint32_t rtc_offset;
static uint32_t rtc_match;
static uint32_t rtc_mask;
static uint32_t rtc_raw;
static bool rtc_armed;
static uint64_t rtc_due; /* seconds of the counter */

static uint64_t read_register(uint64_t base, uint32_t offset)
{
	struct device *device = bus_find(base);
	uint64_t value = 0u;

	FUZZ_CHECK(bus_read(device, base + offset, 4u, &value));
	return (uint32_t)value;
}

static uint64_t seconds(void)
{
	return fake_host.ticks / FAKE_FREQUENCY;
}

static void rtc_look(void)
{
	if (rtc_armed && seconds() >= rtc_due) {
		rtc_armed = false;
		rtc_raw = 1u;
	}
}

/* The match comes when the 32-bit time is what MR says, at once if it is. */
static void rtc_arm(void)
{
	rtc_armed = true;
	rtc_due = seconds() + (uint32_t)(rtc_match - rtc_offset - (uint32_t)seconds());
}

static void rtc_written(uint32_t offset, uint32_t value)
{
	rtc_look();
	if (offset == 0x04u) {
		rtc_match = value;
		rtc_arm();
	} else if (offset == 0x08u) {
		rtc_offset = value - (uint32_t)seconds();
		rtc_arm();
	} else if (offset == 0x10u) {
		rtc_mask = value & 1u;
	} else if (offset == 0x1cu) {
		rtc_raw &= ~value;
	}
	rtc_look();
}

static void check_rtc(void)
{
	rtc_look();
	FUZZ_CHECK(read_register(RTC, 0x00u) == (uint32_t)(rtc_offset + (uint32_t)seconds()));
	FUZZ_CHECK(read_register(RTC, 0x14u) == rtc_raw);
	FUZZ_CHECK(read_register(RTC, 0x18u) == (rtc_raw & rtc_mask));
	FUZZ_CHECK(fake_host.lines[RTC_LINE] == ((rtc_raw & rtc_mask) != 0u));
	FUZZ_CHECK((bus_deadline() == DEVICE_NO_DEADLINE) == !rtc_armed);
}

static void check_uart(void)
{
	uint32_t flags = (uint32_t)read_register(UART, FR); /* may send what waits */
	uint32_t masked = (uint32_t)read_register(UART, MIS);

	FUZZ_CHECK(fake_host.lines[UART_LINE] == (masked != 0u));
	FUZZ_CHECK((masked & ~(uint32_t)read_register(UART, RIS)) == 0u);
	FUZZ_CHECK((flags & 0x50u) != 0x50u); /* the receive FIFO is full and empty */
	FUZZ_CHECK((flags & (FR_TXFF | FR_TXFE)) != (FR_TXFF | FR_TXFE));
	FUZZ_CHECK(((flags & FR_TXFE) != 0u) == ((flags & 8u) == 0u)); /* BUSY */
}

/* What the guest reads must be the next byte sent. */
static void uart_received(uint32_t value)
{
	uint8_t byte = (uint8_t)value;

	FUZZ_CHECK(received < sent_count && sent[received] == byte);
	received++;
}

static void uart_read(uint32_t offset, uint32_t bytes)
{
	struct device *device = bus_find(UART);
	bool data = (offset & ~3u) == DR;
	bool empty = (read_register(UART, FR) & FR_RXFE) != 0u;
	bool loop = (read_register(UART, CR) & CR_LOOP) != 0u;
	uint64_t value;

	gap = gap || loop;
	if (!bus_read(device, UART + offset, bytes, &value) || !data || !honest || loop || empty)
		return;
	if (offset == DR && bytes <= 4u && !gap)
		uart_received((uint32_t)value);
	else
		gap = true; /* another lane, or two registers: the byte is gone */
}

static void uart_write(uint32_t offset, uint32_t bytes, uint64_t value)
{
	struct device *device = bus_find(UART);
	bool full = (read_register(UART, FR) & FR_TXFF) != 0u;
	bool loop = (read_register(UART, CR) & CR_LOOP) != 0u;
	uint64_t fifo = read_register(UART, LCR_H) & LCR_FEN;
	uint32_t taken = shared->ring[1].tail;

	if (!bus_write(device, UART + offset, bytes, value))
		return;
	if (offset == DR && !full && !loop && typed_count < HISTORY)
		typed[typed_count++] = (uint8_t)value;
	if (offset == LCR_H && !loop && (read_register(UART, LCR_H) & LCR_FEN) != fifo) {
		/* what had been received is dropped, and no more than that */
		received = taken;
		gap = false;
	}
	gap = gap || loop || (offset == LCR_H - 4u && bytes == 8u) ||
	      (offset == CR && (value & CR_LOOP) != 0u);
}

static void peer_sends(struct fuzz *in)
{
	uint8_t bytes[PIECE];
	uint32_t count = 1u + fuzz_pick(in, PIECE);
	bool tell = false;

	if (sent_count + count > HISTORY)
		return;
	for (uint32_t i = 0u; i < count; i++)
		bytes[i] = (uint8_t)((sent_count + i) * 7u);
	count = channel_put(&peer, bytes, count, &tell);
	memcpy(&sent[sent_count], bytes, count);
	sent_count += count;
	if (tell)
		bus_poll(1u << 5);
}

static void peer_reads(struct fuzz *in)
{
	uint8_t bytes[PIECE];
	bool tell = false;
	uint32_t count = channel_take(&peer, bytes, 1u + fuzz_pick(in, PIECE), &tell);

	for (uint32_t i = 0u; i < count && honest && typed_count < HISTORY; i++) {
		FUZZ_CHECK(printed < typed_count && typed[printed] == bytes[i]);
		printed++;
	}
	if (tell)
		bus_poll(1u << 5);
}

static void peer_lies(struct fuzz *in)
{
	uint8_t where = fuzz_u8(in);
	struct channel_ring *ring = &shared->ring[where & 1u];
	uint32_t value = (uint32_t)fuzz_number(in);

	if (honest)
		return;
	if ((where & 6u) == 0u)
		ring->head = value;
	else if ((where & 6u) == 2u)
		ring->tail = value;
	else if ((where & 6u) == 4u)
		shared->generation[where & 1u] = value;
	else
		memset(ring->data, (int)value, sizeof(ring->data));
	bus_poll(1u << 5);
}

static void guest_access(struct fuzz *in, uint8_t how)
{
	static const uint64_t bases[] = {UART, UART, UART, RTC, RTC, ZERO, UART, RTC};
	uint64_t base = bases[how & 7u];
	uint32_t bytes = 1u << (how >> 3 & 3u);
	uint32_t offset = (how & 0xc0u) == 0xc0u ? fuzz_u16(in) & 0xfffu : 4u * fuzz_pick(in, 32u);
	struct device *device = bus_find(base + offset);
	uint64_t value = 0u;

	bytes = (how & 0xc0u) == 0xc0u ? bytes : 4u;
	FUZZ_CHECK(device != NULL && bus_find(base - 1u) != device);
	if ((how & 0x20u) != 0u) {
		value = fuzz_u8(in);
		value = value >= 0xf0u ? fuzz_u64(in) : value | value << 8;
	}
	if (base == UART && (how & 0x20u) != 0u)
		uart_write(offset, bytes, value);
	else if (base == UART)
		uart_read(offset, bytes);
	else if ((how & 0x20u) == 0u)
		(void)bus_read(device, base + offset, bytes, &value);
	else if (bus_write(device, base + offset, bytes, value) && base == RTC && bytes >= 4u) {
		rtc_written(offset, (uint32_t)value);
		if (bytes == 8u)
			rtc_written(offset + 4u, (uint32_t)(value >> 32));
	}
}

/* A table of devices as no description has it: refused with a sentence, or taken. */
static void odd_table(struct fuzz *in)
{
	static const char names[4][8] = {"pl011", "pl031", "zero", "none"};
	static struct vm_device devices[BUS_DEVICES + 2u];
	static struct process_channel channels[1];
	uint32_t count = fuzz_pick(in, BUS_DEVICES + 2u);

	channels[0] = (struct process_channel){.va = (uint64_t)(uintptr_t)shared,
	                                       .bit = fuzz_pick(in, 64u)};
	for (uint32_t i = 0u; i < count; i++) {
		uint64_t number = fuzz_number(in);

		devices[i] = (struct vm_device){
			.ipa = (number & 1u) != 0u ? fuzz_number(in) : (uint64_t)i << 12,
			.bytes = (number & 2u) != 0u ? fuzz_number(in) : 0x1000u,
			.intid = IMAGE_NONE,
			.channel = (number & 4u) != 0u ? (uint32_t)(number >> 3 & 1u) : IMAGE_NONE,
		};
		memcpy(devices[i].backend, names[number >> 4 & 3u], sizeof(names[0]));
	}
	if (bus_init(devices, count, channels, 1u) != NULL)
		return;
	for (uint32_t i = 0u; i < count; i++) {
		uint64_t value;

		FUZZ_CHECK(bus_find(devices[i].ipa) ==
		           bus_find(devices[i].ipa + devices[i].bytes - 1u));
		FUZZ_CHECK(bus_find(devices[i].ipa)->bytes == devices[i].bytes);
		(void)bus_read(bus_find(devices[i].ipa), devices[i].ipa, 4u, &value);
	}
}

static void start(void)
{
	static const struct vm_device devices[] = {
		{.backend = "zero",
	         .ipa = ZERO,
	         .bytes = 0x1000u,
	         .intid = IMAGE_NONE,
	         .channel = IMAGE_NONE},
		{.backend = "pl011",
	         .ipa = UART,
	         .bytes = 0x1000u,
	         .intid = UART_LINE,
	         .channel = 0u},
		{.backend = "pl031",
	         .ipa = RTC,
	         .bytes = 0x1000u,
	         .intid = RTC_LINE,
	         .channel = IMAGE_NONE},
	};
	static struct process_channel channel; /* the devices keep a pointer to it */

	channel = (struct process_channel){
		.va = (uint64_t)(uintptr_t)shared, .bytes = CHANNEL_BYTES, .bit = 5u};
	fake_host_reset();
	channel_open(&peer, shared, 1u, 1u);
	FUZZ_CHECK(bus_init(devices, 3u, &channel, 1u) == NULL);
	sent_count = received = typed_count = printed = 0u;
	rtc_offset = RTC_START;
	rtc_match = rtc_mask = rtc_raw = 0u;
	rtc_armed = false;
	gap = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};
	uint8_t mode = fuzz_u8(&in);

	shared = calloc(1u, sizeof(*shared));
	honest = (mode & 1u) != 0u;
	if (mode == 0xfeu)
		odd_table(&in);
	start();
	while (in.left != 0u) {
		uint8_t what = fuzz_u8(&in);

		if ((what & 15u) == 0u)
			fake_host.ticks += (uint64_t)fuzz_u8(&in) * FAKE_FREQUENCY / 3u;
		else if (what == 0x11u && fake_host.ticks < TICKS_MOST)
			fake_host.ticks += (uint64_t)fuzz_u32(&in) * FAKE_FREQUENCY;
		else if ((what & 15u) == 2u)
			peer_sends(&in);
		else if ((what & 15u) == 3u)
			peer_reads(&in);
		else if ((what & 15u) == 4u)
			peer_lies(&in);
		else
			guest_access(&in, fuzz_u8(&in));
		bus_poll(0u);
		check_rtc();
		check_uart();
	}
	free(shared);
	return 0;
}
