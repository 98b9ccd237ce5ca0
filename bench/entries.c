/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin of tests/maxima.py: how many instructions the kernel executes from each of its
 * entries to the end of that way, and for each kind of entry the longest way that was seen.
 * What begins and ends a way is not known here: the script works it out from the kernel's machine
 * code and says it in a file of marks, a line each:
 *	row NAME               a kind of entry; numbered from 0 in the order of these lines
 *	enter OFFSET ROW       a way of this row begins before this instruction
 *	through OFFSET ROW     a way of row 0 that comes here counts for this row as well
 *	point OFFSET ROW       the way ends before this instruction and one of this row begins
 *	sleep OFFSET ROW       it ends behind this instruction (WFI), and one of this row begins
 *	leave OFFSET           it ends behind this instruction (ERET)
 *	halt OFFSET            it never ends: forgotten
 *	wait OFFSET            not counted: time that another CPU or the hardware takes
 * OFFSET is in bytes from where the kernel begins; kernel=PA:BYTES says where its code lies.
 *
 * Only instructions of the kernel are looked at, by their physical address. It works with one
 * host thread per CPU too: a CPU's way is its own, the rows have a lock.
 *
 * The result, in out=FILE, begins with "ways" and their number. Per row that was seen it has the line
 *	row NUMBER SEEN LONGEST WAITED ORDINAL CPU
 * WAITED is the most that was not counted in one way. ORDINAL is the number of the longest way
 * since machine reset, ways of all CPUs counted; the line "path" has its offsets, in order.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plugin_pa.h"
#include "bench/qemu_plugin_api.h"

#define CPUS         8u
#define ROWS         128u
#define INSTRUCTIONS 65536u /* of the kernel */
#define PATH         65536u /* of a longer way the begin is kept */
#define BYTES        4u     /* of an instruction */

enum kind { PLAIN, ENTER, THROUGH, POINT, SLEEP, LEAVE, HALT, WAIT };

static const char *const kind_names[] = {
	[ENTER] = "enter", [THROUGH] = "through", [POINT] = "point", [SLEEP] = "sleep",
	[LEAVE] = "leave", [HALT] = "halt",       [WAIT] = "wait",
};

struct mark {
	enum kind kind;
	unsigned row;
};

struct way {
	unsigned row;     /* ROWS: none is open */
	unsigned through; /* ROWS: none */
	uint64_t ordinal;
	uint64_t length;
	uint64_t waited;
	uint32_t path[PATH];
};

struct row {
	uint64_t seen;
	uint64_t longest;
	uint64_t waited;
	uint64_t ordinal;
	unsigned cpu;
	uint32_t path[PATH];
};

int qemu_plugin_version __attribute__((visibility("default"))) = PLUGIN_API_VERSION;

static struct mark marks[INSTRUCTIONS];
static struct way ways[CPUS];
static struct row rows[ROWS];
static unsigned row_count;
static uint64_t begun; /* ways so far */
static uint64_t kernel_pa;
static uint64_t kernel_bytes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *out;

static void begin(struct way *way, unsigned row)
{
	way->row = row;
	way->through = ROWS;
	way->ordinal = __atomic_add_fetch(&begun, 1, __ATOMIC_RELAXED);
	way->length = 0;
	way->waited = 0;
}

static void record(unsigned cpu, const struct way *way, unsigned number)
{
	struct row *row = &rows[number];

	row->seen++;
	if (way->waited > row->waited)
		row->waited = way->waited;
	if (way->length <= row->longest)
		return;
	row->longest = way->length;
	row->ordinal = way->ordinal;
	row->cpu = cpu;
	memcpy(row->path, way->path,
	       sizeof(way->path[0]) * (way->length < PATH ? way->length : PATH));
}

static void end(unsigned cpu, struct way *way)
{
	if (way->row == ROWS)
		return;
	pthread_mutex_lock(&lock);
	record(cpu, way, way->row);
	if (way->through < ROWS)
		record(cpu, way, way->through);
	pthread_mutex_unlock(&lock);
	way->row = ROWS;
}

static void count(struct way *way, uintptr_t instruction)
{
	if (way->row == ROWS)
		return;
	if (way->length < PATH)
		way->path[way->length] = (uint32_t)instruction * BYTES;
	way->length++;
}

