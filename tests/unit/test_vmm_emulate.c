/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/emulate.c user/vmm/decode.c user/vmm/walk.c user/vmm/ram.c
 *	user/vmm/bus.c user/lib/channel.c tests/unit/vmm_host.c
 */
/*
 * Decoded accesses to a device of memory words, the guest's stage-1 walk with every granule,
 * and hostile tables. REQ-VCPU-008, REQ-DEV-006.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/vcpu.h"
#include "tests/unit/vmm_host.h"
#include "user/vmm/emulate.h"
#include "user/vmm/bus.h"
#include "user/vmm/ram.h"
#include "user/vmm/walk.h"

#define RAM       0x40000000ull
#define RAM_BYTES 0x200000ull
#define DEVICE    0x9000000ull
#define CODE      (RAM + 0x1000u)
#define WRITE     (1u << 6)

static uint8_t *ram;
static const struct vm_bank bank = {.ipa = RAM, .bytes = RAM_BYTES};
static uint32_t words[16];
static uint32_t word_accesses;

static void words_reset(struct device *device)
{
	(void)device;
}

static uint32_t words_read(struct device *device, uint32_t offset, uint32_t bytes)
{
	(void)device;
	(void)bytes;
	word_accesses++;
	return words[offset / 4u % 16u] >> (8u * (offset & 3u));
}

static void words_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
	(void)device;
	word_accesses++;
	memcpy((uint8_t *)words + offset % 64u, &value, bytes);
}

static const struct device_ops words_ops = {
	.backend = "words", .reset = words_reset, .read = words_read, .write = words_write};
DEVICE_BACKEND(words_ops);

static int setup(void **state)
{
	static const struct vm_device device = {.backend = "words",
	                                        .ipa = DEVICE,
	                                        .bytes = 0x1000u,
	                                        .intid = IMAGE_NONE,
	                                        .channel = IMAGE_NONE};

	(void)state;
	fake_host_reset();
	ram = aligned_alloc(65536u, RAM_BYTES);
	memset(ram, 0, RAM_BYTES);
	ram_init(&bank, 1u, (uintptr_t)ram - RAM);
	assert_null(bus_init(&device, 1u, NULL, 0u));
	for (uint32_t i = 0u; i < 16u; i++)
		words[i] = 0x11111111u * i;
	word_accesses = 0u;
	fake_host.registers[VCPU_REG_PSTATE] = 5u; /* EL1h */
	fake_host.vgic_ipa = 0x8000000u;
	fake_host.vgic_bytes = 0x10000u;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

static uint64_t run(uint32_t instruction, uint64_t ipa, uint32_t esr)
{
	memcpy(ram + (CODE - RAM), &instruction, sizeof(instruction));
	return emulate_access(ipa, CODE, esr, ipa);
}

static void test_loads(void **state)
{
	uint64_t *x = fake_host.registers;

	(void)state;
	x[2] = DEVICE + 8u;
	assert_int_equal(run(0xa8c10440u, DEVICE + 8u, 0u), VCPU_DONE); /* ldp x0, x1, [x2], #16 */
	assert_int_equal(x[0], 0x3333333322222222u);
	assert_int_equal(x[1], 0x5555555544444444u);
	assert_int_equal(x[2], DEVICE + 24u);
	x[1] = DEVICE + 40u;
	assert_int_equal(run(0xf85f8c20u, DEVICE + 32u, 0u), VCPU_DONE); /* ldr x0, [x1, #-8]! */
	assert_int_equal(x[0], 0x9999999988888888u);
	assert_int_equal(x[1], DEVICE + 32u);
	x[1] = DEVICE + 35u;
	assert_int_equal(run(0x38801420u, DEVICE + 35u, 0u), VCPU_DONE); /* ldrsb x0, [x1], #1 */
	assert_int_equal(x[0], 0xffffffffffffff88u);
	x[1] = DEVICE + 36u;
	assert_int_equal(run(0xb8804420u, DEVICE + 36u, 0u), VCPU_DONE); /* ldrsw x0, [x1], #4 */
	assert_int_equal(x[0], 0xffffffff99999999u);
	x[2] = DEVICE;
	assert_int_equal(run(0xacc17c40u, DEVICE, 0u), VCPU_DONE); /* ldp q0, q31, [x2], #32 */
	assert_int_equal(x[VCPU_REG_V0], 0x1111111100000000u);
	assert_int_equal(x[VCPU_REG_V0 + 1u], 0x3333333322222222u);
	assert_int_equal(x[VCPU_REG_V31_HIGH], 0x7777777766666666u);
	assert_int_equal(x[2], DEVICE + 32u);
	x[1] = DEVICE + 4u;
	assert_int_equal(run(0xbc404420u, DEVICE + 4u, 0u), VCPU_DONE); /* ldr s0, [x1], #4 */
	assert_int_equal(x[VCPU_REG_V0], 0x11111111u);
	assert_int_equal(x[VCPU_REG_V0 + 1u], 0u);
}

