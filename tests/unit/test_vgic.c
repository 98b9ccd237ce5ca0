/* SPDX-License-Identifier: Apache-2.0 */
/* sources: kernel/vgic.c kernel/vgic_lr.c kernel/vgic_regs.c kernel/vgic_backed.c */
/*
 * The virtual GIC, case by case, on fake list registers. One file above 600 lines, as its cases
 * share one fake and read in the order of IHI 0069. REQ-VGIC-001 to REQ-VGIC-007.
 */
#include "test_vgic_fake.h"

static void test_identification(void **state)
{
	(void)state;
	fake_start(3u, 96u);
	assert_int_equal(gicd_read(0u, GICD_CTLR), 0x50);
	gicd_write(0u, GICD_CTLR, 0xffffffffu);
	assert_int_equal(gicd_read(0u, GICD_CTLR), 0x53);
	assert_int_equal(gicd_read(0u, 0x4u) & 0x1fu, 3);
	assert_int_equal(gicd_read(0u, 0x8u), 0x43b);
	assert_int_equal(gicd_read(0u, 0xffe8u), 0x3b);
	assert_int_equal(gicd_read(0u, 0xffe0u), 0x92);
	assert_int_equal(gicr_read(0u, 0xffe0u), 0x93);
	assert_int_equal(gicr_read(0u, 0x2ffe8u), 0x3b);
	assert_int_equal(gicd_read(0u, 0xfffcu), 0xb1);
	assert_int_equal(guest_access(0u, false, 0x20008u, 8u, false, 0u), 0x100000100);
	assert_int_equal(guest_access(0u, false, 0x40008u, 8u, false, 0u), 0x200000210);
	assert_int_equal(gicr_read(0u, 0x4000cu), 2);
	assert_int_equal(gicr_read(0u, 0x40008u), 0x210);
	assert_int_equal(gicr_read(0u, 0x14u), 6);
	gicr_write(0u, 0x14u, 0u);
	assert_int_equal(gicr_read(0u, 0x14u), 0);
	gicr_write(0u, 0x14u, 2u);
	assert_int_equal(gicr_read(0u, 0x14u), 6);
	assert_int_equal(gicr_read(0u, 0x60008u), 0); /* no such redistributor */
	assert_int_equal(gicr_read(0u, UINT64_MAX - 3u), 0);
}

static void test_register_storage(void **state)
{
	uint32_t w;

	(void)state;
	fake_start(2u, 64u);
	for (w = 1u; w < 4u; w++) {
		uint32_t want = w < 3u ? 0xa5a5a5a5u : 0u; /* beyond the SPIs: RES0 */

		gicd_write(0u, IGROUPR + 4u * w, 0xa5a5a5a5u);
		gicd_write(0u, ISENABLER + 4u * w, 0xffffffffu);
		gicd_write(0u, ICENABLER + 4u * w, 0x5a5a5a5au);
		gicd_write(0u, ISPENDR + 4u * w, 0xffffffffu);
		gicd_write(0u, ICPENDR + 4u * w, 0x5a5a5a5au);
		gicd_write(0u, ISACTIVER + 4u * w, 0xffffffffu);
		gicd_write(0u, ICACTIVER + 4u * w, 0x5a5a5a5au);
		assert_int_equal(gicd_read(0u, IGROUPR + 4u * w), want);
		assert_int_equal(gicd_read(0u, ISENABLER + 4u * w), want);
		assert_int_equal(gicd_read(0u, ICENABLER + 4u * w), want);
		assert_int_equal(gicd_read(0u, ISPENDR + 4u * w), want);
		assert_int_equal(gicd_read(0u, ICPENDR + 4u * w), want);
		assert_int_equal(gicd_read(0u, ISACTIVER + 4u * w), want);
		assert_int_equal(gicd_read(0u, ICACTIVER + 4u * w), want);
	}
	/* Affinity routing: word 0 is not in the distributor */
	gicd_write(0u, ISENABLER, 0xffffffffu);
	assert_int_equal(gicd_read(0u, ISENABLER), 0);
	gicr_write(0u, SGI_BASE(1u) + ISENABLER, 0x12345678u);
	assert_int_equal(gicr_read(0u, SGI_BASE(1u) + ISENABLER), 0x12345678u);
	assert_int_equal(gicr_read(0u, SGI_BASE(0u) + ISENABLER), 0);
	assert_int_equal(gicr_read(0u, SGI_BASE(0u) + ISENABLER + 4u), 0);
	check_invariants();
}

