/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: tool/verify_board.c tool/verify_dt.c tool/verify_elf.c tool/verify_expect*.c
 *	tool/verify_grant*.c tool/verify_guest_file.c tool/verify_number.c tool/verify_plan.c
 *	tool/verify_maps.c tool/verify_setting.c tool/verify_shared.c
 * helpers: tool/verify_file.c tool/verify_table.c tool/verify_rules.c tool/verify_config.c
 *	tool/verify_el2.c tool/verify_info.c tool/verify_guest.c tool/verify_memory.c
 *	tool/verify_program.c tool/verify_share.c tool/verify_list.c tool/verify_compare*.c
 *	tool/verify_pool.c tool/verify_region.c tool/verify_passed.c
 * included: tool/verify_source.c
 */
/*
 * The checker's own reader of descriptions: a description of the tests, its tree and those of its
 * guests edited as the fuzzer says, and a guest's files, good or damaged. It must not crash, and in
 * what it plans no two parts of memory may meet (unless the board's memory does), and no space may
 * have two mappings for one address.
 */
#include "tests/fuzz/tree_edit.h"

/* Files and trees come from here; the true ones are read once. */
#define want_compile want_compile_true
#define want_load    want_load_true
#define want_find    want_find_true
#define want_read    want_read_true
#include "tool/verify_source.c"
#undef want_compile
#undef want_load
#undef want_find
#undef want_read
struct want *want_read(const struct want_options *options);
bool want_load(struct want *w, const char *path, struct want_bytes *out);
const char *want_find(struct want *w, const char *name);
const void *want_compile(struct want *w, const char *path);

#define FILES        64u
#define FILE_MOST    0x200000u
#define GUEST_BYTES  256u
#define FOLDER_COUNT 5u

static struct {
	char path[128];
	struct want_bytes bytes;
} files[FILES];
static uint32_t file_count;
static uint8_t guest_file[GUEST_BYTES]; /* every kernel and initrd of a guest */
static uint64_t guest_bytes;
static struct want_options options = {
	.build = "build",
	.folders = {"boards", "build/guests", "tests/systems", "tests/rules", "systems"},
	.folder_count = FOLDER_COUNT,
};

/* Where the description may find it, without a look at the disk. */
const char *want_find(struct want *w, const char *name)
{
	const char *path = want_find_true(w, name);

	return path != NULL || strstr(name, ".dts") != NULL ? path : name;
}

static const struct want_bytes *cached(struct want *w, const char *path)
{
	struct want_bytes bytes;

	for (uint32_t i = 0u; i < file_count; i++)
		if (strcmp(files[i].path, path) == 0)
			return &files[i].bytes;
	if (file_count == FILES || strlen(path) >= sizeof(files[0].path) ||
	    !want_load_true(w, path, &bytes))
		return NULL;
	files[file_count].bytes.bytes = bytes.bytes;
	files[file_count].bytes.data = malloc(bytes.bytes + 1u);
	memcpy(files[file_count].bytes.data, bytes.data, bytes.bytes);
	strcpy(files[file_count].path, path);
	return &files[file_count++].bytes;
}

bool want_load(struct want *w, const char *path, struct want_bytes *out)
{
	const struct want_bytes *found;

	if (strncmp(path, "build/user/", 11u) != 0 && strcmp(path, "build/kernel.elf") != 0) {
		out->bytes = guest_bytes;
		out->data = want_alloc(w, 1u, guest_bytes + 1u);
		memcpy(out->data, guest_file, guest_bytes);
		return true;
	}
	found = cached(w, path);
	if (found == NULL)
		return false;
	out->bytes = found->bytes;
	out->data = want_alloc(w, 1u, found->bytes + 1u);
	memcpy(out->data, found->data, found->bytes);
	return true;
}

