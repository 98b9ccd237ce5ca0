/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the trace guest: each logs what it sees, judges nothing. CPU 0, interrupts
 * masked between parts, nothing pending or active.
 */
#ifndef BULKHEAD_GUESTS_EVENTLOG_H
#define BULKHEAD_GUESTS_EVENTLOG_H

#include <stdint.h>

#include "guests/lib/bare.h"
#include "guests/lib/bare_gic.h"

/* "trace: NAME VALUE" in hexadecimal */
void note(const char *name, uint64_t value);
/* What the handler does between acknowledge and EOI, with interrupts masked; may be NULL. */
extern void (*eventlog_hook)(uint32_t intid);
/* Interrupts that the handler has logged. */
extern uint32_t eventlog_count;
/* Lets interrupts in for as long as some arrive; the handler logs each. */
void let_in(void);

void trace_timers(void);
void trace_uart(void);

#endif
