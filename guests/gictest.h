/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the interrupt test. CPU 0, interrupts masked between tests, EOImode 0 and
 * nothing pending or active.
 */
#ifndef BULKHEAD_GUESTS_GICTEST_H
#define BULKHEAD_GUESTS_GICTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define TAKEN_ROOM 64u
#define SPI(n)     (INTID_SPARE + (n)) /* no device behind it */

/* What a CPU's handler has acknowledged, in order. */
struct taken {
	uint32_t count;
	uint32_t intid[TAKEN_ROOM];
	uint32_t rpr[TAKEN_ROOM];
	uint32_t fiqs; /* of them, by Group 0 */
};
extern struct taken taken[GUEST_CPUS];

/* What the handler does between acknowledge and EOI, with interrupts masked; may be NULL. */
extern void (*gictest_hook)(uint32_t intid);

/* Forgets what this CPU has taken. */
void taken_clear(void);
/* Lets interrupts in for as long as some arrive. */
void let_in(void);
/* Parts of a check: exactly these have been taken since taken_clear(), in this order. */
void check_taken(uint32_t count, const uint32_t *intid);
void check_taken_one(uint32_t intid);
void check_taken_none(void);

/* An interrupt as the tests want it: enabled, priority as after init; nothing taken yet. */
void prepare(uint32_t intid);

void test_states(void);
void test_devices(void);
void test_cpus(uint32_t cpus);

#endif
