/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files; contract in bhc_elf.h. Layouts: System V ABI, ELF-64 object file format. */
#include "tool/bhc_elf.h"

#include <elf.h>
#include <string.h>

bool elf_magic(const struct bytes *bytes)
{
	return bytes->size >= sizeof(Elf64_Ehdr) && memcmp(bytes->data, ELFMAG, SELFMAG) == 0;
}

static bool elf_within(const struct bytes *bytes, uint64_t offset, uint64_t length)
{
	return offset <= bytes->size && length <= bytes->size - offset;
}

static bool elf_add_segment(struct elf_file *out, const Elf64_Phdr *header)
{
	struct elf_segment *segment = &out->segments[out->segment_count];

	if (header->p_type != PT_LOAD || header->p_memsz == 0u)
		return true;
	if (out->segment_count == ELF_SEGMENT_MAX || header->p_filesz > header->p_memsz ||
	    !elf_within(&out->bytes, header->p_offset, header->p_filesz) ||
	    header->p_vaddr + header->p_memsz < header->p_vaddr ||
	    header->p_paddr + header->p_memsz < header->p_paddr)
		return false;
	*segment = (struct elf_segment){
		.data = out->bytes.data + header->p_offset,
		.va = header->p_vaddr,
		.pa = header->p_paddr,
		.file_bytes = header->p_filesz,
		.memory_bytes = header->p_memsz,
		.writable = (header->p_flags & PF_W) != 0u,
		.executable = (header->p_flags & PF_X) != 0u,
	};
	out->segment_count++;
	return true;
}

bool elf_parse(const struct bytes *bytes, struct elf_file *out)
{
	Elf64_Ehdr header;

	*out = (struct elf_file){.bytes = *bytes};
	if (!elf_magic(bytes))
		return false;
	memcpy(&header, bytes->data, sizeof(header));
	out->entry = header.e_entry;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != EM_AARCH64 || header.e_phentsize != sizeof(Elf64_Phdr) ||
	    !elf_within(bytes, header.e_phoff, (uint64_t)header.e_phnum * sizeof(Elf64_Phdr)))
		return false;
	for (uint32_t i = 0u; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, bytes->data + header.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (!elf_add_segment(out, &segment))
			return false;
	}
	return out->segment_count != 0u;
}

static bool elf_section_header(const struct elf_file *elf, const Elf64_Ehdr *header, uint32_t index,
                               Elf64_Shdr *out)
{
	uint64_t offset = header->e_shoff + (uint64_t)index * sizeof(*out);

	if (header->e_shentsize != sizeof(*out) || index >= header->e_shnum ||
	    header->e_shoff > elf->bytes.size || !elf_within(&elf->bytes, offset, sizeof(*out)))
		return false;
	memcpy(out, elf->bytes.data + offset, sizeof(*out));
	return out->sh_type == SHT_NOBITS || elf_within(&elf->bytes, out->sh_offset, out->sh_size);
}

bool elf_section(const struct elf_file *elf, const char *name, struct bytes *out)
{
	size_t length = strlen(name) + 1u;
	Elf64_Ehdr header;
	Elf64_Shdr names;
	Elf64_Shdr section;

	memcpy(&header, elf->bytes.data, sizeof(header));
	if (!elf_section_header(elf, &header, header.e_shstrndx, &names) ||
	    names.sh_type == SHT_NOBITS)
		return false;
	for (uint32_t i = 0u; i < header.e_shnum; i++) {
		if (!elf_section_header(elf, &header, i, &section) ||
		    section.sh_type == SHT_NOBITS || names.sh_size < length ||
		    section.sh_name > names.sh_size - length)
			continue;
		if (memcmp(elf->bytes.data + names.sh_offset + section.sh_name, name, length) ==
		    0) {
			out->data = elf->bytes.data + section.sh_offset;
			out->size = section.sh_size;
			return true;
		}
	}
	return false;
}
