/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader; contract in load.h. Owns nothing. The payloads are files that a user gave:
 * their headers are hostile, and every copy is checked against the payload and the banks.
 */
#include "user/vmm/load.h"

#include <stdbool.h>
#include <stddef.h>

#include "user/lib/text.h"
#include "user/vmm/machine.h"
#include "user/vmm/ram.h"

/* arm64 Image header, Linux Documentation/arm64/booting.rst */
#define IMAGE_HEADER_BYTES 64u
#define IMAGE_SIZE_OFFSET  16u
#define IMAGE_MAGIC_OFFSET 56u
#define IMAGE_MAGIC_ARM64  0x644d5241u /* "ARM\x64" */

/* ELF64, System V ABI */
#define ELF_IDENT_64_LE 0x00010102464c457full /* magic, 64-bit, little endian, version 1 */
#define ELF_IDENT_MASK  0x00ffffffffffffffull
#define ELF_MACHINE     183u /* EM_AARCH64 */
#define ELF_LOAD        1u   /* PT_LOAD */
#define ELF_PHDR_BYTES  56u

/* Flattened device tree, big endian */
#define FDT_PROP_BE   0x03000000u
#define FDT_NOP_BE    0x04000000u
#define SEED_BYTES    64u
#define SEED_BYTES_BE 0x40000000u
#define SEED_HEAD     12u /* token, length, name offset */

struct elf_header {
	uint64_t ident[2];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t phoff;
	uint64_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};

struct elf_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};

_Static_assert(sizeof(struct elf_header) == 64, "as in the file");
_Static_assert(sizeof(struct elf_segment) == ELF_PHDR_BYTES, "as in the file");

static const uint8_t *load_bytes(const struct vm_payload *payload)
{
	return (const uint8_t *)(uintptr_t)payload->va;
}

/* Copies to RAM; false: the bytes do not all fit in one bank. */
static bool load_copy(uint64_t ipa, const uint8_t *from, uint64_t bytes)
{
	void *to;

	if (bytes == 0u)
		return true;
	to = ram_pointer(ipa, bytes);
	if (to == NULL)
		return false;
	memcpy(to, from, bytes);
	/* what ran there before a reset may still be in an instruction cache */
	machine_clean_code(to, bytes);
	return true;
}

static enum load_error load_raw(const struct vm_info *info, struct load_start *start)
{
	start->entry = info->entry != 0u ? info->entry : info->kernel.ipa;
	return load_copy(info->kernel.ipa, load_bytes(&info->kernel), info->kernel.bytes)
	               ? LOAD_OK
	               : LOAD_KERNEL_NOT_RAM;
}

static enum load_error load_image(const struct vm_info *info, struct load_start *start)
{
	const uint8_t *bytes = load_bytes(&info->kernel);
	uint32_t magic;
	uint64_t size;

	if (info->kernel.bytes < IMAGE_HEADER_BYTES)
		return LOAD_BAD_IMAGE;
	memcpy(&magic, bytes + IMAGE_MAGIC_OFFSET, sizeof(magic));
	memcpy(&size, bytes + IMAGE_SIZE_OFFSET, sizeof(size));
	if (magic != IMAGE_MAGIC_ARM64)
		return LOAD_BAD_IMAGE;
	/* image_size counts the kernel's .bss too; very old kernels leave it 0 */
	if (size != 0u && ram_pointer(info->kernel.ipa, size) == NULL)
		return LOAD_KERNEL_NOT_RAM;
	return load_raw(info, start);
}

static enum load_error load_segment(const struct vm_payload *file,
                                    const struct elf_segment *segment, uint64_t entry,
                                    struct load_start *start)
{
	if (segment->type != ELF_LOAD || segment->memsz == 0u)
		return LOAD_OK;
	if (segment->filesz > segment->memsz || segment->offset > file->bytes ||
	    segment->filesz > file->bytes - segment->offset)
		return LOAD_BAD_ELF;
	/* what is behind filesz is zero already */
	if (ram_pointer(segment->paddr, segment->memsz) == NULL ||
	    !load_copy(segment->paddr, load_bytes(file) + segment->offset, segment->filesz))
		return LOAD_KERNEL_NOT_RAM;
	/* An entry given as a virtual address of a segment loaded elsewhere, as QEMU takes it. */
	if (entry - segment->vaddr < segment->memsz)
		start->entry = entry - segment->vaddr + segment->paddr;
	return LOAD_OK;
}

