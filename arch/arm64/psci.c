/* SPDX-License-Identifier: Apache-2.0 */
/* The board's firmware: PSCI (DEN 0022) by SMC, the only conduit there is at EL2. */
#include "arch/arm64/arch.h"

#define PSCI_CPU_ON       0xc4000003u
#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

static int64_t psci_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	/*
	 * SMCCC 1.0 (DEN 0028 2.7): x4 to x17 may be lost. Of these x9 to x15 are nobody's: the
	 * kernel does not use them, and a process that switches the machine off has given them up.
	 */
	__asm__ volatile("smc #0"
	                 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
	                 :
	                 : "x4", "x5", "x6", "x7", "x8", "x16", "x17", "memory");
	return (int64_t)x0;
}

int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry_pa, uint64_t argument)
{
	/* the objects that CPU 0 wrote are seen by the CPU that starts: it maps them cacheable */
	dsb_sy();
	return psci_call(PSCI_CPU_ON, mpidr, entry_pa, argument);
}

void arch_system_off(void)
{
	(void)psci_call(PSCI_SYSTEM_OFF, 0u, 0u, 0u);
}

void arch_system_reset(void)
{
	(void)psci_call(PSCI_SYSTEM_RESET, 0u, 0u, 0u);
}
