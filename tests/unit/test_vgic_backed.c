/* SPDX-License-Identifier: Apache-2.0 */
/* sources: kernel/vgic.c kernel/vgic_lr.c kernel/vgic_regs.c kernel/vgic_backed.c */
/*
 * An SPI of the VM that a physical one backs: what the guest does to it deactivates the physical one
 * when, and only when, it is over; at any time the distributor's state is what the VM's says.
 */
#include "test_vgic_fake.h"

#define OURS          40u
#define PHYSICAL      305u
#define LR_PINTID(lr) ((uint32_t)((lr) >> 32) & 0x1fffu)

static uint32_t random_state;

static void begin(uint32_t vcpus)
{
	fake_start(vcpus, 32u);
	fake_backing.intid = OURS;
	vgic_back(&vgic, OURS, PHYSICAL);
	guest_use(0u, OURS, 0x80u);
	gicd_write(0u, GICD_CTLR, 2u);
}

static bool held_by(uint32_t cpu, uint64_t state)
{
	for (uint32_t n = 0u; n < FAKE_LRS; n++)
		if (vcpu[cpu].loaded && (uint32_t)fake[cpu].lr[n] == OURS &&
		    (fake[cpu].lr[n] & LR_HW) != 0u && (fake[cpu].lr[n] & state) != 0u)
			return true;
	return false;
}

/* What is taken, or on its way, or in a guest's hands is active in the distributor. */
static void check_backing(void)
{
	bool ours = (vgic.spi[0].line & 1u << (OURS - 32u)) != 0u;

	for (uint32_t cpu = 0u; cpu < vgic.vcpu_count; cpu++)
		ours = ours || held_by(cpu, LR_PENDING | LR_ACTIVE);
	if (ours)
		assert_true(fake_backing.active);
}

static void test_end_is_no_exit(void **state)
{
	(void)state;
	begin(1u);
	for (uint32_t i = 0u; i < 3u; i++) {
		fake_backing.line = true;
		fake_settle();
		assert_true(held_by(0u, LR_PENDING));
		assert_int_equal(LR_PINTID(fake[0].lr[0]), PHYSICAL);
		assert_int_equal(guest_ack(0u), OURS);
		fake_backing.line = false;
		guest_eoi(0u, OURS);
		assert_false(fake_backing.active);
		assert_false(fake_maintenance(0u));
	}
	assert_int_equal(fake_backing.taken, 3);
	assert_int_equal(fake_backing.releases, 0);
	assert_false(vgic_line(&vgic, 0u, OURS, true)); /* nobody else raises it */
}

static void test_disabled(void **state)
{
	(void)state;
	begin(1u);
	guest_bit(0u, ICENABLER, OURS);
	fake_backing.line = true;
	fake_settle();
	assert_true(fake_backing.active); /* and masked by it: no storm */
	assert_int_equal(fake_backing.taken, 1);
	assert_true(guest_is(0u, ISPENDR, OURS));
	assert_int_equal(guest_ack(0u), SPURIOUS);
	guest_bit(0u, ISENABLER, OURS); /* still there: taken again */
	fake_settle();
	assert_int_equal(fake_backing.taken, 2);
	assert_int_equal(guest_ack(0u), OURS);
	guest_bit(0u, ICENABLER, OURS);
	guest_eoi(0u, OURS);
	fake_settle();
	fake_backing.line = false;
	guest_bit(0u, ISENABLER, OURS); /* over meanwhile */
	fake_settle();
	assert_int_equal(guest_ack(0u), SPURIOUS);
	assert_false(fake_backing.active);
}

static void test_saved_and_reset(void **state)
{
	(void)state;
	begin(2u);
	fake_backing.line = true;
	fake_settle();
	vgic_save(&vcpu[0]); /* pending */
	check_backing();
	vgic_load(&vcpu[0]);
	fake_settle();
	assert_int_equal(guest_ack(0u), OURS);
	vgic_save(&vcpu[0]); /* active */
	assert_true(fake_backing.active);
	vgic_load(&vcpu[0]);
	fake_settle();
	assert_true(held_by(0u, LR_ACTIVE));
	fake_backing.line = false;
	guest_eoi(0u, OURS);
	assert_false(fake_backing.active);
	fake_backing.line = true;
	fake_settle();
	assert_int_equal(guest_ack(0u), OURS);
	fake_backing.line = false;
	vgic_save(&vcpu[0]);
	vgic_cpu_reset(&vcpu[0]); /* CPU_OFF in its handler: it is as if just taken */
	vgic_load(&vcpu[0]);
	fake[0].vmcr = VMCR_ON;
	fake[0].apr[1] = 0u;
	fake_settle();
	assert_int_equal(guest_ack(0u), OURS);
	guest_eoi(0u, OURS);
	assert_false(fake_backing.active);
	while (vgic_reset_step(&vgic))
		continue;
	assert_true((vgic.spi[0].backed & 1u << (OURS - 32u)) != 0u);
}

