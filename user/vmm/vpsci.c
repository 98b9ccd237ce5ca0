/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI and SMCCC; contract in vpsci.h. Owns the power state of the vCPUs. Portable. */
#include "user/vmm/vpsci.h"

#include <stddef.h>

#include "user/vmm/ram.h"

/* Function identifiers, DEN 0022 section 5; 64-bit forms have bit 30 set */
#define SMC64               0x40000000u
#define PSCI_VERSION        0x84000000u
#define CPU_SUSPEND         0x84000001u
#define CPU_OFF             0x84000002u
#define CPU_ON              0x84000003u
#define AFFINITY_INFO       0x84000004u
#define MIGRATE_INFO_TYPE   0x84000006u
#define SYSTEM_OFF          0x84000008u
#define SYSTEM_RESET        0x84000009u
#define PSCI_FEATURES       0x8400000au
#define SYSTEM_RESET2       0x84000012u
#define SMCCC_VERSION       0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u

#define VERSION_1_1           0x10001u /* of PSCI and of SMCCC */
#define MIGRATION_NOT_NEEDED  2u       /* MIGRATE_INFO_TYPE: no Trusted OS to migrate */
#define RESET2_VENDOR         0x80000000u
#define AFFINITY_MASK         0xff00ffffffull /* Aff3, Aff2, Aff1, Aff0 */
#define AFFINITY_LEVEL_MAX    3u
#define POWER_STATE_RESERVED  0xfcfe0000u /* original format: 31:26, 23:17 */
#define POWER_STATE_POWERDOWN 0x00010000u

/* Error codes, DEN 0022 table 6; a 64-bit call returns them sign-extended */
enum vpsci_error {
	SUCCESS = 0,
	NOT_SUPPORTED = -1,
	INVALID_PARAMETERS = -2,
	ALREADY_ON = -4,
	ON_PENDING = -5,
	INVALID_ADDRESS = -9,
};

/* What AFFINITY_INFO answers */
#define AFFINITY_ON         0u
#define AFFINITY_OFF        1u
#define AFFINITY_ON_PENDING 2u

/*
 * Power states. CLAIMED: a CPU_ON won the right to write entry and context; READY: they are
 * written, the target's thread has not looked yet.
 */
enum vpsci_power { POWER_OFF, POWER_CLAIMED, POWER_READY, POWER_ON };

struct vpsci_vcpu {
	uint32_t power;
	uint32_t known;
	uint64_t affinity;
	uint64_t entry;
	uint64_t context;
};

static struct vpsci_vcpu vpsci_vcpus[VPSCI_VCPUS];
static uint32_t vpsci_count;

static struct vpsci_answer vpsci_return(int64_t value)
{
	return (struct vpsci_answer){.action = VPSCI_RETURN, .value = (uint64_t)value};
}

void vpsci_init(uint32_t vcpu_count)
{
	vpsci_count = vcpu_count < VPSCI_VCPUS ? vcpu_count : VPSCI_VCPUS;
	for (uint32_t i = 0u; i < VPSCI_VCPUS; i++)
		vpsci_vcpus[i] = (struct vpsci_vcpu){.power = i == 0u ? POWER_ON : POWER_OFF};
}

void vpsci_set_mpidr(uint32_t vcpu, uint64_t mpidr)
{
	if (vcpu >= vpsci_count)
		return;
	vpsci_vcpus[vcpu].affinity = mpidr & AFFINITY_MASK;
	/* release: pairs with the acquire in vpsci_known */
	__atomic_store_n(&vpsci_vcpus[vcpu].known, 1u, __ATOMIC_RELEASE);
}

uint32_t vpsci_known(void)
{
	uint32_t known = 0u;

	for (uint32_t i = 0u; i < vpsci_count; i++)
		known += __atomic_load_n(&vpsci_vcpus[i].known, __ATOMIC_ACQUIRE);
	return known;
}

