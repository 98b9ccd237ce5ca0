/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an EL1 guest meets outside its own registers: PSCI with good and bad arguments, unknown
 * calls, addresses where nothing is, and device accesses that have no syndrome (DDI 0487
 * D13.2.37: pairs, write-back forms, SIMD&FP registers).
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_check.h"
#include "guests/lib/bare_fdt.h"
#include "guests/regtest.h"

#define CALL_UNKNOWN    0xc600f00du
#define CALL_UNKNOWN_32 0x8600f00du
#define NO_CPU          0x00ffff00u
#define FAR_AWAY        0x3c00000000u /* 240 GiB: in no board of ours, mapped as memory */
#define NO_DEVICE       0x0b000000u   /* between virtio and the platform bus */

#define ESR_FETCH  0x86000010u /* external abort, not on a table walk, 32-bit instruction */
#define ESR_DATA   0x96000010u
#define ESR_WNR    0x40u
#define ESR_FAULT  0xfe00003fu /* class, IL, DFSC */
#define EC_UNKNOWN 0u

static void test_calls(void)
{
	int64_t version = hvc_call(PSCI_VERSION, 0, 0, 0);

	check_part("version", version >= 0x10000 && version < 0x20000, 1);
	check_part("FEATURES CPU_ON", (uint64_t)hvc_call(PSCI_FEATURES, PSCI_CPU_ON, 0, 0), 0);
	check_part("FEATURES OFF", (uint64_t)hvc_call(PSCI_FEATURES, PSCI_SYSTEM_OFF, 0, 0), 0);
	check_part("FEATURES unknown", (uint64_t)hvc_call(PSCI_FEATURES, CALL_UNKNOWN_32, 0, 0),
	           (uint64_t)PSCI_NOT_SUPPORTED);
	check_part("AFFINITY_INFO", (uint64_t)hvc_call(PSCI_AFFINITY_INFO, 0, 0, 0),
	           PSCI_AFFINITY_ON);
	check_part("AFFINITY_INFO bad", (uint64_t)hvc_call(PSCI_AFFINITY_INFO, NO_CPU, 0, 0),
	           (uint64_t)PSCI_INVALID);
	check_part("CPU_ON bad", (uint64_t)hvc_call(PSCI_CPU_ON, NO_CPU, RAM_BASE, 0),
	           (uint64_t)PSCI_INVALID);
	check_part("CPU_ON self", (uint64_t)hvc_call(PSCI_CPU_ON, 0, RAM_BASE, 0),
	           (uint64_t)PSCI_ALREADY_ON);
	check_done("psci");
	check_part("64 bits", (uint64_t)hvc_call(CALL_UNKNOWN, 1, 2, 3),
	           (uint64_t)PSCI_NOT_SUPPORTED);
	check_part("32 bits", (uint64_t)hvc_call(CALL_UNKNOWN_32, 1, 2, 3),
	           (uint64_t)PSCI_NOT_SUPPORTED);
	check_done("unknown hvc");
}

