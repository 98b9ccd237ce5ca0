/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: tool/verify_file.c tool/verify_config.c tool/verify_el2.c tool/verify_info.c tool/verify_pool.c
 *	tool/verify_guest.c tool/verify_memory.c tool/verify_program.c tool/verify_rules.c
 *	tool/verify_share.c tool/verify_table.c tool/verify_list.c tool/verify_region.c tool/verify_passed.c
 * helpers: tool/verify_*.c
 */
/*
 * bhc-verify on damaged images: a good small image with any bytes changed, descriptors copied
 * from one table to another, cut anywhere; or no image at all. It must not crash, and what it
 * calls separated must be so for a naive walker: no page that a space may write is in another
 * one, but a VM's in its own process, and a channel's in both of its ends.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/test_verify_sample.h"

#define SPACES     (PROCESSES + VMS)
#define PAGES_MOST 8192u
#define ADDRESS(e) ((e)&0xfffffff000ull)
#define S2_WRITE   (1ull << 7)

/* A page of a space as the naive walker finds it. */
struct page {
	uint64_t va;
	uint64_t pa;
	uint32_t space;
	bool write;
	bool device;
};

static struct sample good;
static struct sample bad;
static FILE *nowhere;
static struct page pages[PAGES_MOST];
static uint32_t page_count;

static uint64_t table_entry(uint64_t table, uint64_t index)
{
	uint64_t entry = 0u;

	if (table >= LOAD_PA && table - LOAD_PA + PAGE_BYTES <= bad.bytes)
		memcpy(&entry, bad.file + (table - LOAD_PA) + 8u * index, sizeof(entry));
	return entry;
}

static void walk(uint32_t space, uint64_t table, uint32_t level, uint64_t va)
{
	uint32_t shift = 39u - 9u * level;

	for (uint64_t i = 0u; i < 512u; i++) {
		uint64_t entry = table_entry(table, i);
		uint64_t at = va + (i << shift);

		if ((entry & 1u) == 0u)
			continue;
		if (level < 3u && (entry & 2u) != 0u) {
			walk(space, ADDRESS(entry), level + 1u, at);
			continue;
		}
		for (uint64_t offset = 0u; offset < 1ull << shift && page_count < PAGES_MOST;
		     offset += PAGE_BYTES)
			pages[page_count++] =
				(struct page){at + offset, ADDRESS(entry) + offset, space,
			                      (entry & S2_WRITE) != 0u, (entry & 0x30u) == 0u};
	}
}

/* Is this page of a process in one of the channels that its info page names? */
static bool in_channel(const struct page *page)
{
	const struct process_channel *channels;

	if (page->space >= PROCESSES)
		return false;
	channels = bad.infos[page->space]->channels;
	for (uint32_t i = 0u; i < sizeof(bad.infos[0]->channels) / sizeof(channels[0]); i++)
		if (page->va - channels[i].va < channels[i].bytes)
			return true;
	return false;
}

/* Is it in the shared memory that its process, or that of the guest's VM, is a peer of? */
static bool in_shared(const struct page *page)
{
	bool guest = page->space >= PROCESSES;
	uint32_t process = guest ? bad.config->vms[page->space - PROCESSES].process : page->space;
	const struct process_shared *shared = &bad.infos[process]->shared;
	uint64_t start = guest ? shared->ipa : shared->va;

	return start != 0u && page->va - start < shared->bytes &&
	       (!page->write || shared->writable == 1u);
}

/* A VM's RAM is in its own process. */
static bool own_ram(const struct page *a, const struct page *b)
{
	const struct page *vm = a->space >= PROCESSES ? a : b;
	const struct page *process = a->space >= PROCESSES ? b : a;

	return vm->space >= PROCESSES && process->space < PROCESSES &&
	       bad.config->vms[vm->space - PROCESSES].process == process->space;
}

static int by_address(const void *a, const void *b)
{
	const struct page *x = a;
	const struct page *y = b;

	return x->pa < y->pa ? -1 : x->pa > y->pa;
}

