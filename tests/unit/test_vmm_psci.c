/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/vmm/vpsci.c user/vmm/ram.c tests/unit/vmm_host.c */
/* PSCI 1.1 and SMCCC 1.1 of a VM with four vCPUs. REQ-PSCI-001, REQ-PSCI-002, REQ-PSCI-003. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "user/vmm/vpsci.h"
#include "user/vmm/ram.h"

#define SMC64 0x40000000u
#define RAM   0x40000000u
#define ENTRY 0x40080000u

#define SUCCESS            0u
#define NOT_SUPPORTED      UINT64_MAX
#define INVALID_PARAMETERS (UINT64_MAX - 1u)
#define ALREADY_ON         (UINT64_MAX - 3u)
#define ON_PENDING         (UINT64_MAX - 4u)
#define INVALID_ADDRESS    (UINT64_MAX - 8u)

static const struct vm_bank bank = {.ipa = RAM, .bytes = 0x100000u};
static const uint64_t mpidr[] = {0x80000000u, 0x80000001u, 0x80000100u, 0x8180000100u};

static struct vpsci_answer call(uint32_t self, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
	const uint64_t args[4] = {x0, x1, x2, x3};

	return vpsci_call(self, args);
}

static void returns(uint64_t value, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
	struct vpsci_answer answer = call(0u, x0, x1, x2, x3);

	assert_int_equal(answer.action, VPSCI_RETURN);
	assert_int_equal(answer.value, value);
}

static int setup(void **state)
{
	(void)state;
	ram_init(&bank, 1u, 0u);
	vpsci_init(4u);
	for (uint32_t i = 0u; i < 4u; i++) {
		assert_int_equal(vpsci_known(), i);
		vpsci_set_mpidr(i, mpidr[i]);
	}
	assert_int_equal(vpsci_known(), 4u);
	return 0;
}

static void test_discovery(void **state)
{
	static const uint32_t both[] = {0x84000001u, 0x84000003u, 0x84000004u, 0x84000012u};
	static const uint32_t only[] = {0x84000000u, 0x84000002u, 0x84000006u, 0x84000008u,
	                                0x84000009u, 0x8400000au, 0x80000000u};
	static const uint32_t absent[] = {0x84000005u, 0x84000007u, 0x8400000bu, 0x8400000cu,
	                                  0x8400000du, 0x8400000eu, 0x8400000fu, 0x84000010u,
	                                  0x84000011u, 0x84000013u, 0x84000014u, 0xc4000002u,
	                                  0xc4000008u, 0xc6000000u, 0x00000000u};

	(void)state;
	returns(0x10001u, 0x84000000u, 0u, 0u, 0u);
	returns(0x10001u, 0x80000000u, 0u, 0u, 0u);
	returns(2u, 0x84000006u, 0u, 0u, 0u);
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		returns(SUCCESS, 0x8400000au, both[i], 0u, 0u);
		returns(SUCCESS, 0x8400000au, both[i] | SMC64, 0u, 0u);
	}
	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++)
		returns(SUCCESS, 0x8400000au, only[i], 0u, 0u);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		returns(NOT_SUPPORTED, 0x8400000au, absent[i], 0u, 0u);
		returns(NOT_SUPPORTED, absent[i], 0u, 0u, 0u);
	}
	returns(SUCCESS, 0x80000001u, 0x80000000u, 0u, 0u);
	returns(SUCCESS, 0x80000001u, 0x80000001u, 0u, 0u);
	returns(NOT_SUPPORTED, 0x80000001u, 0x80008000u, 0u, 0u);
	returns(NOT_SUPPORTED, 0x80000001u, 0x80007fffu, 0u, 0u);
	returns(NOT_SUPPORTED, 0x80000001u, 0x80003fffu, 0u, 0u);
	returns(NOT_SUPPORTED, 0x80008000u, 0u, 0u, 0u);
}

static void test_cpu_on(void **state)
{
	struct vpsci_answer answer;
	uint64_t entry = 0u;
	uint64_t context = 0u;

	(void)state;
	returns(INVALID_PARAMETERS, 0xc4000003u, 2u, ENTRY, 0u);
	returns(INVALID_PARAMETERS, 0xc4000003u, 0x80000001u, ENTRY, 0u);
	returns(INVALID_ADDRESS, 0xc4000003u, 1u, 0x9000000u, 0u);
	returns(INVALID_ADDRESS, 0xc4000003u, 1u, RAM + 0x100000u, 0u);
	returns(ALREADY_ON, 0xc4000003u, 0u, ENTRY, 0u);
	assert_false(vpsci_take_on(1u, &entry, &context));

	answer = call(0u, 0xc4000003u, 1u, ENTRY, 0x123456789abcdef0u);
	assert_int_equal(answer.action, VPSCI_WAKE);
	assert_int_equal(answer.target, 1u);
	assert_int_equal(answer.value, SUCCESS);
	returns(2u, 0xc4000004u, 1u, 0u, 0u);
	returns(ON_PENDING, 0xc4000003u, 1u, ENTRY, 0u);
	assert_true(vpsci_take_on(1u, &entry, &context));
	assert_int_equal(entry, ENTRY);
	assert_int_equal(context, 0x123456789abcdef0u);
	assert_false(vpsci_take_on(1u, &entry, &context));
	returns(0u, 0xc4000004u, 1u, 0u, 0u);
	returns(ALREADY_ON, 0xc4000003u, 1u, ENTRY, 0u);

	/* the 32-bit form sees 32 bits of each argument */
	answer = call(0u, 0x84000003u, 0xffffffff00000100u, 0xdead00000000u | ENTRY, ~0ull);
	assert_int_equal(answer.target, 2u);
	assert_true(vpsci_take_on(2u, &entry, &context));
	assert_int_equal(entry, ENTRY);
	assert_int_equal(context, UINT32_MAX);

	/* off, and on again */
	assert_int_equal(call(1u, 0x84000002u, 0u, 0u, 0u).action, VPSCI_CPU_OFF);
	returns(1u, 0xc4000004u, 1u, 0u, 0u);
	assert_int_equal(call(2u, 0xc4000003u, 1u, ENTRY, 7u).action, VPSCI_WAKE);
	assert_true(vpsci_take_on(1u, &entry, &context));
	assert_int_equal(context, 7u);
}

