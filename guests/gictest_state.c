/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts on one CPU: order, priorities, states, preemption, ends, groups. CPU 0. Section
 * numbers: IHI 0069.
 */
#include "guests/gictest.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_check.h"

#define MANY   24u
#define ROUNDS 20u

/* 4.8: by priority, whatever the order in which they became pending. */
static void test_order(void)
{
	uint32_t expected[12];

	taken_clear();
	for (uint32_t i = 0; i < 12u; i++) {
		uint32_t rank = i * 5u % 12u;

		expected[rank] = SPI(i);
		gic_set_priority(SPI(i), (uint8_t)(0x40u + 8u * rank));
		gic_enable(SPI(i));
		gic_set(GIC_ISPENDR, SPI(i));
	}
	let_in();
	check_taken(12, expected);
	for (uint32_t i = 0; i < 12u; i++) {
		check_part("RPR", taken[0].rpr[i], 0x40u + 8u * i);
		gic_disable(SPI(i));
		gic_set_priority(SPI(i), GIC_PRIORITY);
	}
	check_done("priority order");
}

/* More pending than any list: SGIs and SPIs of one priority, each exactly once. */
static void test_many(void)
{
	taken_clear();
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t seen = 0;

		taken_clear();
		for (uint32_t i = 0; i < MANY; i++) {
			uint32_t intid = i < 8u ? i : SPI(i - 8u);

			gic_enable(intid);
			if (i < 8u)
				gic_send(intid, 1);
			else
				gic_set(GIC_ISPENDR, intid);
		}
		let_in();
		check_part("count", taken[0].count, MANY);
		for (uint32_t i = 0; i < MANY; i++) {
			uint32_t intid = taken[0].intid[i];

			seen |= 1u << (intid < 8u ? intid : intid - SPI(0) + 8u);
		}
		check_part("each once", seen, (1u << MANY) - 1u);
	}
	for (uint32_t i = 8; i < MANY; i++)
		gic_disable(SPI(i - 8u));
	check_done("many pending");
}

static void test_priority_change(void)
{
	static const uint32_t expected[2] = {SPI(1), SPI(0)};

	prepare(SPI(0));
	prepare(SPI(1));
	gic_set_priority(SPI(0), 0x80);
	gic_set(GIC_ISPENDR, SPI(0));
	gic_set(GIC_ISPENDR, SPI(1));
	gic_set_priority(SPI(1), 0x60);
	check_part("read back", gic_get_priority(SPI(1)), 0x60);
	let_in();
	check_part("count", taken[0].count, 2);
	if (taken[0].intid[0] == SPI(0)) /* a priority may take effect with the next pending */
		check_part("second", taken[0].intid[1], SPI(1));
	else
		check_taken(2, expected);
	gic_set_mask(0x60);
	taken_clear();
	gic_set(GIC_ISPENDR, SPI(1));
	let_in();
	check_taken_none();
	gic_set_mask(0x68);
	let_in();
	check_taken_one(SPI(1));
	gic_set_mask(0xff);
	gic_disable(SPI(0));
	gic_disable(SPI(1));
	check_done("priority mask");
}

/* 4.1: inactive, pending, active, active and pending. */
static void test_life(void)
{
	prepare(SPI(2));
	gic_set_edge(SPI(2), true);
	gic_set(GIC_ISPENDR, SPI(2));
	check_part("active at first", gic_get(GIC_ISACTIVER, SPI(2)), false);
	check_part("IAR", gic_ack(), SPI(2));
	check_part("RPR", READ_ICC(ICC_RPR), GIC_PRIORITY);
	check_part("active", gic_get(GIC_ISACTIVER, SPI(2)), true);
	check_part("pending", gic_get(GIC_ISPENDR, SPI(2)), false);
	gic_set(GIC_ISPENDR, SPI(2));
	check_part("pending too", gic_get(GIC_ISPENDR, SPI(2)), true);
	check_part("active too", gic_get(GIC_ICACTIVER, SPI(2)), true);
	check_part("IAR while active", gic_ack(), GIC_SPURIOUS);
	gic_eoi(SPI(2));
	check_part("active after", gic_get(GIC_ISACTIVER, SPI(2)), false);
	check_part("IAR again", gic_ack(), SPI(2));
	gic_eoi(SPI(2));
	check_part("IAR at last", gic_ack(), GIC_SPURIOUS);
	check_done("active and pending");

	gic_set(GIC_ISACTIVER, SPI(2));
	check_part("active", gic_get(GIC_ISACTIVER, SPI(2)), true);
	gic_set(GIC_ISPENDR, SPI(2));
	let_in();
	check_taken_none();
	gic_set(GIC_ICACTIVER, SPI(2));
	check_part("active then", gic_get(GIC_ISACTIVER, SPI(2)), false);
	let_in();
	check_taken_one(SPI(2));
	check_done("set active");

	taken_clear();
	gic_set(GIC_ISPENDR, SPI(2));
	check_part("IAR", gic_ack(), SPI(2));
	gic_set(GIC_ICACTIVER, SPI(2));
	check_part("active", gic_get(GIC_ISACTIVER, SPI(2)), false);
	gic_eoi(SPI(2));
	gic_set(GIC_ISPENDR, SPI(2));
	let_in();
	check_taken_one(SPI(2));
	gic_set_edge(SPI(2), false);
	gic_disable(SPI(2));
	check_done("clear active");
}

