/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: tool/bhc_elf.c tool/guest_memory.c tool/source.c
 * helpers: tool/tree.c
 * included: tool/arena.c
 */
/*
 * The files that bhc's own code parses byte by byte: ELF programs and kernels, arm64 Images, and
 * dtc's annotated output, from which it takes the positions for its messages. What the reader
 * says of a file must lie in the file.
 */
#include "tests/fuzz/fuzz.h"

#include <elf.h>
#include <libfdt.h>

#define piece arena_piece /* the model has one, too */
#include "tool/arena.c"
#undef piece
#include "tool/guest_memory.h"
#include "tool/source.h"

#define TREE_BYTES 2048

static struct bytes tree_file;
static struct bytes annotated_file;
static int tool_status;

static void arena_reset(void)
{
	while (pieces != NULL) {
		struct arena_piece *next = pieces->next;

		free(pieces);
		pieces = next;
	}
}

/* ---- in place of tool/files.c: cpp and dtc have run, and this is what they said ---- */

int files_run(const char *const *argv, const struct bytes *input, struct bytes *output)
{
	bool tree = strcmp(argv[0], "dtc") == 0 && strcmp(argv[1], "-@") == 0;

	FUZZ_CHECK(input->size == 0u || strcmp(argv[0], "dtc") == 0);
	*output = strcmp(argv[0], "cpp") != 0 && !tree ? annotated_file : tree_file;
	return tool_status;
}

bool files_exist(const char *path)
{
	return strchr(path, 'x') != NULL;
}

const char *files_folder(const char *path)
{
	return path[0] == 'd' ? "dir" : ".";
}

/* ---- ELF ---- */

static bool inside(const struct bytes *file, const uint8_t *data, uint64_t bytes)
{
	return data >= file->data && bytes <= file->size &&
	       (uint64_t)(data - file->data) <= file->size - bytes;
}

static void check_elf(const struct bytes *file)
{
	static const char *const names[] = {".bulkhead.sizes", ".bulkhead.program", "", ".x"};
	struct elf_file elf;
	struct bytes section;

	FUZZ_CHECK(elf_parse(file, &elf) ? elf_magic(file) && elf.segment_count != 0u : true);
	FUZZ_CHECK(elf.segment_count <= ELF_SEGMENT_MAX);
	for (uint32_t i = 0u; i < elf.segment_count; i++) {
		const struct elf_segment *segment = &elf.segments[i];

		FUZZ_CHECK(inside(file, segment->data, segment->file_bytes));
		FUZZ_CHECK(segment->file_bytes <= segment->memory_bytes);
		FUZZ_CHECK(segment->va + segment->memory_bytes >= segment->va);
		FUZZ_CHECK(segment->pa + segment->memory_bytes >= segment->pa);
	}
	for (uint32_t i = 0u; i < 4u && elf_magic(file); i++)
		if (elf_section(&elf, names[i], &section))
			FUZZ_CHECK(inside(file, section.data, section.size));
}

/* A header that is good but for what the fuzzer says, and tables behind it. */
static void make_elf(struct fuzz *in, uint8_t *data, size_t size)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
		.e_machine = EM_AARCH64,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phoff = sizeof(header),
		.e_shentsize = sizeof(Elf64_Shdr)};
	uint8_t how = fuzz_u8(in);
	size_t at = sizeof(header);

	header.e_phnum = how & 31u;
	header.e_shnum = how >> 5;
	header.e_shstrndx = fuzz_u8(in) & 3u;
	if ((fuzz_u8(in) & 15u) == 15u)
		header.e_phoff = fuzz_number(in);
	header.e_shoff = sizeof(header) + header.e_phnum * sizeof(Elf64_Phdr);
	memcpy(data, &header, sizeof(header));
	for (uint32_t i = 0u; i < header.e_phnum && at + sizeof(Elf64_Phdr) <= size; i++) {
		Elf64_Phdr part = {.p_type = fuzz_pick(in, 4u) != 0u ? PT_LOAD : PT_NULL,
		                   .p_offset = fuzz_number(in) % (2u * size),
		                   .p_vaddr = fuzz_number(in),
		                   .p_paddr = fuzz_number(in),
		                   .p_filesz = fuzz_u8(in),
		                   .p_memsz = fuzz_number(in),
		                   .p_flags = fuzz_u8(in)};

		memcpy(data + at, &part, sizeof(part));
		at += sizeof(part);
	}
	for (uint32_t i = 0u; i < header.e_shnum && at + sizeof(Elf64_Shdr) <= size; i++) {
		Elf64_Shdr part = {.sh_name = (uint32_t)fuzz_number(in),
		                   .sh_type = fuzz_u8(in) & 15u,
		                   .sh_offset = fuzz_u16(in) % (size + 8u),
		                   .sh_size = fuzz_number(in)};

		memcpy(data + at, &part, sizeof(part));
		at += sizeof(part);
	}
	memcpy(data + size - 17u, ".bulkhead.sizes", 16u);
}