static void test_register_shapes(void **state)
{
	(void)state;
	fake_start(2u, 64u);
	gicd_write(0u, IPRIORITYR + 40u, 0x40302010u);
	assert_int_equal(guest_access(0u, true, IPRIORITYR + 41u, 1u, false, 0u), 0x20);
	guest_priority(0u, 42u, 0xa0u);
	assert_int_equal(gicd_read(0u, IPRIORITYR + 40u), 0x40a02010u);
	assert_int_equal(gicd_read(0u, IPRIORITYR), 0); /* SGIs are in the redistributor */
	gicr_write(0u, SGI_BASE(1u) + IPRIORITYR + 28u, 0x80808080u);
	assert_int_equal(gicr_read(1u, SGI_BASE(1u) + IPRIORITYR + 28u), 0x80808080u);
	/* ICFGR: SGIs fixed to edge, PPI 27 to level */
	assert_int_equal(gicr_read(0u, SGI_BASE(0u) + ICFGR), 0xaaaaaaaau);
	gicr_write(0u, SGI_BASE(0u) + ICFGR, 0u);
	assert_int_equal(gicr_read(0u, SGI_BASE(0u) + ICFGR), 0xaaaaaaaau);
	gicr_write(0u, SGI_BASE(0u) + ICFGR + 4u, 0xffffffffu);
	assert_int_equal(gicr_read(0u, SGI_BASE(0u) + ICFGR + 4u), 0xaa2aaaaau);
	gicd_write(0u, ICFGR + 8u, 0xffff0000u);
	assert_int_equal(gicd_read(0u, ICFGR + 8u), 0xaaaa0000u);
	assert_int_equal(gicd_read(0u, ICFGR + 12u), 0);
	/* IROUTER whole and in halves; the routing mode is RES0 */
	(void)guest_access(0u, true, IROUTER + 8u * 40u, 8u, true, 0xff80ff03ff800001ull);
	assert_int_equal(guest_access(0u, true, IROUTER + 8u * 40u, 8u, false, 0u), 0x0300800001);
	gicd_write(0u, IROUTER + 8u * 40u, 0x80000001u);
	gicd_write(0u, IROUTER + 8u * 40u + 4u, 0u);
	assert_int_equal(gicd_read(0u, IROUTER + 8u * 40u), 1);
	assert_int_equal(gicd_read(0u, IROUTER + 8u * 40u + 4u), 0);
	gicd_write(0u, IROUTER + 8u * 31u, 1u);
	assert_int_equal(gicd_read(0u, IROUTER + 8u * 31u), 0);
	gicd_write(0u, IROUTER + 8u * 96u, 1u);
	assert_int_equal(gicd_read(0u, IROUTER + 8u * 96u), 0);
	/* sizes and alignments that IHI 0069 section 12.1.3 does not allow */
	gicd_write(0u, ISENABLER + 4u, 0xffffffffu);
	assert_int_equal(guest_access(0u, true, ISENABLER + 4u, 1u, false, 0u), 0);
	assert_int_equal(guest_access(0u, true, ISENABLER + 4u, 2u, false, 0u), 0);
	assert_int_equal(guest_access(0u, true, ISENABLER + 8u, 8u, false, 0u), 0);
	assert_int_equal(guest_access(0u, true, ISENABLER + 5u, 4u, false, 0u), 0);
	assert_int_equal(guest_access(0u, true, ISENABLER + 4u, 0u, false, 0u), 0);
	assert_int_equal(guest_access(0u, true, IPRIORITYR + 40u, 8u, false, 0u), 0);
	assert_int_equal(guest_access(0u, true, 0x10000u, 4u, false, 0u), 0);
}

