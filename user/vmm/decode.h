/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A64 loads and stores, decoded from the instruction word (DDI 0487 C4.1.94, loads and
 * stores): what the syndrome of a data abort does not say for pairs, write-back forms and
 * SIMD&FP registers. Pure functions, no state.
 */
#ifndef BULKHEAD_USER_VMM_DECODE_H
#define BULKHEAD_USER_VMM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

enum decode_kind {
	DECODE_REFUSED,   /* not a load or store that a device access can be: external abort */
	DECODE_UNDEFINED, /* unallocated, or constrained unpredictable: undefined instruction */
	DECODE_NOTHING,   /* a prefetch: has no effect */
	DECODE_LOAD,
	DECODE_STORE,
};

enum decode_base {
	DECODE_BASE_REGISTER, /* rn + offset */
	DECODE_BASE_INDEX,    /* rn + rm, extended and shifted */
	DECODE_BASE_PC,       /* PC + offset */
};

enum decode_write_back {
	DECODE_WRITE_BACK_NONE,
	DECODE_WRITE_BACK_PRE,  /* the access is at rn + offset, rn becomes that */
	DECODE_WRITE_BACK_POST, /* the access is at rn, rn becomes rn + offset */
};

struct decode {
	enum decode_kind kind;
	enum decode_base base;
	enum decode_write_back write_back;
	bool vector;   /* rt, rt2 are SIMD&FP registers */
	bool sign;     /* a load extends the sign */
	bool wide;     /* to 64 bits, else to 32 */
	uint8_t count; /* registers: 1 or 2, at ascending addresses */
	uint8_t bytes; /* of each: 1, 2, 4, 8, 16 */
	uint8_t rt;    /* 31: the zero register */
	uint8_t rt2;
	uint8_t rn; /* 31: the stack pointer */
	uint8_t rm;
	uint8_t extend; /* DECODE_BASE_INDEX: option field 2 UXTW, 3 LSL, 6 SXTW, 7 SXTX */
	uint8_t shift;
	int64_t offset;
};

struct decode decode_instruction(uint32_t instruction);
/* The value of rm as the index field of a DECODE_BASE_INDEX access says. */
uint64_t decode_index(const struct decode *decode, uint64_t rm);
/* What a load puts into its general register: `value` has decode->bytes bytes. */
uint64_t decode_extend(const struct decode *decode, uint64_t value);

#endif