static void test_stores(void **state)
{
	uint64_t *x = fake_host.registers;

	(void)state;
	x[VCPU_REG_SP_EL1] = DEVICE + 16u;
	x[31] = 0x1234u; /* never the zero register's value */
	assert_int_equal(run(0xf81f0fffu, DEVICE, WRITE), VCPU_DONE); /* str xzr, [sp, #-16]! */
	assert_int_equal(words[0], 0u);
	assert_int_equal(words[1], 0u);
	assert_int_equal(x[VCPU_REG_SP_EL1], DEVICE);
	x[1] = DEVICE + 5u;
	x[0] = 0xffffffffffffffabu;
	x[7] = 0xabcdefu;
	x[VCPU_REG_V0 + 14u] = 0x77u;
	assert_int_equal(run(0x38001c20u, DEVICE + 6u, WRITE), VCPU_DONE); /* strb w0, [x1, #1]! */
	assert_int_equal(words[1], 0xab0000u);
	assert_int_equal(run(0x3c001c27u, DEVICE + 7u, WRITE), VCPU_DONE); /* str b7, [x1, #1]! */
	assert_int_equal(words[1], 0x77ab0000u);
	/* EL0 uses its own stack pointer: stp q3, q4, [sp, #-64]! */
	x[VCPU_REG_PSTATE] = 0u;
	x[VCPU_REG_SP_EL0] = DEVICE + 64u;
	for (uint32_t i = 6u; i < 10u; i++)
		x[VCPU_REG_V0 + i] = 0x100000000ull * (2u * i + 1u) + 2u * i;
	assert_int_equal(run(0xadbe13e3u, DEVICE, WRITE), VCPU_DONE);
	for (uint32_t i = 0u; i < 8u; i++)
		assert_int_equal(words[i], 12u + i);
	assert_int_equal(x[VCPU_REG_SP_EL0], DEVICE);
}

static void test_big_endian(void **state)
{
	uint64_t *x = fake_host.registers;

	(void)state;
	x[VCPU_REG_SCTLR] = WALK_SCTLR_EE;
	words[0] = 0x04030201u;
	words[1] = 0x08070605u;
	x[2] = DEVICE;
	assert_int_equal(run(0x29400440u, DEVICE, 0u), VCPU_DONE); /* ldp w0, w1, [x2] */
	assert_int_equal(x[0], 0x01020304u);
	assert_int_equal(x[1], 0x05060708u);
	x[1] = DEVICE;
	words[2] = 0x0c0b0a09u;
	words[3] = 0x100f0e0du;
	assert_int_equal(run(0x3cc10420u, DEVICE, 0u), VCPU_DONE); /* ldr q0, [x1], #16 */
	assert_int_equal(x[VCPU_REG_V0 + 1u], 0x0102030405060708u);
	assert_int_equal(x[VCPU_REG_V0], 0x090a0b0c0d0e0f10u);
}

