/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helpers: user/services/console_mux.c user/services/console_keys.c user/services/console_line.c
 *	user/lib/channel.c user/lib/text.c
 * included: user/services/console.c
 */
/*
 * The console process, whole: worlds that print and read at any time, one of which may lie in its
 * channel, a UART that is slow, keys of any kind. The target is the kernel and the UART below it.
 * When the console sleeps until something happens, nothing that it could move may be left behind
 * without an event that will wake it; it answers its interrupt; it ends the machine only when asked.
 */
#include "tests/fuzz/svc_host.h"

#include <setjmp.h>
#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"

static status_t svc_irq_ack(uint32_t handle);
static _Noreturn void svc_exit(uint32_t reason, uint64_t code);
int console_main(unsigned thread);
#define main console_main
#include "user/services/console.c"
#undef main

#define WORLDS     70u /* more than the console has room for */
#define UART_FIFO  32u
#define UART_BIT   7u
#define UART_IRQ   5u
#define SYSTEM     4u
#define HANDLE     10u /* of world 0 */
#define FIRST_BIT  8u  /* raised by world 0 */
#define TX_AT_ONCE 16u

/* As at PROCESS_INFO_VA. */
struct info_page {
	struct process_info info;
	struct process_device device[1];
	struct process_channel channel[WORLDS];
};

static struct info_page *page;
static struct channel *shared[WORLDS];
static struct channel_end worlds[WORLDS]; /* their own ends */
static uint32_t world_count;
static struct fuzz input;
static uint64_t now;
static uint64_t word; /* the console's notifications */
static bool lies;     /* world 0 does */
static bool escaped;  /* a person has typed the console's key */
static jmp_buf end_of_input;

static struct {
	uint8_t rx[UART_FIFO];
	uint32_t rx_count, tx_count;
	bool receive, transmit; /* interrupts that are wanted */
	bool masked;            /* one has come and was not answered */
	bool open;
} line;

/* ---- the UART ---- */

/* Its interrupt is level-triggered: again as soon as it is answered and the cause is there. */
static void line_interrupt(void)
{
	if (line.masked || !((line.receive && line.rx_count != 0u) ||
	                     (line.transmit && line.tx_count < UART_FIFO / 2u)))
		return;
	line.masked = true;
	word |= 1ull << UART_BIT;
}

void uart_open(struct uart *it, uint64_t va)
{
	FUZZ_CHECK(va == page->device[0].va);
	it->va = va;
	line.open = true;
}

void uart_begin(struct uart *it)
{
	FUZZ_CHECK(line.open && it->va == page->device[0].va);
}

int uart_take(struct uart *it)
{
	int byte = line.rx[0];

	(void)it;
	if (line.rx_count == 0u)
		return -1;
	memmove(line.rx, line.rx + 1, sizeof(line.rx) - 1u);
	line.rx_count--;
	return byte;
}

bool uart_put(struct uart *it, uint8_t byte)
{
	(void)it;
	(void)byte;
	if (line.tx_count == UART_FIFO)
		return false;
	line.tx_count++;
	return true;
}

void uart_end(struct uart *it, bool receive, bool transmit)
{
	(void)it;
	line.receive = receive;
	line.transmit = transmit;
	line_interrupt();
}

/* ---- the kernel ---- */

uint64_t clock_now(void)
{
	return now;
}

static status_t svc_irq_ack(uint32_t handle)
{
	FUZZ_CHECK(handle == UART_IRQ);
	line.masked = false;
	line_interrupt();
	return STATUS_OK;
}

static _Noreturn void svc_exit(uint32_t reason, uint64_t code)
{
	FUZZ_CHECK(reason == EXIT_REASON_FAILED && code == 0u);
	FUZZ_CHECK(page->info.device_count == 0u || page->device[0].handle == IMAGE_NONE);
	longjmp(end_of_input, 1);
}

status_t svc_notify(uint32_t handle)
{
	FUZZ_CHECK(handle >= HANDLE && handle < HANDLE + world_count);
	return STATUS_OK;
}

status_t svc_system_control(uint32_t handle, uint32_t op)
{
	FUZZ_CHECK(handle == SYSTEM && op == SYSTEM_OFF && escaped);
	return STATUS_INVALID;
}

/* ---- the worlds and the person ---- */

static void tell_console(uint32_t world)
{
	word |= 1ull << (FIRST_BIT + world % 48u);
}

static void world_prints(uint32_t world)
{
	uint8_t bytes[255];
	uint32_t count = fuzz_u8(&input);
	bool tell = false;

	for (uint32_t i = 0u; i < count; i++)
		bytes[i] = count < 32u ? fuzz_u8(&input) : (i % 40u == 39u ? '\n' : 'a');
	(void)channel_put(&worlds[world], bytes, count, &tell);
	if (tell)
		tell_console(world);
}

static void world_reads(uint32_t world)
{
	uint8_t bytes[CHANNEL_RING_BYTES];
	bool tell = false;

	(void)channel_take(&worlds[world], bytes, 1u + fuzz_u8(&input), &tell);
	if (tell)
		tell_console(world);
}

static void world_restarts(uint32_t world)
{
	channel_open(&worlds[world], shared[world], 1u, 0u);
	tell_console(world);
}

static void world_lies(void)
{
	uint8_t where = fuzz_u8(&input);
	struct channel_ring *ring = &shared[0]->ring[where & 1u];

	if (!lies || world_count == 0u)
		return;
	if ((where & 6u) == 0u)
		ring->head = (uint32_t)fuzz_number(&input);
	else if ((where & 6u) == 2u)
		ring->tail = (uint32_t)fuzz_number(&input);
	else if ((where & 6u) == 4u)
		shared[0]->generation[where & 1u] = (uint32_t)fuzz_number(&input);
	else
		memset(ring->data, where, sizeof(ring->data));
	tell_console(0u);
}

