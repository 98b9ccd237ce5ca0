/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files for bhc-verify: 64-bit, little endian, AArch64; every offset is checked (System V
 * ABI, ELF-64 Object File Format). Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <elf.h>
#include <string.h>

static bool within(const struct want_bytes *file, uint64_t offset, uint64_t bytes)
{
	return offset <= file->bytes && bytes <= file->bytes - offset;
}

bool want_is_elf(const struct want_bytes *file)
{
	return file->bytes >= sizeof(Elf64_Ehdr) && memcmp(file->data, ELFMAG, SELFMAG) == 0;
}

static bool add_segment(struct want_elf *elf, const Elf64_Phdr *p)
{
	if (p->p_type != PT_LOAD || p->p_memsz == 0)
		return true;
	if (elf->segment_count == WANT_SEGMENTS || p->p_filesz > p->p_memsz ||
	    !within(&elf->file, p->p_offset, p->p_filesz) || p->p_vaddr + p->p_memsz < p->p_vaddr ||
	    p->p_paddr + p->p_memsz < p->p_paddr)
		return false;
	elf->segments[elf->segment_count++] = (struct want_segment){
		elf->file.data + p->p_offset,
		p->p_vaddr,
		p->p_paddr,
		p->p_filesz,
		p->p_memsz,
		(p->p_flags & PF_W) != 0,
		(p->p_flags & PF_X) != 0,
	};
	return true;
}

bool want_elf_read(const struct want_bytes *file, struct want_elf *out)
{
	Elf64_Ehdr e;

	memset(out, 0, sizeof(*out));
	out->file = *file;
	if (!want_is_elf(file))
		return false;
	memcpy(&e, file->data, sizeof(e));
	out->entry = e.e_entry;
	if (e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_ident[EI_DATA] != ELFDATA2LSB ||
	    e.e_machine != EM_AARCH64 || e.e_phentsize != sizeof(Elf64_Phdr) ||
	    !within(file, e.e_phoff, e.e_phnum * sizeof(Elf64_Phdr)))
		return false;
	for (uint32_t i = 0; i < e.e_phnum; i++) {
		Elf64_Phdr p;

		memcpy(&p, file->data + e.e_phoff + i * sizeof(p), sizeof(p));
		if (!add_segment(out, &p))
			return false;
	}
	return out->segment_count != 0;
}

static bool section_at(const struct want_elf *elf, const Elf64_Ehdr *e, uint32_t index,
                       Elf64_Shdr *out)
{
	if (index >= e->e_shnum || e->e_shentsize != sizeof(*out) ||
	    !within(&elf->file, e->e_shoff, e->e_shnum * sizeof(*out)))
		return false;
	memcpy(out, elf->file.data + e->e_shoff + index * sizeof(*out), sizeof(*out));
	return out->sh_type != SHT_NOBITS && within(&elf->file, out->sh_offset, out->sh_size);
}

bool want_elf_section(const struct want_elf *elf, const char *name, struct want_bytes *out)
{
	size_t length = strlen(name) + 1;
	Elf64_Ehdr e;
	Elf64_Shdr names;

	memcpy(&e, elf->file.data, sizeof(e));
	if (!section_at(elf, &e, e.e_shstrndx, &names))
		return false;
	for (uint32_t i = 0; i < e.e_shnum; i++) {
		Elf64_Shdr section;

		if (!section_at(elf, &e, i, &section) ||
		    !within(&(struct want_bytes){NULL, names.sh_size}, section.sh_name, length) ||
		    memcmp(elf->file.data + names.sh_offset + section.sh_name, name, length) != 0)
			continue;
		out->data = elf->file.data + section.sh_offset;
		out->bytes = section.sh_size;
		return true;
	}
	return false;
}
