/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest, family "state": EL1 registers that reach into EL0 hold hostile values while a
 * device access takes the vCPU's thread to its VM process, which must work as ever; and the
 * access must do what it does on hardware, so this family runs on QEMU alone as well: big-endian
 * data at EL1 and EL0, MMU and caches off, tagged addresses, the other stack pointer, traps of FP
 * and of the counter, event streams, debug, masks; and code that changes itself.
 */
#include "guests/hostile_state_more.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"

#define SCTLR_M   0x00000001u
#define SCTLR_A   0x00000002u
#define SCTLR_C   0x00000004u
#define SCTLR_WXN 0x00080000u
#define SCTLR_I   0x00001000u
#define SCTLR_E0E 0x01000000u
#define SCTLR_EE  0x02000000u
#define SCTLR_ANY 0x04058218u /* UCI, nTWE, nTWI, UCT, UMA, SA0, SA */
#define TCR_TBI0  (1ull << 37)

#define ESR_EC(esr) ((uint32_t)((esr) >> 26) & 0x3fu)
#define EC_SVC      0x15u

#define USER_IO_LINE  302u /* of guest_table: EL0's view of devices and RAM, a GiB each */
#define USER_RAM_LINE 303u
#define BLOCK_EL0     0x40u
#define BLOCK_IO      0x401u
#define BLOCK_RAM     0x705u
#define BLOCK_XN      (3ull << 53)
#define SPSR_EL0      0x3c0u

extern uint64_t guest_table[512];
extern const char state_user[];

const char hostile_family[] = "state";

/* Exceptions from EL0 are taken on this stack; its top is the frame that goes to EL0. */
static struct {
	uint64_t stack[512];
	struct trap_frame user;
} world __attribute__((aligned(16)));
static struct trap_frame seen_user; /* as EL0 left it */
static struct trap_frame *back;

/* The bits that the device has: QEMU's keeps 32 of each. */
static void saw_bits(struct hostile *hostile, uint64_t ibrd, uint64_t fbrd, bool big)
{
	if (big) {
		ibrd = __builtin_bswap32((uint32_t)ibrd);
		fbrd = __builtin_bswap32((uint32_t)fbrd);
	}
	hostile_saw(hostile, ibrd & 0xffffu);
	hostile_saw(hostile, fbrd & 0x3fu);
}

/* What the device holds afterwards, seen as ever. */
static void device_holds(struct hostile *hostile)
{
	saw_bits(hostile, read32(UART_BASE + UART_IBRD), read32(UART_BASE + UART_FBRD), false);
}

static void device_works(struct hostile *hostile, uint64_t address, uint32_t value)
{
	uint32_t a, b;

	write32(address, value & 0xffffu);
	__asm__ volatile("ldp %w0, %w1, [%2]" : "=&r"(a), "=&r"(b) : "r"(address) : "memory");
	if (a != (value & 0xffffu) || read32(address) != a)
		hostile_failed(hostile, "UARTIBRD", address, value, a);
	hostile_saw(hostile, a);
}

/* MMU off, in either endianness, with any of the other bits. */
static void step_sctlr(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t sctlr = READ_REG(sctlr_el1) & ~(uint64_t)(SCTLR_M | SCTLR_C | SCTLR_I);
	uint64_t seen[4];

	sctlr = (sctlr & ~(uint64_t)SCTLR_ANY) | (random & SCTLR_ANY);
	sctlr |= (step & 1u) != 0u ? SCTLR_EE | (random & SCTLR_E0E) : 0u;
	sctlr |= random & (SCTLR_A | SCTLR_I | SCTLR_C | SCTLR_WXN);
	state_access(sctlr, UART_BASE + UART_IBRD, random >> 32, seen);
	saw_bits(hostile, seen[0], 0, (step & 1u) != 0u);
	saw_bits(hostile, seen[1], seen[2], (step & 1u) != 0u);
	device_holds(hostile);
}

static struct trap_frame *sync(struct trap_frame *frame)
{
	if (ESR_EC(READ_REG(esr_el1)) != EC_SVC)
		return NULL;
	if ((frame->spsr & 0xfu) == 0u) {
		seen_user = *frame;
		return back;
	}
	back = frame;
	return &world.user;
}

static void begin_user(struct hostile *hostile)
{
	(void)hostile;
	sync_handler = sync;
	guest_table[USER_IO_LINE] = BLOCK_IO | BLOCK_EL0 | BLOCK_XN;
	guest_table[USER_RAM_LINE] = RAM_BASE | BLOCK_RAM | BLOCK_EL0;
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
}

static void end_user(struct hostile *hostile)
{
	(void)hostile;
	sync_handler = NULL;
}

