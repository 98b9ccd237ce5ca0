/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_mutate IMAGE SYSTEM.dts [-e N] [-r N] [-B BUILD] [-I DIR]...: bhc-verify against every small
 * mistake in a good image. Flips each bit of each entry of every table, of the configuration
 * (handles, VMIDs, interrupts, schedule and all else), of the info pages and of the head, one
 * at a time; puts valid descriptors of several kinds into every slot of every table; flips
 * random bits elsewhere. Each must be refused, with the party named and, for an entry, its
 * address. With -e N only every Nth empty slot is tried, for large images. With -r N instead
 * N times several random bytes are changed at once, most of them where the checker looks.
 *
 * A program of the tests, run by tests/verify_tests.py. Exit status 1 when something went
 * unnoticed, which is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/verify_want.h"

#define ENTRIES      512u
#define ADDRESS_MASK 0x0000fffffffff000ull
#define SHOWN        20u
#define CONTENT      300u      /* random bits in kernel, programs and payloads */
#define LARGE        0x400000u /* images from here on: a tenth of them */

/* What a table is for, from the good image. */
struct table {
	uint32_t space;
	unsigned level;
	uint64_t va;
};

struct mutator {
	const struct want *want;
	uint8_t *file;
	uint64_t bytes;
	FILE *out;
	char *text;
	size_t text_bytes;
	struct table *tables;
	uint64_t tried;
	unsigned missed;
	unsigned told; /* of them in earlier reports */
};

/* Runs bhc-verify; true when it refused and said what it must. */
static bool refused(struct mutator *m, const char *party, const char *place)
{
	bool good;

	rewind(m->out);
	good = verify_image(m->file, m->bytes, m->want, m->out);
	fputc('\0', m->out);
	fflush(m->out);
	m->tried++;
	return !good && strstr(m->text, party) && strstr(m->text, place);
}

static void missed(struct mutator *m, uint64_t at, const char *what, const char *party,
                   const char *place)
{
	if (m->missed++ < SHOWN)
		printf("unnoticed: file offset %#llx, %s; expected \"%s\" and \"%s\" in:\n%s\n",
		       (unsigned long long)at, what, party, place, m->text);
}

