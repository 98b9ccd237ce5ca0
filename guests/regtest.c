/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: the registers that EL1 has: they keep what is written over exits, and what does not
 * exist is UNDEFINED. "reg: done N ok 0 failed". What lies outside (calls, memory beyond the
 * RAM, device accesses of all forms) is in regtest_outside.c, UNDEF in regtest_undef.c.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_check.h"
#include "guests/regtest.h"

/* clang-format off */
/* A register, and the bits of it that every core lets EL1 write. */
#define KEEPS(X)                                  \
	X(tpidr_el0, UINT64_MAX)                  \
	X(tpidr_el1, UINT64_MAX)                  \
	X(tpidrro_el0, UINT64_MAX)                \
	X(contextidr_el1, 0xffffffff)             \
	X(sp_el0, UINT64_MAX)                     \
	X(elr_el1, UINT64_MAX)                    \
	X(far_el1, UINT64_MAX)                    \
	X(esr_el1, 0xffffffff)                    \
	X(ttbr1_el1, 0x0000fffffffff000)          \
	X(cntkctl_el1, 0x3ff)                     \
	X(cntv_cval_el0, UINT64_MAX)              \
	X(cntp_cval_el0, UINT64_MAX)              \
	X(csselr_el1, 0x1)                        \
	X(mdscr_el1, 0x1000)
/* clang-format on */

#define SCTLR_FREE 0x04058010ull /* UCI, nTWE, nTWI, UCT, SA0 */

static void exits(void)
{
	for (uint32_t i = 0; i < 20u; i++) {
		hvc_call(PSCI_VERSION, 0, 0, 0);
		(void)read32(UART_BASE + UART_FR);
	}
	spin_us(3000);
}

#define WRITE_PATTERN(name, mask) WRITE_REG(name, (pattern) & (mask));
#define CHECK_PATTERN(name, mask) check_part(#name, READ_REG(name) & (mask), (pattern) & (mask));

/* All are written before any is read: a value that ends up in another register shows. */
static void test_keeps(uint64_t pattern)
{
	uint64_t sctlr = READ_REG(sctlr_el1);
	uint64_t mair = READ_REG(mair_el1);
	uint64_t free_mair = 0x4400004400000000; /* attributes 4 and 7: nobody uses them */

	WRITE_REG(sctlr_el1, (sctlr & ~SCTLR_FREE) | (pattern & SCTLR_FREE));
	WRITE_REG(mair_el1, (mair & 0xffffffff) | (pattern & free_mair));
	KEEPS(WRITE_PATTERN)
	barrier_isb();
	exits();
	KEEPS(CHECK_PATTERN)
	check_part("sctlr_el1", READ_REG(sctlr_el1),
	           (sctlr & ~SCTLR_FREE) | (pattern & SCTLR_FREE));
	check_part("mair_el1", READ_REG(mair_el1), (mair & 0xffffffff) | (pattern & free_mair));
	WRITE_REG(sctlr_el1, sctlr);
	WRITE_REG(mair_el1, mair);
	WRITE_REG(mdscr_el1, 0);
	barrier_isb();
}

/* Registers that may be constant on a core: access must do nothing worse. */
static void test_constant(void)
{
	probe_begin();
	WRITE_REG(afsr0_el1, READ_REG(afsr0_el1));
	WRITE_REG(afsr1_el1, READ_REG(afsr1_el1));
	WRITE_REG(amair_el1, READ_REG(amair_el1));
	WRITE_REG(actlr_el1, READ_REG(actlr_el1));
	(void)READ_REG(midr_el1);
	(void)READ_REG(revidr_el1);
	(void)READ_REG(clidr_el1);
	(void)READ_REG(ccsidr_el1);
	(void)READ_REG(aidr_el1);
	(void)READ_REG(isr_el1);
	(void)READ_REG(ctr_el0);
	(void)READ_REG(dczid_el0);
	check_part("exceptions", probe_end().count, 0);
	check_part("MPIDR", READ_REG(mpidr_el1) >> 31 & 1u, 1);
	check_part("CurrentEL", READ_REG(CurrentEL), 4);
	check_part("MIDR", READ_REG(midr_el1) != 0u, 1);
	check_done("constant");
}

/* The debug registers that Linux and QEMU know (DDI 0487 D13.3): there, or read-as-zero. */
static void test_debug(void)
{
	probe_begin();
	(void)READ_REG(oslsr_el1);
	WRITE_REG(oslar_el1, 0);
	WRITE_REG(osdlr_el1, 0);
	(void)READ_REG(osdlr_el1);
	(void)READ_REG(mdccsr_el0);
	(void)READ_REG(mdccint_el1);
	(void)READ_REG(mdrar_el1);
	WRITE_REG(dbgbcr0_el1, 0);
	WRITE_REG(dbgbvr0_el1, 0);
	WRITE_REG(dbgwcr0_el1, 0);
	WRITE_REG(dbgwvr0_el1, 0);
	(void)READ_REG(dbgbcr0_el1);
	(void)READ_REG(dbgwcr0_el1);
	check("debug", probe_end().count, 0);
}