static void test_edge(void **state)
{
	(void)state;
	fake_start(1u, 32u);
	guest_edge(0u, 40u, true);
	guest_use(0u, 40u, 0x80u);
	assert_true(vgic_line(&vgic, 0u, 40u, true));
	fake_settle();
	assert_true(guest_is(0u, ISPENDR, 40u));
	assert_int_equal(guest_ack(0u), 40);
	assert_false(guest_is(0u, ISPENDR, 40u));
	assert_true(guest_is(0u, ISACTIVER, 40u));
	/* high still: no new edge; a new edge while active: pending and active */
	(void)vgic_line(&vgic, 0u, 40u, true);
	fake_settle();
	assert_false(guest_is(0u, ISPENDR, 40u));
	(void)vgic_line(&vgic, 0u, 40u, false);
	(void)vgic_line(&vgic, 0u, 40u, true);
	fake_settle();
	assert_true(guest_is(0u, ISPENDR, 40u));
	assert_true(guest_is(0u, ISACTIVER, 40u));
	guest_eoi(0u, 40u);
	assert_int_equal(guest_ack(0u), 40);
	guest_eoi(0u, 40u);
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_false(guest_is(0u, ISACTIVER, 40u));
	check_invariants();
}

static void test_level(void **state)
{
	(void)state;
	fake_start(1u, 32u);
	guest_use(0u, 33u, 0x80u);
	(void)vgic_line(&vgic, 0u, 33u, true);
	fake_settle();
	assert_int_equal(guest_ack(0u), 33);
	assert_true(guest_is(0u, ISPENDR, 33u)); /* high, and active */
	guest_eoi(0u, 33u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 33); /* still high */
	(void)vgic_line(&vgic, 0u, 33u, false);
	guest_eoi(0u, 33u);
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	/* the line falls before it is taken: gone */
	(void)vgic_line(&vgic, 0u, 33u, true);
	fake_settle();
	(void)vgic_line(&vgic, 0u, 33u, false);
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	/* set pending by software: the line may be low; once taken it is over */
	guest_bit(0u, ISPENDR, 33u);
	fake_settle();
	guest_bit(0u, ISPENDR, 33u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 33);
	guest_eoi(0u, 33u);
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	/* ICPENDR does not clear a line */
	(void)vgic_line(&vgic, 0u, 33u, true);
	fake_settle();
	guest_bit(0u, ICPENDR, 33u);
	fake_settle();
	assert_true(guest_is(0u, ISPENDR, 33u));
	/* nor does it survive software's pending state once cleared */
	(void)vgic_line(&vgic, 0u, 33u, false);
	guest_bit(0u, ISPENDR, 33u);
	fake_settle();
	guest_bit(0u, ICPENDR, 33u);
	fake_settle();
	assert_false(guest_is(0u, ISPENDR, 33u));
	assert_int_equal(guest_ack(0u), SPURIOUS);
	check_invariants();
}

/*
 * The timer's interrupt made pending by register sits in one list register; when the timer
 * fires it must not get a second one, or its physical state outlives the vCPU.
 */
static void test_timer_in_one_list_register(void **state)
{
	uint32_t found = 0u;

	(void)state;
	fake_start(1u, 32u);
	guest_use(0, 1, 0x80);
	guest_use(0, 27, 0x90);
	fake_sgi(0, 1u | 1ull << 24, 1u);
	fake_settle();
	fake[0].timer_line = true;
	fake_settle();
	assert_int_equal(guest_ack(0), 1);
	guest_eoi(0, 1);
	assert_int_equal(guest_ack(0), 27);
	fake[0].timer_line = false;
	guest_eoi(0, 27);
	fake_settle();
	guest_bit(0, ISPENDR, 27);
	fake_settle();
	fake[0].timer_line = true;
	fake_settle();
	for (uint32_t n = 0u; n < 4u; n++)
		found += (fake[0].lr[n] >> 62) != 0u && (uint32_t)fake[0].lr[n] == 27u ? 1u : 0u;
	assert_int_equal(found, 1);
}