static void flip(struct mutator *m, uint64_t at, unsigned bit, const char *party, const char *place)
{
	char what[16];

	m->file[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
	if (!refused(m, party, place)) {
		snprintf(what, sizeof(what), "bit %u", bit);
		missed(m, at, what, party, place);
	}
	m->file[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void flip_all(struct mutator *m, uint64_t at, uint64_t bytes, const char *party)
{
	for (uint64_t i = 0; i < bytes; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			flip(m, at + i, bit, party, "verify: [");
}

static uint64_t offset_of(const struct mutator *m, uint64_t pa)
{
	return pa - m->want->load_pa;
}

static void find_tables(struct mutator *m, uint32_t space, unsigned level, uint64_t va, uint64_t pa)
{
	uint64_t *entries = (uint64_t *)(void *)(m->file + offset_of(m, pa));
	uint64_t step = PAGE_BYTES << 9 * (3 - level);

	m->tables[(pa - m->want->tables_pa) / PAGE_BYTES] = (struct table){space, level, va};
	for (unsigned i = 0; level < 3 && i < ENTRIES; i++)
		if ((entries[i] & 3) == 3)
			find_tables(m, space, level + 1, va + i * step, entries[i] & ADDRESS_MASK);
}

static void find_all_tables(struct mutator *m)
{
	const struct want *w = m->want;
	uint64_t config = offset_of(m, w->config_pa) - want_el2_va(w, w->config_pa);
	const struct image_head *head = (void *)m->file;
	const struct config_process *processes = (void *)(m->file + config + w->config.processes);
	const struct config_vm *vms = (void *)(m->file + config + w->config.vms);

	m->tables = verify_alloc(w->table_count, sizeof(*m->tables));
	find_tables(m, SPACE_EL2_ID, 1, 0, head->el2_root_pa);
	for (uint32_t i = 0; i < w->process_count; i++)
		find_tables(m, 1 + i, 1, 0, processes[i].vttbr & ADDRESS_MASK);
	for (uint32_t i = 0; i < w->vm_count; i++)
		find_tables(m, 1 + w->process_count + i, 1, 0, vms[i].vttbr & ADDRESS_MASK);
}

/* Valid descriptors: pages, blocks and tables of several forms, of memory of several owners. */
static void plant(struct mutator *m, uint64_t at, const struct table *table, const char *party,
                  const char *place)
{
	static const uint64_t bits[] = {0x7c7,           0x40000000000747, 0x40000000000443,
	                                0x7ff,           0x400000000007ff, 0x4000000000077f,
	                                0x400000000004c7};
	const struct want *w = m->want;
	uint64_t *entry = (uint64_t *)(void *)(m->file + at);
	uint64_t good = *entry;
	const uint64_t places[] = {w->load_pa, w->stacks_pa, w->uart_pa, w->tables_pa,
	                           w->regions[w->region_count - 1].pa};

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]) + 2; i++) {
		uint64_t pa = places[(at / 8 + i) % (sizeof(places) / sizeof(places[0]))];

		if (i < sizeof(bits) / sizeof(bits[0]))
			*entry = table->level == 3 ? pa | bits[i]
			                           : (pa & ~(BLOCK_BYTES - 1)) | (bits[i] & ~2ull);
		else
			*entry = (w->tables_pa + (i + at / 8) % w->table_count * PAGE_BYTES) | 3;
		if (*entry != good && !refused(m, party, place))
			missed(m, at, "a planted descriptor", party, place);
		*entry = good;
	}
}

static void mutate_entry(struct mutator *m, uint64_t page, unsigned index)
{
	const struct table *table = &m->tables[page];
	uint64_t at = offset_of(m, m->want->tables_pa) + page * PAGE_BYTES + index * 8ull;
	uint64_t entry = *(uint64_t *)(void *)(m->file + at);
	const char *party = m->want->spaces[table->space].name;
	char place[64];

	/* what a wrong table holds is told at the addresses below it */
	snprintf(place, sizeof(place), "address 0x%llx:",
	         (unsigned long long)(table->va + index * (PAGE_BYTES << 9 * (3 - table->level))));
	if (table->level < 3 && (entry & 3) == 3)
		snprintf(place, sizeof(place), "address 0x");
	for (unsigned bit = 0; bit < 64; bit++)
		flip(m, at, bit, party, place);
	plant(m, at, table, party, place);
}

static void mutate_tables(struct mutator *m, unsigned every)
{
	unsigned empty = 0;

	for (uint64_t page = 0; page < m->want->table_count; page++)
		for (unsigned i = 0; i < ENTRIES; i++) {
			const uint64_t *entries =
				(void *)(m->file + offset_of(m, m->want->tables_pa) +
			                 page * PAGE_BYTES);

			if (entries[i] || empty++ % every == 0)
				mutate_entry(m, page, i);
		}
}

static void mutate_array(struct mutator *m, uint64_t va, uint64_t index, uint64_t bytes,
                         const char *party)
{
	uint64_t base = offset_of(m, m->want->config_pa);

	flip_all(m, base + (va - want_el2_va(m->want, m->want->config_pa)) + index * bytes, bytes,
	         party);
}

static const char *owner_of(const struct want *w, uint32_t thread)
{
	return w->processes[w->order[thread]->process].name;
}

/* Each element with the name of its owner, then the whole part, whatever lies between. */
static void mutate_config(struct mutator *m)
{
	const struct want *w = m->want;
	const struct config *c = &w->config;

	for (uint32_t i = 0; i < w->process_count; i++) {
		const struct want_process *p = &w->processes[i];

		mutate_array(m, c->processes, i, sizeof(struct config_process), p->name);
		for (uint32_t n = 0; n < p->handle_count; n++)
			mutate_array(m, c->handles, p->handle_first + n,
			             sizeof(struct config_handle), p->name);
	}
	for (uint32_t i = 0; i < w->thread_count; i++)
		mutate_array(m, c->threads, i, sizeof(struct config_thread), owner_of(w, i));
	for (uint32_t i = 0; i < w->interrupt_count; i++)
		mutate_array(m, c->interrupts, i, sizeof(struct config_interrupt),
		             owner_of(w, w->interrupts[i].thread));
	for (uint32_t i = 0; i < w->vm_count; i++) {
		const struct want_process *p = &w->processes[w->vms[i].process];

		mutate_array(m, c->vms, i, sizeof(struct config_vm), p->name);
		for (uint32_t n = 0; n < p->thread_count; n++)
			mutate_array(m, c->vcpus, w->vms[i].vcpu_first + n,
			             sizeof(struct config_vcpu), p->name);
	}
	for (uint32_t i = 0; i < w->cpu_used; i++)
		mutate_array(m, c->cpus, i, sizeof(struct config_cpu), "CPU");
	flip_all(m, offset_of(m, w->config_pa), w->config_part.bytes, "verify: [");
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void mutate_content(struct mutator *m)
{
	uint64_t random = 20260101;

	for (unsigned i = 0; i < (m->bytes < LARGE ? CONTENT : CONTENT / 10); i++) {
		random_next(&random);
		flip(m, random % (m->bytes - 8), (unsigned)(random >> 40) % 8, "verify: [", "0x");
	}
}

/* One of the places that the checker reads: head, configuration, tables, info pages. */
static uint64_t random_place(const struct mutator *m, uint64_t *random)
{
	const struct want *w = m->want;
	const struct want_range parts[] = {
		{w->load_pa, sizeof(struct image_head)},
		{w->config_pa, w->config_part.bytes},
		{w->tables_pa, w->table_count * PAGE_BYTES},
		{w->processes[0].info_pa, w->process_count * PAGE_BYTES},
		{w->load_pa, m->bytes},
	};
	const struct want_range *part =
		&parts[random_next(random) % (sizeof(parts) / sizeof(parts[0]))];

	return offset_of(m, part->start) + random_next(random) % part->bytes;
}

static void damage(struct mutator *m, unsigned rounds)
{
	uint8_t *good = verify_alloc(1, m->bytes);
	uint64_t random = 20260102;

	memcpy(good, m->file, m->bytes);
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t at[8];
		uint64_t count = 1 + random_next(&random) % 8;

		for (uint64_t n = 0; n < count; n++) {
			at[n] = random_place(m, &random);
			m->file[at[n]] = (uint8_t)random_next(&random);
		}
		if (memcmp(good, m->file, m->bytes) != 0 && !refused(m, "verify: [", "NOT"))
			missed(m, at[0], "random damage", "verify: [", "NOT");
		for (uint64_t n = 0; n < count; n++)
			m->file[at[n]] = good[at[n]];
	}
	free(good);
}

static bool read_image(struct mutator *m, const char *path)
{
	FILE *stream = fopen(path, "rb");
	long bytes = -1;

	if (stream && fseek(stream, 0, SEEK_END) == 0)
		bytes = ftell(stream);
	if (bytes > 0) {
		m->bytes = (uint64_t)bytes;
		m->file = verify_alloc(1, m->bytes);
		rewind(stream);
		bytes = fread(m->file, 1, m->bytes, stream) == m->bytes ? bytes : -1;
	}
	if (stream)
		fclose(stream);
	return bytes > 0;
}

static void report(struct mutator *m, const char *what)
{
	printf("%s: %llu changes, %u unnoticed\n", what, (unsigned long long)m->tried,
	       m->missed - m->told);
	fflush(stdout);
	m->tried = 0;
	m->told = m->missed;
}

static void mutate(struct mutator *m, unsigned every)
{
	const struct want *w = m->want;

	find_all_tables(m);
	mutate_config(m);
	report(m, "configuration");
	for (uint32_t i = 0; i < w->process_count; i++)
		flip_all(m, offset_of(m, w->processes[i].info_pa), w->processes[i].info.bytes,
		         w->processes[i].name);
	report(m, "info pages");
	flip_all(m, 0, sizeof(struct image_head), "verify: [");
	report(m, "head");
	mutate_tables(m, every);
	report(m, "tables");
	mutate_content(m);
	report(m, "elsewhere");
	free(m->tables);
}

static int run(struct mutator *m, unsigned every, unsigned rounds)
{
	bool good;

	m->out = open_memstream(&m->text, &m->text_bytes);
	good = !refused(m, "", "");
	m->tried = 0;
	if (!good) {
		printf("the good image is refused:\n%s", m->text);
	} else if (rounds) {
		damage(m, rounds);
		report(m, "random damage");
	} else {
		mutate(m, every);
	}
	fclose(m->out);
	free(m->text);
	return !good || m->missed != 0;
}

int main(int argc, char **argv)
{
	struct want_options options = {.build = "build"};
	struct mutator m = {0};
	struct want *want;
	unsigned every = 1;
	unsigned rounds = 0;
	int status = 1;
	int option;

	while ((option = getopt(argc, argv, "e:r:B:I:")) != -1) {
		if (option == 'e')
			every = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'r')
			rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'B')
			options.build = optarg;
		else if (option == 'I' && options.folder_count < WANT_FOLDERS)
			options.folders[options.folder_count++] = optarg;
		else
			return 3;
	}
	if (argc - optind != 2 || every == 0)
		return 3;
	options.system = argv[optind + 1];
	want = want_read(&options);
	if (want && read_image(&m, argv[optind])) {
		m.want = want;
		status = run(&m, every, rounds);
	}
	free(m.file);
	want_free(want);
	return status;
}