/* EL0, whose bytes SCTLR_EL1.E0E turns round while those of EL1 stay. */
static void step_user(struct hostile *hostile, uint32_t step)
{
	uint64_t sctlr = READ_REG(sctlr_el1);

	world.user = (struct trap_frame){.spsr = SPSR_EL0};
	world.user.elr = (uint64_t)state_user - RAM_BASE + ((uint64_t)USER_RAM_LINE << 30);
	world.user.x[0] = ((uint64_t)USER_IO_LINE << 30) + UART_BASE + UART_IBRD;
	world.user.x[1] = hostile_random(hostile) & 0xffffffffu;
	WRITE_REG(sctlr_el1, (step & 1u) != 0u ? sctlr | SCTLR_E0E : sctlr);
	barrier_isb();
	__asm__ volatile("svc #0" : : : "memory");
	WRITE_REG(sctlr_el1, sctlr);
	barrier_isb();
	saw_bits(hostile, seen_user.x[2], 0, (step & 1u) != 0u);
	saw_bits(hostile, seen_user.x[3], seen_user.x[4], (step & 1u) != 0u);
	device_holds(hostile);
}

/* Any mixture of what does not stop the guest itself. */
static void step_others(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t tcr = READ_REG(tcr_el1);
	uint64_t vbar = READ_REG(vbar_el1);
	uint64_t address = UART_BASE + UART_IBRD;

	WRITE_REG(cpacr_el1, random & 1u ? 0u : random & (3u << 20));
	WRITE_REG(cntkctl_el1, random >> 1 & 0x3ffu); /* event stream and all */
	WRITE_REG(mdscr_el1, random & 2u ? 0xa000u : 0u);
	WRITE_REG(contextidr_el1, random);
	WRITE_REG(tpidr_el0, random);
	WRITE_REG(tpidrro_el0, random);
	WRITE_REG(ttbr1_el1, random);
	WRITE_REG(par_el1, random);
	WRITE_REG(vbar_el1, random & ~0x7ffull);
	if ((random & 4u) != 0u) {
		WRITE_REG(tcr_el1, tcr | TCR_TBI0);
		address |= random & 0xff00000000000000u;
	}
	barrier_isb();
	if ((random & 8u) != 0u)
		__asm__ volatile("msr daifclr, #7" : : : "memory"); /* nothing is pending */
	device_works(hostile, address, step);
	__asm__ volatile("msr daifset, #15" : : : "memory");
	if (READ_REG(tpidr_el0) != random || READ_REG(par_el1) == 0u)
		hostile_failed(hostile, "TPIDR_EL0", READ_REG(tpidr_el0), random, 0);
	WRITE_REG(vbar_el1, vbar);
	WRITE_REG(tcr_el1, tcr);
	WRITE_REG(cpacr_el1, 3u << 20);
	WRITE_REG(cntkctl_el1, 0);
	WRITE_REG(mdscr_el1, 0);
	WRITE_REG(ttbr1_el1, 0);
	barrier_isb();
}

/* Stores through the other stack pointer, one that the VM process has to find. */
static void step_stack(struct hostile *hostile, uint32_t step)
{
	uint64_t address = UART_BASE + UART_IBRD;
	uint64_t value = step & 0xffffu;
	uint64_t after;

	__asm__ volatile("msr sp_el0, %1\n\tmsr spsel, #0\n\tstr %w2, [sp], #4\n\t"
	                 "ldr wzr, [sp, #-4]!\n\tstr %w2, [sp, #0]!\n\tmov %0, sp\n\tmsr spsel, #1"
	                 : "=&r"(after)
	                 : "r"(address), "r"(value)
	                 : "memory");
	if (after != address || read32(address) != value)
		hostile_failed(hostile, "stack pointer", after, value, read32(address));
	hostile_saw(hostile, after);
}

/* Code that writes code, with exits between writing and running it. */
static void step_code(struct hostile *hostile, uint32_t step)
{
	static uint32_t code[16] __attribute__((aligned(64)));
	uint64_t value = hostile_random(hostile) & 0xffffu;
	uint64_t got;

	code[0] = 0xd2800000u | (uint32_t)value << 5; /* movz x0, #value */
	code[1] = 0xd65f03c0u;                        /* ret */
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
	                 :
	                 : "r"(code)
	                 : "memory");
	(void)read32(UART_BASE + UART_FR);
	got = ((uint64_t(*)(void))(uintptr_t)code)();
	if (got != value)
		hostile_failed(hostile, "old code", got, value, step);
	hostile_saw(hostile, got);
}

#define ROUND 400u

const struct attack attacks[] = {
	{"sctlr", ROUND, step_sctlr, NULL, NULL, false},
	{"user", ROUND, step_user, begin_user, end_user, false},
	{"others", ROUND, step_others, NULL, NULL, false},
	{"mapped", ROUND, step_mapped, begin_mapped, NULL, false},
	{"masks", ROUND, step_masks, NULL, NULL, false},
	{"registers", ROUND, step_registers, NULL, NULL, false},
	{"debug", ROUND, step_debug, NULL, NULL, true},
	{"stack", ROUND, step_stack, NULL, NULL, false},
	{"code", ROUND, step_code, NULL, NULL, false},
};
const uint32_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