/* A function of its own: a register variable does not outlive a call. */
static __attribute__((noinline)) uint64_t smc_call(uint64_t function)
{
	register uint64_t x0 __asm__("x0") = function;

	__asm__ volatile("smc #0"
	                 : "+r"(x0)
	                 :
	                 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
	                   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return x0;
}

/* A board without EL2 and EL3 has no SMC; one with them answers. */
static void test_smc(void)
{
	struct probe probe;
	uint64_t result;

	probe_begin();
	result = smc_call(CALL_UNKNOWN);
	probe = probe_end();
	if (probe.count == 0u)
		check("unknown smc", result, UINT64_MAX);
	else
		check("unknown smc", probe.esr >> 26, EC_UNKNOWN);
}

static void part_abort(const char *part, uint64_t address, uint64_t esr)
{
	struct probe probe = probe_end();

	check_part(part, probe.count, 1);
	check_part(part, probe.esr & (ESR_FAULT | (esr & ESR_WNR)), esr);
	check_part("FAR", probe.far, address);
}

static void aborts(uint64_t address, bool fetch)
{
	probe_begin();
	__asm__ volatile("ldr xzr, [%0]" : : "r"(address) : "memory");
	part_abort("read", address, ESR_DATA);
	probe_begin();
	__asm__ volatile("str wzr, [%0]" : : "r"(address) : "memory");
	part_abort("write", address, ESR_DATA | ESR_WNR);
	probe_begin();
	__asm__ volatile("strb wzr, [%0]" : : "r"(address + 1u) : "memory");
	part_abort("byte", address + 1u, ESR_DATA | ESR_WNR);
	probe_begin();
	__asm__ volatile("ldp x9, x10, [%0]" : : "r"(address) : "x9", "x10", "memory");
	part_abort("pair", address, ESR_DATA);
	probe_begin();
	__asm__ volatile("stp xzr, xzr, [%0], #0" : : "r"(address) : "memory");
	part_abort("pair with write-back", address, ESR_DATA | ESR_WNR);
	if (!fetch)
		return;
	probe_begin();
	((void (*)(void))address)();
	part_abort("fetch", address, ESR_FETCH);
}

static void test_aborts(uint64_t tree)
{
	struct bank banks[8];
	uint64_t end = 0;

	aborts(FAR_AWAY, true);
	check_done("abort far away");
	aborts(NO_DEVICE, false);
	check_done("abort at no device");
	if (fdt_bytes(tree) == 0u) {
		check_skip("abort behind the RAM", "no tree");
		return;
	}
	for (uint32_t i = fdt_banks(tree, banks, 8); i > 0u; i--)
		if (banks[i - 1u].base + banks[i - 1u].bytes > end)
			end = banks[i - 1u].base + banks[i - 1u].bytes;
	aborts(end, true);
	aborts(end + 0x3ffffff0u, true);
	check_done("abort behind the RAM");
}

/* IBRD and FBRD: two neighbours that keep 16 and 6 bits and do nothing here. */
static void test_general(void)
{
	uint64_t base = UART_BASE + UART_IBRD;
	uint64_t at;
	uint32_t a, b;

	__asm__ volatile("stp %w1, %w2, [%0]" : : "r"(base), "r"(0x1234), "r"(0x2a) : "memory");
	__asm__ volatile("ldp %w0, %w1, [%2]" : "=&r"(a), "=&r"(b) : "r"(base) : "memory");
	check_part("pair, first", a, 0x1234);
	check_part("pair, second", b, 0x2a);
	at = base;
	__asm__ volatile("str %w1, [%0], #4" : "+r"(at) : "r"(0x77) : "memory");
	check_part("post-index store", at, base + 4u);
	__asm__ volatile("str %w1, [%0, #-4]!" : "+r"(at) : "r"(0x78) : "memory");
	check_part("pre-index store", at, base);
	__asm__ volatile("ldr %w1, [%0], #4" : "+r"(at), "=&r"(a) : : "memory");
	check_part("post-index load", a, 0x78);
	__asm__ volatile("ldr %w1, [%0, #-4]!" : "+r"(at), "=&r"(a) : : "memory");
	check_part("pre-index load", a, 0x78);
	__asm__ volatile("ldp %w1, %w2, [%0], #8" : "+r"(at), "=&r"(a), "=&r"(b) : : "memory");
	check_part("pair, write-back", at, base + 8u);
	check_part("pair, second then", b, 0x2a);
	at = base;
	__asm__ volatile("ldrh %w1, [%0], #2" : "+r"(at), "=&r"(a) : : "memory");
	check_part("half", a, 0x78);
	__asm__ volatile("ldrsb %x1, [%0, #2]!" : "+r"(at), "=&r"(a) : : "memory");
	check_part("signed byte", a, 0x2a);
	__asm__ volatile("ldr %w0, [%1, %w2, uxtw #2]"
	                 : "=r"(a)
	                 : "r"((uint64_t)UART_BASE), "r"(9ull)
	                 : "memory");
	check_part("register offset", a, 0x78);
	__asm__ volatile("str wzr, [%0], #4\n\tstr wzr, [%0]" : "+r"(base) : : "memory");
	check_part("zero register", read32(UART_BASE + UART_IBRD), 0);
	check_done("device access");
}

static void test_vector(void)
{
	uint64_t base = UART_BASE + UART_IBRD;
	uint32_t a, b;

	__asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t"
	                 "fmov s9, %w1\n\tfmov s10, %w2\n\tstp s9, s10, [%0]"
	                 :
	                 : "r"(base), "r"(0x4321), "r"(0x15)
	                 : "memory");
	check_part("pair store", read32(base), 0x4321);
	check_part("pair store, second", read32(base + 4u), 0x15);
	__asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t"
	                 "movi d9, #0xffffffffffffffff\n\t"
	                 "ldr s9, [%2], #4\n\tldr s10, [%2], #-4\n\t"
	                 "fmov %w0, s9\n\tfmov %w1, s10"
	                 : "=&r"(a), "=&r"(b), "+r"(base)
	                 :
	                 : "memory");
	check_part("load", a, 0x4321);
	check_part("load, second", b, 0x15);
	check_part("write-back", base, UART_BASE + UART_IBRD);
	check_done("device access, vector");
}

void test_outside(uint64_t tree)
{
	test_calls();
	test_smc();
	test_aborts(tree);
	test_general();
	test_vector();
}
