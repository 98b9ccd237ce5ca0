/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: kernel/vgic*.c
 * helpers: tests/fuzz/vgic_short.c
 */
/*
 * The virtual GIC on a fake virtual CPU interface: register accesses of any kind by any vCPU,
 * SGIs, lines, the timer, maintenance, switches and resets in any order. In one half of the runs
 * a well-behaved guest takes and ends interrupts and the model of the unit test storm says
 * what it must see; in the other half the guest does what it likes, and after each step the books
 * must agree with the list registers.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/vgic_short.h"

int storm_main(void);
#define main storm_main
#include "tests/unit/test_vgic_storm.c"
#undef main

#define SPIS 64u

static struct fuzz input;
static uint32_t last; /* that nest() has taken */

/* Each step is one number of the input, from which the storm draws what it does. */
static void storm(void)
{
	begin(fuzz_u32(&input));
	while (input.left != 0u) {
		random_state = fuzz_u32(&input);
		greedy = (random_state & 1u) != 0u;
		step(pick(VCPUS));
		fake_settle();
		check_invariants();
	}
	drain();
}

static uint64_t distributor_offset(void)
{
	static const uint16_t words[] = {0x000, 0x004, 0x008, 0x080, 0x100,  0x180,  0x200, 0x280,
	                                 0x300, 0x380, 0xc00, 0x400, 0x6000, 0xffd0, 0xf00, 0x800};
	uint8_t which = fuzz_u8(&input);

	if (which >= 0xf8u)
		return fuzz_number(&input);
	if (which >= 0xe0u)
		return fuzz_u16(&input);
	if ((which & 15u) == 12u)
		return 0x6000u + fuzz_pick(&input, 32u + SPIS + 4u) * 8u + (which >> 4 & 1u) * 4u;
	return words[which & 15u] + (which >> 4 & 3u) * 4u + (which >> 6) * ((which & 15u) == 11u);
}

static uint64_t redistributor_offset(void)
{
	static const uint32_t words[] = {0x10080, 0x10100, 0x10180, 0x10200, 0x10280, 0x10300,
	                                 0x10380, 0x10c00, 0x10c04, 0x10400, 0x14,    0x08,
	                                 0x0c,    0x04,    0xffe8,  0x10404};
	uint8_t which = fuzz_u8(&input);
	uint64_t frame = (uint64_t)(which >> 4 & 3u) * 0x20000u;

	if (which >= 0xf8u)
		return fuzz_number(&input);
	if (which >= 0xe0u)
		return frame + (fuzz_u32(&input) & 0x1ffffu);
	return frame + words[which & 15u] + (which >> 6) * ((which & 15u) == 9u);
}

/* As the kernel does it: what is not done at once is done when the others have answered. */
static void any_access(uint32_t cpu)
{
	static const uint8_t sizes[] = {4u, 4u, 4u, 1u, 8u, 2u, 4u, 3u};
	uint8_t how = fuzz_u8(&input);
	bool distributor = (how & 8u) != 0u;
	uint64_t offset = distributor ? distributor_offset() : redistributor_offset();
	uint64_t value = fuzz_number(&input);

	fake_now = cpu;
	if (sizes[how & 7u] != 4u ||
	    offset >= 0x10000u * (distributor ? 1u : 2u * vgic.vcpu_count)) {
		(void)guest_access(cpu, distributor, offset, sizes[how & 7u], (how & 16u) != 0u,
		                   value);
	} else if ((how & 16u) == 0u) {
		/* the short way of a read says the same */
		uint64_t seen = vgic_short_read(&vgic, !distributor, offset);

		value = guest_access(cpu, distributor, offset, 4u, false, value);
		FUZZ_CHECK(seen == UINT64_MAX || seen == value);
	} else if ((how & 32u) == 0u ||
	           !vgic_enable(&vcpu[cpu], !distributor, offset, (uint32_t)value)) {
		(void)guest_access(cpu, distributor, offset, 4u, true, value);
	}
}

/* Answers of others are needed before the vCPU goes on. */
static void any_deactivate(uint32_t cpu)
{
	fake_now = cpu;
	if (vgic_deactivate(&vcpu[cpu], fuzz_u8(&input) < 0xf0u
	                                        ? fuzz_u8(&input) % 100u
	                                        : fuzz_number(&input)) != VGIC_DONE) {
		fake_settle();
		FUZZ_CHECK(vcpu[cpu].sync_wait == 0u);
	}
}

/* The guest's own registers of the CPU interface, which do not trap. */
static void any_interface(uint32_t cpu)
{
	uint8_t how = fuzz_u8(&input);

	fake[cpu].vmcr =
		(uint64_t)(how & 0xf8u) << 24 | (how & 3u) | ((how & 4u) != 0u ? VMCR_EOIMODE : 0u);
}