static enum load_error load_elf(const struct vm_info *info, struct load_start *start)
{
	const struct vm_payload *file = &info->kernel;
	struct elf_header header;
	enum load_error error = LOAD_OK;

	if (file->bytes < sizeof(header))
		return LOAD_BAD_ELF;
	memcpy(&header, load_bytes(file), sizeof(header));
	if ((header.ident[0] & ELF_IDENT_MASK) != ELF_IDENT_64_LE ||
	    header.machine != ELF_MACHINE || header.phentsize != ELF_PHDR_BYTES ||
	    header.phnum == 0u || header.phoff > file->bytes ||
	    (uint64_t)header.phnum * ELF_PHDR_BYTES > file->bytes - header.phoff)
		return LOAD_BAD_ELF;
	start->entry = header.entry;
	for (uint32_t i = 0u; i < header.phnum && error == LOAD_OK; i++) {
		struct elf_segment segment;

		memcpy(&segment, load_bytes(file) + header.phoff + (uint64_t)i * ELF_PHDR_BYTES,
		       sizeof(segment));
		error = load_segment(file, &segment, header.entry, start);
	}
	return error;
}

/*
 * There is no entropy here to fill the seed with: a VM need have no entropy process, and the CPU
 * may have no generator. A seed of zeros would be worse than none, so the property, whose
 * 64 bytes bhc reserved at seed_offset, is blanked out with FDT_NOP tokens (devicetree
 * specification 5.4.1).
 */
static void load_drop_seed(const struct vm_info *info)
{
	uint64_t offset = info->seed_offset;
	uint8_t *property;
	uint32_t word[2];
	uint32_t nop = FDT_NOP_BE;

	if (offset < SEED_HEAD || offset % 4u != 0u || info->tree.bytes < SEED_BYTES ||
	    offset > info->tree.bytes - SEED_BYTES)
		return;
	property = ram_pointer(info->tree.ipa + offset - SEED_HEAD, SEED_HEAD + SEED_BYTES);
	if (property == NULL)
		return;
	memcpy(word, property, sizeof(word));
	if (word[0] != FDT_PROP_BE || word[1] != SEED_BYTES_BE)
		return;
	for (uint32_t i = 0u; i < SEED_HEAD + SEED_BYTES; i += 4u)
		memcpy(property + i, &nop, sizeof(nop));
}

static enum load_error load_files(const struct vm_info *info, struct load_start *start)
{
	enum load_error error;

	switch (info->kernel_kind) {
	case KERNEL_IMAGE:
		error = load_image(info, start);
		break;
	case KERNEL_ELF:
		error = load_elf(info, start);
		break;
	default:
		error = load_raw(info, start);
		break;
	}
	if (error != LOAD_OK)
		return error;
	if (!load_copy(info->initrd.ipa, load_bytes(&info->initrd), info->initrd.bytes))
		return LOAD_INITRD_NOT_RAM;
	if (!load_copy(info->tree.ipa, load_bytes(&info->tree), info->tree.bytes))
		return LOAD_TREE_NOT_RAM;
	load_drop_seed(info);
	start->x0 = info->tree.bytes != 0u ? info->tree.ipa : 0u;
	return ram_pointer(start->entry, 4u) != NULL ? LOAD_OK : LOAD_ENTRY_NOT_RAM;
}

enum load_error load_guest(const struct vm_info *info, struct load_start *start)
{
	enum load_error error;

	for (uint32_t i = 0u; i < info->bank_count; i++)
		machine_clear(ram_pointer(info->banks[i].ipa, info->banks[i].bytes),
		              info->banks[i].bytes);
	error = load_files(info, start);
	for (uint32_t i = 0u; i < info->bank_count; i++)
		machine_clean(ram_pointer(info->banks[i].ipa, info->banks[i].bytes),
		              info->banks[i].bytes);
	return error;
}

const char *load_error_text(enum load_error error)
{
	static const char *const texts[] = {
		[LOAD_OK] = "loaded",
		[LOAD_BAD_IMAGE] = "the kernel is not an arm64 Image",
		[LOAD_BAD_ELF] = "the kernel is not a sound AArch64 ELF file",
		[LOAD_KERNEL_NOT_RAM] = "the kernel, or memory it needs, lies outside the RAM",
		[LOAD_INITRD_NOT_RAM] = "the initrd lies outside the RAM",
		[LOAD_TREE_NOT_RAM] = "the device tree lies outside the RAM",
		[LOAD_ENTRY_NOT_RAM] = "the entry point lies outside the RAM",
		[LOAD_DEVICES] = "the devices do not fit together",
	};

	return texts[error];
}
