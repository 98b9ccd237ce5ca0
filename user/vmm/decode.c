/* SPDX-License-Identifier: Apache-2.0 */
/* A64 loads and stores; contract in decode.h. Owns nothing. Portable. */
#include "user/vmm/decode.h"

/* Fields that most of the group share. */
#define FIELD(word, low, width) (((word) >> (low)) & ((1u << (width)) - 1u))
#define RT(word)                ((uint8_t)FIELD(word, 0, 5))
#define RN(word)                ((uint8_t)FIELD(word, 5, 5))
#define RT2(word)               ((uint8_t)FIELD(word, 10, 5))
#define RM(word)                ((uint8_t)FIELD(word, 16, 5))
#define SIZE(word)              FIELD(word, 30, 2)
#define OPC(word)               FIELD(word, 22, 2)
#define LOAD(word)              FIELD(word, 22, 1)
#define VECTOR(word)            FIELD(word, 26, 1)

static int64_t decode_signed(uint64_t value, unsigned bits)
{
	uint64_t sign = 1ull << (bits - 1u);

	return (int64_t)((value ^ sign) - sign);
}

/* C4.1.94.23 and on: load/store register pair, LDP, STP, LDPSW, LDNP, STNP. */
static void decode_pair(struct decode *decode, uint32_t word)
{
	static const enum decode_write_back modes[] = {
		DECODE_WRITE_BACK_NONE, /* non-temporal: the hint changes nothing */
		DECODE_WRITE_BACK_POST,
		DECODE_WRITE_BACK_NONE,
		DECODE_WRITE_BACK_PRE,
	};
	uint32_t opc = SIZE(word);
	uint32_t mode = FIELD(word, 23, 2);
	bool load = LOAD(word) != 0u;
	unsigned scale;

	decode->kind = DECODE_UNDEFINED;
	if (opc == 3u)
		return;
	decode->vector = VECTOR(word) != 0u;
	if (decode->vector) {
		scale = 2u + opc;
	} else {
		scale = 2u + (opc >> 1);
		decode->sign = opc == 1u;
		decode->wide = opc != 0u;
		/* opc 1 is LDPSW, but the store is STGP, which touches tags */
		if (opc == 1u && (!load || mode == 0u)) {
			if (!load && mode != 0u)
				decode->kind = DECODE_REFUSED;
			return;
		}
	}
	decode->write_back = modes[mode];
	decode->count = 2u;
	decode->bytes = (uint8_t)(1u << scale);
	decode->rt = RT(word);
	decode->rt2 = RT2(word);
	decode->rn = RN(word);
	decode->offset = decode_signed(FIELD(word, 15, 7), 7u) * (int64_t)(1ull << scale);
	/* K1.2: constrained unpredictable, of which undefined is one choice */
	if (load && decode->rt == decode->rt2)
		return;
	if (decode->write_back != DECODE_WRITE_BACK_NONE && !decode->vector && decode->rn != 31u &&
	    (decode->rt == decode->rn || decode->rt2 == decode->rn))
		return;
	decode->kind = load ? DECODE_LOAD : DECODE_STORE;
}

/*
 * size, V and opc of the single-register forms: kind, bytes and extension. Returns the
 * scale, log2 of the bytes.
 */
static unsigned decode_single(struct decode *decode, uint32_t word)
{
	uint32_t size = SIZE(word);
	uint32_t opc = OPC(word);
	unsigned scale = size;

	decode->vector = VECTOR(word) != 0u;
	decode->count = 1u;
	decode->rt = RT(word);
	decode->rn = RN(word);
	decode->kind = DECODE_UNDEFINED;
	if (decode->vector) {
		/* opc bit 1 with size 0 is the 128-bit form */
		scale = (opc & 2u) != 0u ? 4u : size;
		if ((opc & 2u) == 0u || size == 0u)
			decode->kind = (opc & 1u) != 0u ? DECODE_LOAD : DECODE_STORE;
	} else if (opc == 0u) {
		decode->kind = DECODE_STORE;
	} else if (opc == 1u) {
		decode->kind = DECODE_LOAD;
		decode->wide = size == 3u;
	} else if (size < 3u && !(size == 2u && opc == 3u)) {
		decode->kind = DECODE_LOAD;
		decode->sign = true;
		decode->wide = opc == 2u;
	} else if (size == 3u && opc == 2u) {
		decode->kind = DECODE_NOTHING; /* PRFM, PRFUM */
	}
	decode->bytes = (uint8_t)(1u << scale);
	return scale;
}

static bool decode_is_access(const struct decode *decode)
{
	return decode->kind == DECODE_LOAD || decode->kind == DECODE_STORE;
}