static void any_swap(uint32_t cpu)
{
	fake_now = cpu;
	if (vcpu[cpu].loaded) {
		vgic_save(&vcpu[cpu]);
		if (vgic_hw_owned(&vcpu[cpu]))
			fake[cpu].timer_active = false;
		fake[cpu].timer_active = false;
	} else {
		fake[cpu].timer_active = vgic_hw_owned(&vcpu[cpu]);
		vgic_load(&vcpu[cpu]);
	}
}

/* The whole VM starts again: its vCPUs are not loaded meanwhile. */
static void any_reset(void)
{
	uint32_t cpu;

	for (cpu = 0u; cpu < vgic.vcpu_count; cpu++)
		if (vcpu[cpu].loaded)
			any_swap(cpu);
	while (vgic_reset_step(&vgic))
		;
	for (cpu = 0u; cpu < vgic.vcpu_count; cpu++) {
		vcpu[cpu].vmcr = VMCR_ON;
		any_swap(cpu);
	}
}

/* More than there are list registers. */
static void crowd(uint32_t cpu, uint32_t first)
{
	uint32_t i;

	for (i = 0u; i < FAKE_LRS + 2u; i++) {
		uint32_t intid = 32u + (first + i) % SPIS;

		guest_use(cpu, intid, (first * 24u + i * 8u) & 0xf8u);
		(void)vgic_line(&vgic, cpu, intid, true);
	}
}

/* Each taken inside the one before: more active ones than there are list registers. */
static void nest(uint32_t cpu, uint32_t first)
{
	uint32_t i;

	for (i = 0u; i < FAKE_LRS + 2u; i++) {
		uint32_t intid = 32u + (first + i) % SPIS;

		guest_use(cpu, intid, 0xe0u - 0x10u * i);
		(void)vgic_line(&vgic, cpu, intid, true);
		fake_settle();
		(void)guest_ack(cpu);
		last = intid;
	}
}

static void any_step(uint8_t what)
{
	uint32_t cpu = (uint32_t)(what >> 5) % vgic.vcpu_count;
	uint32_t intid = fuzz_u8(&input) % 104u;

	fake_now = cpu;
	if (!vcpu[cpu].loaded && (what & 31u) < 24u)
		any_swap(cpu);
	switch (what & 31u) {
	case 0u:
	case 1u:
	case 2u:
		(void)guest_ack(cpu);
		break;
	case 3u:
		guest_eoi(cpu, (intid & 1u) != 0u ? intid : last);
		break;
	case 4u:
		guest_dir(cpu, intid);
		break;
	case 5u:
		fake_sgi(cpu, fuzz_number(&input), intid & 1u);
		break;
	case 6u:
		fake_sgi(cpu, (uint64_t)(intid & 15u) << 24 | fuzz_u8(&input), 1u);
		break;
	case 7u:
		any_interface(cpu);
		break;
	case 8u:
		any_deactivate(cpu);
		break;
	case 9u:
		(void)vgic_pending(&vcpu[cpu]);
		break;
	case 10u:
		if (vcpu[cpu].loaded)
			any_swap(cpu);
		vgic_cpu_reset(&vcpu[cpu]);
		break;
	case 11u:
		guest_use(cpu, intid < 32u + SPIS ? intid : 33u, intid & 0xf8u);
		break;
	case 12u:
		crowd(cpu, intid);
		break;
	case 13u:
		for (; intid % 8u != 0u; intid--)
			(void)guest_ack(cpu);
		break;
	case 15u:
		nest(cpu, intid);
		break;
	case 14u:
		guest_use(cpu, VGIC_TIMER_ID, intid & 0xf8u);
		fake[cpu].timer_line = true;
		break;
	case 24u:
	case 25u:
		(void)vgic_line(&vgic, cpu,
		                (what & 1u) != 0u ? intid : (uint32_t)fuzz_number(&input),
		                (intid & 1u) != 0u);
		break;
	case 26u:
		(void)vgic_line(&vgic, (uint32_t)fuzz_number(&input), intid, (intid & 1u) != 0u);
		break;
	case 27u:
		fake[cpu].timer_line = !fake[cpu].timer_line;
		break;
	case 28u:
		any_swap(cpu);
		break;
	case 29u:
		if (intid == 0u)
			any_reset();
		break;
	case 30u:
		fake_settle();
		break;
	default:
		any_access(cpu);
		break;
	}
}

static void anything(void)
{
	fake_start(1u + fuzz_pick(&input, FAKE_VCPUS), SPIS);
	while (input.left != 0u) {
		uint8_t what = fuzz_u8(&input);

		any_step(what);
		if ((what & 3u) != 3u)
			fake_settle();
		check_invariants();
	}
	fake_settle();
	check_invariants();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct fuzz){data, size};
	if (fuzz_pick(&input, 3u) == 0u)
		storm();
	else
		anything();
	return 0;
}
