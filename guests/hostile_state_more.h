/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacks of hostile_state_more.c, for the table in hostile_state.c, and the accesses of
 * hostile_state_access.S. CPU 0, interrupts masked.
 */
#ifndef BULKHEAD_GUESTS_HOSTILE_STATE_MORE_H
#define BULKHEAD_GUESTS_HOSTILE_STATE_MORE_H

#include "guests/hostile_guest.h"

void state_access(uint64_t sctlr, uint64_t address, uint64_t value, uint64_t *seen);

/* SCTLR_EL1 with the MMU on. */
void begin_mapped(struct hostile *hostile);
void step_mapped(struct hostile *hostile, uint32_t step);
/* PSTATE's masks and flags. */
void step_masks(struct hostile *hostile, uint32_t step);
/* Registers of EL1 that only hold a value, and what TTBR1_EL1's half of TCR_EL1 says. */
void step_registers(struct hostile *hostile, uint32_t step);
/* Single step, breakpoints, watchpoints. */
void step_debug(struct hostile *hostile, uint32_t step);

#endif
