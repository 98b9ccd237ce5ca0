/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI for the small guests, by HVC (DEN 0022D section 5). Any CPU.
 */
#include "guests/lib/bare.h"

extern const char guest_secondary[];

int64_t hvc_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("hvc #0"
	                 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
	                 :
	                 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
	                   "x15", "x16", "x17", "memory");
	/* The small calls return 32 bits. */
	return (function & 0x40000000u) != 0u ? (int64_t)x0 : (int64_t)(int32_t)x0;
}

static void __attribute__((noreturn)) call_for_good(uint64_t function)
{
	barrier_dsb();
	hvc_call(function, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

void psci_system_off(void)
{
	call_for_good(PSCI_SYSTEM_OFF);
}

void psci_system_reset(void)
{
	call_for_good(PSCI_SYSTEM_RESET);
}

void psci_cpu_off(void)
{
	call_for_good(PSCI_CPU_OFF);
}

/* For guests of one CPU. */
__attribute__((weak)) void guest_secondary_main(uint64_t context)
{
	(void)context;
	psci_cpu_off();
}

int64_t psci_cpu_start(uint32_t cpu, uint64_t context)
{
	barrier_dsb();
	return hvc_call(PSCI_CPU_ON, cpu, (uint64_t)guest_secondary, context);
}

uint32_t psci_cpu_count(void)
{
	uint32_t count = 1;

	while (count < GUEST_CPUS && hvc_call(PSCI_AFFINITY_INFO, count, 0, 0) >= 0)
		count++;
	return count;
}
