/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch32 at EL0 for the hostile guest of family "a32" (hostile_a32.c): a few instructions are
 * written into a page that EL0 executes, and run until EL0's next exception. CPU 0, interrupts
 * masked, between a32_begin() and a32_end().
 */
#ifndef BULKHEAD_GUESTS_HOSTILE_A32_H
#define BULKHEAD_GUESTS_HOSTILE_A32_H

#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"

/* EL0 sees memory and devices here, a GiB each; EL1 uses neither. */
#define ALIAS_DEVICE 0x80000000u
#define ALIAS_RAM    0xc0000000u

#define SPSR_USER 0x1d0u /* AArch32 User, A32, interrupts masked */
#define SPSR_T32  0x020u
#define SPSR_E    0x200u /* data is big-endian */

#define A32_SVC 0xef000000u
#define T32_SVC 0xdf00u

/* EC of exceptions from AArch32 */
#define EC_UNKNOWN  0x00u
#define EC_CP15     0x03u /* 0x03 to 0x06 and 0x0c: MCR, MRC, MCRR, MRRC, LDC, STC */
#define EC_CP14_64  0x0cu
#define EC_SVC32    0x11u
#define ESR_EC(esr) ((uint32_t)((esr) >> 26) & 0x3fu)

/* How EL0 starts, and how it came back. */
struct a32 {
	uint64_t x[15]; /* r0 to r14 */
	uint64_t spsr;
	uint64_t pc; /* offset in the code */
	uint64_t esr;
	uint64_t far;
};

extern uint64_t a32_memory[64]; /* for EL0 to access, through the alias */

void a32_begin(struct hostile *hostile);
void a32_end(struct hostile *hostile);

/* The code of the next run: words, or halfwords of T32, which are twice as many. */
void a32_code(const uint32_t *words, uint32_t count);
void a32_run(struct a32 *state);

/* Where EL0 finds what EL1 has at this address of RAM. */
uint32_t a32_alias(const void *address);

#endif
