/* SPDX-License-Identifier: Apache-2.0 */
/* The attacks of hostile_a32_code.c, for the table in hostile_a32.c. Contexts as in hostile_a32.h. */
#ifndef BULKHEAD_GUESTS_HOSTILE_A32_ATTACKS_H
#define BULKHEAD_GUESTS_HOSTILE_A32_ATTACKS_H

#include "guests/hostile_a32.h"

/* Calls, breakpoints, hints, state changes, in A32 and T32, with a condition. */
void a32_begin_calls(struct hostile *hostile);
void step_calls(struct hostile *hostile, uint32_t step);
void a32_end_calls(struct hostile *hostile);
/* What traps and what does not, A32, with any condition and flags, in either byte order. */
void step_conditions(struct hostile *hostile, uint32_t step);
/* The same in IT blocks of T32. */
void step_it(struct hostile *hostile, uint32_t step);
/* Loads and stores of all sizes at any address of memory, SCTLR_EL1.A set or not. */
void step_unaligned(struct hostile *hostile, uint32_t step);
void a32_end_unaligned(struct hostile *hostile);
/* Devices by instructions that are not decoded for AArch32: an abort (docs/devices.md). */
void step_multiple(struct hostile *hostile, uint32_t step);

#endif