static void test_config_while_in_flight(void **state)
{
	(void)state;
	fake_start(1u, 32u);
	guest_edge(0u, 40u, true);
	guest_use(0u, 40u, 0x80u);
	(void)vgic_line(&vgic, 0u, 40u, true);
	fake_settle();
	assert_int_equal(guest_ack(0u), 40);
	guest_edge(0u, 40u, false); /* level now, and high: not lost when it ends */
	fake_settle();
	guest_eoi(0u, 40u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 40);
}

static void test_overflow_in_order(void **state)
{
	uint32_t i;

	(void)state;
	fake_start(1u, 64u);
	for (i = 0u; i < 12u; i++) {
		guest_use(0u, 40u + i, 0xf0u - 8u * i);
		(void)vgic_line(&vgic, 0u, 40u + i, true);
		fake_settle();
	}
	assert_true((fake[0].hcr & HCR_NPIE) != 0u);
	for (i = 0u; i < 12u; i++) { /* the best ones first, though they came last */
		uint32_t intid = guest_ack(0u);

		assert_int_equal(intid, 51 - i);
		(void)vgic_line(&vgic, 0u, intid, false);
		guest_eoi(0u, intid);
		fake_settle();
		check_invariants();
	}
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_true((fake[0].hcr & HCR_NPIE) == 0u);
}

/* Nested deeper than there are list registers, with either EOI mode. */
static void nest(bool separate)
{
	uint32_t i;

	fake_start(1u, 64u);
	fake[0].vmcr |= separate ? VMCR_EOIMODE : 0u;
	fake[0].hcr += 2u * HCR_EOI_ONE; /* of a guest that ended what it had not begun */
	for (i = 0u; i < 10u; i++) {
		guest_edge(0u, 40u + i, i % 2u == 0u);
		guest_use(0u, 40u + i, 0xf0u - 8u * i);
		(void)vgic_line(&vgic, 0u, 40u + i, true);
		fake_settle();
		assert_int_equal(guest_ack(0u), 40u + i);
		fake_settle();
		check_invariants();
	}
	assert_int_equal(fake_spilled(0u), 6);
	for (i = 10u; i-- > 0u;) {
		assert_true(guest_is(0u, ISACTIVER, 40u + i));
		(void)vgic_line(&vgic, 0u, 40u + i, false);
		guest_eoi(0u, 40u + i);
		if (separate) {
			fake_settle();
			assert_true(guest_is(0u, ISACTIVER, 40u + i));
			guest_dir(0u, 40u + i);
		}
		fake_settle();
		assert_false(guest_is(0u, ISACTIVER, 40u + i));
		check_invariants();
	}
	assert_int_equal(gicd_read(0u, ISACTIVER + 4u), 0);
	assert_int_equal(fake_spilled(0u), 0);
	assert_true((fake[0].hcr & (HCR_LRENPIE | HCR_TDIR)) == 0u);
	guest_dir(0u, 1023u);
}

static void test_nesting_eoimode0(void **state)
{
	(void)state;
	nest(false);
}

static void test_nesting_eoimode1(void **state)
{
	(void)state;
	nest(true);
}

static void test_disable_while_pending(void **state)
{
	(void)state;
	fake_start(2u, 32u);
	guest_edge(0u, 40u, true);
	guest_use(0u, 40u, 0x80u);
	(void)vgic_line(&vgic, 0u, 40u, true);
	fake_settle();
	guest_bit(1u, ICENABLER, 40u); /* from the other vCPU: done when the write is */
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_true(guest_is(1u, ISPENDR, 40u));
	guest_bit(0u, ISENABLER, 40u);
	fake_settle();
	gicd_write(1u, GICD_CTLR, 1u); /* its group off */
	assert_int_equal(guest_ack(0u), SPURIOUS);
	gicd_write(1u, GICD_CTLR, 2u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 40);
	/* a new edge while active and disabled stays behind */
	guest_bit(0u, ICENABLER, 40u);
	(void)vgic_line(&vgic, 0u, 40u, false);
	(void)vgic_line(&vgic, 0u, 40u, true);
	guest_eoi(0u, 40u);
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	guest_bit(0u, ICPENDR, 40u);
	guest_bit(0u, ISENABLER, 40u);
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	check_invariants();
}