/* Load/store register: unsigned offset, unscaled, pre, post, unprivileged, register offset. */
static void decode_register(struct decode *decode, uint32_t word)
{
	unsigned scale = decode_single(decode, word);
	uint32_t form = FIELD(word, 10, 2);

	if (FIELD(word, 24, 1) != 0u) {
		decode->offset = (int64_t)((uint64_t)FIELD(word, 10, 12) << scale);
		return;
	}
	if (FIELD(word, 21, 1) != 0u) {
		decode->base = DECODE_BASE_INDEX;
		decode->rm = RM(word);
		decode->extend = (uint8_t)FIELD(word, 13, 3);
		decode->shift = (uint8_t)(FIELD(word, 12, 1) != 0u ? scale : 0u);
		if (form != 2u) /* atomics, pointer authentication: not for devices */
			decode->kind = DECODE_REFUSED;
		else if ((decode->extend & 2u) == 0u)
			decode->kind = DECODE_UNDEFINED;
		return;
	}
	decode->offset = decode_signed(FIELD(word, 12, 9), 9u);
	if (form == 2u) { /* LDTR, STTR: no vector form and no prefetch */
		if (decode->vector || decode->kind == DECODE_NOTHING)
			decode->kind = DECODE_UNDEFINED;
	} else if (form != 0u) {
		decode->write_back = form == 1u ? DECODE_WRITE_BACK_POST : DECODE_WRITE_BACK_PRE;
		if (decode->kind == DECODE_NOTHING)
			decode->kind = DECODE_UNDEFINED;
		else if (!decode->vector && decode->rt == decode->rn && decode->rn != 31u)
			decode->kind = DECODE_UNDEFINED; /* K1.2, as for pairs */
	}
}

/* LDR (literal), LDRSW (literal), PRFM (literal); LDAPUR and STLUR. */
static void decode_literal(struct decode *decode, uint32_t word)
{
	uint32_t opc = SIZE(word);

	if (FIELD(word, 24, 1) != 0u) {
		decode->kind = DECODE_REFUSED;
		if (FIELD(word, 21, 1) != 0u || FIELD(word, 10, 2) != 0u || VECTOR(word) != 0u)
			return;
		(void)decode_single(decode, word);
		decode->offset = decode_signed(FIELD(word, 12, 9), 9u);
		if (!decode_is_access(decode))
			decode->kind = DECODE_UNDEFINED;
		return;
	}
	decode->base = DECODE_BASE_PC;
	decode->vector = VECTOR(word) != 0u;
	decode->count = 1u;
	decode->rt = RT(word);
	decode->offset = decode_signed(FIELD(word, 5, 19), 19u) * 4;
	decode->kind = DECODE_LOAD;
	if (decode->vector) {
		decode->bytes = (uint8_t)(4u << (opc & 3u));
		if (opc == 3u)
			decode->kind = DECODE_UNDEFINED;
		return;
	}
	decode->bytes = opc == 1u ? 8u : 4u;
	decode->sign = opc == 2u;
	decode->wide = opc != 0u;
	if (opc == 3u)
		decode->kind = DECODE_NOTHING;
}

/* LDAR, STLR, LDLAR, STLLR. Exclusives and compare-and-swap are not for devices. */
static void decode_ordered(struct decode *decode, uint32_t word)
{
	decode->kind = DECODE_REFUSED;
	if (FIELD(word, 24, 1) != 0u || VECTOR(word) != 0u || FIELD(word, 23, 1) == 0u ||
	    FIELD(word, 21, 1) != 0u)
		return;
	decode->count = 1u;
	decode->bytes = (uint8_t)(1u << SIZE(word));
	decode->wide = SIZE(word) == 3u;
	decode->rt = RT(word);
	decode->rn = RN(word);
	decode->kind = LOAD(word) != 0u ? DECODE_LOAD : DECODE_STORE;
}

struct decode decode_instruction(uint32_t instruction)
{
	struct decode decode = {.kind = DECODE_REFUSED};

	/* C4.1: loads and stores have bit 27 set and bit 25 clear */
	if (FIELD(instruction, 27, 1) == 0u || FIELD(instruction, 25, 1) != 0u)
		return decode;
	switch (FIELD(instruction, 28, 2)) {
	case 0u:
		decode_ordered(&decode, instruction);
		break;
	case 1u:
		decode_literal(&decode, instruction);
		break;
	case 2u:
		decode_pair(&decode, instruction);
		break;
	default:
		decode_register(&decode, instruction);
		break;
	}
	return decode;
}

uint64_t decode_index(const struct decode *decode, uint64_t rm)
{
	switch (decode->extend) {
	case 2u:
		rm = (uint32_t)rm;
		break;
	case 6u:
		rm = (uint64_t)decode_signed((uint32_t)rm, 32u);
		break;
	default:
		break;
	}
	return rm << decode->shift;
}

uint64_t decode_extend(const struct decode *decode, uint64_t value)
{
	if (decode->bytes < 8u && decode->sign)
		value = (uint64_t)decode_signed(value, decode->bytes * 8u);
	return decode->wide ? value : (uint32_t)value;
}
