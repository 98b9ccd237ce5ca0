/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/vpsci.c
 * helpers: user/vmm/ram.c kernel/[a-z]*.c arch/host/host*.c
 */
/*
 * Sequences of PSCI and SMCCC calls by the vCPUs of a VM, against a model of DEN 0022 5.
 * Each call goes the way of a guest's: the kernel's filter (vcpu_call), then the VM process
 * (vpsci_call). What the kernel answers itself must be what the VM process would answer.
 */
#include "tests/fuzz/fuzz.h"

#include "kernel/port.h"
#include "kernel/vcpu.h"
#include "user/vmm/ram.h"
#include "user/vmm/vpsci.h"

#define RAM           0x40000000ull
#define RAM_BYTES     0x1000ull
#define NOT_SUPPORTED UINT64_MAX
#define INVALID       ((uint64_t)-2)
#define ALREADY_ON    ((uint64_t)-4)
#define ON_PENDING    ((uint64_t)-5)
#define BAD_ADDRESS   ((uint64_t)-9)
#define NONE          VPSCI_VCPUS

/* The state of a vCPU as AFFINITY_INFO tells it */
enum power { ON, OFF, PENDING };

static const struct vm_bank bank = {.ipa = RAM, .bytes = RAM_BYTES};
static uint32_t vcpus;
static enum power power[VPSCI_VCPUS];
static uint64_t affinity[VPSCI_VCPUS];
static uint64_t entries[VPSCI_VCPUS];
static uint64_t contexts[VPSCI_VCPUS];

static void start(struct fuzz *in)
{
	uint32_t layout = fuzz_pick(in, 3u);

	vcpus = 1u + fuzz_pick(in, VPSCI_VCPUS);
	ram_init(&bank, 1u, 0u);
	vpsci_init(vcpus);
	for (uint32_t i = 0u; i < VPSCI_VCPUS; i++) {
		power[i] = i == 0u ? ON : OFF;
		affinity[i] = layout == 0u   ? i
		              : layout == 1u ? i % 4u | i / 4u << 8
		                             : (uint64_t)i << 32;
		vpsci_set_mpidr(i, affinity[i] | 1u << 31);
	}
	FUZZ_CHECK(vpsci_known() == vcpus);
}

static bool in_ram(uint64_t address)
{
	return address >= RAM && address <= RAM + RAM_BYTES - 4u;
}

/* DEN 0022 5.6 */
static struct vpsci_answer model_on(uint64_t target, uint64_t entry, uint64_t context)
{
	struct vpsci_answer answer = {.action = VPSCI_RETURN};
	uint32_t found = NONE;

	for (uint32_t i = 0u; i < vcpus; i++)
		found = affinity[i] == target ? i : found;
	if (found == NONE)
		answer.value = INVALID;
	else if (!in_ram(entry))
		answer.value = BAD_ADDRESS;
	else if (power[found] != OFF)
		answer.value = power[found] == ON ? ALREADY_ON : ON_PENDING;
	if (answer.value != 0u)
		return answer;
	power[found] = PENDING;
	entries[found] = entry;
	contexts[found] = context;
	return (struct vpsci_answer){.action = VPSCI_WAKE, .target = found};
}

/* DEN 0022 5.7: of all that are in the instance of the level */
static uint64_t model_info(uint64_t target, uint64_t level)
{
	static const uint64_t masks[] = {0xff00ffffffull, 0xff00ffff00ull, 0xff00ff0000ull,
	                                 0xff00000000ull};
	uint64_t best = INVALID;

	if (level > 3u || (target & ~masks[0]) != 0u)
		return INVALID;
	for (uint32_t i = 0u; i < vcpus; i++) {
		if ((affinity[i] & masks[level]) != (target & masks[level]))
			continue;
		if (power[i] == ON || best == ON)
			best = ON;
		else if (power[i] == PENDING || best == PENDING)
			best = PENDING;
		else
			best = OFF;
	}
	return best;
}

static bool model_has(uint32_t function)
{
	switch (function & ~0x40000000u) {
	case 0x84000001u: /* CPU_SUSPEND */
	case 0x84000003u: /* CPU_ON */
	case 0x84000004u: /* AFFINITY_INFO */
	case 0x84000012u: /* SYSTEM_RESET2 */
		return true;
	case 0x84000000u: /* PSCI_VERSION */
	case 0x84000002u: /* CPU_OFF */
	case 0x84000006u: /* MIGRATE_INFO_TYPE */
	case 0x84000008u: /* SYSTEM_OFF */
	case 0x84000009u: /* SYSTEM_RESET */
	case 0x8400000au: /* PSCI_FEATURES */
	case 0x80000000u: /* SMCCC_VERSION */
		return (function & 0x40000000u) == 0u;
	default:
		return false;
	}
}