static void test_active_by_register(void **state)
{
	(void)state;
	fake_start(2u, 32u);
	guest_edge(0u, 40u, true);
	guest_use(0u, 40u, 0x80u);
	(void)vgic_line(&vgic, 0u, 40u, true);
	fake_settle();
	assert_int_equal(guest_ack(0u), 40);
	assert_true(guest_is(1u, ISACTIVER, 40u));
	guest_bit(1u, ICACTIVER, 40u);
	assert_false(guest_is(1u, ISACTIVER, 40u));
	/* active and in no list register: held back until it is not */
	guest_bit(1u, ISACTIVER, 40u);
	guest_bit(1u, ISPENDR, 40u);
	fake_settle();
	fake[0].apr[1] = 0u;
	assert_int_equal(guest_ack(0u), SPURIOUS);
	guest_bit(1u, ICACTIVER, 40u);
	fake_settle();
	/* made active while pending in a list register */
	guest_bit(1u, ISACTIVER, 40u);
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_true(guest_is(0u, ISPENDR, 40u));
	fake_deactivate(0u, 40u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 40);
	check_invariants();
}

static void test_retry(void **state)
{
	struct vgic_access access = {.self = &vcpu[1], .offset = ISPENDR + 4u, .size = 4u};

	(void)state;
	fake_start(3u, 32u);
	guest_use(0u, 40u, 0x80u);
	(void)vgic_line(&vgic, 0u, 40u, true);
	fake_settle();
	assert_int_equal(guest_ack(0u), 40);
	fake_now = 1u;
	assert_int_equal(vgic_distributor(&access), VGIC_RETRY);
	assert_int_equal(vcpu[1].sync_wait, 1);
	assert_int_equal(vgic_distributor(&access), VGIC_RETRY); /* too early */
	/* vCPU 0 is switched out instead: that answers too */
	fake_now = 0u;
	vgic_save(&vcpu[0]);
	assert_int_equal(fake[1].synced, 1);
	vgic_load(&vcpu[0]);
	fake_now = 1u;
	assert_int_equal(vgic_distributor(&access), VGIC_DONE);
	assert_int_equal(access.value, 0x100);
	fake_settle();
	fake_now = 1u;
	assert_int_equal(vgic_distributor(&access), VGIC_RETRY); /* the next one asks anew */
	fake_settle();
	fake_now = 1u;
	assert_int_equal(vgic_distributor(&access), VGIC_DONE);
	/* of a vCPU that is not loaded the list registers are in memory */
	fake_now = 0u;
	vgic_save(&vcpu[0]);
	fake_now = 1u;
	assert_int_equal(vgic_distributor(&access), VGIC_DONE);
	guest_bit(1u, ICACTIVER, 40u);
	fake_now = 0u;
	vgic_load(&vcpu[0]);
	fake_settle();
	fake[0].apr[1] = 0u;
	assert_int_equal(guest_ack(0u), 40); /* its line is still high */
	check_invariants();
}

static void test_routing(void **state)
{
	(void)state;
	fake_start(3u, 32u);
	guest_use(0u, 40u, 0x80u);
	(void)vgic_line(&vgic, 0u, 40u, true);
	fake_settle();
	gicd_write(0u, IROUTER + 8u * 40u, 2u);
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_int_equal(guest_ack(2u), 40);
	gicd_write(0u, IROUTER + 8u * 40u, 1u); /* active on 2 until it ends there */
	fake_settle();
	assert_int_equal(guest_ack(1u), SPURIOUS);
	guest_eoi(2u, 40u);
	fake_settle();
	assert_int_equal(guest_ack(2u), SPURIOUS);
	assert_int_equal(guest_ack(1u), 40);
	gicd_write(0u, IROUTER + 8u * 40u, 0x100u); /* to nobody */
	guest_eoi(1u, 40u);
	fake_settle();
	assert_int_equal(guest_ack(1u), SPURIOUS);
	gicd_write(0u, IROUTER + 8u * 40u, 0u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 40);
	check_invariants();
}

