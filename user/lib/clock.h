/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time in a process: the virtual counter (its offset is 0 while a process runs, so it is the
 * machine's counter). Called by EL0 programs, from any thread.
 */
#ifndef BULKHEAD_USER_LIB_CLOCK_H
#define BULKHEAD_USER_LIB_CLOCK_H

#include <stdint.h>

static inline uint64_t clock_now(void)
{
	uint64_t ticks;

	/* The ISB keeps the read behind what comes before it (DDI 0487 D11.2.2). */
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks;
}

static inline uint64_t clock_ticks_per_second(void)
{
	uint64_t frequency;

	__asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
	return frequency;
}

/* Rounded down; exact for any us that a description may hold, without overflow. */
static inline uint64_t clock_ticks_from_us(uint64_t us)
{
	uint64_t frequency = clock_ticks_per_second();

	return us / 1000000u * frequency + us % 1000000u * frequency / 1000000u;
}

static inline uint64_t clock_us_from_ticks(uint64_t ticks)
{
	uint64_t frequency = clock_ticks_per_second();

	return ticks / frequency * 1000000u + ticks % frequency * 1000000u / frequency;
}

#endif
