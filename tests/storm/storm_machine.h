/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The port surface (kernel/port.h) on a machine whose CPUs are four threads of the build machine.
 * Included by one storm each, which runs the kernel's own code at full speed on all of them. A
 * CPU's state is its thread's; what CPUs share is the kernel's objects and the flags of pending
 * interrupts. Ordering is what the hardware gives: an interrupt is a release that pairs with the
 * acquire of whoever takes it, and nothing else orders anything.
 */
#ifndef BULKHEAD_TESTS_STORM_MACHINE_H
#define BULKHEAD_TESTS_STORM_MACHINE_H

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STORM_CPUS 4u

static uint32_t storm_ipi[STORM_CPUS]; /* pending at each CPU */
static uint32_t storm_finished;
static __thread uint32_t storm_index __attribute__((unused));
static __thread uint64_t storm_random;

#define CHECK(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

static inline uint32_t storm_pick(uint32_t limit)
{
	storm_random = storm_random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(storm_random >> 33) % limit;
}

static inline void storm_interrupt(uint32_t cpu)
{
	__atomic_store_n(&storm_ipi[cpu], 1u, __ATOMIC_RELEASE);
}

/* Takes the interrupt if it is pending. */
static inline bool storm_taken(uint32_t cpu)
{
	return __atomic_load_n(&storm_ipi[cpu], __ATOMIC_RELAXED) != 0u &&
	       __atomic_exchange_n(&storm_ipi[cpu], 0u, __ATOMIC_ACQ_REL) != 0u;
}

/*
 * A moment passes in which others may come between. Few of them give the CPU away: on a machine
 * with other work each of these costs a slice of its scheduler.
 */
static inline void storm_moment(void)
{
	for (volatile uint32_t i = storm_pick(50u); i != 0u; i--)
		;
	if (storm_pick(64u) == 0u)
		sched_yield();
}

static inline bool storm_done(void)
{
	return __atomic_load_n(&storm_finished, __ATOMIC_RELAXED) != 0u;
}

static inline void storm_finish(void)
{
	__atomic_store_n(&storm_finished, 1u, __ATOMIC_RELAXED);
}

/* One thread a CPU, until each has come back. */
static inline void storm_run(void *(*body)(void *))
{
	pthread_t thread[STORM_CPUS];

	for (uintptr_t i = 0u; i < STORM_CPUS; i++)
		CHECK(pthread_create(&thread[i], NULL, body, (void *)i) == 0);
	for (uint32_t i = 0u; i < STORM_CPUS; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
}

#endif