static void test_translation(void)
{
	uint64_t address = (uint64_t)guest_main;
	uint64_t par;

	__asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(address) : "memory");
	par = READ_REG(par_el1);
	check_part("PAR.F", par & 1u, 0);
	check_part("PAR.PA", par & 0x0000fffffffff000, address & 0x0000fffffffff000);
	__asm__ volatile("at s1e0r, %0\n\tisb" : : "r"(address) : "memory");
	check_part("PAR.F of EL0", READ_REG(par_el1) & 1u, 1);
	check_done("translation");
}

static void test_caches(void)
{
	static uint64_t line[32] __attribute__((aligned(256)));

	for (uint32_t i = 0; i < 32u; i++)
		line[i] = 0x1122334455667788u + i;
	probe_begin();
	__asm__ volatile("dc cvac, %0\n\tdc civac, %0\n\tdc cvau, %0\n\tic ivau, %0\n\tdsb ish\n\t"
	                 "ic iallu\n\tic ialluis\n\tdsb ish\n\tisb"
	                 :
	                 : "r"(line)
	                 : "memory");
	__asm__ volatile("dc cisw, xzr\n\tdc csw, xzr\n\tdsb sy" : : : "memory");
	check_part("exceptions", probe_end().count, 0);
	for (uint32_t i = 0; i < 32u; i++)
		check_part("contents", line[i], 0x1122334455667788u + i);
	if ((READ_REG(dczid_el0) & 0x10u) == 0u) {
		__asm__ volatile("dc zva, %0" : : "r"(line) : "memory");
		check_part("zero", line[0], 0);
	}
	check_done("caches");
}

static void test_timers(void)
{
	uint64_t virtual_now = READ_REG(cntvct_el0);
	uint64_t physical_now = READ_REG(cntpct_el0);

	check_part("counters", physical_now >= virtual_now, 1);
	check_part("frequency", counter_hz() != 0u, 1);
	WRITE_REG(cntp_tval_el0, 0x7fffffff);
	check_part("CNTP_TVAL", READ_REG(cntp_tval_el0) - 0x70000000u < 0x10000000u, 1);
	check_part("CNTP_CVAL", READ_REG(cntp_cval_el0) - physical_now < 0x90000000u, 1);
	WRITE_REG(cntv_tval_el0, 0xffffffff); /* -1: has expired */
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE | TIMER_IMASK);
	barrier_isb();
	check_part("CNTV_CTL", READ_REG(cntv_ctl_el0), 7);
	WRITE_REG(cntv_ctl_el0, 0);
	WRITE_REG(cntp_tval_el0, 0xffffffff);
	WRITE_REG(cntp_ctl_el0, TIMER_ENABLE | TIMER_IMASK);
	barrier_isb();
	check_part("CNTP_CTL", READ_REG(cntp_ctl_el0), 7);
	WRITE_REG(cntp_ctl_el0, 0);
	check_done("timers");
}

/* FP at EL1 traps when CPACR_EL1 says so, and the registers are there when not. */
static void test_fp_trap(void)
{
	struct probe probe;

	WRITE_REG(cpacr_el1, 0);
	barrier_isb();
	exits();
	probe_begin();
	__asm__ volatile(".arch_extension fp\n\tfmov d0, xzr");
	probe = probe_end();
	check_part("count", probe.count, 1);
	check_part("class", probe.esr >> 26, 0x07);
	check_part("CPACR", READ_REG(cpacr_el1) >> 20 & 3u, 0);
	WRITE_REG(cpacr_el1, 3u << 20);
	barrier_isb();
	probe_begin();
	__asm__ volatile(".arch_extension fp\n\tfmov d0, xzr");
	check_part("count then", probe_end().count, 0);
	check_done("fp trap");
}

static void test_exceptions(void)
{
	struct probe probe;

	probe_begin();
	__asm__ volatile("brk #7");
	probe = probe_end();
	check_part("BRK", probe.esr, 0xf2000007);
	probe_begin();
	__asm__ volatile("svc #9");
	probe = probe_end();
	check_part("SVC", probe.esr, 0x56000009);
	probe_begin();
	__asm__ volatile("ldr xzr, [%0]" : : "r"(1ull << 45) : "memory");
	probe = probe_end();
	check_part("translation fault", probe.esr & 0xfc00003fu, 0x94000004);
	check_part("FAR", probe.far, 1ull << 45);
	probe_begin();
	__asm__ volatile("wfe\n\tsev\n\twfe\n\tyield\n\tisb");
	check_part("hints", probe_end().count, 0);
	check_done("exceptions");
}

void guest_main(uint64_t tree)
{
	check_begin("reg");
	test_keeps(0x5a5a5a5a5a5a5a5a);
	check_done("keeps one pattern");
	test_keeps(0xa5a5a5a5a5a5a5a5);
	check_done("keeps the other");
	test_constant();
	test_debug();
	test_translation();
	test_caches();
	test_timers();
	test_fp_trap();
	test_exceptions();
	test_undefined();
	test_outside(tree);
	check_end();
}
