/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/dev/pl011.c user/vmm/bus.c user/lib/channel.c tests/unit/vmm_host.c
 */
/* The PL011 of DDI 0183 with a console at the other end of its channel. REQ-DEV-002, REQ-DEV-006. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmm_host.h"
#include "user/lib/channel.h"
#include "user/vmm/bus.h"

#define UART  0x9000000u
#define INTID 33u

#define DR    0x00u
#define RSR   0x04u
#define FR    0x18u
#define LCR_H 0x2cu
#define CR    0x30u
#define IFLS  0x34u
#define IMSC  0x38u
#define RIS   0x3cu
#define MIS   0x40u
#define ICR   0x44u

#define FR_BUSY 0x08u
#define FR_RXFE 0x10u
#define FR_TXFF 0x20u
#define FR_RXFF 0x40u
#define FR_TXFE 0x80u
#define INT_RX  0x10u
#define INT_TX  0x20u
#define INT_RT  0x40u
#define INT_BE  0x200u
#define INT_OE  0x400u
#define LBE     0x80u
#define FEN     0x10u

static struct channel shared;
static struct channel_end console;
static struct device *uart;

static uint32_t rd(uint32_t reg)
{
	uint64_t value = 0u;

	assert_true(bus_read(uart, UART + reg, 4u, &value));
	return (uint32_t)value;
}

static void wr(uint32_t reg, uint32_t value)
{
	assert_true(bus_write(uart, UART + reg, 4u, value));
}

static void type(const char *text)
{
	bool tell = false;

	assert_int_equal(channel_put(&console, text, (uint32_t)strlen(text), &tell), strlen(text));
	if (tell)
		bus_poll(1u << 5);
}

static uint32_t listen(char *to, uint32_t bytes)
{
	bool tell = false;
	uint32_t count = channel_take(&console, to, bytes, &tell);

	if (tell)
		bus_poll(1u << 5);
	return count;
}

static int setup(void **state)
{
	static struct process_channel channel; /* the device keeps a pointer to it */
	const struct process_channel here = {.name = "console",
	                                     .va = (uintptr_t)&shared,
	                                     .bytes = 4096u,
	                                     .handle = 77u,
	                                     .bit = 5u};
	const struct vm_device device = {
		.backend = "pl011", .ipa = UART, .bytes = 0x1000u, .intid = INTID, .channel = 0u};

	(void)state;
	channel = here;
	fake_host_reset();
	memset(&shared, 0, sizeof(shared));
	channel_open(&console, &shared, 1u, 0u);
	assert_null(bus_init(&device, 1u, &channel, 1u));
	uart = bus_find(UART);
	assert_non_null(uart);
	return 0;
}

static void test_reset_values(void **state)
{
	static const struct {
		uint32_t reg;
		uint32_t value;
	} table[] = {
		{RSR, 0u},    {FR, 0x90u},     {0x20u, 0u},     {0x24u, 0u},     {0x28u, 0u},
		{LCR_H, 0u},  {CR, 0x300u},    {IFLS, 0x12u},   {IMSC, 0u},      {RIS, 0u},
		{MIS, 0u},    {0x48u, 0u},     {0xfe0u, 0x11u}, {0xfe4u, 0x10u}, {0xfe8u, 0x14u},
		{0xfecu, 0u}, {0xff0u, 0x0du}, {0xff4u, 0xf0u}, {0xff8u, 0x05u}, {0xffcu, 0xb1u},
		{0x80u, 0u},  {0xfdcu, 0u},
	};

	(void)state;
	assert_int_equal(fake_host.notify_handle, 77u); /* the console knows that we are new */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(rd(table[i].reg), table[i].value);
	assert_int_equal(fake_host.line_calls, 0u);
}

static void test_widths(void **state)
{
	uint64_t value = 0u;

	(void)state;
	for (uint32_t reg = 0x20u; reg <= 0x48u; reg += 4u)
		if (reg != LCR_H && reg != ICR)
			wr(reg, UINT32_MAX);
	wr(LCR_H, UINT32_MAX);
	assert_int_equal(rd(0x20u), 0xffu);
	assert_int_equal(rd(0x24u), 0xffffu);
	assert_int_equal(rd(0x28u), 0x3fu);
	assert_int_equal(rd(LCR_H), 0xffu);
	assert_int_equal(rd(CR), 0xff87u);
	assert_int_equal(rd(IFLS), 0x3fu);
	assert_int_equal(rd(IMSC), 0x7ffu);
	assert_int_equal(rd(0x48u), 7u);
	assert_int_equal(rd(FR) & 0x107u, 0x107u); /* loopback of DTR, RTS, OUT1, OUT2 */
	assert_true(bus_read(uart, UART + 0x25u, 1u, &value));
	assert_int_equal(value, 0xffu);
	assert_true(bus_read(uart, UART + 0x20u, 8u, &value));
	assert_int_equal(value, 0xffff000000ffu);
	assert_true(bus_write(uart, UART + 0x24u, 2u, 0x1234u));
	assert_int_equal(rd(0x24u), 0x1234u);
	assert_true(bus_write(uart, UART + 0x25u, 1u, 0xffu));
	assert_int_equal(rd(0x24u), 0x1234u);
	assert_false(bus_read(uart, UART + 2u, 4u, &value));
}