static void person_types(uint32_t count)
{
	for (; count != 0u && line.rx_count < UART_FIFO; count--) {
		uint8_t byte = fuzz_u8(&input);

		byte = byte >= 0xe0u ? MUX_ESCAPE : byte;
		escaped = escaped || byte == MUX_ESCAPE;
		line.rx[line.rx_count++] = byte;
	}
	line_interrupt();
}

static void terminal_takes(uint32_t count)
{
	line.tx_count -= count < line.tx_count ? count : line.tx_count;
	line_interrupt();
}

static void act(void)
{
	uint8_t what = fuzz_u8(&input);
	uint32_t world = world_count != 0u ? (uint32_t)(what >> 3) % world_count : WORLDS;

	switch (what & 7u) {
	case 0u:
	case 1u:
		if (world < world_count)
			world_prints(world);
		break;
	case 2u:
		if (world < world_count)
			world_reads(world);
		break;
	case 3u:
		person_types(1u + (what >> 3));
		break;
	case 4u:
	case 5u:
		terminal_takes((what >> 3) != 0u ? what >> 3 : TX_AT_ONCE);
		break;
	case 6u:
		if ((what & 8u) != 0u || world >= world_count)
			world_lies();
		else
			world_restarts(world);
		break;
	default:
		now += (uint64_t)fuzz_u8(&input) << (what >> 3) % 16u;
		break;
	}
}

/* The console sleeps until it is told: whatever it could do must have somebody who tells it. */
static void check_sleep(uint64_t deadline)
{
	FUZZ_CHECK(!line.masked || (word & 1ull << UART_BIT) != 0u);
	FUZZ_CHECK(mux_peek(&mux) < 0 || (line.transmit && line.tx_count != 0u));
	FUZZ_CHECK(line.receive == mux_can_type(&mux));
	FUZZ_CHECK(!line.receive || line.rx_count == 0u || (word & 1ull << UART_BIT) != 0u);
	/* what a world has printed: it has told, or there is no room, which a byte or time makes */
	for (uint32_t i = lies ? 1u : 0u; i < mux.world_count; i++)
		FUZZ_CHECK(channel_used(&ends[i]) == 0u || mux_peek(&mux) >= 0 ||
		           deadline != MUX_NEVER || (word & 1ull << (FIRST_BIT + i % 48u)) != 0u);
}

uint64_t svc_wait(uint64_t mask, uint64_t deadline)
{
	uint64_t bits;

	FUZZ_CHECK(mask == UINT64_MAX || mask == 1ull << UART_BIT);
	/* else it would spin; a machine that does not go off when asked has let time pass since then */
	FUZZ_CHECK(deadline > now || mux_wants_off(&mux));
	if (mask == UINT64_MAX && !mux_wants_off(&mux))
		check_sleep(deadline);
	while ((word & mask) == 0u && now < deadline) {
		if (input.left == 0u)
			longjmp(end_of_input, 1);
		act();
	}
	for (uint32_t more = fuzz_pick(&input, 4u); more != 0u; more--)
		act();
	now++;
	bits = word & mask;
	word &= ~bits;
	if (input.left == 0u)
		longjmp(end_of_input, 1);
	return bits;
}

static void start(void)
{
	static const char *const names[] = {"supervisor", "linux", "alive", "%s%n"};
	uint8_t how = fuzz_u8(&input);

	memset(page, 0, sizeof(*page));
	memset(&line, 0, sizeof(line));
	world_count = how >= 0xf8u ? WORLDS : (uint32_t)(how & 7u);
	lies = (how & 8u) != 0u;
	page->info.channel_count = world_count;
	page->info.device_count = (how & 0xf0u) != 0x70u;
	page->info.system_handle = SYSTEM;
	page->info.channels = (uint64_t)(uintptr_t)page->channel;
	page->info.devices = (uint64_t)(uintptr_t)page->device;
	page->device[0] = (struct process_device){
		.va = DEVICE_VA,
		.handle = (how & 0xf0u) != 0x60u ? UART_IRQ : IMAGE_NONE,
		.bit = UART_BIT,
	};
	for (uint32_t i = 0u; i < world_count; i++) {
		shared[i] = calloc(1u, sizeof(*shared[i]));
		page->channel[i] = (struct process_channel){.va = (uint64_t)(uintptr_t)shared[i],
		                                            .handle = HANDLE + i};
		snprintf(page->channel[i].name, NAME_BYTES, "%s",
		         names[(i + (how >> 4)) % (sizeof(names) / sizeof(names[0]))]);
		channel_open(&worlds[i], shared[i], 1u, 0u);
		if (i % 2u == 0u) /* it has printed before the console ran */
			world_prints(i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct fuzz){data, size};
	if (page == NULL)
		page = mmap((void *)PROCESS_INFO_VA, sizeof(*page), PROT_READ | PROT_WRITE,
		            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	FUZZ_CHECK(page == (void *)PROCESS_INFO_VA);
	memset(&mux, 0, sizeof(mux));
	memset(&uart, 0, sizeof(uart));
	memset(ends, 0, sizeof(ends));
	now = 1u;
	word = 0u;
	escaped = false;
	start();
	if (setjmp(end_of_input) == 0)
		(void)console_main(0u);
	for (uint32_t i = 0u; i < world_count; i++)
		free(shared[i]);
	return 0;
}
