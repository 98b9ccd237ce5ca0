/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest, family "walk": reads and writes every system register encoding of op0 2 and 3
 * (op1, CRn, CRm, op2: 32,768) by an instruction that it writes into its own memory, and goes on
 * whatever happens. Each access is UNDEFINED, passes, or is emulated: under icount an access
 * that traps takes more than TRAP_TICKS of the counter. A first run writes back what it read, the
 * second must find the same, a third writes random values. At the end, per encoding that is not
 * UNDEFINED both ways, which docs/registers.md must have in its table (of QEMU alone too, where
 * nothing is emulated):
 *
 *	walk: s3_0_c1_c0_0 passed passed
 */
#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define ENCODINGS  0x8000u
#define HALF       0x4000u /* of one op0 */
#define MRS        0xd5300000u
#define MSR        0xd5100000u
#define TRAP_TICKS 2u /* of 16 instructions under icount=0: the slot without a trap is 4 */

#define ESR_EC(esr) ((uint32_t)((esr) >> 26) & 0x3fu)
#define EC_UNKNOWN  0u
#define EC_DEBUG    0x30u /* and all above: breakpoint, step, watchpoint, BRK */
#define SPSR_MASKS  0x3c0u
#define SPSR_SS     (1ull << 21)

enum outcome { UNDEFINED, PASSED, EMULATED, OTHER };

uint64_t walk_execute(uint64_t value, uint64_t *ticks);
extern uint32_t walk_slot[];

const char hostile_family[] = "walk";

static uint8_t first_run[2][ENCODINGS]; /* read, write */

#define ENCODING(op0, op1, crn, crm, op2) \
	(((op0)-2u) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/*
 * Registers that would stop the walker with any value but their own, before it could put it
 * back: translation and endianness; and where EL1 is the highest level, which is not under
 * a hypervisor, reset and the frequency. Their hostile values are in hostile_state.c.
 */
static bool needs_care(uint32_t encoding)
{
	return encoding == ENCODING(3u, 0u, 1u, 0u, 0u) ||  /* SCTLR_EL1 */
	       encoding == ENCODING(3u, 0u, 1u, 0u, 3u) ||  /* SCTLR2_EL1 */
	       encoding == ENCODING(3u, 0u, 2u, 0u, 0u) ||  /* TTBR0_EL1 */
	       encoding == ENCODING(3u, 0u, 2u, 0u, 2u) ||  /* TCR_EL1 */
	       encoding == ENCODING(3u, 0u, 2u, 0u, 3u) ||  /* TCR2_EL1 */
	       encoding == ENCODING(3u, 0u, 12u, 0u, 2u) || /* RMR_EL1 */
	       encoding == ENCODING(3u, 3u, 14u, 0u, 0u);   /* CNTFRQ_EL0 */
}

/* Interrupts that a write has let in: masked again. */
static struct trap_frame *masked(struct trap_frame *frame)
{
	frame->spsr |= SPSR_MASKS;
	return frame;
}

static struct trap_frame *sync(struct trap_frame *frame)
{
	if (ESR_EC(READ_REG(esr_el1)) < EC_DEBUG)
		return NULL;
	WRITE_REG(mdscr_el1, 0);
	frame->spsr = (frame->spsr | SPSR_MASKS) & ~SPSR_SS;
	return frame;
}

static void put(uint32_t instruction)
{
	*(volatile uint32_t *)walk_slot = instruction;
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
	                 :
	                 : "r"(walk_slot)
	                 : "memory");
}

/* *value: what is written, or what was read. */
static enum outcome access(uint32_t encoding, bool write, uint64_t *value)
{
	uint64_t given = *value;
	uint64_t least = UINT64_MAX;
	struct probe probe;

	put((write ? MSR : MRS) | ((encoding >> 14) & 1u) << 19 | (encoding & 0x3fffu) << 5);
	/* somebody else's turn in between would look like a trap: not three times */
	for (uint32_t i = 0; i < 3u; i++) {
		uint64_t ticks = 0;

		probe_begin();
		*value = walk_execute(given, &ticks);
		probe = probe_end();
		if (probe.count != 0u)
			return probe.count == 1u && ESR_EC(probe.esr) == EC_UNKNOWN ? UNDEFINED
			                                                            : OTHER;
		least = ticks < least ? ticks : least;
		if (least < TRAP_TICKS)
			return PASSED;
	}
	return EMULATED;
}