static void test_transmit(void **state)
{
	char got[8];

	(void)state;
	wr(DR, 'a');
	wr(DR, 'b');
	assert_int_equal(listen(got, sizeof(got)), 2u);
	assert_memory_equal(got, "ab", 2u);
	assert_int_equal(rd(RIS), INT_TX);
	assert_int_equal(fake_host.line_calls, 0u);
	wr(IMSC, INT_TX);
	assert_true(fake_host.lines[INTID]);
	assert_int_equal(rd(MIS), INT_TX);
	wr(ICR, INT_TX);
	assert_false(fake_host.lines[INTID]);
	assert_int_equal(fake_host.line_calls, 2u);
}

/* A slow console: TXFF, no byte lost, the interrupt when it goes on. */
static void test_transmit_full(void **state)
{
	char got[2048];
	uint32_t sent = 0u;
	uint32_t count;

	(void)state;
	wr(LCR_H, FEN);
	wr(IMSC, INT_TX);
	while ((rd(FR) & FR_TXFF) == 0u)
		wr(DR, sent++ & 0xffu);
	assert_int_equal(sent, CHANNEL_RING_BYTES + 16u);
	assert_int_equal(rd(FR), FR_TXFF | FR_BUSY | FR_RXFE);
	assert_int_equal(rd(RIS) & INT_TX, 0u);
	assert_false(fake_host.lines[INTID]);
	wr(DR, 0xeeu);           /* in spite of TXFF: lost, as on hardware */
	count = listen(got, 4u); /* tells us, as the ring was full */
	assert_int_equal(count, 4u);
	assert_int_equal(rd(FR), FR_BUSY | FR_RXFE);
	assert_int_equal(rd(RIS) & INT_TX, 0u); /* 12 in the FIFO, the level is 8 */
	count += listen(got + count, 4u);
	assert_int_equal(rd(RIS) & INT_TX, INT_TX);
	assert_true(fake_host.lines[INTID]);
	for (uint32_t more = 1u; more != 0u; count += more)
		more = listen(got + count, sizeof(got) - count);
	assert_int_equal(count, sent);
	for (uint32_t i = 0u; i < count; i++)
		assert_int_equal((uint8_t)got[i], i & 0xffu);
	assert_int_equal(rd(FR), FR_TXFE | FR_RXFE);
}

static void test_receive(void **state)
{
	(void)state;
	wr(LCR_H, FEN);
	wr(IMSC, INT_RX | INT_RT);
	type("x");
	assert_true(fake_host.lines[INTID]);
	assert_int_equal(rd(FR), FR_TXFE);
	assert_int_equal(rd(RIS), INT_RX | INT_RT);
	assert_int_equal(rd(DR), 'x');
	assert_int_equal(rd(FR), FR_TXFE | FR_RXFE);
	assert_int_equal(rd(RIS), 0u);
	assert_false(fake_host.lines[INTID]);
	/* more than the FIFO: nothing is lost, and it waits full */
	type("0123456789abcdefghijklmnopqrstuvwxyz");
	assert_int_equal(rd(FR), FR_TXFE | FR_RXFF);
	for (const char *c = "0123456789abcdefghijklmnopqrstuvwxyz"; *c != '\0'; c++) {
		assert_int_equal(rd(FR) & FR_RXFE, 0u);
		assert_true(fake_host.lines[INTID]);
		assert_int_equal(rd(DR), (unsigned char)*c);
	}
	assert_int_equal(rd(FR), FR_TXFE | FR_RXFE);
	assert_false(fake_host.lines[INTID]);
	assert_int_equal(rd(RIS) & INT_OE, 0u);
}

