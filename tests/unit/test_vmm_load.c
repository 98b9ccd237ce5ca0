/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/vmm/load.c user/vmm/ram.c tests/unit/vmm_host.c */
/* The guest loader: each kind of kernel, and files that lie. REQ-DEV-005, REQ-DEV-006. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmm_host.h"
#include "user/vmm/load.h"
#include "user/vmm/ram.h"

#define RAM       0x40000000ull
#define RAM_BYTES 0x10000ull
#define FILE_MAX  1024u

static uint8_t *ram;
static uint8_t *file; /* of exactly the size it says, so that ASan sees a read beyond */
static struct vm_info info;
static struct load_start start;

static void set_file(const void *bytes, uint64_t count)
{
	free(file);
	file = malloc(count);
	memcpy(file, bytes, count);
	info.kernel.va = (uintptr_t)file;
	info.kernel.bytes = count;
}

static int setup(void **state)
{
	(void)state;
	fake_host_reset();
	ram = aligned_alloc(4096u, RAM_BYTES);
	memset(ram, 0xa5, RAM_BYTES);
	file = NULL;
	start = (struct load_start){0};
	info = (struct vm_info){.bank_count = 1u, .banks = {{.ipa = RAM, .bytes = RAM_BYTES}}};
	info.kernel.ipa = RAM + 0x1000u;
	ram_init(info.banks, 1u, (uintptr_t)ram - RAM);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	free(file);
	return 0;
}

static void test_raw(void **state)
{
	static const char tree[] = "a tree";

	(void)state;
	info.kernel_kind = KERNEL_RAW;
	set_file("code", 4u);
	info.tree = (struct vm_payload){.va = (uintptr_t)tree, .bytes = 6u, .ipa = RAM + 0x8000u};
	assert_int_equal(load_guest(&info, &start), LOAD_OK);
	assert_memory_equal(ram + 0x1000u, "code\0\0\0", 7u);
	assert_memory_equal(ram + 0x8000u, "a tree\0", 7u);
	assert_int_equal(start.entry, RAM + 0x1000u);
	assert_int_equal(start.x0, RAM + 0x8000u);
	assert_int_equal(fake_host.cleared, RAM_BYTES);
	assert_int_equal(fake_host.cleaned, RAM_BYTES);
	info.entry = RAM + 0x1008u;
	assert_int_equal(load_guest(&info, &start), LOAD_OK);
	assert_int_equal(start.entry, RAM + 0x1008u);
	info.entry = 0x1000u;
	assert_int_equal(load_guest(&info, &start), LOAD_ENTRY_NOT_RAM);
	info.entry = 0u;
	info.kernel.ipa = RAM + RAM_BYTES - 3u;
	assert_int_equal(load_guest(&info, &start), LOAD_KERNEL_NOT_RAM);
	info.kernel.ipa = RAM + 0x1000u;
	info.initrd = (struct vm_payload){.va = (uintptr_t)tree, .bytes = 6u, .ipa = UINT64_MAX};
	assert_int_equal(load_guest(&info, &start), LOAD_INITRD_NOT_RAM);
	info.initrd.bytes = 0u;
	info.tree.ipa = RAM - 1u;
	assert_int_equal(load_guest(&info, &start), LOAD_TREE_NOT_RAM);
}

static void test_image(void **state)
{
	uint8_t image[128] = {0};
	uint64_t size = 0x4000u;

	(void)state;
	info.kernel_kind = KERNEL_IMAGE;
	memcpy(image + 56, "ARM\x64", 4u);
	memcpy(image + 16, &size, 8u);
	set_file(image, sizeof(image));
	assert_int_equal(load_guest(&info, &start), LOAD_OK);
	assert_int_equal(start.entry, RAM + 0x1000u);
	assert_int_equal(start.x0, 0u);
	size = RAM_BYTES;
	memcpy(image + 16, &size, 8u);
	set_file(image, sizeof(image));
	assert_int_equal(load_guest(&info, &start), LOAD_KERNEL_NOT_RAM);
	set_file(image, 63u);
	assert_int_equal(load_guest(&info, &start), LOAD_BAD_IMAGE);
	image[56] = 'B';
	set_file(image, sizeof(image));
	assert_int_equal(load_guest(&info, &start), LOAD_BAD_IMAGE);
}

static void put(uint8_t *at, uint64_t value, uint32_t bytes)
{
	memcpy(at, &value, bytes);
}