static void account(struct hostile *hostile, uint32_t encoding, bool write, enum outcome outcome,
                    bool again)
{
	hostile_saw(hostile, outcome);
	if (outcome == OTHER)
		hostile_failed(hostile, "neither done nor UNDEFINED", encoding, write, 0);
	else if (again && first_run[write][encoding] != (uint8_t)outcome)
		hostile_failed(hostile, "another outcome", encoding, write, outcome);
	first_run[write][encoding] = (uint8_t)outcome;
}

static void walk(struct hostile *hostile, uint32_t encoding, bool again)
{
	uint64_t value = 0;

	if (encoding % hostile_stride != 0u)
		return;
	account(hostile, encoding, false, access(encoding, false, &value), again);
	account(hostile, encoding, true, access(encoding, true, &value), again);
}

static void step_first_2(struct hostile *hostile, uint32_t step)
{
	walk(hostile, step, false);
}

static void step_first_3(struct hostile *hostile, uint32_t step)
{
	walk(hostile, HALF + step, false);
}

static void step_again_2(struct hostile *hostile, uint32_t step)
{
	walk(hostile, step, true);
}

static void step_again_3(struct hostile *hostile, uint32_t step)
{
	walk(hostile, HALF + step, true);
}

/* Only what is there: the rest is UNDEFINED before anybody looks at the value. */
static void step_random(struct hostile *hostile, uint32_t step)
{
	uint64_t value = hostile_random(hostile);
	enum outcome outcome;

	if (needs_care(step) || first_run[true][step] == UNDEFINED)
		return;
	outcome = access(step, true, &value);
	hostile_saw(hostile, outcome);
	if (outcome == UNDEFINED || outcome == OTHER)
		hostile_failed(hostile, "UNDEFINED with another value", step, value, outcome);
	WRITE_REG(cntv_ctl_el0, 0);
	WRITE_REG(cntp_ctl_el0, 0);
	WRITE_REG(mdscr_el1, 0);
}

static void begin(struct hostile *hostile)
{
	(void)hostile;
	irq_handler = masked;
	fiq_handler = masked;
	sync_handler = sync;
}

static void end(struct hostile *hostile)
{
	(void)hostile;
	WRITE_REG(cntp_ctl_el0, 0);
	WRITE_REG(contextidr_el1, 0);
	WRITE_REG(csselr_el1, 0);
	gic_init();
}

void hostile_report(void)
{
	static const char *const names[] = {"undefined", "passed", "emulated", "other"};
	uint32_t counts[2][4] = {{0}};

	for (uint32_t i = 0; i < ENCODINGS; i++) {
		uint32_t reads = first_run[0][i] & 3u;
		uint32_t writes = first_run[1][i] & 3u;

		counts[0][reads]++;
		counts[1][writes]++;
		if (reads != UNDEFINED || writes != UNDEFINED)
			print("walk: s%u_%u_c%u_c%u_%u %s %s\n", 2u + (i >> 14), i >> 11 & 7u,
			      i >> 7 & 15u, i >> 3 & 15u, i & 7u, names[reads], names[writes]);
	}
	for (uint32_t i = 0; i < 2u; i++)
		print("walk: %u encodings %s: %u passed, %u emulated, %u undefined\n", ENCODINGS,
		      i == 0u ? "read" : "written", counts[i][PASSED], counts[i][EMULATED],
		      counts[i][UNDEFINED]);
}

const struct attack attacks[] = {
	{"op0-2", HALF, step_first_2, begin, end, false},
	{"op0-3", HALF, step_first_3, begin, end, false},
	{"op0-2-again", HALF, step_again_2, begin, end, true},
	{"op0-3-again", HALF, step_again_3, begin, end, true},
	{"random-values", ENCODINGS, step_random, begin, end, true},
};
const uint32_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
