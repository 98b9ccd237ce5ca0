/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: tool/tree.c tool/model*.c tool/rules*.c tool/assign.c tool/guest_tree.c tool/pass*.c
 *	tool/guest_memory.c tool/info_writer.c tool/layout*.c tool/config_writer.c
 *	tool/pagetable.c
 * helpers: tool/source.c tool/bhc_elf.c tool/verify_*.c
 * included: tool/image_writer.c
 */
/*
 * bhc from the compiled trees on: a description of the tests, its own tree and its guests' edited
 * as the fuzzer says, goes through the model, the rules and, if none of them refuses it, the layout
 * and the writers. Nothing may crash, and every image that bhc would write must be one that
 * bhc-verify calls separated.
 */
#include "tests/fuzz/fuzz.h"

#include <stdarg.h>

#include "tool/files.h"

#define piece arena_piece /* the model has one, too */
#include "tool/arena.c"
#undef piece
#include "tool/assign.h"
#include "tool/guest_tree.h"
#include "tool/image_writer.c"
#include "tool/info_writer.h"
#include "tool/report.h"
#include "tool/rules.h"
#include "tool/verify.h"
bool files_read_disk(const char *path, struct bytes *out);
int files_run_tool(const char *const *argv, const struct bytes *input, struct bytes *output);
#define files_run  files_run_tool
#define files_read files_read_disk
#include "tool/files.c"
#undef files_run
#undef files_read
#include "tests/fuzz/tree_edit.h"

#define FILES   64u
#define PAYLOAD 256u

static struct bytes cache[FILES]; /* programs and the kernel */
static char cache_path[FILES][256];
static uint32_t cache_count;
static uint8_t payload[PAYLOAD]; /* every kernel and initrd of a guest */
static size_t payload_bytes;
static unsigned reports;
static FILE *nowhere;
static const struct search_path search = {
	.folder = {"boards", "build/guests", "tests/systems", "tests/rules", "systems"},
	.count = 5u};

static void arena_reset(void)
{
	while (pieces != NULL) {
		struct arena_piece *next = pieces->next;

		free(pieces);
		pieces = next;
	}
}

/* ---- in place of tool/report.c ---- */

void report(const char *rule, struct place place, const char *format, ...)
{
	char text[256];
	va_list arguments;

	reports++;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	FUZZ_CHECK(strlen(rule) != 0u && strlen(source_position(place)) != 0u);
}

unsigned report_count(void)
{
	return reports;
}

/* ---- descriptions ---- */

static bool compile_base(struct base *base)
{
	const char *cpp[] = {"cpp", "-nostdinc",          "-undef",   "-D__DTS__",
	                     "-x",  "assembler-with-cpp", "-I",       "boards",
	                     "-I",  "tests/rules",        base->path, NULL};
	static const char *const dtc[] = {"dtc", "-q", "-q",  "-@", "-I",
	                                  "dts", "-O", "dtb", "-",  NULL};
	struct bytes nothing = {NULL, 0u};
	struct bytes text;
	struct bytes tree;

	if (base->tree != NULL)
		return base->good;
	base->tree = malloc(TREE_BYTES);
	if (files_run_tool(cpp, &nothing, &text) != 0 || files_run_tool(dtc, &text, &tree) != 0)
		return false;
	FUZZ_CHECK(tree.size < TREE_BYTES / 2u);
	memcpy(base->tree, tree.data, tree.size);
	base->good = true;
	return true;
}

/* A copy of the description's tree, with what the fuzzer changes. */
static struct bytes edited(struct base *base)
{
	struct bytes out = {arena_alloc(TREE_BYTES), 0u};

	edit_tree(base, out.data);
	out.size = fdt_totalsize(out.data);
	return out;
}

/* ---- in place of tool/files.c: files and programs ---- */

