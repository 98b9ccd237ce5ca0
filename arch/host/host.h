/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake architecture for unit tests and fuzzers: implements kernel/port.h on the build
 * host. The test is the hardware: it sets the counter, chooses the executing CPU, and reads
 * what the kernel asked for.
 */
#ifndef BULKHEAD_ARCH_HOST_HOST_H
#define BULKHEAD_ARCH_HOST_HOST_H

#include "kernel/object.h"

#define HOST_TICKS_PER_SECOND 1000000u

struct host {
	struct cpu *cpu;        /* the executing CPU */
	uint64_t now;           /* its counter */
	uint64_t deadline;      /* last programmed */
	uint32_t ipis[CPU_MAX]; /* sent to each CPU */
	uint32_t irq_enables;
	uint32_t irq_disables;
	uint32_t deactivations;
	uint32_t discards;
	uint32_t injected_aborts;
	uint32_t injected_undefined;
	uint32_t advances;
	uint64_t read_value; /* of arch_vcpu_complete_read */
	uint32_t off_calls;
	/* called by arch_idle: makes something happen; must not return without an event */
	void (*idle)(struct cpu *cpu);
	bool idle_served; /* what arch_idle answers */
};

extern struct host host;

#endif
