/* SPDX-License-Identifier: Apache-2.0 */
/* sources: kernel/vgic.c kernel/vgic_lr.c kernel/vgic_regs.c kernel/vgic_backed.c */
/*
 * Random events on the virtual GIC, against a plain model of what a GIC does with each
 * interrupt (IHI 0069 section 4.1): what a guest reads and acknowledges is the same after every
 * step.
 */
#include "test_vgic_fake.h"

#include <stdio.h>

#define FIRST  24u /* interrupts of interest: PPIs 24 to 31 but 27, SPIs 32 to 47 */
#define LAST   48u
#define NOBODY 0xffu
#define VCPUS  3u
#define DEEP   24u

struct model {
	bool enable, edge, latch, line;
	uint8_t active; /* by whom, or NOBODY */
	uint8_t target;
	uint8_t priority;
};

static struct model model[VCPUS][LAST]; /* SPIs: [0] */
static uint32_t stack[VCPUS][DEEP];     /* what each guest has acknowledged and not ended */
static uint32_t depth[VCPUS];
static bool group_on;
static bool split; /* EOImode 1 */
static uint32_t random_state;
static uint32_t taken;
static uint32_t spilled;
static bool greedy; /* a phase in which the guests nest deeply */

static uint32_t pick(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

static struct model *model_of(uint32_t cpu, uint32_t intid)
{
	return &model[intid < 32u ? cpu : 0u][intid];
}

static bool model_pending(const struct model *m)
{
	return m->latch || (m->line && !m->edge);
}

static bool model_ready(uint32_t cpu, uint32_t intid)
{
	const struct model *m = model_of(cpu, intid);

	return model_pending(m) && m->enable && group_on && m->active == NOBODY && m->target == cpu;
}

/* The best priority that the model would signal to this vCPU; its running priority apart. */
static uint32_t model_best(uint32_t cpu)
{
	uint32_t best = IDLE_PRIO, intid;

	for (intid = FIRST; intid < LAST; intid++)
		if (model_ready(cpu, intid) && model_of(cpu, intid)->priority < best)
			best = model_of(cpu, intid)->priority;
	return best;
}

static void take(uint32_t cpu)
{
	uint32_t n, intid, best = model_best(cpu);

	if (depth[cpu] == DEEP || !vcpu[cpu].loaded)
		return;
	intid = fake_best(cpu, &n);
	if (best >= fake_running(cpu)) {
		assert_int_equal(intid, SPURIOUS);
		return;
	}
	assert_int_equal(guest_ack(cpu), intid);
	assert_true(intid >= FIRST && intid < LAST);
	assert_true(model_ready(cpu, intid));
	assert_int_equal(model_of(cpu, intid)->priority, best);
	model_of(cpu, intid)->latch = false;
	model_of(cpu, intid)->active = (uint8_t)cpu;
	stack[cpu][depth[cpu]++] = intid;
	taken++;
}

static void end(uint32_t cpu)
{
	uint32_t intid;

	if (depth[cpu] == 0u || !vcpu[cpu].loaded)
		return;
	intid = stack[cpu][--depth[cpu]];
	guest_eoi(cpu, intid);
	if (split && model_of(cpu, intid)->active == cpu)
		guest_dir(cpu, intid);
	if (model_of(cpu, intid)->active == cpu)
		model_of(cpu, intid)->active = NOBODY;
}

static void set_line(uint32_t cpu, uint32_t intid, bool level)
{
	struct model *m = model_of(cpu, intid);

	m->latch = m->latch || (m->edge && level && !m->line);
	m->line = level;
	assert_true(vgic_line(&vgic, cpu, intid, level));
}

static void reconfigure(uint32_t cpu, uint32_t intid)
{
	struct model *m = model_of(cpu, intid);
	uint32_t target = pick(VCPUS + 1u);

	if (intid >= 32u && pick(2u) == 0u) {
		m->target = (uint8_t)target;
		gicd_write(cpu, IROUTER + 8u * intid, target);
	} else if (!model_pending(m) && m->active == NOBODY) {
		m->priority = (uint8_t)(8u * pick(30u));
		guest_priority(cpu, intid, m->priority);
	}
}

static void by_register(uint32_t cpu, uint32_t intid)
{
	struct model *m = model_of(cpu, intid);

	switch (pick(split ? 8u : 6u)) {
	case 0u:
		m->enable = false;
		guest_bit(cpu, ICENABLER, intid);
		return;
	case 1u:
		m->latch = true;
		guest_bit(cpu, ISPENDR, intid);
		return;
	case 2u:
		m->latch = false;
		guest_bit(cpu, ICPENDR, intid);
		return;
	case 3u:
		if (!group_on || pick(8u) == 0u) {
			group_on = !group_on;
			gicd_write(cpu, GICD_CTLR, group_on ? 2u : 0u);
		}
		return;
	case 6u: /* another's stack may still name it: its ICC_DIR then is to do no harm */
		m->active = NOBODY;
		guest_bit(cpu, ICACTIVER, intid);
		return;
	case 7u:
		if (m->active == NOBODY)
			m->active = VCPUS;
		guest_bit(cpu, ISACTIVER, intid);
		return;
	default:
		m->enable = true;
		guest_bit(cpu, ISENABLER, intid);
		return;
	}
}

/* What the registers say, read by a random vCPU. */
static void compare(uint32_t cpu)
{
	uint32_t intid;

	for (intid = FIRST; intid < LAST; intid += 1u + pick(4u)) {
		const struct model *m = model_of(cpu, intid);

		if (intid == 27u)
			continue;
		assert_int_equal(guest_is(cpu, ISPENDR, intid), model_pending(m));
		assert_int_equal(guest_is(cpu, ICACTIVER, intid), m->active != NOBODY);
		assert_int_equal(guest_is(cpu, ISENABLER, intid), m->enable);
	}
}

/*
 * The timer: PPI 27, whose line is the hardware's. That it falls again is not seen before the
 * next flush that looks at all list registers.
 */
static void timer_event(uint32_t cpu)
{
	fake[cpu].timer_line = vcpu[cpu].loaded && pick(2u) == 0u;
	model[cpu][27].line = fake[cpu].timer_line;
	fake_now = cpu;
	vcpu[cpu].refold = ~0u;
	vgic_flush(&vcpu[cpu]);
}

/* Switch out and in, as arch/ does with the physical state of PPI 27. */
static void swap(uint32_t cpu)
{
	fake_now = cpu;
	if (vcpu[cpu].loaded) {
		vgic_save(&vcpu[cpu]);
		if (vgic_hw_owned(&vcpu[cpu]))
			fake[cpu].timer_active = false;
		assert_false(fake[cpu].timer_active);
	} else {
		fake[cpu].timer_active = vgic_hw_owned(&vcpu[cpu]);
		vgic_load(&vcpu[cpu]);
	}
}

static void step(uint32_t cpu)
{
	uint32_t intid = FIRST + pick(LAST - FIRST);

	switch (pick(20u)) {
	case 0u:
	case 1u:
	case 2u:
	case 3u:
		if (intid != 27u)
			set_line(cpu, intid, pick(3u) != 0u);
		break;
	case 4u:
	case 5u:
	case 6u:
		take(cpu);
		break;
	case 7u:
	case 8u:
	case 9u:
	case 16u:
	case 17u:
	case 18u:
		if (!greedy || pick(16u) == 0u)
			end(cpu);
		break;
	case 10u:
		if (intid != 27u)
			by_register(cpu, intid);
		break;
	case 11u:
		if (intid != 27u)
			reconfigure(cpu, intid);
		break;
	case 12u:
		compare(cpu);
		break;
	case 13u:
		timer_event(cpu);
		break;
	case 14u:
		if (!vcpu[cpu].loaded || pick(4u) == 0u)
			swap(cpu);
		break;
	default:
		fake_now = cpu;
		if (vcpu[cpu].loaded)
			assert_int_equal(vgic_pending(&vcpu[cpu]), model_best(cpu) != IDLE_PRIO);
		break;
	}
}

static void begin(uint32_t seed)
{
	uint32_t cpu, intid;

	random_state = seed;
	split = seed % 2u != 0u;
	fake_start(VCPUS, 32u);
	group_on = true;
	gicd_write(0u, GICD_CTLR, 2u);
	for (cpu = 0u; cpu < VCPUS; cpu++) {
		depth[cpu] = 0u;
		fake[cpu].vmcr |= split ? VMCR_EOIMODE : 0u;
		for (intid = FIRST; intid < LAST; intid++) {
			struct model *m = model_of(cpu, intid);

			if (intid >= 32u && cpu != 0u)
				continue;
			*m = (struct model){
				.enable = true, .active = NOBODY, .target = (uint8_t)cpu};
			m->priority = (uint8_t)(8u * pick(30u));
			m->edge = intid >= 32u && pick(2u) == 0u;
			if (m->edge)
				guest_edge(cpu, intid, true);
			guest_use(cpu, intid, m->priority);
		}
		gicd_write(0u, GICD_CTLR, 2u);
	}
	fake_settle();
}

/* Everything lets go, and all that is pending is taken: nothing was lost, nothing is left. */
static void drain(void)
{
	uint32_t cpu, intid, rounds;

	for (cpu = 0u; cpu < VCPUS; cpu++) {
		if (!vcpu[cpu].loaded)
			swap(cpu);
		fake[cpu].timer_line = false;
		model[cpu][27].line = false;
		vcpu[cpu].refold = ~0u;
		fake_now = cpu;
		vgic_flush(&vcpu[cpu]);
	}
	group_on = true;
	gicd_write(0u, GICD_CTLR, 2u);
	for (intid = FIRST; intid < LAST; intid++)
		for (cpu = 0u; cpu < VCPUS; cpu++)
			if (intid != 27u)
				set_line(cpu, intid, false);
	fake_settle();
	for (rounds = 0u; rounds < 200u; rounds++)
		for (cpu = 0u; cpu < VCPUS; cpu++) {
			take(cpu);
			fake_settle();
			end(cpu);
			fake_settle();
		}
	for (cpu = 0u; cpu < VCPUS; cpu++)
		assert_int_equal(model_best(cpu), IDLE_PRIO);
	check_invariants();
}

static void test_storm(void **state)
{
	uint32_t seed, i;

	(void)state;
	for (seed = 0u; seed < 60u; seed++) {
		begin(seed);
		for (i = 0u; i < 3000u; i++) {
			greedy = i / 150u % 2u != 0u;
			step(pick(VCPUS));
			fake_settle();
			spilled += fake_spilled(0u);
			check_invariants();
		}
		drain();
	}
	print_message("%u interrupts taken, spilled for %u steps\n", taken, spilled);
	assert_true(taken > 8000u);
	assert_true(spilled > 8000u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