/* The index of the vCPU with this target affinity, or VPSCI_VCPUS. */
static uint32_t vpsci_find(uint64_t affinity)
{
	for (uint32_t i = 0u; i < vpsci_count; i++) {
		if (vpsci_vcpus[i].affinity == affinity)
			return i;
	}
	return VPSCI_VCPUS;
}

static struct vpsci_answer vpsci_cpu_on(uint64_t affinity, uint64_t entry, uint64_t context)
{
	uint32_t target = vpsci_find(affinity);
	uint32_t power = POWER_OFF;

	if (target == VPSCI_VCPUS)
		return vpsci_return(INVALID_PARAMETERS);
	if (ram_pointer(entry, 4u) == NULL)
		return vpsci_return(INVALID_ADDRESS);
	if (!__atomic_compare_exchange_n(&vpsci_vcpus[target].power, &power, POWER_CLAIMED, false,
	                                 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return vpsci_return(power == POWER_ON ? ALREADY_ON : ON_PENDING);
	vpsci_vcpus[target].entry = entry;
	vpsci_vcpus[target].context = context;
	/* release: pairs with the acquire in vpsci_take_on */
	__atomic_store_n(&vpsci_vcpus[target].power, POWER_READY, __ATOMIC_RELEASE);
	return (struct vpsci_answer){.action = VPSCI_WAKE, .target = target, .value = SUCCESS};
}

bool vpsci_take_on(uint32_t self, uint64_t *entry, uint64_t *context)
{
	struct vpsci_vcpu *vcpu = &vpsci_vcpus[self];

	if (__atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE) != POWER_READY)
		return false;
	*entry = vcpu->entry;
	*context = vcpu->context;
	__atomic_store_n(&vcpu->power, POWER_ON, __ATOMIC_RELEASE);
	return true;
}

static struct vpsci_answer vpsci_cpu_off(uint32_t self)
{
	/* release: what this vCPU did happens before its next CPU_ON */
	__atomic_store_n(&vpsci_vcpus[self].power, POWER_OFF, __ATOMIC_RELEASE);
	return (struct vpsci_answer){.action = VPSCI_CPU_OFF};
}

/*
 * DEN 0022 5.4: a power-down request may be served as a standby, which returns SUCCESS to
 * the caller instead of entering at its address; that is how every request is served here.
 */
static struct vpsci_answer vpsci_cpu_suspend(uint32_t power_state, uint64_t entry)
{
	if ((power_state & POWER_STATE_RESERVED) != 0u)
		return vpsci_return(INVALID_PARAMETERS);
	if ((power_state & POWER_STATE_POWERDOWN) != 0u && ram_pointer(entry, 4u) == NULL)
		return vpsci_return(INVALID_ADDRESS);
	return (struct vpsci_answer){.action = VPSCI_IDLE, .value = SUCCESS};
}

/* DEN 0022 5.7: above level 0 the answer is for all vCPUs below; any that is on means on. */
static struct vpsci_answer vpsci_affinity_info(uint64_t affinity, uint32_t level)
{
	uint64_t ignore;
	uint32_t best = AFFINITY_OFF;
	uint32_t matches = 0u;

