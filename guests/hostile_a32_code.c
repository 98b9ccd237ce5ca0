/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile guest, family "a32": short pieces of code; contract in hostile_a32_attacks.h. */
#include "guests/hostile_a32_attacks.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define SCTLR_A    0x00000002u
#define SCTLR_SED  0x00000100u
#define SCTLR_ITD  0x00000080u
#define SCTLR_NTWI 0x00010000u
#define SCTLR_NTWE 0x00040000u

#define EC_ABORT      0x24u
#define DFSC_EXTERNAL 0x10u
#define DEVICE        (ALIAS_DEVICE + UART_BASE)
#define NOP_T32       0xbf00u
#define AL            0xe0000000u
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

static void saw(struct hostile *hostile, const struct a32 *state)
{
	hostile_saw(hostile, state->esr << 32 | state->pc);
	hostile_saw(hostile, state->spsr);
	if (ESR_EC(state->esr) == EC_ABORT)
		hostile_saw(hostile, state->far);
	for (uint32_t i = 0; i < 15u; i++)
		hostile_saw(hostile, state->x[i]);
}

static uint32_t flags(uint64_t random)
{
	return (uint32_t)random & 0xf0000000u;
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* A timer interrupt is pending, and masked: no WFI waits. */
void a32_begin_calls(struct hostile *hostile)
{
	a32_begin(hostile);
	gic_enable(INTID_VTIMER);
	WRITE_REG(cntv_cval_el0, 0);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
}

void a32_end_calls(struct hostile *hostile)
{
	a32_end(hostile);
	gic_init();
}

/* Without their condition, bits 31:28; DDI 0487 F5.1 */
static const uint32_t calls[] = {
	0x0f000000u, /* svc */
	0x01400070u, /* hvc */
	0x01600070u, /* smc */
	0x0320f000u, /* nop; of its hints yield, wfe, wfi, sev, sevl, dbg */
	0x0320f003u, /* wfi */
	0x0320f002u, /* wfe */
	0x0160006eu, /* eret */
	0x010f0000u, /* mrs r0, cpsr */
	0x014f0000u, /* mrs r0, spsr */
	0x0129f001u, /* msr cpsr_fc, r1: the flags change, the mode does not */
	0x07f000f0u, /* udf, of any condition but AL */
};

/* The same of T32; a halfword alone, or two, the first one in the high bits. */
static const uint32_t calls_t32[] = {
	0xdf00u,     0xde00u,     0xbe00u,     0xbf30u,     0xbf20u,     0xbf10u,     0xb650u,
	0xb658u,     0xba80u,     0xf7e08000u, 0xf7f08000u, 0xf7f0a000u, 0xf3ef8000u, 0xf3af8003u,
	0xf3af80f7u, 0xf3bf8f4fu, 0xf3bf8f5fu, 0xf3bf8f6fu, 0xf3bf8f2fu,
};

static const uint32_t unconditional[] = {
	0xe1200070u, /* bkpt */
	0xf1010000u, /* setend le */
	0xf1010200u, /* setend be */
	0xf10c01c0u, /* cpsid aif: ignored at EL0 */
	0xf1080080u, /* cpsie i */
	0xf57ff04fu, /* dsb */
	0xf57ff06fu, /* isb */
	0xf57ff01fu, /* clrex */
	0xe7f000f0u, /* udf */
};

static uint32_t call_a32(uint64_t random, uint32_t step)
{
	uint32_t word;

	if (step % 3u == 0u)
		return unconditional[random % COUNT(unconditional)];
	word = calls[random % COUNT(calls)];
	if (word == 0x0f000000u)
		word |= (uint32_t)(random >> 8) & 0xffffffu;
	else if (word == 0x0320f000u)
		word |= (uint32_t)(random >> 8) & 0xf7u; /* hints that do not exist are NOP */
	else if (word == 0x07f000f0u)
		return AL | word | ((uint32_t)(random >> 8) & 0xfff00u);
	return word | ((uint32_t)(random >> 40) % 15u) << 28;
}

static uint32_t call_t32(uint64_t random)
{
	uint32_t word = calls_t32[random % COUNT(calls_t32)];

	if (word > 0xffffu)
		return word << 16 | word >> 16;
	if ((word & 0xffu) == 0u) /* svc, udf, bkpt */
		word |= (uint32_t)(random >> 8) & 0xffu;
	return NOP_T32 << 16 | word;
}

void step_calls(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t sctlr = READ_REG(sctlr_el1);
	bool t32 = (step & 1u) != 0u;
	const uint32_t words[] = {t32 ? call_t32(random) : call_a32(random, step),
	                          t32 ? T32_SVC << 16 | T32_SVC : A32_SVC};
	struct a32 state = {.spsr = flags(random) | (t32 ? SPSR_T32 : 0u),
	                    .x = {[1] = flags(hostile_random(hostile))}};
	uint64_t traps = (random >> 48 & 1u) * SCTLR_NTWI | (random >> 49 & 1u) * SCTLR_NTWE |
	                 (random >> 50 & 1u) * SCTLR_SED;

	WRITE_REG(sctlr_el1, (sctlr & ~(uint64_t)(SCTLR_NTWI | SCTLR_NTWE | SCTLR_SED)) | traps);
	barrier_isb();
	a32_code(words, COUNT(words));
	a32_run(&state);
	WRITE_REG(sctlr_el1, sctlr);
	barrier_isb();
	saw(hostile, &state);
}

/* ---- conditions ----------------------------------------------------------------------------- */

/* r1 is the device, r0 a value; each has its condition, and writes a register that shows it. */
static const uint32_t conditional[] = {
	0x05912000u | UART_IBRD,                                    /* ldr r2, [r1, #IBRD] */
	0x05810000u | UART_IBRD,                                    /* str r0, [r1, #IBRD] */
	0x05d13000u | UART_FR,                                      /* ldrb r3, [r1, #FR] */
	0x01d140b0u | (UART_IBRD & 0xf0u) << 4 | (UART_IBRD & 15u), /* ldrh r4, [r1, #IBRD] */
	0x01d150f0u | (UART_IBRD & 0xf0u) << 4 | (UART_IBRD & 15u), /* ldrsh r5, [r1, #IBRD] */
	0x0e1e6f32u, /* mrc p15, 0, r6, c14, c2, 1: CNTP_CTL, emulated */
	0x0e0e0f32u, /* mcr p15, 0, r0, c14, c2, 1 */
	0x0c487f2eu, /* mcrr p15, 2, r7, r8, c14: CNTP_CVAL */
	0x0c5a9f2eu, /* mrrc p15, 2, r9, r10, c14 */
	0x0e1d0f50u, /* mrc p15, 0, r0, c13, c0, 2: TPIDRURW */
	0x0e1ebf30u, /* mrc p15, 0, r11, c14, c0, 1: UNDEFINED */
	0x028cc001u, /* add r12, r12, #1 */
	0x01500002u, /* cmp r0, r2 */
};
#define VALUE_MASK 0x5555u /* bit 0 enables a timer: its state is not compared, its enable is */

static struct a32 device_state(uint64_t random, uint32_t spsr)
{
	uint32_t value = (uint32_t)random & VALUE_MASK;
	struct a32 state = {.spsr = flags(random) | spsr};

	state.x[0] = (spsr & SPSR_E) != 0u ? __builtin_bswap32(value) : value;
	state.x[1] = DEVICE;
	state.x[7] = random >> 32;
	state.x[8] = random >> 24 & 0xffffffu;
	WRITE_REG(cntp_ctl_el0, 0);
	WRITE_REG(cntp_cval_el0, UINT64_MAX);
	write32(UART_BASE + UART_IBRD, (uint32_t)(random >> 16) & 0xffffu);
	return state;
}

/* CNTP_CTL, whose ISTATUS depends on the time */
static void forget_time(struct a32 *state)
{
	state->x[6] &= ~(uint64_t)TIMER_ISTATUS;
}

void step_conditions(struct hostile *hostile, uint32_t step)
{
	uint32_t words[9];
	uint64_t random = hostile_random(hostile);
	struct a32 state = device_state(random, (step & 1u) != 0u ? SPSR_E : 0u);

	for (uint32_t i = 0; i < COUNT(words) - 1u; i++) {
		random = hostile_random(hostile);
		words[i] = conditional[random % COUNT(conditional)] |
		           ((uint32_t)(random >> 32) % 15u) << 28;
	}
	words[COUNT(words) - 1u] = A32_SVC;
	a32_code(words, COUNT(words));
	a32_run(&state);
	forget_time(&state);
	saw(hostile, &state);
	hostile_saw(hostile, read32(UART_BASE + UART_IBRD) & 0xffffu);
}

/* ---- IT blocks ------------------------------------------------------------------------------ */

/* As above in T32: halfwords, or two, the first one in the high bits. */
static const uint32_t in_block[] = {
	0x6a4au,     /* ldr r2, [r1, #IBRD] */
	0x6248u,     /* str r0, [r1, #IBRD] */
	0x7e0bu,     /* ldrb r3, [r1, #FR] */
	0x8c8cu,     /* ldrh r4, [r1, #IBRD] */
	0xf8d15024u, /* ldr.w r5, [r1, #IBRD] */
	0xf8b1b024u, /* ldrh.w r11, [r1, #IBRD] */
	0xee1e6f32u, /* mrc p15, 0, r6, c14, c2, 1 */
	0xee0e0f32u, /* mcr p15, 0, r0, c14, c2, 1 */
	0xec487f2eu, /* mcrr p15, 2, r7, r8, c14 */
	0xec5a9f2eu, /* mrrc p15, 2, r9, r10, c14 */
	0xee1ebf30u, /* mrc p15, 0, r11, c14, c0, 1: UNDEFINED */
	0x44e4u,     /* add r12, r12 */
	0x4290u,     /* cmp r0, r2 */
	0xbf00u,     /* nop */
};
_Static_assert(UART_IBRD == 0x24u && UART_FR == 0x18u, "the code has them as numbers");

void step_it(struct hostile *hostile, uint32_t step)
{
	uint16_t code[16] __attribute__((aligned(4)));
	uint64_t random = hostile_random(hostile);
	struct a32 state = device_state(random, SPSR_T32 | ((step & 1u) != 0u ? SPSR_E : 0u));
	uint32_t length = (uint32_t)(random >> 8 & 3u) + 1u;
	uint32_t condition = (uint32_t)(random >> 16) % 14u;
	uint32_t mask = (uint32_t)(random >> 12 & 15u);
	uint32_t used = 0;

	/* then and else of all but the first, and a one behind the last; F5.1.57 */
	mask = (mask & (0xfu << (5u - length)) & 15u) | 1u << (4u - length);
	code[used++] = (uint16_t)(0xbf00u | condition << 4 | mask);
	for (uint32_t i = 0; i < length; i++) {
		uint32_t word = in_block[hostile_random(hostile) % COUNT(in_block)];

		if (word > 0xffffu)
			code[used++] = (uint16_t)(word >> 16);
		code[used++] = (uint16_t)word;
	}
	while (used < COUNT(code))
		code[used++] = T32_SVC;
	state.x[12] = 3;
	a32_code((const uint32_t *)(const void *)code, COUNT(code) / 2u);
	a32_run(&state);
	forget_time(&state);
	saw(hostile, &state);
	hostile_saw(hostile, read32(UART_BASE + UART_IBRD) & 0xffffu);
}

/* ---- memory and devices --------------------------------------------------------------------- */

/* r1 is an address, r0 and r2 to r7 values */
static const uint32_t accesses[] = {
	0xe5910000u, /* ldr r0, [r1] */
	0xe5810000u, /* str r0, [r1] */
	0xe1d120b0u, /* ldrh r2, [r1] */
	0xe1c120b0u, /* strh r2, [r1] */
	0xe1c120d0u, /* ldrd r2, r3, [r1] */
	0xe1c120f0u, /* strd r2, r3, [r1] */
	0xe891003cu, /* ldm r1, {r2-r5} */
	0xe8a1003cu, /* stm r1!, {r2-r5} */
	0xe1912f9fu, /* ldrex r2, [r1] */
	0xe1814f92u, /* strex r4, r2, [r1] */
	0xe1b12f9fu, /* ldrexd r2, r3, [r1] */
	0xe1912c9fu, /* lda r2, [r1] */
	0xe4910001u, /* ldr r0, [r1], #1 */
	0xe1012090u, /* swp: UNDEFINED */
};

void step_unaligned(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t sctlr = READ_REG(sctlr_el1);
	const uint32_t words[] = {accesses[random % COUNT(accesses)], A32_SVC};
	struct a32 state = {.spsr = (step & 1u) != 0u ? SPSR_E : 0u};

	for (uint32_t i = 0; i < 8u; i++)
		state.x[i] = hostile_random(hostile) >> 32;
	state.x[1] = a32_alias(a32_memory) + (random >> 32 & 63u);
	WRITE_REG(sctlr_el1, (step & 2u) != 0u ? sctlr | SCTLR_A : sctlr & ~(uint64_t)SCTLR_A);
	barrier_isb();
	a32_code(words, COUNT(words));
	a32_run(&state);
	WRITE_REG(sctlr_el1, sctlr);
	barrier_isb();
	saw(hostile, &state);
	for (uint32_t i = 0; i < 12u; i++)
		hostile_saw(hostile, a32_memory[i]);
}

void a32_end_unaligned(struct hostile *hostile)
{
	for (uint32_t i = 0; i < COUNT(a32_memory); i++)
		a32_memory[i] = 0;
	a32_end(hostile);
}

void step_multiple(struct hostile *hostile, uint32_t step)
{
	static const uint32_t many[] = {0xe891003cu, 0xe881003cu, 0xe1c120d0u, 0xe1c120f0u,
	                                0xe4910004u};
	const uint32_t words[] = {many[step % COUNT(many)], A32_SVC};
	struct a32 state = {.x = {[1] = DEVICE + UART_IBRD}};

	a32_code(words, COUNT(words));
	a32_run(&state);
	saw(hostile, &state);
	if (ESR_EC(state.esr) != EC_ABORT || (state.esr & 0x3fu) != DFSC_EXTERNAL ||
	    state.pc != 0u || state.far != DEVICE + UART_IBRD || state.x[1] != DEVICE + UART_IBRD)
		hostile_failed(hostile, "no abort", state.esr, state.pc, state.far);
}