static struct vpsci_answer model_suspend(uint32_t state, uint64_t entry)
{
	if ((state & 0xfcfe0000u) != 0u)
		return (struct vpsci_answer){.value = INVALID};
	if ((state & 0x10000u) != 0u && !in_ram(entry))
		return (struct vpsci_answer){.value = BAD_ADDRESS};
	return (struct vpsci_answer){.action = VPSCI_IDLE};
}

static struct vpsci_answer model_reset2(uint32_t type)
{
	if (type == 0u)
		return (struct vpsci_answer){.action = VPSCI_SYSTEM_RESET};
	return (struct vpsci_answer){.value = type >> 31 != 0u ? NOT_SUPPORTED : INVALID};
}

static struct vpsci_answer model_call(uint32_t self, const uint64_t args[4])
{
	uint32_t function = (uint32_t)args[0];
	uint64_t mask = function >> 30 & 1u ? UINT64_MAX : UINT32_MAX;

	if (function == 0x80000001u) /* SMCCC_ARCH_FEATURES */
		return (struct vpsci_answer){
			.value = (uint32_t)args[1] >> 1 == 0x40000000u ? 0u : NOT_SUPPORTED};
	if (!model_has(function))
		return (struct vpsci_answer){.value = NOT_SUPPORTED};
	switch (function & 0xff00001fu) {
	case 0x84000001u:
		return model_suspend((uint32_t)args[1], args[2] & mask);
	case 0x84000002u:
		power[self] = OFF;
		return (struct vpsci_answer){.action = VPSCI_CPU_OFF};
	case 0x84000003u:
	case 0xc4000003u:
		return model_on(args[1] & mask, args[2] & mask, args[3] & mask);
	case 0xc4000001u:
		return model_suspend((uint32_t)args[1], args[2]);
	case 0x84000004u:
	case 0xc4000004u:
		return (struct vpsci_answer){.value =
		                                     model_info(args[1] & mask, (uint32_t)args[2])};
	case 0x84000006u:
		return (struct vpsci_answer){.value = 2u};
	case 0x84000008u:
		return (struct vpsci_answer){.action = VPSCI_SYSTEM_OFF};
	case 0x84000009u:
		return (struct vpsci_answer){.action = VPSCI_SYSTEM_RESET};
	case 0x8400000au:
		return (struct vpsci_answer){.value = model_has((uint32_t)args[1]) ? 0u
		                                                                   : NOT_SUPPORTED};
	case 0x84000012u:
	case 0xc4000012u:
		return model_reset2((uint32_t)args[1]);
	default: /* the versions */
		return (struct vpsci_answer){.value = 0x10001u};
	}
}

static void guest_call(struct fuzz *in)
{
	uint8_t how = fuzz_u8(in);
	uint32_t self = how % vcpus;
	struct context guest = {.x = {0u}};
	struct vpsci_answer answer;
	struct vpsci_answer want;
	uint64_t args[4];

	args[0] = how >> 3 != 31u ? 0x84000000u | (how & 0x80u) << 23 | fuzz_pick(in, 0x20u)
	                          : fuzz_number(in);
	args[1] = (how & 0x40u) != 0u ? affinity[fuzz_pick(in, vcpus)] : fuzz_number(in);
	args[2] = (how & 0x20u) != 0u ? RAM - 8u + fuzz_u16(in) : fuzz_number(in);
	args[3] = fuzz_u16(in);
	if (how >> 3 == 30u)
		args[1] = 0x84000000u | fuzz_u8(in) | (uint32_t)fuzz_u8(in) << 24;
	if (power[self] != ON)
		return;
	memcpy(guest.x, args, sizeof(args));
	want = model_call(self, args);
	answer = vpsci_call(self, args);
	FUZZ_CHECK(answer.action == want.action && answer.value == want.value);
	FUZZ_CHECK(answer.action != VPSCI_WAKE || answer.target == want.target);
	if (vcpu_call(&guest))
		FUZZ_CHECK(answer.action == VPSCI_RETURN && guest.x[0] == answer.value);
	else
		FUZZ_CHECK(memcmp(guest.x, args, sizeof(args)) == 0);
}

/* The thread of a vCPU that is off looks whether it is on. */
static void take_on(uint32_t self)
{
	uint64_t entry = 0u;
	uint64_t context = 0u;
	bool on;

	if (power[self] == ON)
		return;
	on = vpsci_take_on(self, &entry, &context);
	FUZZ_CHECK(on == (power[self] == PENDING));
	if (!on)
		return;
	FUZZ_CHECK(entry == entries[self] && context == contexts[self]);
	power[self] = ON;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};

	start(&in);
	while (in.left != 0u) {
		if (fuzz_pick(&in, 4u) == 0u)
			take_on(fuzz_pick(&in, vcpus));
		else
			guest_call(&in);
	}
	return 0;
}
