/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest, family "a32": AArch32 at EL0. All encodings of CP14 and CP15 (MRC, MCR, MRRC,
 * MCRR, LDC, STC), with the guest's own traps on and off; what hostile_a32_code.c adds. Whatever EL0
 * does ends in SVC or in an exception to EL1, and each is the same without a hypervisor: syndrome,
 * PC, PSTATE and registers go into the hash, and at the end a line per encoding that is not UNDEFINED:
 *
 *	a32: mrc p15 0 c13 c0 3 passed
 *
 * "trapped" is a trap to EL1, which has not let EL0 have the register.
 */
#include "guests/hostile_a32_attacks.h"

#define ENCODINGS 0x4000u /* opc1, CRn, CRm, opc2 of one coprocessor */
#define HALF      0x2000u
#define PAIRS     0x100u /* opc1, CRm */
#define RT        7u
#define RT2       8u

#define CNTKCTL_ALL 0x303u /* EL0PCTEN, EL0VCTEN, EL0VTEN, EL0PTEN */

const char hostile_family[] = "a32";

enum outcome { UNDEFINED, PASSED, TRAPPED, OTHER };

static uint8_t single[2][2][ENCODINGS]; /* CP14 and CP15; write and read */
static uint8_t pair[2][2][PAIRS];

static enum outcome outcome_of(uint64_t esr)
{
	uint32_t ec = ESR_EC(esr);

	if (ec == EC_UNKNOWN)
		return UNDEFINED;
	if (ec == EC_SVC32)
		return PASSED;
	return (ec >= EC_CP15 && ec < 0x07u) || ec == EC_CP14_64 ? TRAPPED : OTHER;
}

/*
 * What is not as on QEMU alone, and does not go into the hash (docs/registers.md): DBGDIDR, DBGDSCRint,
 * DBGDTR, DBGDRAR, DBGDSAR and PMUSERENR, UNDEFINED here; and CNTPCT, which QEMU 7.2 lets EL2 trap by
 * CNTHCTL_EL2.EL1PCEN, the bit of the timer.
 */
static bool is_apart(uint32_t instruction)
{
	uint32_t opc1_crn = instruction >> 16 & 0xefu;
	uint32_t crm = instruction & 15u;

	if ((instruction & 0x0ff00ff0u) == 0x0c500e00u) /* MRRC p14 0 */
		return crm == 1u || crm == 2u;
	if ((instruction & 0x0ff00fffu) == 0x0c500f0eu) /* MRRC p15 0 c14 */
		return true;
	if ((instruction & 0x0ff00fffu) == 0x0e100f1eu) /* MRC p15 0 c14 0 */
		return opc1_crn == 9u;
	if ((instruction & 0x0fe00ff0u) != 0x0e000e10u) /* p14 0 0 */
		return false;
	return opc1_crn == 0u ? crm == 0u || crm == 1u || crm == 5u : opc1_crn <= 2u && crm == 0u;
}

/* One instruction and SVC; what is read of a counter is another value each time. */
static enum outcome execute(struct hostile *hostile, uint32_t instruction)
{
	const uint32_t words[] = {instruction, A32_SVC};
	struct a32 state = {.x = {[1] = a32_alias(a32_memory)}};
	enum outcome outcome;

	a32_code(words, 2);
	a32_run(&state);
	outcome = outcome_of(state.esr);
	if (!is_apart(instruction)) {
		hostile_saw(hostile, state.esr << 32 | state.pc << 8 | outcome);
		hostile_saw(hostile, state.spsr);
	}
	if (outcome == OTHER)
		hostile_failed(hostile, "neither done, trapped nor UNDEFINED", instruction,
		               state.esr, state.pc);
	return outcome;
}

/* F5.1.113, F5.1.121: cond 1110, 1110, opc1, L, CRn, Rt, coproc, opc2, 1, CRm */
static void one(struct hostile *hostile, uint32_t coprocessor, uint32_t read, uint32_t encoding)
{
	uint32_t instruction = 0xee000010u | (encoding >> 11 & 7u) << 21 | read << 20 |
	                       (encoding >> 7 & 15u) << 16 | RT << 12 | coprocessor << 8 |
	                       (encoding & 7u) << 5 | (encoding >> 3 & 15u);

	if (encoding % hostile_stride != 0u)
		return;
	single[coprocessor & 1u][read][encoding] = (uint8_t)execute(hostile, instruction);
	WRITE_REG(cntv_ctl_el0, 0);
	WRITE_REG(cntp_ctl_el0, 0);
}

/* Each is too long for one window: opc1 below 4, and the others. */
#define HALVES(name, coprocessor, read)                                        \
	static void step_##name(struct hostile *hostile, uint32_t step)        \
	{                                                                      \
		one(hostile, coprocessor, read, step);                         \
	}                                                                      \
	static void step_##name##_high(struct hostile *hostile, uint32_t step) \
	{                                                                      \
		one(hostile, coprocessor, read, HALF + step);                  \
	}
HALVES(mcr14, 14u, 0u)
HALVES(mrc14, 14u, 1u)
HALVES(mcr15, 15u, 0u)
HALVES(mrc15, 15u, 1u)

