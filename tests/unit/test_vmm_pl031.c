/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/dev/pl031.c user/vmm/dev/zero.c user/vmm/bus.c user/lib/channel.c
 *	tests/unit/vmm_host.c
 */
/* The PL031, the empty device, and the table that they are found in. REQ-DEV-003, REQ-DEV-004. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vmm_host.h"
#include "user/vmm/bus.h"

#define RTC   0x9010000u
#define INTID 34u
#define START 1767225600u

#define DR   0x00u
#define MR   0x04u
#define LR   0x08u
#define CR   0x0cu
#define IMSC 0x10u
#define RIS  0x14u
#define MIS  0x18u
#define ICR  0x1cu

static const struct vm_device devices[] = {
	{.backend = "zero",
         .ipa = 0xa000000u,
         .bytes = 0x200u,
         .intid = IMAGE_NONE,
         .channel = IMAGE_NONE},
	{.backend = "pl031", .ipa = RTC, .bytes = 0x1000u, .intid = INTID, .channel = IMAGE_NONE},
	{.backend = "zero",
         .ipa = RTC + 0x1000u,
         .bytes = 8u,
         .intid = IMAGE_NONE,
         .channel = IMAGE_NONE},
};

static uint32_t rd(uint32_t reg)
{
	uint64_t value = 0u;

	assert_true(bus_read(bus_find(RTC), RTC + reg, 4u, &value));
	return (uint32_t)value;
}

static void wr(uint32_t reg, uint32_t value)
{
	assert_true(bus_write(bus_find(RTC), RTC + reg, 4u, value));
}

static void seconds(uint64_t count)
{
	fake_host.ticks += count * FAKE_FREQUENCY;
}

static int setup(void **state)
{
	(void)state;
	fake_host_reset();
	assert_null(bus_init(devices, 3u, NULL, 0u));
	return 0;
}

static void test_table(void **state)
{
	struct vm_device bad[2];
	uint64_t value = 1u;

	(void)state;
	assert_null(bus_find(RTC - 1u));
	assert_int_equal(bus_find(RTC)->intid, INTID);
	assert_ptr_equal(bus_find(RTC), bus_find(RTC + 0xfffu));
	assert_non_null(bus_find(RTC + 0x1007u));
	assert_null(bus_find(RTC + 0x1008u));
	assert_null(bus_find(0u));
	assert_null(bus_find(UINT64_MAX));
	assert_true(bus_read(bus_find(0xa000000u), 0xa0001f8u, 8u, &value));
	assert_int_equal(value, 0u);
	assert_true(bus_write(bus_find(0xa000000u), 0xa0001f8u, 8u, UINT64_MAX));

	bad[0] = devices[1];
	bad[1] = devices[1];
	assert_non_null(bus_init(bad, 2u, NULL, 0u));
	bad[1].ipa += 0xff8u;
	assert_non_null(bus_init(bad, 2u, NULL, 0u));
	bad[1].ipa = RTC - 4u;
	assert_non_null(bus_init(bad, 2u, NULL, 0u));
	bad[1] = (struct vm_device){.backend = "no such", .bytes = 8u};
	assert_non_null(bus_init(bad, 2u, NULL, 0u));
	bad[1] = (struct vm_device){.backend = "zero", .ipa = GUEST_IPA_END - 8u, .bytes = 16u};
	assert_non_null(bus_init(bad, 2u, NULL, 0u));
	assert_null(bus_init(bad, 1u, NULL, 0u));
}

static void test_registers(void **state)
{
	static const uint8_t ids[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)state;
	assert_int_equal(rd(DR), START);
	seconds(5u);
	assert_int_equal(rd(DR), START + 5u);
	wr(DR, 1u);
	assert_int_equal(rd(DR), START + 5u);
	wr(LR, 1000u);
	assert_int_equal(rd(LR), 1000u);
	assert_int_equal(rd(DR), 1000u);
	seconds(7u);
	assert_int_equal(rd(DR), 1007u);
	assert_int_equal(rd(CR), 1u);
	wr(CR, 0u);
	assert_int_equal(rd(CR), 1u);
	for (uint32_t i = 0u; i < 8u; i++)
		assert_int_equal(rd(0xfe0u + 4u * i), ids[i]);
	assert_int_equal(rd(0x20u), 0u);
	assert_int_equal(rd(RIS), 0u);
}

static void test_match(void **state)
{
	(void)state;
	assert_int_equal(bus_deadline(), DEVICE_NO_DEADLINE);
	fake_host.ticks = FAKE_FREQUENCY / 2u;
	wr(IMSC, 1u);
	wr(MR, START + 3u);
	assert_int_equal(bus_deadline(), 3u * (uint64_t)FAKE_FREQUENCY);
	seconds(2u);
	bus_poll(0u);
	assert_false(fake_host.lines[INTID]);
	seconds(1u);
	bus_poll(0u);
	assert_true(fake_host.lines[INTID]);
	assert_int_equal(bus_deadline(), DEVICE_NO_DEADLINE);
	assert_int_equal(rd(RIS), 1u);
	assert_int_equal(rd(MIS), 1u);
	wr(IMSC, 0u);
	assert_false(fake_host.lines[INTID]);
	assert_int_equal(rd(MIS), 0u);
	wr(ICR, 1u);
	assert_int_equal(rd(RIS), 0u);
	/* a match with the present is now; one in the past is after the counter wraps */
	wr(MR, rd(DR));
	assert_int_equal(rd(RIS), 1u);
	wr(ICR, 1u);
	wr(MR, rd(DR) - 1u);
	assert_int_equal(rd(RIS), 0u);
	assert_true(bus_deadline() > 0xffffff00ull * FAKE_FREQUENCY);
	/* setting the time moves the match */
	wr(LR, START + 1u);
	wr(MR, START + 2u);
	assert_int_equal(rd(RIS), 0u);
	seconds(1u);
	assert_int_equal(rd(RIS), 1u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_table, setup),
		cmocka_unit_test_setup(test_registers, setup),
		cmocka_unit_test_setup(test_match, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
