/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts between CPUs: SGIs and routing. CPU 0 drives, the others take what comes.
 */
#include "guests/gictest.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_check.h"

#define LIMIT_US         2000000u
#define STORM            300u
#define QUIET_US         2000u
#define SGI_ALL_BUT_SELF (1ull << 40)

static uint32_t ready;

void guest_secondary_main(uint64_t context)
{
	(void)context;
	gic_init_cpu();
	for (uint32_t sgi = 0; sgi < 16u; sgi++)
		gic_enable(sgi);
	__atomic_fetch_add(&ready, 1u, __ATOMIC_RELEASE);
	irq_enable();
	for (;;)
		cpu_wait_irq();
}

static uint32_t *count_of(uint32_t cpu)
{
	return &taken[cpu].count;
}

static void clear(uint32_t cpus)
{
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		store_release(count_of(cpu), 0);
}

static void test_sgis(uint32_t cpus)
{
	clear(cpus);
	for (uint32_t i = 1; i <= STORM; i++)
		for (uint32_t cpu = 1; cpu < cpus; cpu++) {
			gic_send(4, 1u << cpu);
			check_part("taken", wait_for(count_of(cpu), i, LIMIT_US), true);
		}
	check_part("interrupt", taken[1].intid[0], 4);
	check_part("own", taken[0].count, 0);
	check_done("sgi to others");

	clear(cpus);
	WRITE_ICC(ICC_SGI1R, SGI_ALL_BUT_SELF | 6u << 24);
	barrier_isb();
	for (uint32_t cpu = 1; cpu < cpus; cpu++)
		check_part("taken", wait_for(count_of(cpu), 1, LIMIT_US), true);
	let_in();
	check_part("own", taken[0].count, 0);
	WRITE_ICC(ICC_SGI1R, 6u << 24 | 0x8000u); /* to a CPU that is not there */
	barrier_isb();
	spin_us(QUIET_US);
	for (uint32_t cpu = 1; cpu < cpus; cpu++)
		check_part("count", taken[cpu].count, 1);
	check_done("sgi to all others");
}

static void test_route(uint32_t cpus)
{
	clear(cpus);
	gic_route(SPI(6), 1);
	gic_enable(SPI(6));
	for (uint32_t i = 1; i <= 50u; i++) {
		gic_set(GIC_ISPENDR, SPI(6));
		check_part("taken", wait_for(count_of(1), i, LIMIT_US), true);
	}
	check_part("interrupt", taken[1].intid[0], SPI(6));
	let_in();
	check_part("own", taken[0].count, 0);
	check_done("routed");

	clear(cpus);
	gic_route(SPI(6), 0);
	gic_set(GIC_ISPENDR, SPI(6)); /* masked here: waits */
	check_part("HPPIR", READ_ICC(ICC_HPPIR1), SPI(6));
	gic_route(SPI(6), 1);
	check_part("taken", wait_for(count_of(1), 1, LIMIT_US), true);
	let_in();
	check_part("own", taken[0].count, 0);
	check_part("pending", gic_get(GIC_ISPENDR, SPI(6)), false);
	check_done("routed while pending");

	clear(cpus);
	gic_route(SPI(6), 0);
	gic_set(GIC_ISPENDR, SPI(6));
	check_part("IAR", gic_ack(), SPI(6));
	gic_route(SPI(6), 1); /* active here */
	gic_set(GIC_ISPENDR, SPI(6));
	spin_us(QUIET_US);
	check_part("while active", taken[1].count, 0);
	gic_eoi(SPI(6));
	check_part("taken", wait_for(count_of(1), 1, LIMIT_US), true);
	gic_disable(SPI(6));
	gic_route(SPI(6), 0);
	check_done("routed while active");
}

/* What another CPU holds is seen and changed from here. */
static void test_remote(uint32_t cpus)
{
	uint64_t other = GICR_BASE + GICR_STRIDE + GICR_SGI;

	clear(cpus);
	write32(other + GIC_ICENABLER, 1u << 7);
	gic_send(7, 2);
	spin_us(QUIET_US);
	check_part("disabled", taken[1].count, 0);
	check_part("pending", read32(other + GIC_ISPENDR) >> 7 & 1u, 1);
	write32(other + GIC_ICPENDR, 1u << 7);
	check_part("pending then", read32(other + GIC_ISPENDR) >> 7 & 1u, 0);
	write32(other + GIC_ISENABLER, 1u << 7);
	spin_us(QUIET_US);
	check_part("cleared", taken[1].count, 0);
	write32(other + GIC_ISPENDR, 1u << 7);
	check_part("taken", wait_for(count_of(1), 1, LIMIT_US), true);
	spin_us(QUIET_US);
	check_part("active", read32(other + GIC_ISACTIVER) & 0xffffu, 0);
	check_done("other redistributor");
}

void test_cpus(uint32_t cpus)
{
	if (cpus < 2u) {
		check_skip("other CPUs", "there is one");
		return;
	}
	for (uint32_t cpu = 1; cpu < cpus; cpu++)
		check_part("CPU_ON", (uint64_t)psci_cpu_start(cpu, 0), PSCI_SUCCESS);
	check_part("ready", wait_for(&ready, cpus - 1u, LIMIT_US), true);
	check_done("start");
	test_sgis(cpus);
	test_route(cpus);
	test_remote(cpus);
}
