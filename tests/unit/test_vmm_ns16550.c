/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/dev/ns16550.c user/vmm/bus.c user/lib/channel.c tests/unit/vmm_host.c
 */
/* The 16550A (TI SLLS177) with a console at the other end of its channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmm_host.h"
#include "user/lib/channel.h"
#include "user/vmm/bus.h"

#define UART  0x9100000u
#define SIDE  0x9200000u /* the same with its registers side by side */
#define INTID 35u

#define DATA 0u
#define IER  1u
#define IIR  2u
#define LCR  3u
#define MCR  4u
#define LSR  5u
#define MSR  6u
#define SCR  7u

static struct channel shared;
static struct channel_end console;
static struct device *uart;

static uint32_t rd(uint32_t reg)
{
	uint64_t value = 0u;

	assert_true(bus_read(uart, UART + reg * 4u, 1u, &value));
	return (uint32_t)value;
}

static void wr(uint32_t reg, uint32_t value)
{
	assert_true(bus_write(uart, UART + reg * 4u, 1u, value));
}

static bool line(void)
{
	return fake_host.lines[INTID];
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
	static struct process_channel channel;
	const struct vm_device devices[] = {
		{.backend = "ns16550", .ipa = UART, .bytes = 0x100u, .intid = INTID, .channel = 0u},
		{.backend = "ns16550",
	         .ipa = SIDE,
	         .bytes = 8u,
	         .intid = IMAGE_NONE,
	         .channel = IMAGE_NONE},
	};

	(void)state;
	channel = (struct process_channel){
		.va = (uintptr_t)&shared, .bytes = 4096u, .handle = 77u, .bit = 5u};
	fake_host_reset();
	memset(&shared, 0, sizeof(shared));
	channel_open(&console, &shared, 1u, 0u);
	assert_null(bus_init(devices, 2u, &channel, 1u));
	uart = bus_find(UART);
	return 0;
}

static void test_reset_values(void **state)
{
	(void)state;
	assert_int_equal(fake_host.notify_handle, 77u);
	assert_int_equal(rd(IER), 0u);
	assert_int_equal(rd(IIR), 0x01u);
	assert_int_equal(rd(LCR), 0u);
	assert_int_equal(rd(MCR), 0u);
	assert_int_equal(rd(LSR), 0x60u);
	assert_int_equal(rd(MSR), 0xb0u);
	assert_false(line());
}

/* What is between the registers reads 0 and takes nothing. */
static void test_places(void **state)
{
	struct device *side = bus_find(SIDE);
	uint64_t value = 0u;

	(void)state;
	wr(SCR, 0x5au);
	assert_int_equal(rd(SCR), 0x5au);
	assert_true(bus_write(uart, UART + 29u, 1u, 0xffu));
	assert_true(bus_read(uart, UART + 29u, 1u, &value));
	assert_int_equal(value, 0u);
	assert_true(bus_read(uart, UART + 0x20u, 1u, &value));
	assert_int_equal(value, 0u);
	assert_int_equal(rd(SCR), 0x5au);
	assert_true(bus_write(side, SIDE + SCR, 1u, 0xa5u));
	assert_true(bus_read(side, SIDE + SCR, 1u, &value));
	assert_int_equal(value, 0xa5u);
	/* nobody listens: the byte is gone, the transmitter is empty */
	assert_true(bus_write(side, SIDE + DATA, 1u, 'x'));
	assert_true(bus_read(side, SIDE + LSR, 1u, &value));
	assert_int_equal(value, 0x60u);
}

static void test_divisor(void **state)
{
	(void)state;
	wr(LCR, 0x83u);
	wr(DATA, 0x34u);
	wr(IER, 0x12u);
	assert_int_equal(rd(DATA), 0x34u);
	assert_int_equal(rd(IER), 0x12u);
	wr(LCR, 0x03u);
	assert_int_equal(rd(IER), 0u);
	assert_int_equal(rd(DATA), 0u);
	wr(LCR, 0x83u);
	assert_int_equal(rd(DATA), 0x34u);
}