/* 4.8.5: SPI 0 at `low` is interrupted by SPI 1 at `high`, if the binary point allows: 2. */
static void nest(uint32_t intid)
{
	if (intid != SPI(0))
		return;
	gic_set(GIC_ISPENDR, SPI(1));
	irq_enable();
	spin_us(20);
	irq_disable();
	taken[0].rpr[TAKEN_ROOM - 1u] = taken[0].count;
}

static uint32_t nested(uint8_t low, uint8_t high, uint64_t binary_point)
{
	prepare(SPI(0));
	prepare(SPI(1));
	gic_set_priority(SPI(0), low);
	gic_set_priority(SPI(1), high);
	WRITE_ICC(ICC_BPR1, binary_point);
	barrier_isb();
	gictest_hook = nest;
	gic_set(GIC_ISPENDR, SPI(0));
	let_in();
	gictest_hook = NULL;
	check_part("count", taken[0].count, 2);
	WRITE_ICC(ICC_BPR1, 0);
	gic_disable(SPI(0));
	gic_disable(SPI(1));
	return taken[0].rpr[TAKEN_ROOM - 1u];
}

static void test_preemption(void)
{
	check_part("higher", nested(0x80, 0x40, 0), 2);
	check_part("RPR", taken[0].rpr[1], 0x40);
	check_part("same", nested(0x80, 0x80, 0), 1);
	check_part("lower", nested(0x80, 0x90, 0), 1);
	/* 4.8.2: for Group 1 a binary point of n leaves the bits 7 to n to the group priority */
	check_part("subpriority", nested(0xc0, 0x80, 7), 1);
	check_part("group", nested(0xc0, 0x80, 6), 2);
	check_done("preemption");
}

/* 4.1.1: with EOImode 1 EOIR drops the priority and DIR deactivates. */
static void test_split(void)
{
	WRITE_ICC(ICC_CTLR, ICC_CTLR_EOIMODE);
	barrier_isb();
	prepare(SPI(3));
	prepare(SPI(4));
	gic_set(GIC_ISPENDR, SPI(3));
	check_part("IAR", gic_ack(), SPI(3));
	gic_eoi(SPI(3));
	check_part("RPR", READ_ICC(ICC_RPR) & 0xffu, 0xff);
	check_part("active", gic_get(GIC_ISACTIVER, SPI(3)), true);
	gic_set(GIC_ISPENDR, SPI(3));
	gic_set(GIC_ISPENDR, SPI(4));
	check_part("IAR of another", gic_ack(), SPI(4));
	gic_eoi(SPI(4));
	gic_deactivate(SPI(4));
	check_part("IAR while active", gic_ack(), GIC_SPURIOUS);
	gic_deactivate(SPI(3));
	check_part("active then", gic_get(GIC_ISACTIVER, SPI(3)), false);
	check_part("IAR again", gic_ack(), SPI(3));
	gic_eoi(SPI(3));
	gic_deactivate(SPI(3));
	check_part("IAR at last", gic_ack(), GIC_SPURIOUS);
	/* SGIs: 10 active at a time, more than there are list registers */
	for (uint32_t i = 0; i < 10u; i++) {
		gic_enable(i);
		gic_send(i, 1);
		check_part("IAR of SGI", gic_ack(), i);
		gic_eoi(i);
	}
	check_part("active SGIs", gic_word(GIC_ISACTIVER, 0) & 0xffffu, 0x3ff);
	for (uint32_t i = 0; i < 10u; i++)
		gic_deactivate(i);
	check_part("active SGIs then", gic_word(GIC_ISACTIVER, 0) & 0xffffu, 0);
	WRITE_ICC(ICC_CTLR, 0);
	barrier_isb();
	gic_disable(SPI(3));
	gic_disable(SPI(4));
	check_done("split EOI");
}

static void test_groups(void)
{
	prepare(SPI(5));
	WRITE_ICC(ICC_IGRPEN1, 0);
	barrier_isb();
	gic_set(GIC_ISPENDR, SPI(5));
	let_in();
	check_taken_none();
	WRITE_ICC(ICC_IGRPEN1, 1);
	barrier_isb();
	let_in();
	check_taken_one(SPI(5));
	taken_clear();
	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE);
	gic_set(GIC_ISPENDR, SPI(5));
	let_in();
	check_taken_none();
	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	let_in();
	check_taken_one(SPI(5));
	check_done("group enables");

	taken_clear();
	gic_set_group(SPI(5), 0);
	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1 | GICD_CTLR_GRP0);
	WRITE_ICC(ICC_IGRPEN0, 1);
	barrier_isb();
	gic_set(GIC_ISPENDR, SPI(5));
	check_part("IAR1", gic_ack(), GIC_SPURIOUS);
	let_in();
	check_taken_one(SPI(5));
	check_part("FIQs", taken[0].fiqs, 1);
	WRITE_ICC(ICC_IGRPEN0, 0);
	barrier_isb();
	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	gic_disable(SPI(5));
	gic_set_group(SPI(5), 1);
	check_done("group 0");
}

void test_states(void)
{
	test_order();
	test_many();
	test_priority_change();
	test_life();
	test_preemption();
	test_split();
	test_groups();
}