	if (level > AFFINITY_LEVEL_MAX || (affinity & ~AFFINITY_MASK) != 0u)
		return vpsci_return(INVALID_PARAMETERS);
	/* Aff3 is at bits 39:32, so ignoring three levels ends at bit 24 */
	ignore = (1ull << (8u * level)) - 1u;
	for (uint32_t i = 0u; i < vpsci_count; i++) {
		uint32_t power = __atomic_load_n(&vpsci_vcpus[i].power, __ATOMIC_ACQUIRE);

		if (((vpsci_vcpus[i].affinity ^ affinity) & ~ignore) != 0u)
			continue;
		matches++;
		if (power == POWER_ON)
			best = AFFINITY_ON;
		else if (power != POWER_OFF && best == AFFINITY_OFF)
			best = AFFINITY_ON_PENDING;
	}
	return vpsci_return(matches != 0u ? (int64_t)best : INVALID_PARAMETERS);
}

static struct vpsci_answer vpsci_features(uint32_t function)
{
	static const uint32_t supported[] = {
		PSCI_VERSION,
		CPU_SUSPEND,
		CPU_SUSPEND | SMC64,
		CPU_OFF,
		CPU_ON,
		CPU_ON | SMC64,
		AFFINITY_INFO,
		MIGRATE_INFO_TYPE,
		AFFINITY_INFO | SMC64,
		SYSTEM_OFF,
		SYSTEM_RESET,
		PSCI_FEATURES,
		SYSTEM_RESET2,
		SMCCC_VERSION,
		SYSTEM_RESET2 | SMC64,
	};

	/* For CPU_SUSPEND 0 says: original power_state format, no OS-initiated mode. */
	for (uint32_t i = 0u; i < sizeof(supported) / sizeof(supported[0]); i++) {
		if (supported[i] == function)
			return vpsci_return(SUCCESS);
	}
	return vpsci_return(NOT_SUPPORTED);
}

/*
 * DEN 0028 7: the workaround calls are answered NOT_SUPPORTED, which is the truth: the VM
 * process does not know the core, and the kernel offers no workaround on request.
 */
static struct vpsci_answer vpsci_arch_features(uint32_t function)
{
	bool known = function == SMCCC_VERSION || function == SMCCC_ARCH_FEATURES;

	return vpsci_return(known ? SUCCESS : NOT_SUPPORTED);
}

static struct vpsci_answer vpsci_reset2(uint32_t type)
{
	/* 0 is SYSTEM_WARM_RESET; other architectural types are reserved, vendor types not known */
	if (type != 0u)
		return vpsci_return((type & RESET2_VENDOR) != 0u ? NOT_SUPPORTED
		                                                 : INVALID_PARAMETERS);
	return (struct vpsci_answer){.action = VPSCI_SYSTEM_RESET};
}

struct vpsci_answer vpsci_call(uint32_t self, const uint64_t args[4])
{
	uint32_t function = (uint32_t)args[0];
	uint64_t mask = (function & SMC64) != 0u ? UINT64_MAX : UINT32_MAX;
	uint64_t a1 = args[1] & mask;
	uint64_t a2 = args[2] & mask;
	uint64_t a3 = args[3] & mask;

	switch (function) {
	case PSCI_VERSION:
	case SMCCC_VERSION:
		return vpsci_return(VERSION_1_1);
	case CPU_SUSPEND:
	case CPU_SUSPEND | SMC64:
		return vpsci_cpu_suspend((uint32_t)a1, a2);
	case CPU_OFF:
		return vpsci_cpu_off(self);
	case CPU_ON:
	case CPU_ON | SMC64:
		return vpsci_cpu_on(a1, a2, a3);
	case AFFINITY_INFO:
	case AFFINITY_INFO | SMC64:
		return vpsci_affinity_info(a1, (uint32_t)a2);
	case MIGRATE_INFO_TYPE:
		return vpsci_return(MIGRATION_NOT_NEEDED);
	case SYSTEM_OFF:
		return (struct vpsci_answer){.action = VPSCI_SYSTEM_OFF};
	case SYSTEM_RESET:
		return (struct vpsci_answer){.action = VPSCI_SYSTEM_RESET};
	case SYSTEM_RESET2:
	case SYSTEM_RESET2 | SMC64:
		return vpsci_reset2((uint32_t)a1);
	case PSCI_FEATURES:
		return vpsci_features((uint32_t)a1);
	case SMCCC_ARCH_FEATURES:
		return vpsci_arch_features((uint32_t)a1);
	default:
		return vpsci_return(NOT_SUPPORTED);
	}
}
