/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest that provokes an SError: says where, and waits there for the firmware to raise it
 * (serror_firmware.S), by MAGIC in TPIDR_EL1. Where is chosen by the counter, so that the guest,
 * restarted after each, has been everywhere soon. "serror: at el0, a32"
 */
#include "guests/hostile_a32.h"
#include "guests/lib/bare_board.h"

#define MAGIC    0x53657272u
#define A32_LOOP 0xeafffffeu /* b . */
#define PLACES   4u

static void at_el1(void)
{
	__asm__ volatile("msr daifclr, #4\n1:\tb 1b");
}

static void at_el1_masked(void)
{
	__asm__ volatile("msr daifset, #4\n1:\tb 1b");
}

/* The VM process is entered and left all the time. */
static void at_exits(void)
{
	for (;;)
		(void)read32(UART_BASE + UART_FR);
}

static void at_el0_a32(void)
{
	const uint32_t loop = A32_LOOP;
	struct a32 state = {0};

	a32_begin(NULL);
	a32_code(&loop, 1);
	a32_run(&state);
}

static const struct {
	const char *name;
	void (*wait)(void);
} places[PLACES] = {
	{"at el1", at_el1},
	{"at el1, masked", at_el1_masked},
	{"at exits", at_exits},
	{"at el0, a32", at_el0_a32},
};

void guest_main(uint64_t tree)
{
	uint64_t mixed = counter_now() * 0x9e3779b97f4a7c15u;
	uint32_t place = (uint32_t)(mixed >> 40) % PLACES;

	(void)tree;
	print("serror: %s\n", places[place].name);
	WRITE_REG(tpidr_el1, MAGIC);
	barrier_isb();
	places[place].wait();
	print("serror: FAILED, back\n");
}