static void check_separated(void)
{
	page_count = 0u;
	for (uint32_t i = 0u; i < PROCESSES; i++)
		walk(i, ADDRESS(bad.config->processes[i].vttbr), 1u, 0u);
	for (uint32_t i = 0u; i < VMS; i++)
		walk(PROCESSES + i, ADDRESS(bad.config->vms[i].vttbr), 1u, 0u);
	FUZZ_CHECK(page_count != 0u && page_count < PAGES_MOST);
	qsort(pages, page_count, sizeof(pages[0]), by_address);
	for (uint32_t i = 0u; i < page_count; i++) {
		for (uint32_t j = i + 1u; j < page_count && pages[j].pa == pages[i].pa; j++) {
			if ((!pages[i].write && !pages[j].write) || own_ram(&pages[i], &pages[j]))
				continue;
			if (in_shared(&pages[i]) && in_shared(&pages[j]))
				continue;
			FUZZ_CHECK(in_channel(&pages[i]) && in_channel(&pages[j]));
		}
	}
}

/* Where the checker looks: head, configuration, info pages, tables; or anywhere. */
static uint64_t place(struct fuzz *in)
{
	uint8_t where = fuzz_u8(in);
	uint64_t offset = fuzz_u16(in);

	switch (where & 7u) {
	case 0u:
		return offset % sizeof(struct image_head);
	case 1u:
	case 2u:
		return (uint64_t)((uint8_t *)bad.config - bad.file) +
		       offset % sizeof(struct sample_config);
	case 3u:
		return (uint64_t)((uint8_t *)bad.infos[(where >> 3) % PROCESSES] - bad.file) +
		       offset % sizeof(struct sample_info);
	case 4u:
	case 5u:
	case 6u: /* entries that are used: the first ones of the tables */
		return bad.tables - LOAD_PA + (where >> 3) % bad.table_count * PAGE_BYTES +
		       offset % 512u * 8u;
	default:
		return (offset << 8 | where) % bad.bytes;
	}
}

static void damage(struct fuzz *in)
{
	static const uint8_t sizes[] = {1u, 4u, 8u, 8u};
	uint8_t how = fuzz_u8(in);
	uint64_t to = place(in);
	uint64_t bytes = sizes[how & 3u];
	uint64_t value = 0u;

	to = to / bytes * bytes;
	if ((how & 0x0cu) == 0u) { /* the same as elsewhere */
		uint64_t from = place(in) / bytes * bytes;

		memcpy(bad.file + to, bad.file + from, bytes);
		return;
	}
	memcpy(&value, bad.file + to, bytes);
	if ((how & 0x0cu) == 4u)
		value ^= 1ull << (how >> 4) << 4u * (fuzz_u8(in) & 12u);
	else if ((how & 0x0cu) == 8u)
		value += ((uint64_t)fuzz_u8(in) - 128u) << (how >> 4);
	else
		value = fuzz_number(in);
	memcpy(bad.file + to, &value, bytes);
}

static uint8_t *moved(const void *pointer)
{
	return bad.file + ((const uint8_t *)pointer - good.file);
}

static void restore(void)
{
	bad = good;
	bad.file = malloc(good.bytes);
	memcpy(bad.file, good.file, good.bytes);
	bad.head = (struct image_head *)(void *)moved(good.head);
	bad.config = (struct sample_config *)(void *)moved(good.config);
	for (uint32_t i = 0u; i < PROCESSES; i++)
		bad.infos[i] = (struct sample_info *)(void *)moved(good.infos[i]);
}

static void any_file(const struct fuzz *in)
{
	uint8_t *copy = malloc(in->left + 1u);

	memcpy(copy, in->at, in->left);
	(void)verify_image(copy, in->left, NULL, nowhere);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};
	uint8_t mode = fuzz_u8(&in);
	uint64_t bytes;

	if (good.file == NULL) {
		nowhere = fopen("/dev/null", "w");
		sample_build(&good);
		FUZZ_CHECK(verify_image(good.file, good.bytes, NULL, nowhere));
	}
	if (mode >= 0xf0u) {
		any_file(&in);
		return 0;
	}
	restore();
	bytes = mode >= 0xe8u ? fuzz_u32(&in) % (bad.bytes + 1u) : bad.bytes;
	for (uint32_t i = 0u; i < 16u && in.left != 0u; i++)
		damage(&in);
	if (bytes < bad.bytes)
		bad.file = realloc(bad.file, bytes + 1u); /* ASan sees every read behind it */
	if (verify_image(bad.file, bytes, NULL, nowhere) && bytes == bad.bytes)
		check_separated();
	free(bad.file);
	return 0;
}