static void test_receive_without_fifo(void **state)
{
	(void)state;
	type("ab");
	assert_int_equal(rd(FR), FR_TXFE | FR_RXFF);
	assert_int_equal(rd(RIS), INT_RX);
	assert_int_equal(rd(DR), 'a');
	assert_int_equal(rd(DR), 'b');
	assert_int_equal(rd(FR), FR_TXFE | FR_RXFE);
}

/* Levels, overrun, break: in loopback all is up to the guest. */
static void test_loopback(void **state)
{
	static const uint8_t levels[] = {2u, 4u, 8u, 12u, 14u};
	char got[4];

	(void)state;
	wr(LCR_H, FEN);
	wr(CR, 0x300u | LBE);
	for (uint32_t i = 0u; i < 5u; i++) {
		wr(IFLS, i << 3);
		for (uint32_t n = 1u; n <= 16u; n++) {
			wr(DR, n);
			assert_int_equal((rd(RIS) & INT_RX) != 0u, n >= levels[i]);
		}
		for (uint32_t n = 1u; n <= 16u; n++) {
			assert_int_equal(rd(DR), n);
			assert_int_equal((rd(RIS) & INT_RX) != 0u, 16u - n >= levels[i]);
		}
	}
	assert_int_equal(listen(got, sizeof(got)), 0u);
	for (uint32_t n = 0u; n < 17u; n++)
		wr(DR, n);
	assert_int_equal(rd(RIS) & INT_OE, INT_OE);
	assert_int_equal(rd(DR), 0u);
	wr(DR, 0x55u);
	for (uint32_t n = 1u; n < 16u; n++)
		assert_int_equal(rd(DR), n);
	assert_int_equal(rd(DR), 0x855u);
	assert_int_equal(rd(RSR), 8u);
	wr(RSR, 0u);
	assert_int_equal(rd(RSR), 0u);
	wr(LCR_H, FEN | 1u);
	assert_int_equal(rd(RIS) & INT_BE, INT_BE);
	assert_int_equal(rd(DR), 0x400u);
	assert_int_equal(rd(RSR), 4u);
}

static void test_modem(void **state)
{
	(void)state;
	wr(CR, 0x300u | LBE | 0x800u); /* RTS comes back as CTS */
	assert_int_equal(rd(FR) & 0x107u, 0x001u);
	assert_int_equal(rd(RIS), 0x002u);
	wr(ICR, 0x7ffu);
	wr(CR, 0x300u);
	assert_int_equal(rd(FR), 0x90u);
	assert_int_equal(rd(RIS), 0x002u);
}

/* A console that breaks the channel's rules, and one that restarts. */
static void test_bad_peer(void **state)
{
	char got[4];

	(void)state;
	shared.ring[1].head = 0x80000000u;
	bus_poll(1u << 5);
	assert_int_equal(rd(FR), 0x90u);
	shared.ring[0].tail = 5u;
	wr(DR, 'a');
	assert_int_equal(rd(FR) & FR_BUSY, FR_BUSY);
	channel_open(&console, &shared, 1u, 0u);
	bus_poll(1u << 5);
	type("k");
	assert_int_equal(rd(DR), 'k');
	assert_int_equal(rd(FR), 0x90u);
	assert_int_equal(listen(got, sizeof(got)), 1u);
}

/* Any access of any size does no harm. */
static void test_any_access(void **state)
{
	uint32_t random = 1u;
	uint64_t value;
	char got[64];

	(void)state;
	for (uint32_t i = 0u; i < 300000u; i++) {
		uint32_t bytes;

		random = random * 1664525u + 1013904223u;
		bytes = 1u << (random >> 30);
		if ((random & 0x2000u) != 0u)
			(void)bus_write(uart, UART + (random >> 16 & 0x7fu), bytes, random);
		else
			(void)bus_read(uart, UART + (random >> 16 & 0xfffu), bytes, &value);
		if ((random & 0x1f00u) == 0u)
			(void)listen(got, sizeof(got));
		if ((random & 0x1f00u) == 0x100u && channel_room(&console) > 8u)
			type("hello");
		assert_int_equal(fake_host.lines[INTID], uart->line_wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset_values, setup),
		cmocka_unit_test_setup(test_widths, setup),
		cmocka_unit_test_setup(test_transmit, setup),
		cmocka_unit_test_setup(test_transmit_full, setup),
		cmocka_unit_test_setup(test_receive, setup),
		cmocka_unit_test_setup(test_receive_without_fifo, setup),
		cmocka_unit_test_setup(test_loopback, setup),
		cmocka_unit_test_setup(test_modem, setup),
		cmocka_unit_test_setup(test_bad_peer, setup),
		cmocka_unit_test_setup(test_any_access, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