/* Two segments: 8 bytes of text, and 4 bytes of data with 12 of .bss, linked elsewhere. */
static uint64_t make_elf(uint8_t *elf)
{
	memset(elf, 0, FILE_MAX);
	memcpy(elf, "\177ELF\2\1\1", 7u);
	put(elf + 16, 2u, 2u);
	put(elf + 18, 183u, 2u);
	put(elf + 24, 0xffff800000000004u, 8u);
	put(elf + 32, 64u, 8u);
	put(elf + 54, 56u, 2u);
	put(elf + 56, 2u, 2u);
	for (uint32_t i = 0u; i < 2u; i++) {
		uint8_t *segment = elf + 64 + 56u * i;

		put(segment, 1u, 4u);
		put(segment + 8, 176u + 8u * i, 8u);
		put(segment + 16, 0xffff800000000000u + 0x1000u * i, 8u);
		put(segment + 24, RAM + 0x2000u + 0x1000u * i, 8u);
		put(segment + 32, i == 0u ? 8u : 4u, 8u);
		put(segment + 40, i == 0u ? 8u : 16u, 8u);
	}
	memcpy(elf + 176, "textcodedata", 12u);
	return 188u;
}

static void test_elf(void **state)
{
	uint8_t elf[FILE_MAX];
	uint64_t bytes = make_elf(elf);

	(void)state;
	info.kernel_kind = KERNEL_ELF;
	set_file(elf, bytes);
	assert_int_equal(load_guest(&info, &start), LOAD_OK);
	assert_memory_equal(ram + 0x2000u, "textcode\0", 9u);
	assert_memory_equal(ram + 0x3000u, "data\0\0\0\0\0\0\0\0\0\0\0\0", 16u);
	assert_int_equal(start.entry, RAM + 0x2004u);
	for (uint64_t cut = 0u; cut < bytes; cut++) {
		set_file(elf, cut);
		assert_int_equal(load_guest(&info, &start), LOAD_BAD_ELF);
	}
	put(elf + 64 + 24, RAM + RAM_BYTES - 4u, 8u);
	set_file(elf, bytes);
	assert_int_equal(load_guest(&info, &start), LOAD_KERNEL_NOT_RAM);
	(void)make_elf(elf);
	put(elf + 64 + 32, UINT64_MAX, 8u);
	set_file(elf, bytes);
	assert_int_equal(load_guest(&info, &start), LOAD_BAD_ELF);
	(void)make_elf(elf);
	put(elf + 24, 0x40u, 8u);
	set_file(elf, bytes);
	assert_int_equal(load_guest(&info, &start), LOAD_ENTRY_NOT_RAM);
	(void)make_elf(elf);
	put(elf + 18, 62u, 2u);
	set_file(elf, bytes);
	assert_int_equal(load_guest(&info, &start), LOAD_BAD_ELF);
}

/* Headers with one or more bytes wrong: refused or loaded, never out of bounds. */
static void test_elf_random(void **state)
{
	uint8_t elf[FILE_MAX];
	uint32_t random = 1u;

	(void)state;
	info.kernel_kind = KERNEL_ELF;
	for (uint32_t i = 0u; i < 20000u; i++) {
		uint64_t bytes = make_elf(elf);

		for (uint32_t n = 0u; n <= (i & 3u); n++) {
			random = random * 1664525u + 1013904223u;
			elf[(random >> 16) % 176u] = (uint8_t)(random >> 8);
		}
		set_file(elf, bytes);
		if (load_guest(&info, &start) == LOAD_OK)
			assert_non_null(ram_pointer(start.entry, 4u));
	}
}

/* There is no seed to give: the property becomes NOP tokens. */
static void test_seed(void **state)
{
	uint8_t tree[256] = {0};

	(void)state;
	info.kernel_kind = KERNEL_RAW;
	set_file("code", 4u);
	info.tree = (struct vm_payload){.va = (uintptr_t)tree, .bytes = 256u, .ipa = RAM + 0x8000u};
	memcpy(tree + 100, "\0\0\0\3\0\0\0\100", 8u);
	info.seed_offset = 112u;
	tree[180] = 9u;
	assert_int_equal(load_guest(&info, &start), LOAD_OK);
	for (uint32_t i = 100u; i < 176u; i += 4u)
		assert_memory_equal(ram + 0x8000u + i, "\0\0\0\4", 4u);
	assert_int_equal(ram[0x8000u + 180u], 9u);
	assert_int_equal(ram[0x8000u + 96u], 0u);
	/* an offset that is not that of such a property changes nothing */
	for (uint64_t offset = 0u; offset < 300u; offset++) {
		info.seed_offset = offset == 112u ? 113u : offset;
		assert_int_equal(load_guest(&info, &start), LOAD_OK);
		assert_memory_equal(ram + 0x8000u, tree, sizeof(tree));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_raw, setup, teardown),
		cmocka_unit_test_setup_teardown(test_image, setup, teardown),
		cmocka_unit_test_setup_teardown(test_elf, setup, teardown),
		cmocka_unit_test_setup_teardown(test_elf_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