const void *want_compile(struct want *w, const char *path)
{
	struct base *base = find_base(path);
	const void *tree;
	void *out;

	if (base == NULL) {
		want_stop(w, "%s does not compile", path);
		return NULL;
	}
	if (base->tree == NULL) {
		base->tree = calloc(1u, TREE_BYTES);
		tree = want_compile_true(w, path);
		base->good = tree != NULL;
		if (tree != NULL)
			memcpy(base->tree, tree, fdt_totalsize(tree));
	}
	if (!base->good) {
		w->failures++;
		return NULL;
	}
	out = want_alloc(w, 1u, TREE_BYTES);
	edit_tree(base, out);
	return out;
}

/* As the true one, but for where the tree comes from. */
struct want *want_read(const struct want_options *of)
{
	static void (*const stages[])(struct want * w) = {
		want_board, want_processes, want_numbers, want_infos, want_plan, want_config,
	};
	struct want *w = verify_alloc(1, sizeof(*w));

	w->options = of;
	w->fdt = want_compile(w, of->system);
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) && w->failures == 0u; i++)
		stages[i](w);
	if (w->failures == 0u)
		return w;
	want_free(w);
	return NULL;
}

static bool board_sane(const struct want *w)
{
	for (uint32_t i = 0u; i < w->ram_count; i++)
		for (uint32_t j = 0u; j < i; j++)
			if (want_meet(w->ram[i], w->ram[j]))
				return false;
	for (uint32_t i = 0u; i < w->ram_count; i++)
		if (w->ram[i].start + w->ram[i].bytes < w->ram[i].start)
			return false;
	return true;
}

static void check_region(const struct want *w, uint32_t index)
{
	struct want_range range = {w->regions[index].pa, w->regions[index].bytes};

	for (uint32_t j = 0u; j < index && range.bytes != 0u; j++)
		FUZZ_CHECK(w->regions[j].bytes == 0u ||
		           !want_meet(range,
		                      (struct want_range){w->regions[j].pa, w->regions[j].bytes}));
}

static void check_space(const struct want_space *space)
{
	for (uint32_t i = 1u; i < space->count; i++) {
		const struct want_map *before = &space->maps[i - 1u];

		FUZZ_CHECK(before->va + before->bytes <= space->maps[i].va);
		FUZZ_CHECK(space->maps[i].bytes % PAGE_BYTES == 0u);
	}
}

static void check_plan(const struct want *w)
{
	FUZZ_CHECK(w->thread_count <= WANT_THREADS && w->process_count <= WANT_PROCESSES);
	for (uint32_t i = 0u; i < w->space_count; i++)
		check_space(&w->spaces[i]);
	for (uint32_t i = 0u; i < w->region_count && board_sane(w); i++)
		check_region(w, i);
}

static void make_guest_file(uint8_t how)
{
	guest_bytes = how == 0u ? 0u : GUEST_BYTES;
	memset(guest_file, 0, sizeof(guest_file));
	if (how % 3u == 1u)
		memcpy(guest_file + 56u, "ARM\x64", 4u);
	if (how % 3u == 2u) { /* an ELF file, damaged or not */
		static const uint8_t head[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

		memcpy(guest_file, head, sizeof(head));
		guest_file[18] = 183u; /* EM_AARCH64 */
		guest_file[32] = 64u;  /* e_phoff */
		guest_file[54] = 56u;  /* e_phentsize */
		guest_file[56] = how & 3u;
		for (uint32_t i = 0u; i < 2u; i++) {
			uint8_t *part = guest_file + 64u + 56u * i;

			part[0] = 1u; /* PT_LOAD */
			part[27] = 0x40u;
			part[24 + 2] = (uint8_t)((uint32_t)how >> 3 << 4 | i << 2);
			part[32] = 16u;
			part[41] = 16u;
		}
	}
	for (uint32_t i = how >> 6; i != 0u; i--)
		guest_file[fuzz_u8(&input)] = fuzz_u8(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct want *w;

	input = (struct fuzz){data, size};
	find_bases();
	options.system = choose_base(fuzz_u16(&input))->path;
	make_guest_file(fuzz_u8(&input));
	w = want_read(&options);
	if (w != NULL)
		check_plan(w);
	want_free(w);
	return 0;
}
