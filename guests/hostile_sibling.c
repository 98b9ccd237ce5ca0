/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest of two CPUs: CPU 0 storms CPU 1, which shares a physical CPU with others: SGIs,
 * its redistributor's registers, SPIs sent to and fro, its power state, and a timer of its own. CPU 1
 * takes what comes, and after SECONDS the guest says
 *
 *	sibling: 123456 rounds, 4567 taken, done
 */
#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define SECONDS 3u
#define SPIS    8u

#define TIMER_TICKS 128u /* 2 us */

static uint32_t taken;
static uint32_t started;

static struct trap_frame *take(struct trap_frame *frame)
{
	uint32_t intid = gic_ack();

	if (intid == INTID_VTIMER)
		WRITE_REG(cntv_ctl_el0, 0);
	barrier_isb();
	__atomic_fetch_add(&taken, 1u, __ATOMIC_RELAXED);
	gic_eoi(intid);
	return frame;
}

void guest_secondary_main(uint64_t context)
{
	(void)context;
	gic_init_cpu();
	for (uint32_t i = 0; i < 16u; i++)
		gic_enable(i);
	store_release(&started, 1);
	for (;;) {
		irq_enable();
		cpu_wait_irq();
	}
}

static void storm(uint32_t round)
{
	uint64_t other = GICR_BASE + GICR_STRIDE + GICR_SGI;

	for (uint32_t i = 0; i < 16u; i++)
		WRITE_ICC(ICC_SGI1R, (uint64_t)(i & 15u) << 24 | 2u);
	write32(other + GIC_ISPENDR, 0xffffu);
	write32(other + GIC_IPRIORITYR, round);
	write32(other + GIC_ICACTIVER, 0xffff0000u);
	for (uint32_t i = 0; i < SPIS; i++) {
		gic_route(INTID_SPARE + i, (round + i) & 1u);
		gic_set(GIC_ISPENDR, INTID_SPARE + i);
	}
	WRITE_REG(cntv_cval_el0, counter_now() + TIMER_TICKS);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	(void)hvc_call(PSCI_CPU_ON, 1, RAM_BASE, 0);
	(void)hvc_call(PSCI_AFFINITY_INFO, 1, 0, 0);
	__asm__ volatile("yield"); /* where QEMU runs CPUs in turns, the other is next */
}

void guest_main(uint64_t tree)
{
	uint64_t end;
	uint32_t rounds = 0;

	(void)tree;
	irq_handler = take;
	gic_init();
	gic_enable(INTID_VTIMER);
	for (uint32_t i = 0; i < SPIS; i++)
		gic_enable(INTID_SPARE + i);
	if (psci_cpu_start(1, 0) != PSCI_SUCCESS || !wait_for(&started, 1, 20000000u)) {
		print("sibling: FAILED to start\n");
		psci_system_off();
	}
	end = counter_now() + SECONDS * counter_hz();
	while (counter_now() < end) {
		storm(rounds++);
		irq_enable();
		barrier_isb();
		irq_disable();
	}
	print("sibling: %u rounds, %u taken, done\n", rounds, load_acquire(&taken));
	psci_system_off();
}