/* Before each instruction of the kernel. */
static void on_insn(unsigned int cpu, void *data)
{
	uintptr_t instruction = (uintptr_t)data;
	struct mark mark = marks[instruction];
	struct way *way = &ways[cpu];

	switch (mark.kind) {
	case POINT:
		end(cpu, way);
		begin(way, mark.row);
		break;
	case ENTER:
		begin(way, mark.row);
		break;
	case THROUGH:
		if (way->row == 0)
			way->through = mark.row;
		break;
	case HALT:
		way->row = ROWS;
		break;
	case WAIT:
		way->waited++;
		return;
	default:
		break;
	}
	count(way, instruction);
	if (mark.kind == LEAVE || mark.kind == SLEEP)
		end(cpu, way);
	if (mark.kind == SLEEP)
		begin(way, mark.row);
}

static void on_translate(uint64_t id, struct plugin_tb *tb)
{
	size_t insns = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < insns; i++) {
		struct plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t offset = plugin_insn_pa(insn) - kernel_pa;

		if (offset < kernel_bytes)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, PLUGIN_NO_REGS,
			                                       (void *)(uintptr_t)(offset / BYTES));
	}
}

static void on_exit_machine(uint64_t id, void *data)
{
	(void)id;
	(void)data;
	pthread_mutex_lock(&lock); /* for good: a CPU may still run */
	fprintf(out, "ways %llu\n", (unsigned long long)begun);
	for (unsigned i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];

		if (row->seen == 0)
			continue;
		fprintf(out, "row %u %llu %llu %llu %llu %u\npath", i,
		        (unsigned long long)row->seen, (unsigned long long)row->longest,
		        (unsigned long long)row->waited, (unsigned long long)row->ordinal,
		        row->cpu);
		for (uint64_t j = 0; j < row->longest && j < PATH; j++)
			fprintf(out, " %x", row->path[j]);
		fputc('\n', out);
	}
	fclose(out);
}

static bool add_mark(const char *word, unsigned long offset, unsigned row)
{
	if (strcmp(word, "row") == 0)
		return ++row_count <= ROWS;
	if (offset / BYTES >= INSTRUCTIONS || row >= ROWS || marks[offset / BYTES].kind != PLAIN)
		return false;
	for (unsigned kind = ENTER; kind <= WAIT; kind++) {
		if (strcmp(word, kind_names[kind]) == 0) {
			marks[offset / BYTES] = (struct mark){(enum kind)kind, row};
			return true;
		}
	}
	return false;
}

static bool read_marks(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256];
	bool good = file != NULL;

	while (good && fgets(line, sizeof(line), file) != NULL) {
		char word[16] = "";
		unsigned long offset = 0;
		unsigned row = 0;

		good = sscanf(line, "%15s %lx %u", word, &offset, &row) >= 1 &&
		       add_mark(word, offset, row);
	}
	if (file != NULL)
		fclose(file);
	return good;
}

static bool set_argument(const char *text)
{
	char *behind;

	if (strncmp(text, "out=", 4) == 0)
		return (out = fopen(text + 4, "w")) != NULL;
	if (strncmp(text, "marks=", 6) == 0)
		return read_marks(text + 6);
	if (strncmp(text, "kernel=", 7) != 0)
		return false;
	kernel_pa = strtoull(text + 7, &behind, 0);
	if (*behind != ':')
		return false;
	kernel_bytes = strtoull(behind + 1, &behind, 0);
	return *behind == 0 && kernel_bytes / BYTES <= INSTRUCTIONS;
}

static int refuse(const char *argument)
{
	fprintf(stderr, "entries: refused: %s\n", argument);
	return -1;
}

int __attribute__((visibility("default")))
qemu_plugin_install(uint64_t id, const struct plugin_machine *machine, int argument_count,
                    char **arguments)
{
	if (!machine->system_emulation || (unsigned)machine->max_vcpus > CPUS)
		return refuse("this machine");
	for (int i = 0; i < argument_count; i++) {
		if (!set_argument(arguments[i]))
			return refuse(arguments[i]);
	}
	if (out == NULL || row_count == 0 || kernel_bytes == 0)
		return refuse("wants out, marks and kernel");
	for (unsigned i = 0; i < CPUS; i++)
		ways[i].row = ROWS;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_machine, NULL);
	return 0;
}
