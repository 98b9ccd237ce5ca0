/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: checks a GICv3, virtual or not, from the inside: "gic: done N ok 0 failed". Here:
 * the handler, registers, pending and not. Priorities and states are in gictest_state.c,
 * timers and UART in gictest_device.c, other CPUs in gictest_smp.c.
 */
#include "guests/gictest.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_check.h"

struct taken taken[GUEST_CPUS];
void (*gictest_hook)(uint32_t intid);

static void note(uint32_t intid)
{
	struct taken *mine = &taken[cpu_index()];

	if (mine->count < TAKEN_ROOM) {
		mine->intid[mine->count] = intid;
		mine->rpr[mine->count] = (uint32_t)READ_ICC(ICC_RPR);
	}
	__atomic_store_n(&mine->count, mine->count + 1u, __ATOMIC_RELEASE);
}

static struct trap_frame *gictest_irq(struct trap_frame *frame)
{
	uint32_t intid = gic_ack();

	if (intid == GIC_SPURIOUS)
		return frame;
	note(intid);
	if (gictest_hook != NULL)
		gictest_hook(intid);
	gic_eoi(intid);
	return frame;
}

static struct trap_frame *gictest_fiq(struct trap_frame *frame)
{
	uint32_t intid = (uint32_t)READ_ICC(ICC_IAR0);

	barrier_dsb();
	if (intid == GIC_SPURIOUS)
		return frame;
	taken[cpu_index()].fiqs++;
	note(intid);
	WRITE_ICC(ICC_EOIR0, intid);
	barrier_isb();
	return frame;
}

void taken_clear(void)
{
	taken[cpu_index()] = (struct taken){0};
}

void let_in(void)
{
	uint32_t before;

	do {
		before = load_acquire(&taken[cpu_index()].count);
		irq_enable();
		spin_us(20);
		irq_disable();
	} while (load_acquire(&taken[cpu_index()].count) != before && before < TAKEN_ROOM);
}

void check_taken(uint32_t count, const uint32_t *intid)
{
	const struct taken *mine = &taken[cpu_index()];

	check_part("count", mine->count, count);
	for (uint32_t i = 0; i < count && i < TAKEN_ROOM; i++)
		check_part("interrupt", mine->intid[i], intid[i]);
}

void check_taken_one(uint32_t intid)
{
	check_taken(1, &intid);
}

void check_taken_none(void)
{
	check_taken(0, NULL);
}

void prepare(uint32_t intid)
{
	taken_clear();
	gic_set_priority(intid, GIC_PRIORITY);
	gic_enable(intid);
}

static void test_sgi(void)
{
	prepare(3);
	gic_send(3, 1);
	check_part("pending", gic_get(GIC_ISPENDR, 3), true);
	check_part("HPPIR", READ_ICC(ICC_HPPIR1), 3);
	let_in();
	check_taken_one(3);
	check_part("pending then", gic_get(GIC_ISPENDR, 3), false);
	check_part("spurious", gic_ack(), GIC_SPURIOUS);
	check_part("RPR", READ_ICC(ICC_RPR) & 0xffu, 0xff);
	check_done("sgi to self");
}

static void pend(const char *name, uint32_t intid)
{
	prepare(intid);
	gic_set(GIC_ISPENDR, intid);
	check_part("pending", gic_get(GIC_ICPENDR, intid), true);
	let_in();
	check_taken_one(intid);
	check_part("pending then", gic_get(GIC_ISPENDR, intid), false);
	gic_disable(intid);
	check_done(name);
}

static void test_disable(void)
{
	prepare(SPI(0));
	gic_disable(SPI(0));
	gic_set(GIC_ISPENDR, SPI(0));
	let_in();
	check_taken_none();
	check_part("HPPIR", READ_ICC(ICC_HPPIR1), GIC_SPURIOUS);
	gic_enable(SPI(0));
	let_in();
	check_taken_one(SPI(0));
	check_done("pending while disabled");

	taken_clear();
	gic_set(GIC_ISPENDR, SPI(0)); /* enabled, masked: goes where it can be acknowledged */
	check_part("HPPIR", READ_ICC(ICC_HPPIR1), SPI(0));
	gic_disable(SPI(0));
	check_part("HPPIR then", READ_ICC(ICC_HPPIR1), GIC_SPURIOUS);
	check_part("IAR", gic_ack(), GIC_SPURIOUS);
	check_part("pending", gic_get(GIC_ISPENDR, SPI(0)), true);
	check_done("disable while pending");

	gic_set(GIC_ICPENDR, SPI(0));
	check_part("pending", gic_get(GIC_ISPENDR, SPI(0)), false);
	gic_enable(SPI(0));
	gic_set(GIC_ISPENDR, SPI(0));
	check_part("HPPIR", READ_ICC(ICC_HPPIR1), SPI(0));
	gic_set(GIC_ICPENDR, SPI(0));
	check_part("HPPIR then", READ_ICC(ICC_HPPIR1), GIC_SPURIOUS);
	let_in();
	check_taken_none();
	gic_disable(SPI(0));
	check_done("clear pending");
}

static void test_registers(void)
{
	uint64_t priorities = GICD_BASE + GIC_IPRIORITYR + SPI(0);

	check_part("GICD_CTLR", read32(GICD_BASE + GIC_CTLR) & 0x7fffffffu,
	           GICD_CTLR_DS | GICD_CTLR_ARE | GICD_CTLR_GRP1);
	check_part("SPIs", (read32(GICD_BASE + GIC_TYPER) & 0x1fu) >= 3u, true);
	check_part("SRE", READ_ICC(ICC_SRE) & 1u, 1);
	check_part("PRIbits", (READ_ICC(ICC_CTLR) >> 8 & 7u) >= 4u, true);
	check_part("architecture", read32(GICD_BASE + 0xffe8u) >> 4 & 0xfu, 3);
	check_part("architecture of GICR", read32(GICR_BASE + 0xffe8u) >> 4 & 0xfu, 3);
	check_part("GICR_TYPER", read64(GICR_BASE + GICR_TYPER) >> 32, 0);
	write32(priorities, 0x40302010);
	check_part("priority byte 1", gic_get_priority(SPI(1)), 0x20);
	gic_set_priority(SPI(2), 0x58);
	check_part("priorities", read32(priorities), 0x40582010);
	write32(priorities, GIC_PRIORITY * 0x01010101u);
	check_part("SGIs are edges", read32(gic_base(0) + GIC_ICFGR), 0xaaaaaaaa);
	gic_set_edge(SPI(0), true);
	check_part("ICFGR", read32(GICD_BASE + GIC_ICFGR + SPI(0) / 16u * 4u), 2);
	gic_set_edge(SPI(0), false);
	gic_route(SPI(0), 1);
	check_part("IROUTER", read64(GICD_BASE + GIC_IROUTER + 8u * SPI(0)), 1);
	gic_route(SPI(0), 0);
	check_part("banked in ARE", read32(GICD_BASE + GIC_ISENABLER), 0);
	check_done("registers");
}

void guest_main(uint64_t tree)
{
	uint32_t cpus = psci_cpu_count();

	(void)tree;
	check_begin("gic");
	irq_handler = gictest_irq;
	fiq_handler = gictest_fiq;
	gic_init();
	test_registers();
	test_sgi();
	pend("spi by register", SPI(0));
	pend("ppi by register", 20);
	pend("sgi by register", 5);
	test_disable();
	test_states();
	test_devices();
	test_cpus(cpus);
	check_end();
}