static void test_sgi(void **state)
{
	uint32_t i;

	(void)state;
	fake_start(4u, 32u);
	for (i = 0u; i < 4u; i++)
		guest_use(i, 5u, 0x40u);
	fake_sgi(1, 5ull << 24 | 0x800cu, 1u); /* 2, 3, and one who is not there */
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_int_equal(guest_ack(1u), SPURIOUS);
	assert_int_equal(guest_ack(2u), 5);
	assert_int_equal(guest_ack(3u), 5);
	fake_sgi(2, 5ull << 24 | 1ull << 40, 1u); /* all others; 3 has it active */
	fake_settle();
	assert_int_equal(guest_ack(0u), 5);
	assert_int_equal(guest_ack(1u), 5);
	guest_eoi(2u, 5u);
	guest_eoi(3u, 5u);
	fake_settle();
	assert_int_equal(guest_ack(2u), SPURIOUS);
	assert_int_equal(guest_ack(3u), 5);
	fake_sgi(2, 5ull << 24 | 4u, 0u);              /* group 0: not how it is configured */
	fake_sgi(2, 5ull << 24 | 1ull << 16 | 4u, 1u); /* Aff1 1 */
	fake_sgi(2, 5ull << 24 | 1ull << 44 | 4u, 1u); /* RS 1 */
	fake_settle();
	assert_int_equal(guest_ack(2u), SPURIOUS);
	fake_sgi(2, 5ull << 24 | 4u, 1u); /* to itself */
	fake_settle();
	assert_int_equal(guest_ack(2u), 5);
	check_invariants();
}

static void test_kicks_only_for_news(void **state)
{
	uint32_t kicks;

	(void)state;
	fake_start(2u, 32u);
	guest_use(1u, 5u, 0x40u);
	guest_use(0u, 40u, 0x80u);
	kicks = fake[1].kicks;
	fake_sgi(0, 5ull << 24 | 2u, 1u);
	fake_sgi(0, 5ull << 24 | 2u, 1u); /* asked already */
	assert_int_equal(fake[1].kicks, kicks + 1u);
	fake_settle();
	kicks = fake[0].kicks;
	(void)vgic_line(&vgic, 0u, 41u, true); /* not enabled */
	(void)vgic_line(&vgic, 1u, 30u, true);
	assert_int_equal(fake[0].kicks, kicks);
	assert_false(vgic_requested(&vcpu[0]));
	assert_false(vgic_line(&vgic, 0u, 5u, true));
	assert_false(vgic_line(&vgic, 0u, 27u, true));
	assert_false(vgic_line(&vgic, 0u, 64u, true));
	assert_false(vgic_line(&vgic, 0u, 0xffffffffu, true));
	assert_false(vgic_line(&vgic, 2u, 40u, true));
}

static void test_timer(void **state)
{
	(void)state;
	fake_start(1u, 32u);
	guest_use(0u, 27u, 0x20u);
	fake[0].timer_line = true;
	assert_int_not_equal(vcpu[0].hw_direct, 0u);
	fake[0].flushes = 0u;
	fake_timer(0u);
	assert_int_equal(fake[0].flushes, 0); /* it has gone there without one */
	assert_false(vgic_requested(&vcpu[0]));
	assert_int_equal(guest_ack(0u), 27);
	fake[0].timer_line = false;
	guest_eoi(0u, 27u);
	assert_false(fake[0].timer_active);
	/* again: the same register, found empty without a flush */
	fake[0].timer_line = true;
	fake[0].timer_active = true;
	assert_true(vgic_hw_timer(&vcpu[0]));
	check_invariants();
	assert_true(vgic_pending(&vcpu[0]));
	/* switched out pending, the physical state goes with it */
	vgic_save(&vcpu[0]);
	assert_true(vgic_hw_owned(&vcpu[0]));
	vgic_load(&vcpu[0]);
	fake_settle();
	assert_int_equal(guest_ack(0u), 27);
	vgic_save(&vcpu[0]);
	assert_true(vgic_hw_owned(&vcpu[0]));
	vgic_load(&vcpu[0]);
	fake_settle();
	guest_eoi(0u, 27u);
	fake[0].timer_line = false;
	vgic_save(&vcpu[0]);
	assert_false(vgic_hw_owned(&vcpu[0]));
	check_invariants();
}