/* ---- kernels of guests ---- */

static uint8_t empty_tree[TREE_BYTES];

static void make_tree(struct fuzz *in, bool fixed)
{
	uint64_t address = fdt64_to_cpu(fuzz_number(in));

	FUZZ_CHECK(fdt_create_empty_tree(empty_tree, TREE_BYTES) == 0);
	if (!fixed)
		return;
	FUZZ_CHECK(fdt_setprop(empty_tree, 0, "kernel-address", &address, 8) == 0);
	FUZZ_CHECK(fdt_setprop(empty_tree, 0, "tree-address", &address, 8) == 0);
	FUZZ_CHECK(fdt_setprop(empty_tree, 0, "initrd-address", &address, 8) == 0);
}

static void check_kernel_file(struct fuzz *in, const struct bytes *file)
{
	struct system *system = arena_alloc(sizeof(*system));
	struct vm *vm = &system->vms[0];
	uint8_t how = fuzz_u8(in);

	make_tree(in, (how & 1u) != 0u);
	system->source.fdt = empty_tree;
	vm->kernel.bytes = *file;
	vm->bank_count = (how & 2u) != 0u ? 0u : 1u;
	vm->banks[0].ipa = (struct range){fuzz_number(in), fuzz_number(in)};
	guest_memory_place(system, vm);
	if (vm->bank_count == 0u)
		return;
	FUZZ_CHECK((vm->kernel_kind == KERNEL_ELF) == elf_magic(file));
	if (vm->kernel_kind == KERNEL_IMAGE)
		FUZZ_CHECK(file->size >= 64u && vm->kernel_range.bytes >= file->size);
	if (vm->kernel_kind == KERNEL_RAW)
		FUZZ_CHECK(vm->kernel_range.bytes == file->size);
}

/* ---- dtc's annotations ---- */

static void check_positions(struct fuzz *in)
{
	struct search_path path = {.count = 0u};
	struct source source;
	uint8_t how = fuzz_u8(in);
	int node;

	FUZZ_CHECK(fdt_create_empty_tree(empty_tree, TREE_BYTES) == 0);
	node = fdt_add_subnode(empty_tree, 0, "a");
	FUZZ_CHECK(node >= 0 && fdt_setprop_u32(empty_tree, node, "b", 1u) == 0);
	tool_status = how >= 0xf8u ? how == 0xffu ? 127 : how == 0xfeu ? -1 : 1 : 0;
	tree_file = (struct bytes){empty_tree, how >= 0xf0u ? how : TREE_BYTES};
	if (how == 0xf7u)
		fuzz_number(in), empty_tree[4] ^= 1u;
	annotated_file.size = in->left;
	annotated_file.data = malloc(in->left + 1u);
	memcpy(annotated_file.data, in->at, in->left);
	if (source_compile((how & 1u) != 0u ? "dir/f.dts" : "f.dts", &path, &source) ==
	    SOURCE_GOOD) {
		struct place place = {&source, node, "b"};

		FUZZ_CHECK(strlen(source_position(place)) != 0u);
		place.property = NULL;
		FUZZ_CHECK(strlen(source_position(place)) != 0u);
		place.node = -1;
		FUZZ_CHECK(strlen(source_position(place)) != 0u);
		for (uint32_t i = 0u; i < source.position_count; i++)
			FUZZ_CHECK(source.positions[i].path != NULL &&
			           source.positions[i].text != NULL);
	}
	free(annotated_file.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};
	uint8_t mode = fuzz_u8(&in);
	struct bytes file = {NULL, (mode & 1u) != 0u ? 1024u : in.left};

	if (mode < 0x60u) {
		check_positions(&in);
		arena_reset();
		return 0;
	}
	file.data = calloc(1u, file.size + 1u);
	if ((mode & 1u) == 0u)
		memcpy(file.data, in.at, file.size);
	else if ((mode & 2u) != 0u)
		make_elf(&in, file.data, file.size);
	else
		memcpy(file.data + 56u, "ARM\x64", 4u);
	if ((mode & 3u) == 1u)
		for (uint32_t i = 8u; i < 24u; i++)
			file.data[i] = fuzz_u8(&in);
	file.data = realloc(file.data, file.size + (file.size == 0u));
	check_elf(&file);
	check_kernel_file(&in, &file);
	free(file.data);
	arena_reset();
	return 0;
}