static void test_refused(void **state)
{
	uint64_t *x = fake_host.registers;

	(void)state;
	x[2] = DEVICE;
	x[1] = DEVICE;
	assert_int_equal(run(0xa9400440u, DEVICE, 1u << 7), VCPU_ABORT); /* a table walk */
	assert_int_equal(run(0xa9400440u, DEVICE, 1u << 8), VCPU_DONE);  /* cache maintenance */
	assert_int_equal(run(0xa9400440u, DEVICE, WRITE), VCPU_RETRY);   /* another instruction */
	assert_int_equal(run(0xa9400440u, DEVICE + 8u, 0u), VCPU_ABORT); /* the second half */
	assert_int_equal(run(0x885f7c20u, DEVICE, 0u), VCPU_ABORT);      /* ldxr */
	assert_int_equal(run(0xd50b7420u, DEVICE, WRITE), VCPU_ABORT);   /* dc zva */
	assert_int_equal(run(0xe9400440u, DEVICE, 0u), VCPU_UNDEF);
	assert_int_equal(run(0xf9800020u, DEVICE, 0u), VCPU_DONE); /* prfm */
	x[2] = DEVICE + 0xff8u;
	assert_int_equal(run(0xa9400440u, DEVICE + 0xff8u, 0u), VCPU_ABORT); /* leaves the page */
	x[2] = DEVICE + 0x10000u;
	assert_int_equal(run(0xa9400440u, DEVICE + 0x10000u, 0u), VCPU_ABORT); /* nothing there */
	x[1] = DEVICE + 2u;
	assert_int_equal(run(0xb8404420u, DEVICE + 2u, 0u), VCPU_ABORT); /* not aligned */
	x[VCPU_REG_PSTATE] = 0x10u;
	x[2] = DEVICE;
	assert_int_equal(run(0xa9400440u, DEVICE, 0u), VCPU_ABORT); /* AArch32 */
	x[VCPU_REG_PSTATE] = 5u;
	assert_int_equal(emulate_access(DEVICE, DEVICE, 0u, DEVICE),
	                 VCPU_ABORT); /* code not in RAM */
	assert_int_equal(emulate_access(DEVICE, CODE + 2u, 0u, DEVICE), VCPU_ABORT);
	assert_int_equal(word_accesses, 0u);
}

static void test_vgic(void **state)
{
	uint64_t *x = fake_host.registers;

	(void)state;
	x[2] = 0x8000100u;
	fake_host.vgic_value = 10u;
	assert_int_equal(run(0x29410440u, 0x8000108u, 0u), VCPU_DONE); /* ldp w0, w1, [x2, #8] */
	assert_int_equal(x[0], 11u);
	assert_int_equal(x[1], 12u);
	x[9] = 0x8000100u;
	x[7] = 5u;
	assert_int_equal(run(0x28bf7d27u, 0x8000100u, WRITE),
	                 VCPU_DONE); /* stp w7, wzr, [x9], #-8 */
	assert_int_equal(fake_host.vgic_value, 0u);
	assert_int_equal(fake_host.vgic_calls, 4u);
}

static void put(uint64_t ipa, uint64_t descriptor)
{
	memcpy(ram + (ipa - RAM), &descriptor, sizeof(descriptor));
}

static void translates(const struct walk_regs *regs, uint64_t va, uint64_t want)
{
	uint64_t ipa = 0u;

	if (!walk_translate(regs, va, &ipa))
		fail_msg("%#llx: no translation", (unsigned long long)va);
	assert_int_equal(ipa, want);
}

static void faults(const struct walk_regs *regs, uint64_t va)
{
	uint64_t ipa;

	if (walk_translate(regs, va, &ipa))
		fail_msg("%#llx: a translation", (unsigned long long)va);
}

/* 39-bit halves with 4 KiB pages, three levels; TTBR1 with top-byte ignore. */
static void test_walk_4k(void **state)
{
	struct walk_regs regs = {.sctlr = WALK_SCTLR_M | WALK_SCTLR_C,
	                         .tcr = 25u | 25u << 16 | 2u << 30 | 1ull << 38,
	                         .ttbr0 = RAM + 0x10000u,
	                         .ttbr1 = (0x1234ull << 48) | (RAM + 0x10000u) | 1u};

	(void)state;
	put(RAM + 0x10000u + 8u, (RAM + 0x11000u) | 3u);
	put(RAM + 0x11000u + 8u * 5u, (RAM + 0x12000u) | 3u);
	put(RAM + 0x12000u + 8u * 7u, 0x0060000040abc000ull | 3u);
	put(RAM + 0x11000u + 8u * 6u, 0x50000000u | 1u);
	put(RAM + 0x10000u + 8u * 2u, 0x80000000u | 1u);
	put(RAM + 0x12000u + 8u * 8u, 0x40abc000u | 1u);
	translates(&regs, 0x40a07123u & ~3ull, 0x40abc120u);
	translates(&regs, 0x40c12344u, 0x50012344u);
	translates(&regs, 0x81234568u, 0x81234568u);
	translates(&regs, 0xffffff8040a07000u, 0x40abc000u);
	translates(&regs, 0x5affff8040a07000u | 1ull << 55, 0x40abc000u);
	faults(&regs, 0x40a08000u); /* a block at level 3 */
	faults(&regs, 0x40a09000u);
	faults(&regs, 0x8000000000u);       /* above the input size */
	faults(&regs, 0x5a00000040a07000u); /* TTBR0 does not ignore the top byte */
	regs.tcr |= 1u << 7;
	faults(&regs, 0x40a07000u); /* walks disabled */
}

