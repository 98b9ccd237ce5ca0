/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 64-bit little-endian AArch64 ELF files, read with every offset checked: a guest's kernel may
 * be any file. Pure functions over the bytes.
 */
#ifndef BULKHEAD_TOOL_BHC_ELF_H
#define BULKHEAD_TOOL_BHC_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/files.h"
#include "tool/tree.h"

#define ELF_SEGMENT_MAX 16u

struct elf_segment {
	const uint8_t *data; /* file_bytes of them */
	uint64_t va;
	uint64_t pa;
	uint64_t file_bytes;
	uint64_t memory_bytes;
	bool writable;
	bool executable;
};

struct elf_file {
	struct bytes bytes;
	uint64_t entry;
	struct elf_segment segments[ELF_SEGMENT_MAX]; /* PT_LOAD with memory_bytes above 0 */
	uint32_t segment_count;
};

bool elf_magic(const struct bytes *bytes);
bool elf_parse(const struct bytes *bytes, struct elf_file *out);
/* The bytes of a named section; false when there is none. */
bool elf_section(const struct elf_file *elf, const char *name, struct bytes *out);

#endif
