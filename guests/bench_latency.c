/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest "bench_latency": a timer of 1 kHz, asleep in between. How late each interrupt was, in
 * ticks of the counter read in the vector, is told by markers (abi/marker.h). It ends with
 * MARKER_STOP.
 */
#include "abi/marker.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"
#include "guests/bench_vectors.h"

#define COUNT      1000u
#define PERIODS_HZ 1000u

static void tell(uint64_t value)
{
	for (uint32_t i = 32; i > 0; i--) {
		if ((value >> (i - 1u) & 1u) != 0u)
			MARKER(MARKER_BIT, 1);
		else
			MARKER(MARKER_BIT, 0);
	}
	MARKER(MARKER_VALUE, ROW_LATENCY);
}

void guest_main(uint64_t tree)
{
	uint64_t period = counter_hz() / PERIODS_HZ;
	uint64_t release;

	(void)tree;
	gic_init();
	bench_vectors_set();
	bench_settle();
	release = counter_now() + period;
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t before = bench_interrupts_taken();

		WRITE_REG(cntv_cval_el0, release);
		WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
		MARKER(MARKER_BEGIN, ROW_LATENCY);
		irq_enable();
		while (bench_interrupts_taken() == before)
			cpu_wait_irq();
		irq_disable();
		tell(bench_counter - release);
		release += period;
	}
	MARKER(MARKER_STOP, 0);
	for (;;)
		cpu_wait_irq();
}