static void test_walk_granules(void **state)
{
	/* 64 KiB, 42 bits: levels 2 and 3; the first table has 8192 entries */
	struct walk_regs big = {.sctlr = WALK_SCTLR_M | WALK_SCTLR_C,
	                        .tcr = 22u | 1u << 14,
	                        .ttbr0 = RAM + 0x100000u};
	/* 16 KiB, 36 bits: levels 2 and 3 */
	struct walk_regs middle = {.sctlr = WALK_SCTLR_M | WALK_SCTLR_C,
	                           .tcr = 28u | 2u << 14,
	                           .ttbr0 = RAM + 0x40000u};
	/* 4 KiB, 48 bits, big-endian tables: four levels */
	struct walk_regs swapped = {.sctlr = WALK_SCTLR_M | WALK_SCTLR_C | WALK_SCTLR_EE,
	                            .tcr = 16u,
	                            .ttbr0 = RAM + 0x60000u};

	(void)state;
	put(RAM + 0x100000u + 8u * 2u, (RAM + 0x20000u) | 3u);
	put(RAM + 0x20000u + 8u * 3u, 0x40080000u | 3u);
	put(RAM + 0x100000u + 8u * 3u, 0x60000000u | 1u);
	translates(&big, 0x40034560u, 0x40084560u);
	translates(&big, 0x61234560u, 0x61234560u);
	put(RAM + 0x40000u + 8u, (RAM + 0x44000u) | 3u);
	put(RAM + 0x44000u + 8u * 2u, 0x40008000u | 3u);
	translates(&middle, 0x2008abcu, 0x40008abcu);
	put(RAM + 0x60000u, __builtin_bswap64((RAM + 0x61000u) | 3u));
	put(RAM + 0x61000u + 8u, __builtin_bswap64((RAM + 0x62000u) | 3u));
	put(RAM + 0x62000u, __builtin_bswap64(0x40000000u | 1u));
	translates(&swapped, 0x40001234u, 0x40001234u);
	/* a block is not allowed at level 0 */
	put(RAM + 0x60000u + 8u, __builtin_bswap64(0x40000000u | 1u));
	faults(&swapped, 0x8000000000u);
}

/* Tables outside RAM, at its very end, pointing at themselves; every kind of TCR. */
static void test_walk_hostile(void **state)
{
	struct walk_regs regs = {.sctlr = WALK_SCTLR_M};
	uint64_t random = 88172645463325252ull;
	uint64_t ipa;

	(void)state;
	for (uint64_t at = 0u; at < RAM_BYTES; at += 8u)
		put(RAM + at, (RAM + (at * 4096u) % RAM_BYTES) | 3u);
	for (uint32_t i = 0u; i < 200000u; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		regs.tcr = random;
		regs.ttbr0 = (random & 1u) != 0u ? random : RAM + random % (RAM_BYTES + 0x10000u);
		regs.ttbr1 = RAM + RAM_BYTES - 8u;
		if (walk_translate(&regs, random >> (random & 31u), &ipa))
			assert_true(ipa < 1ull << 48);
		(void)walk_translate(&regs, ~(random >> (random & 31u)), &ipa);
	}
	/* caches off: what is read is refreshed first */
	fake_host.cleaned = 0u;
	regs.sctlr = 0u;
	assert_true(walk_read(&regs, RAM, 8u, &ipa));
	assert_int_equal(fake_host.cleaned, 8u);
	assert_false(walk_read(&regs, RAM + RAM_BYTES, 4u, &ipa));
	assert_false(walk_read(&regs, RAM + 4u, 8u, &ipa));
	faults(&regs, 1ull << 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_loads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stores, setup, teardown),
		cmocka_unit_test_setup_teardown(test_big_endian, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vgic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_walk_4k, setup, teardown),
		cmocka_unit_test_setup_teardown(test_walk_granules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_walk_hostile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