static void test_send(void **state)
{
	char text[8] = "";

	(void)state;
	wr(DATA, 'a');
	wr(DATA, 'b');
	assert_int_equal(listen(text, sizeof(text)), 2u);
	assert_memory_equal(text, "ab", 2u);
	/* THRE: when enabled while empty, taken back by IIR, again behind a byte */
	assert_false(line());
	wr(IER, 2u);
	assert_true(line());
	assert_int_equal(rd(IIR), 0x02u);
	assert_false(line());
	assert_int_equal(rd(IIR), 0x01u);
	wr(DATA, 'c');
	assert_int_equal(rd(IIR), 0x02u);
}

/* A console that does not read: the ring fills, then the FIFO, then bytes are lost. */
static void test_send_waits(void **state)
{
	char text[2048];

	(void)state;
	wr(IIR, 1u);
	wr(IER, 2u);
	for (uint32_t i = 0u; i < 1024u + 16u; i++)
		wr(DATA, i);
	assert_int_equal(rd(LSR) & 0x60u, 0u);
	assert_int_equal(rd(IIR), 0xc1u);
	wr(DATA, 0xeeu); /* lost */
	assert_int_equal(listen(text, sizeof(text)), 1024u);
	assert_int_equal(rd(LSR) & 0x60u, 0x60u);
	assert_true(line());
	assert_int_equal(rd(IIR), 0xc2u);
	assert_int_equal(listen(text, sizeof(text)), 16u);
	for (uint32_t i = 0u; i < 16u; i++)
		assert_int_equal((uint8_t)text[i], (uint8_t)(1024u + i));
}

static void test_receive(void **state)
{
	(void)state;
	wr(IIR, 0x41u); /* FIFOs, trigger at 4 */
	wr(IER, 1u);
	type("abc");
	assert_true(line());
	assert_int_equal(rd(IIR), 0xccu);
	type("d");
	assert_int_equal(rd(IIR), 0xc4u);
	assert_int_equal(rd(LSR), 0x61u);
	assert_int_equal(rd(DATA), 'a');
	assert_int_equal(rd(IIR), 0xccu);
	assert_int_equal(rd(DATA), 'b');
	assert_int_equal(rd(DATA), 'c');
	assert_int_equal(rd(DATA), 'd');
	assert_false(line());
	assert_int_equal(rd(LSR), 0x60u);
	type("0123456789abcdefghij");
	for (uint32_t i = 0u; i < 20u; i++)
		assert_int_equal(rd(DATA), "0123456789abcdefghij"[i]);
	wr(IIR, 0x43u); /* empties the receiver */
	type("x");
	wr(IIR, 0x43u);
	assert_int_equal(rd(LSR) & 1u, 0u);
}

static void test_loop(void **state)
{
	char text[4];

	(void)state;
	wr(MCR, 0x1fu);
	assert_int_equal(rd(MSR) & 0xf0u, 0xf0u);
	wr(MCR, 0x10u);
	/* CTS, DSR and DCD have changed, RI has ended */
	assert_int_equal(rd(MSR), 0x0fu);
	assert_int_equal(rd(MSR), 0x00u);
	wr(IER, 4u);
	wr(DATA, 'a');
	wr(DATA, 'b'); /* one too many: overrun */
	assert_int_equal(rd(IIR), 0x06u);
	assert_true(line());
	assert_int_equal(rd(LSR), 0x63u);
	assert_false(line());
	assert_int_equal(rd(DATA), 'a');
	assert_int_equal(listen(text, sizeof(text)), 0u);
	wr(IER, 8u);
	wr(MCR, 0u);
	assert_int_equal(rd(IIR), 0x00u);
	assert_true(line());
	(void)rd(MSR);
	assert_int_equal(rd(IIR), 0x01u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset_values, setup),
		cmocka_unit_test_setup(test_places, setup),
		cmocka_unit_test_setup(test_divisor, setup),
		cmocka_unit_test_setup(test_send, setup),
		cmocka_unit_test_setup(test_send_waits, setup),
		cmocka_unit_test_setup(test_receive, setup),
		cmocka_unit_test_setup(test_loop, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
