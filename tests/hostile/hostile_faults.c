/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process can do to be stopped for, by letter. Linked into processes of each kind, in
 * which some source calls hostile_trigger with what is typed. The
 * supervisor must then tell what tests/target/table_process.py says of that letter.
 */
#include "tests/hostile/hostile_process.h"

#define OTHER_DEVICE_VA  (DEVICE_VA + 0x1f0000u) /* no process of the tests has so many */
#define OTHER_CHANNEL_VA (CHANNEL_VA + 0x100000u)
#define GUEST_RAM_VA     (GUEST_VA + 0x40000000u)
#define BOARD_UART_PA    0x09000000ull
#define BOARD_GIC_PA     0x08000000ull
#define LAST_WORD        0xfffffffffffffff8ull
#define BEYOND_PA        0xffff000000000000ull

static uint32_t data_code[] = {0xd65f03c0u}; /* ret */

static void read_at(uint64_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
}

static void write_at(uint64_t address)
{
	__asm__ volatile("str xzr, [%0]" : : "r"(address) : "memory");
}

static void jump_to(uint64_t address)
{
	__asm__ volatile("blr %0" : : "r"(address) : "x30", "memory");
}

static void jump_to_stack(void)
{
	uint32_t code[2] = {0xd65f03c0u, 0xd65f03c0u};

	__asm__ volatile("" : : "r"(code) : "memory");
	jump_to((uint64_t)(uintptr_t)code);
}

static void overflow_stack(void)
{
	__asm__ volatile("1: str xzr, [sp, #-16]!\n\tb 1b");
}

static void spin(void)
{
	__asm__ volatile("1: b 1b");
}

/* WFE does not trap, and an event may be pending at any time: a loop as well. */
static void wait_for_ever(void)
{
	__asm__ volatile("1: mov x9, #4096\n2: subs x9, x9, #1\n\tb.ne 2b\n\twfe\n\tb 1b");
}

/* Instructions that EL0 does not have, and those that trap. */
static void execute(char what)
{
	switch (what) {
	case 'm':
		__asm__ volatile(".inst 0x00000000"); /* udf #0 */
		break;
	case 'n':
		__asm__ volatile("hvc #0");
		break;
	case 'o':
		__asm__ volatile(".inst 0xd4000003"); /* smc #0 */
		break;
	case 'p':
		__asm__ volatile("brk #1");
		break;
	case 'q':
		__asm__ volatile("1: wfi\n\tb 1b"); /* none when an interrupt is pending */
		break;
	case 't':
		__asm__ volatile("mrs x9, fpcr" : : : "x9");
		break;
	case 'u':
		__asm__ volatile("msr vbar_el1, xzr");
		break;
	case 'v':
		__asm__ volatile(".inst 0xd69f03e0"); /* eret */
		break;
	default:
		break;
	}
}

static void access(char what)
{
	switch (what) {
	case 'a':
		read_at(0u);
		break;
	case 'b':
		write_at(PROGRAM_TEXT_VA);
		break;
	case 'c':
		write_at(PROCESS_INFO_VA);
		break;
	case 'd':
		read_at(KERNEL_VA);
		break;
	case 'h':
		write_at(OTHER_DEVICE_VA);
		break;
	case 'i':
		read_at(BOARD_UART_PA);
		break;
	case 'j':
		read_at(LAST_WORD + 4u);
		break;
	case 'k':
		read_at(BEYOND_PA);
		break;
	case 'w':
		__asm__ volatile("dc zva, %0" : : "r"(PROGRAM_TEXT_VA) : "memory");
		break;
	case 'z':
		read_at(OTHER_CHANNEL_VA);
		break;
	default:
		break;
	}
}

static void hostile_fault(char what)
{
	access(what);
	execute(what);
	switch (what) {
	case 'e':
		jump_to(KERNEL_VA);
		break;
	case 'f':
		jump_to((uint64_t)(uintptr_t)data_code);
		break;
	case 'g':
		jump_to_stack();
		break;
	case 'l':
		overflow_stack();
		break;
	case 's':
		jump_to(PROGRAM_TEXT_VA + 2u);
		break;
	case 'x':
		spin();
		break;
	case 'y':
		jump_to(GUEST_RAM_VA);
		break;
	case 'A':
		write_at(BOARD_GIC_PA);
		break;
	case 'B':
		wait_for_ever();
		break;
	default:
		break;
	}
}

void hostile_trigger(uint8_t key, uint8_t byte)
{
	static bool armed[HOSTILE_KEYS];
	bool now = armed[key];

	armed[key] = byte == key;
	if (now)
		hostile_fault((char)byte);
}
