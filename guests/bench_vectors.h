/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors of the measuring guests (bench_vectors.S). An interrupt ends the row that was
 * begun last; the timer is switched off, and the interrupt counted, on CPU 0. SGI 1 is answered
 * by SGI 2 to CPU 0. Set by each CPU with interrupts masked.
 */
#ifndef BULKHEAD_GUESTS_BENCH_VECTORS_H
#define BULKHEAD_GUESTS_BENCH_VECTORS_H

#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define SGI_ASK    1u
#define SGI_ANSWER 2u

extern char bench_vectors[];
extern uint32_t bench_interrupts; /* taken so far, but for SGI_ASK */
extern uint64_t bench_counter;    /* CNTVCT_EL0 in the vector of the last one */

static inline uint32_t bench_interrupts_taken(void)
{
	return *(volatile uint32_t *)&bench_interrupts;
}

static inline void bench_vectors_set(void)
{
	WRITE_REG(vbar_el1, (uint64_t)bench_vectors);
	barrier_isb();
}

/* Enables the timer's interrupt, and sleeps until what starts and prints beside us sleeps too. */
static inline void bench_settle(void)
{
	uint32_t before = bench_interrupts_taken();

	gic_enable(INTID_VTIMER);
	WRITE_REG(cntv_cval_el0, counter_now() + counter_hz() / 5u);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	irq_enable();
	while (bench_interrupts_taken() == before)
		cpu_wait_irq();
	irq_disable();
}

#endif