static void test_timer_held_back(void **state)
{
	(void)state;
	fake_start(1u, 32u);
	fake[0].timer_line = true;
	fake_settle();
	assert_true(fake[0].timer_active); /* and masked by it: no storm */
	assert_true(guest_is(0u, ISPENDR, 27u));
	assert_int_equal(guest_ack(0u), SPURIOUS);
	guest_use(0u, 27u, 0x20u);
	assert_int_equal(guest_ack(0u), 27);
	assert_true((fake[0].lr[vcpu[0].hw_lr] & LR_HW) != 0u);
	guest_eoi(0u, 27u);
	fake_settle(); /* fires again: the line is still high */
	guest_bit(0u, ICENABLER, 27u);
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_true(fake[0].timer_active);
	fake[0].timer_line = false;
	guest_bit(0u, ISENABLER, 27u); /* gone quiet meanwhile */
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_false(fake[0].timer_active);
	/* set pending by the guest itself: without the hardware */
	guest_bit(0u, ISPENDR, 27u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 27);
	fake[0].timer_line = true;
	fake_settle();
	guest_eoi(0u, 27u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 27);
	/* ended by register: physically too */
	fake[0].timer_line = false;
	guest_bit(0u, ICACTIVER, 27u);
	fake_settle();
	assert_false(fake[0].timer_active);
	check_invariants();
}

static void test_timer_full_house(void **state)
{
	uint32_t i;

	(void)state;
	fake_start(1u, 32u);
	guest_use(0u, 27u, 0xa0u);
	for (i = 0u; i < 5u; i++) {
		guest_use(0u, 40u + i, 0x20u);
		(void)vgic_line(&vgic, 0u, 40u + i, true);
	}
	fake_settle();
	fake[0].timer_line = true;
	fake_settle();
	assert_true(fake[0].timer_active);
	for (i = 0u; i < 5u; i++) {
		uint32_t intid = guest_ack(0u);

		assert_true(intid >= 40u && intid < 45u);
		(void)vgic_line(&vgic, 0u, intid, false);
		guest_eoi(0u, intid);
		fake_settle();
	}
	assert_int_equal(guest_ack(0u), 27);
	check_invariants();
}

static void test_wfi(void **state)
{
	(void)state;
	fake_start(1u, 32u);
	guest_use(0u, 33u, 0x80u);
	assert_false(vgic_pending(&vcpu[0]));
	(void)vgic_line(&vgic, 0u, 33u, true);
	assert_true(vgic_pending(&vcpu[0]));
	fake_settle();
	assert_true(vgic_pending(&vcpu[0]));
	fake[0].vmcr = 0x80ull << 24 | 2u; /* PMR masks its priority */
	assert_false(vgic_pending(&vcpu[0]));
	fake[0].vmcr = 0xf0ull << 24 | 1u; /* its group is off */
	assert_false(vgic_pending(&vcpu[0]));
	fake[0].vmcr = VMCR_ON;
	(void)vgic_line(&vgic, 0u, 33u, false);
	fake_settle();
	assert_false(vgic_pending(&vcpu[0]));
	/* the timer in a list register goes quiet: one more turn of the guest, then it sleeps */
	guest_use(0u, 27u, 0x20u);
	fake[0].timer_line = true;
	fake_settle();
	assert_true(vgic_pending(&vcpu[0]));
	fake[0].timer_line = false;
	assert_true(vgic_pending(&vcpu[0]));
	fake_settle();
	assert_false(vgic_pending(&vcpu[0]));
	assert_false(fake[0].timer_active);
}