static void test_registers(void **state)
{
	(void)state;
	begin(2u);
	guest_edge(0u, OURS, true); /* is what the guest reads, and nothing else */
	assert_int_equal(gicd_read(0u, ICFGR + OURS / 16u * 4u) >> (OURS % 16u * 2u) & 3u, 2);
	assert_int_equal(vgic.spi[0].edge & 1u << (OURS - 32u), 0);
	guest_edge(0u, OURS, false);
	gicd_write(0u, IROUTER + 8u * OURS, 1u);
	assert_int_equal(fake_backing.routed, 1);
	fake_backing.line = true;
	fake_settle();
	assert_int_equal(guest_ack(1u), OURS);
	fake_backing.line = false;
	guest_bit(0u, ICACTIVER, OURS); /* by the other vCPU, while that has it */
	fake_settle();
	assert_false(fake_backing.active);
	assert_int_equal(fake_backing.releases, 1);
	guest_eoi(1u, OURS); /* drops the priority, ends nothing more */
	/* pending by the guest itself: without the hardware */
	guest_bit(0u, ISPENDR, OURS);
	fake_settle();
	assert_false(held_by(1u, LR_PENDING));
	assert_int_equal(guest_ack(1u), OURS);
	fake_backing.line = true;
	fake_settle();
	guest_eoi(1u, OURS);
	fake_settle();
	assert_int_equal(guest_ack(1u), OURS);
	fake_backing.line = false;
	guest_eoi(1u, OURS);
	assert_false(fake_backing.active);
}

/* More active than list registers: ours is spilled, and its end is seen. */
static void test_spilled(void **state)
{
	uint32_t i, mode;

	(void)state;
	for (mode = 0u; mode < 2u; mode++) {
		begin(1u);
		fake[0].vmcr |= mode != 0u ? VMCR_EOIMODE : 0u;
		fake_backing.line = true;
		fake_settle();
		assert_int_equal(guest_ack(0u), OURS);
		fake_backing.line = false;
		for (i = 0u; i < FAKE_LRS; i++) {
			guest_use(0u, 50u + i, (uint8_t)(0x70u - 0x10u * i));
			(void)vgic_line(&vgic, 0u, 50u + i, true);
			fake_settle();
			assert_int_equal(guest_ack(0u), 50u + i);
			(void)vgic_line(&vgic, 0u, 50u + i, false);
		}
		assert_false(held_by(0u, LR_ACTIVE));
		assert_true(fake_backing.active);
		for (i = FAKE_LRS; i > 0u; i--) {
			guest_eoi(0u, 49u + i);
			if (mode != 0u)
				guest_dir(0u, 49u + i);
			fake_settle();
		}
		assert_true(fake_backing.active);
		guest_eoi(0u, OURS);
		if (mode != 0u)
			guest_dir(0u, OURS);
		fake_settle();
		assert_false(fake_backing.active);
		assert_int_equal(fake_backing.releases, 1);
	}
}

static uint32_t pick(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

static void storm_step(uint32_t cpu)
{
	switch (pick(8u)) {
	case 0u:
		fake_backing.line = pick(2u) != 0u;
		break;
	case 1u:
		guest_bit(cpu, pick(3u) == 0u ? ICENABLER : ISENABLER, OURS);
		break;
	case 2u:
		gicd_write(cpu, IROUTER + 8u * OURS, pick(3u));
		break;
	case 3u:
		fake_now = cpu;
		if (vcpu[cpu].loaded)
			vgic_save(&vcpu[cpu]);
		else
			vgic_load(&vcpu[cpu]);
		break;
	case 4u:
		gicd_write(cpu, GICD_CTLR, pick(4u) == 0u ? 0u : 2u);
		break;
	default:
		if (!vcpu[cpu].loaded)
			break;
		if (fake_running(cpu) != IDLE_PRIO)
			guest_eoi(cpu, OURS);
		else
			(void)guest_ack(cpu);
		break;
	}
}

/* Any order of what can happen; then all lets go: nothing is left masked, nothing is lost. */
static void test_storm(void **state)
{
	uint32_t seed, i, cpu, taken = 0u;

	(void)state;
	for (seed = 0u; seed < 100u; seed++) {
		begin(2u);
		random_state = seed;
		for (i = 0u; i < 500u; i++) {
			storm_step(pick(2u));
			fake_settle();
			check_backing();
		}
		gicd_write(0u, GICD_CTLR, 2u);
		gicd_write(0u, IROUTER + 8u * OURS, 0u);
		guest_bit(0u, ISENABLER, OURS);
		for (i = 0u; i < 20u; i++)
			for (cpu = 0u; cpu < 2u; cpu++) {
				fake_now = cpu;
				if (!vcpu[cpu].loaded)
					vgic_load(&vcpu[cpu]);
				fake_settle();
				if (fake_running(cpu) == IDLE_PRIO && guest_ack(cpu) == OURS)
					fake_backing.line = false;
				if (fake_running(cpu) != IDLE_PRIO)
					guest_eoi(cpu, OURS);
				fake_settle();
			}
		assert_false(fake_backing.line);
		assert_false(fake_backing.active);
		taken += fake_backing.taken;
	}
	assert_true(taken > 1000u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_is_no_exit),  cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_saved_and_reset), cmocka_unit_test(test_registers),
		cmocka_unit_test(test_spilled),         cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