bool files_read(const char *path, struct bytes *out)
{
	size_t length = strlen(path);

	if (length < 4u || strcmp(path + length - 4u, ".elf") != 0 ||
	    strncmp(path, "build/", 6u) != 0 || strstr(path, "guests") != NULL) {
		*out = (struct bytes){arena_alloc(payload_bytes), payload_bytes};
		memcpy(out->data, payload, payload_bytes);
		return true;
	}
	for (uint32_t i = 0u; i < cache_count; i++) {
		if (strcmp(cache_path[i], path) == 0) {
			*out = cache[i];
			return true;
		}
	}
	FUZZ_CHECK(cache_count < FILES && length < sizeof(cache_path[0]));
	if (!files_read_disk(path, out))
		return false;
	snprintf(cache_path[cache_count], sizeof(cache_path[0]), "%s", path);
	cache[cache_count].size = out->size;
	cache[cache_count].data = malloc(out->size);
	memcpy(cache[cache_count].data, out->data, out->size);
	cache_count++;
	return true;
}

/* cpp makes the name of its file, dtc the tree of that name, edited; annotations are none. */
int files_run(const char *const *argv, const struct bytes *in, struct bytes *out)
{
	uint32_t last = 0u;
	struct base *base;

	while (argv[last + 1u] != NULL)
		last++;
	if (strcmp(argv[0], "cpp") == 0) {
		*out = (struct bytes){(uint8_t *)arena_copy(argv[last], strlen(argv[last])),
		                      strlen(argv[last]) + 1u};
		return 0;
	}
	*out = (struct bytes){(uint8_t *)arena_copy("", 0u), 0u};
	if (strcmp(argv[1], "-@") != 0)
		return 0;
	base = find_base((const char *)in->data);
	if (base == NULL || !compile_base(base))
		return 1;
	*out = edited(base);
	return 0;
}

/* ---- bhc ---- */

static void build_image(struct system *system)
{
	struct layout *layout = arena_alloc(sizeof(*layout));
	struct bytes image;

	layout->system = system;
	for (uint32_t i = 0u; i < system->program_count; i++)
		if (!system->programs[i].good)
			return;
	FUZZ_CHECK(layout_read_kernel(layout));
	assign_all(system);
	for (uint32_t i = 0u; i < system->vm_count; i++)
		guest_tree_finish(system, &system->vms[i]);
	for (uint32_t i = 0u; i < system->process_count; i++)
		info_writer_write(system, &system->processes[i]);
	if (reports != 0u)
		return;
	layout_place(layout);
	if (reports != 0u || !layout->good)
		return;
	image = image_flat(layout);
	if (verify_image(image.data, image.size, NULL, nowhere))
		return;
	(void)verify_image(image.data, image.size, NULL, stderr);
	abort(); /* an image that bhc-verify refuses */
}

static void compile(struct base *base)
{
	struct system *system = arena_alloc(sizeof(*system));

	system->search = search;
	system->build = "build";
	if (source_compile(base->path, &search, &system->source) != SOURCE_GOOD)
		return;
	model_build(system);
	rules_check(system);
	if (reports == 0u)
		build_image(system);
}

/* A kernel: raw, an Image, or an ELF file with one part, at an address that may be RAM. */
static void make_payload(uint8_t how)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
		.e_machine = EM_AARCH64,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phoff = sizeof(header),
		.e_phnum = (how & 4u) != 0u ? 0u : 1u};
	Elf64_Phdr part = {.p_type = PT_LOAD,
	                   .p_filesz = 64u,
	                   .p_memsz = 4096u,
	                   .p_paddr = 0x40000000ull + (uint64_t)(how >> 3) * 0x200000u};

	payload_bytes = (how & 1u) != 0u ? PAYLOAD : how;
	memset(payload, 0, sizeof(payload));
	if ((how & 3u) == 1u)
		memcpy(payload + 56u, "ARM\x64", 4u);
	if ((how & 3u) != 3u)
		return;
	memcpy(payload, &header, sizeof(header));
	memcpy(payload + sizeof(header), &part, sizeof(part));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct base *base;

	input = (struct fuzz){data, size};
	find_bases();
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	reports = 0u;
	base = choose_base(fuzz_u16(&input));
	make_payload(fuzz_u8(&input));
	if (compile_base(base))
		compile(base);
	arena_reset();
	return 0;
}
