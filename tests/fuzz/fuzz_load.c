/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/load.c user/vmm/ram.c
 * helpers: user/lib/text.c tests/unit/vmm_host.c
 */
/*
 * A guest's files as the VM process loads them: kernels of every kind with hostile headers, an
 * initrd and a tree that need not fit. Nothing outside of the RAM banks may be written, and a
 * guest that is said to be loaded must be in RAM with its entry point. The hole between the
 * two banks is poisoned.
 */
#include "tests/fuzz/fuzz.h"

#include <sanitizer/asan_interface.h>

#include "tests/unit/vmm_host.h"
#include "user/vmm/load.h"
#include "user/vmm/ram.h"

#define RAM        0x40000000ull
#define BANK       0x8000ull
#define HOLE       0x1000ull
#define SECOND     (RAM + BANK + HOLE)
#define ALL        (2u * BANK + HOLE)
#define ELF_HEAD   64u
#define ELF_PART   56u
#define IMAGE_HEAD 64u

static uint8_t *ram;
static uint8_t *kernel;
static uint64_t kernel_bytes;

static void put(uint64_t at, uint64_t value, uint32_t bytes)
{
	if (at + bytes <= kernel_bytes)
		memcpy(kernel + at, &value, bytes);
}

/* An address that is likely to be in RAM, or at its edge. */
static uint64_t address(struct fuzz *in)
{
	uint8_t how = fuzz_u8(in);

	if (how >= 0xe0u)
		return fuzz_number(in);
	return ((how & 1u) != 0u ? SECOND : RAM) + ((how & 2u) != 0u ? 0u : fuzz_u16(in)) -
	       (how >> 4 & 1u);
}

static uint64_t length(struct fuzz *in)
{
	return fuzz_u8(in) >= 0xe0u ? fuzz_number(in) : fuzz_u16(in) & 0x1fffu;
}

/* What an ELF file must have, and program headers of the fuzzer's. */
static void make_elf(struct fuzz *in)
{
	uint32_t count = fuzz_pick(in, 5u);

	put(0u, 0x00010102464c457full, 8u);
	put(16u, 183u << 16 | 2u, 4u);
	put(24u, address(in), 8u);
	put(32u, ELF_HEAD, 8u);
	put(54u, ELF_PART | (uint64_t)count << 16, 4u);
	for (uint32_t i = 0u; i < count; i++) {
		uint64_t at = ELF_HEAD + i * ELF_PART;

		put(at, fuzz_pick(in, 8u) != 0u ? 1u : 2u, 4u);
		put(at + 8u, length(in) % 0x400u, 8u);
		put(at + 16u, address(in), 8u);
		put(at + 24u, address(in), 8u);
		put(at + 32u, length(in) % 0x400u, 8u);
		put(at + 40u, length(in), 8u);
	}
}

static void make_image(struct fuzz *in)
{
	put(16u, length(in), 8u);
	put(56u, 0x644d5241u, 4u);
}

static bool in_ram(uint64_t at, uint64_t bytes)
{
	return (at - RAM < BANK && bytes <= RAM + BANK - at) ||
	       (at - SECOND < BANK && bytes <= SECOND + BANK - at);
}

static bool loaded(const struct vm_payload *file)
{
	return file->bytes == 0u ||
	       memcmp(ram + (file->ipa - RAM), (const void *)(uintptr_t)file->va, file->bytes) == 0;
}

/* The last of what is copied is there as it was; the seed alone is taken out of the tree. */
static void check_loaded(const struct vm_info *info, const struct load_start *start)
{
	FUZZ_CHECK(in_ram(start->entry, 4u));
	FUZZ_CHECK(start->x0 == (info->tree.bytes != 0u ? info->tree.ipa : 0u));
	FUZZ_CHECK(info->tree.bytes == 0u || in_ram(info->tree.ipa, info->tree.bytes));
	FUZZ_CHECK(info->initrd.bytes == 0u || in_ram(info->initrd.ipa, info->initrd.bytes));
	if (info->seed_offset == 0u)
		FUZZ_CHECK(loaded(&info->tree));
	if (info->kernel_kind != KERNEL_ELF)
		FUZZ_CHECK(in_ram(info->kernel.ipa, info->kernel.bytes));
	if (info->kernel_kind != KERNEL_ELF && info->initrd.bytes + info->tree.bytes == 0u)
		FUZZ_CHECK(loaded(&info->kernel));
}

static struct vm_payload payload(struct fuzz *in, const uint8_t *data, uint64_t bytes)
{
	return (struct vm_payload){(uint64_t)(uintptr_t)data, bytes, address(in)};
}

static void load(struct fuzz *in, uint8_t kind)
{
	/* a tree: padding, then a property of 64 bytes as bhc reserves it for the seed */
	static uint8_t tree[256];
	static uint8_t initrd[300];
	struct vm_info info = {.kernel_kind = kind & 3u, .bank_count = 2u};
	struct load_start start = {0u, 0u};
	enum load_error error;

	memset(tree, 0x5a, sizeof(tree));
	memset(initrd, 0xc3, sizeof(initrd));
	memcpy(tree + 100, "\0\0\0\3\0\0\0\x40\0\0\0\0", 12u);
	info.banks[0] = (struct vm_bank){RAM, BANK};
	info.banks[1] = (struct vm_bank){SECOND, BANK};
	if ((kind & 4u) != 0u)
		info.entry = address(in);
	if ((kind & 8u) != 0u)
		info.seed_offset = (kind & 16u) != 0u ? 112u : fuzz_number(in);
	if ((kind & 32u) != 0u)
		info.initrd = payload(in, initrd, fuzz_u16(in) % sizeof(initrd));
	if ((kind & 64u) != 0u)
		info.tree = payload(in, tree, (kind & 128u) != 0u ? sizeof(tree) : fuzz_u8(in));
	info.kernel = payload(in, kernel, kernel_bytes);
	ram_init(info.banks, info.bank_count, (uintptr_t)ram - RAM);
	error = load_guest(&info, &start);
	FUZZ_CHECK(load_error_text(error) != NULL);
	if (error == LOAD_OK)
		check_loaded(&info, &start);
	for (uint64_t i = 0u; i < 16u; i++) {
		uint64_t at = address(in);
		uint64_t bytes = 1u + length(in);

		FUZZ_CHECK((ram_pointer(at, bytes) != NULL) == in_ram(at, bytes));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};
	uint8_t kind = fuzz_u8(&in);
	uint8_t make = fuzz_u8(&in);

	fake_host_reset();
	ram = malloc(ALL);
	ASAN_POISON_MEMORY_REGION(ram + BANK, HOLE);
	kernel_bytes = make < 0xf0u ? 0x400u : in.left;
	kernel = malloc(kernel_bytes + 1u);
	ASAN_POISON_MEMORY_REGION(kernel + kernel_bytes, 1u);
	memset(kernel, 0x77, kernel_bytes);
	if (make >= 0xf0u)
		memcpy(kernel, in.at, kernel_bytes); /* any file at all */
	if (make < 0xf8u && (make & 1u) != 0u)
		make_elf(&in);
	else if (make < 0xf8u && (make & 2u) != 0u)
		make_image(&in);
	load(&in, kind);
	ASAN_UNPOISON_MEMORY_REGION(kernel + kernel_bytes, 1u);
	ASAN_UNPOISON_MEMORY_REGION(ram + BANK, HOLE);
	free(kernel);
	free(ram);
	return 0;
}