/* F5.1.115, F5.1.122: 1110, 1100, 010, L, Rt2, Rt, coproc, opc1, CRm */
static void step_pairs(struct hostile *hostile, uint32_t step)
{
	uint32_t coprocessor = 14u + (step >> 8 & 1u);
	uint32_t read = step >> 9 & 1u;
	uint32_t instruction =
		0xec400000u | read << 20 | RT2 << 16 | RT << 12 | coprocessor << 8 | (step & 0xffu);

	pair[coprocessor & 1u][read][step & 0xffu] = (uint8_t)execute(hostile, instruction);
	WRITE_REG(cntv_ctl_el0, 0);
	WRITE_REG(cntp_ctl_el0, 0);
}

/* LDC and STC of every form, CDP, and the coprocessors that are not there; from random bits. */
static void step_others(struct hostile *hostile, uint32_t step)
{
	uint32_t random = (uint32_t)hostile_random(hostile);
	uint32_t coprocessor = random & 1u ? 14u + (random >> 1 & 1u) : random >> 1 & 7u;
	uint32_t instruction = 0xec010000u; /* base r1 */

	if (step % 3u == 0u) /* P U D W L, CRd, imm8: 12:0 but the coprocessor */
		instruction |= (random >> 4 & 0x1f0u) << 16 | (random >> 16 & 15u) << 12 | 4u;
	else if (step % 3u == 1u)
		instruction = 0xee000000u | (random >> 8 & 0xffffefu); /* CDP: bit 4 clear */
	else
		instruction = 0xee000010u | (random >> 8 & 0xff0fffu) | RT << 12;
	instruction = (instruction & ~0xf00u) | coprocessor << 8;
	/* the form without P, U, D and W is MCRR's */
	if ((instruction & 0x0fa00000u) == 0x0c000000u)
		instruction |= 1u << 23;
	(void)execute(hostile, instruction);
}

/* The guest lets EL0 have counters and timers: some pass, the physical timer is emulated. */
static void begin_let(struct hostile *hostile)
{
	a32_begin(hostile);
	WRITE_REG(cntkctl_el1, CNTKCTL_ALL);
	barrier_isb();
}

static const char *const outcomes[] = {"undefined", "passed", "trapped", "other"};

void hostile_report(void)
{
	for (uint32_t i = 0; i < 4u * ENCODINGS; i++) {
		uint32_t encoding = i % ENCODINGS;
		uint32_t read = i / ENCODINGS & 1u;
		uint32_t p15 = i / ENCODINGS >> 1;
		uint32_t outcome = single[p15][read][encoding] & 3u;

		if (outcome != UNDEFINED)
			print("a32: %s p%u %u c%u c%u %u %s\n", read != 0u ? "mrc" : "mcr",
			      14u + p15, encoding >> 11 & 7u, encoding >> 7 & 15u,
			      encoding >> 3 & 15u, encoding & 7u, outcomes[outcome]);
	}
	for (uint32_t i = 0; i < 4u * PAIRS; i++) {
		uint32_t read = i / PAIRS & 1u;
		uint32_t p15 = i / PAIRS >> 1;
		uint32_t outcome = pair[p15][read][i % PAIRS] & 3u;

		if (outcome != UNDEFINED)
			print("a32: %s p%u %u c%u %s\n", read != 0u ? "mrrc" : "mcrr", 14u + p15,
			      i % PAIRS >> 4, i & 15u, outcomes[outcome]);
	}
}

#define ROUND 400u

const struct attack attacks[] = {
	{"cp14-read", HALF, step_mrc14, a32_begin, a32_end, false},
	{"cp14-read-high", HALF, step_mrc14_high, a32_begin, a32_end, false},
	{"cp14-write", HALF, step_mcr14, a32_begin, a32_end, false},
	{"cp14-write-high", HALF, step_mcr14_high, a32_begin, a32_end, false},
	{"cp15-read-let", HALF, step_mrc15, begin_let, a32_end, false},
	{"cp15-read-let-high", HALF, step_mrc15_high, begin_let, a32_end, false},
	{"cp15-write-let", HALF, step_mcr15, begin_let, a32_end, false},
	{"cp15-write-let-high", HALF, step_mcr15_high, begin_let, a32_end, false},
	{"pairs-let", 4u * PAIRS, step_pairs, begin_let, a32_end, false},
	{"cp15-read", HALF, step_mrc15, a32_begin, a32_end, false},
	{"cp15-read-high", HALF, step_mrc15_high, a32_begin, a32_end, false},
	{"cp15-write", HALF, step_mcr15, a32_begin, a32_end, false},
	{"cp15-write-high", HALF, step_mcr15_high, a32_begin, a32_end, false},
	{"pairs", 4u * PAIRS, step_pairs, a32_begin, a32_end, false},
	{"coprocessors", ROUND, step_others, a32_begin, a32_end, false},
	{"calls", ROUND, step_calls, a32_begin_calls, a32_end_calls, false},
	{"conditions", ROUND, step_conditions, begin_let, a32_end, false},
	{"it", ROUND, step_it, begin_let, a32_end, false},
	{"unaligned", ROUND, step_unaligned, a32_begin, a32_end_unaligned, false},
	{"multiple", ROUND, step_multiple, a32_begin, a32_end, true},
};
const uint32_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