static void test_affinity(void **state)
{
	uint64_t entry;
	uint64_t context;

	(void)state;
	returns(0u, 0xc4000004u, 0u, 0u, 0u);
	returns(1u, 0xc4000004u, 0x100u, 0u, 0u);
	returns(1u, 0xc4000004u, 0x8100000100u, 0u, 0u);
	returns(INVALID_PARAMETERS, 0xc4000004u, 0x55u, 0u, 0u);
	returns(INVALID_PARAMETERS, 0xc4000004u, 0u, 4u, 0u);
	returns(INVALID_PARAMETERS, 0xc4000004u, 0x80000000u, 0u, 0u);
	/* a level above 0 is for all below: vCPU 0 is on */
	returns(0u, 0xc4000004u, 1u, 1u, 0u);
	returns(1u, 0xc4000004u, 0x100u, 1u, 0u);
	returns(0u, 0xc4000004u, 0x100u, 2u, 0u);
	assert_int_equal(call(0u, 0xc4000003u, 0x100u, ENTRY, 0u).action, VPSCI_WAKE);
	returns(2u, 0xc4000004u, 0x100u, 1u, 0u);
	assert_true(vpsci_take_on(2u, &entry, &context));
	returns(0u, 0xc4000004u, 0x1ffu, 1u, 0u);
}

static void test_suspend_and_system(void **state)
{
	(void)state;
	assert_int_equal(call(0u, 0x84000001u, 0u, 0u, 0u).action, VPSCI_IDLE);
	assert_int_equal(call(0u, 0xc4000001u, 0x0101ffffu, ENTRY, 0u).action, VPSCI_IDLE);
	returns(INVALID_ADDRESS, 0xc4000001u, 0x00010000u, 4u, 0u);
	returns(INVALID_PARAMETERS, 0xc4000001u, 0x80000000u, ENTRY, 0u);
	assert_int_equal(call(0u, 0x84000008u, 0u, 0u, 0u).action, VPSCI_SYSTEM_OFF);
	assert_int_equal(call(0u, 0x84000009u, 0u, 0u, 0u).action, VPSCI_SYSTEM_RESET);
	assert_int_equal(call(0u, 0x84000012u, 0u, 0u, 0u).action, VPSCI_SYSTEM_RESET);
	assert_int_equal(call(0u, 0xc4000012u, 0u, 0u, 0u).action, VPSCI_SYSTEM_RESET);
	returns(INVALID_PARAMETERS, 0xc4000012u, 1u, 0u, 0u);
	returns(NOT_SUPPORTED, 0xc4000012u, 0x80000000u, 0u, 0u);
	/* the upper half of x0 is not part of a function identifier */
	returns(0x10001u, 0xffffffff84000000u, 0u, 0u, 0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_discovery, setup),
		cmocka_unit_test_setup(test_cpu_on, setup),
		cmocka_unit_test_setup(test_affinity, setup),
		cmocka_unit_test_setup(test_suspend_and_system, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
