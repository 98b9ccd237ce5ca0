/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest "bench_busy": never idle, and in the hypervisor as often as out of it: hypercalls, GIC
 * and UART accesses, SGIs to itself, between spins of irregular length. What a VM of higher
 * priority on the same CPU must not notice.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define SGI       5u
#define SPIN_MASK 127u

static struct trap_frame *busy_irq(struct trap_frame *frame)
{
	gic_eoi(gic_ack());
	return frame;
}

void guest_main(uint64_t tree)
{
	uint32_t random = 1;

	(void)tree;
	gic_init();
	irq_handler = busy_irq;
	gic_enable(SGI);
	irq_enable();
	for (;;) {
		random = random * 1664525u + 1013904223u; /* Numerical Recipes, section 7.1 */
		for (uint32_t i = random >> 16 & SPIN_MASK; i > 0; i--)
			__asm__ volatile(".rept 14\n\tnop\n\t.endr"); /* a YIELD is slow on QEMU */
		switch (random >> 29) {
		case 0:
			(void)hvc_call(PSCI_VERSION, 0, 0, 0);
			break;
		case 1:
			(void)read32(GICD_BASE + GIC_TYPER);
			break;
		case 2:
			gic_enable(SGI);
			break;
		case 3:
			(void)read32(UART_BASE + UART_FR);
			break;
		case 4:
			gic_send(SGI, 1);
			break;
		case 5:
			gic_set(GIC_ISPENDR, SGI);
			break;
		default:
			(void)hvc_call(PSCI_AFFINITY_INFO, 0, 0, 0);
			break;
		}
	}
}