static void test_masked_group_gives_way(void **state)
{
	uint32_t i;

	(void)state;
	fake_start(1u, 32u);
	guest_use(0u, 50u, 0xe0u);
	fake[0].vmcr = 0xffull << 24 | 2u; /* Group 0 off in the CPU interface only */
	for (i = 40u; i < 45u; i++) {
		guest_bit(0u, ISENABLER, i);
		guest_bit(0u, ISPENDR, i);
	}
	fake_settle();
	(void)vgic_line(&vgic, 0u, 50u, true);
	fake_settle();
	assert_int_equal(guest_ack(0u), 50);
}

static void test_reset(void **state)
{
	(void)state;
	fake_start(2u, 32u);
	guest_use(0u, 27u, 0x20u);
	guest_use(0u, 40u, 0x40u);
	fake[0].timer_line = true;
	(void)vgic_line(&vgic, 0u, 40u, true);
	fake_settle();
	assert_int_equal(guest_ack(0u), 27);
	fake_now = 0u;
	vgic_save(&vcpu[0]);
	assert_true(vgic_hw_owned(&vcpu[0]));
	fake[0].timer_active = false; /* by arch/ */
	vgic_cpu_reset(&vcpu[0]);
	assert_false(vgic_hw_owned(&vcpu[0]));
	vgic_load(&vcpu[0]);
	assert_int_equal(fake[0].vmcr, 0);
	assert_int_equal(fake[0].apr[1], 0);
	assert_int_equal(gicr_read(0u, SGI_BASE(0u) + ISENABLER), 0);
	fake[0].timer_line = false;
	fake[0].vmcr = VMCR_ON;
	fake_settle();
	assert_int_equal(guest_ack(0u), 40); /* an SPI is the distributor's: still there */
	check_invariants();
	for (fake_now = 0u; fake_now < 2u; fake_now++)
		vgic_save(&vcpu[fake_now]);
	while (vgic_reset_step(&vgic))
		;
	fake_now = 0u;
	assert_int_equal(gicd_read(0u, ISENABLER + 4u), 0);
	assert_int_equal(gicd_read(0u, ISACTIVER + 4u), 0);
	assert_int_equal(gicd_read(0u, GICD_CTLR), 0x50);
	check_invariants();
}

/* What the reset of one vCPU sets free goes to another; where nothing is set free, none is told. */
static void test_reset_tells(void **state)
{
	uint32_t kicks;

	(void)state;
	fake_start(2u, 32u);
	guest_use(0u, 40u, 0x40u);
	guest_bit(0u, ISPENDR, 40u);
	fake_settle();
	assert_int_equal(guest_ack(0u), 40);
	fake_now = 0u;
	vgic_save(&vcpu[0]);
	gicd_write(1u, IROUTER + 8u * 40u, 1u);
	guest_bit(1u, ISPENDR, 40u);
	fake_settle();
	assert_int_equal(guest_ack(1u), SPURIOUS); /* it is active at the other */
	fake_now = 0u;
	vgic_cpu_reset(&vcpu[0]);
	fake_settle();
	assert_int_equal(guest_ack(1u), 40);
	kicks = fake[1].kicks;
	fake_now = 0u;
	vgic_cpu_reset(&vcpu[0]);
	assert_int_equal(fake[1].kicks, kicks);
	check_invariants();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identification),
		cmocka_unit_test(test_register_storage),
		cmocka_unit_test(test_register_shapes),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_timer_in_one_list_register),
		cmocka_unit_test(test_config_while_in_flight),
		cmocka_unit_test(test_overflow_in_order),
		cmocka_unit_test(test_nesting_eoimode0),
		cmocka_unit_test(test_nesting_eoimode1),
		cmocka_unit_test(test_disable_while_pending),
		cmocka_unit_test(test_active_by_register),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_routing),
		cmocka_unit_test(test_sgi),
		cmocka_unit_test(test_kicks_only_for_news),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_timer_held_back),
		cmocka_unit_test(test_timer_full_house),
		cmocka_unit_test(test_wfi),
		cmocka_unit_test(test_masked_group_gives_way),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_reset_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
