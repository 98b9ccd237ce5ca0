/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counting plugin: how many instructions each CPU executes in the kernel, in processes and
 * in guests between two markers (abi/marker.h). Loaded by QEMU (bench/bench.py), which must run
 * with -icount: all CPUs are then one host thread, and counts repeat exactly.
 *
 * To whom an instruction belongs is decided when it is translated, by the *physical* address
 * that it lies at: no page of code is shared between kernel, processes and guests (that is what
 * bhc-verify proves), so virtual addresses may overlap as they like and nothing that a guest
 * does can shift a count. bhc says where each of them lies; the argument is
 *	range=DOMAIN:START:END  (DOMAIN k, p or g; END is the last byte), repeated.
 * What is in no range (QEMU's boot stub) is "other".
 *
 * An instruction that traps counts once, where it stands. Markers do not count. Other arguments:
 *	out=FILE         where the result goes
 *	begin=ROW:PA     the first execution of the instruction at this physical address is a BEGIN
 *	stop=ROW:COUNT   the machine is ended after so many ENDs of this row
 *	trace=ROW:NTH    the addresses of all instructions of the NTH measurement of this row;
 *	                 NTH 0: of the one that begins at machine reset
 *
 * The result has a line "end" per END: row, CPU of the marker, then kernel, process, guest, other:
 * on the CPU of the BEGIN; on all CPUs; and on the CPU of the BEGIN since it last executed WFI
 * (zeros if it did not). "value" lines have a row and a value, "at" lines the index of a range
 * argument (256: none) and a virtual address, "wfi" lines that it was a WFI. The last line is
 * "stop" if the machine was ended by a marker.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/marker.h"
#include "bench/plugin_pa.h"
#include "bench/qemu_plugin_api.h"

#define CPUS    8u
#define DOMAINS 4u
#define RANGES  256u
#define ROWS    256u
#define OTHER   3u

#define MARKER_BITS 0xffe0001fu /* MOVZ XZR, #imm16 */
#define MARKER_INSN 0xd280001fu
#define INSN_WFI    0xd503207fu
#define RANGE_SHIFT 48 /* a traced address carries the index of its range above the address */

struct counts {
	uint64_t of[DOMAINS];
};

struct cpu {
	struct counts total;
	struct counts at_wfi;
	uint64_t wfis;
};

struct row {
	struct counts total[CPUS]; /* as they were at BEGIN */
	uint64_t wfis;
	uint64_t begins;
	uint64_t ends;
	unsigned cpu;
};

/* ROW:NUMBER of an argument */
struct row_number {
	unsigned row;
	uint64_t number;
};

int qemu_plugin_version __attribute__((visibility("default"))) = PLUGIN_API_VERSION;

static struct {
	uint64_t start;
	uint64_t end;
	unsigned domain;
} ranges[RANGES];
static unsigned range_count;
static const char domain_letters[] = "kpg";
static struct row_number begin_at = {ROWS, 0};
static struct row_number stop_after = {ROWS, 0};
static struct row_number trace = {ROWS, 0};

static struct cpu cpus[CPUS];
static struct row rows[ROWS];
static uintptr_t begun = ROWS; /* the row that was begun last, until it ends or an ENTRY */
static struct counts running;  /* by the CPU that runs, since it was switched to */
static unsigned running_cpu;
static uint64_t bits;
static bool tracing;
static FILE *out;

static void settle(void)
{
	for (unsigned i = 0; i < DOMAINS; i++) {
		cpus[running_cpu].total.of[i] += running.of[i];
		running.of[i] = 0;
	}
}

static void on_block(unsigned int cpu, void *data)
{
	(void)data;
	if (cpu == running_cpu)
		return;
	settle();
	running_cpu = cpu % CPUS;
}

static void on_wfi(unsigned int cpu, void *data)
{
	running.of[(uintptr_t)data]++;
	settle();
	cpus[cpu % CPUS].at_wfi = cpus[cpu % CPUS].total;
	cpus[cpu % CPUS].wfis++;
	if (tracing)
		fprintf(out, "wfi\n");
}

static void on_trace(unsigned int cpu, void *data)
{
	uintptr_t address = (uintptr_t)data;

	(void)cpu;
	if (tracing)
		fprintf(out, "at %u %llx\n", (unsigned)(address >> RANGE_SHIFT),
		        (unsigned long long)address & ((1ull << RANGE_SHIFT) - 1u));
}

static void begin_row(unsigned int cpu, void *data)
{
	struct row *row = &rows[(uintptr_t)data];

	settle();
	for (unsigned i = 0; i < CPUS; i++)
		row->total[i] = cpus[i].total;
	row->cpu = cpu % CPUS;
	row->wfis = cpus[row->cpu].wfis;
	row->begins++;
	begun = (uintptr_t)data;
	if (begun == trace.row)
		tracing = row->begins == trace.number;
}

/* The first execution of the instruction that begin= names. */
static void begin_once(unsigned int cpu, void *data)
{
	if (rows[(uintptr_t)data].begins == 0)
		begin_row(cpu, data);
}

static void print_difference(const struct counts *now, const struct counts *then)
{
	for (unsigned i = 0; i < DOMAINS; i++)
		fprintf(out, " %llu", (unsigned long long)(now->of[i] - then->of[i]));
}

static void stop(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	fprintf(out, "stop\n");
	fclose(out);
	_exit(0);
}

static void end_row(unsigned int cpu, void *data)
{
	struct row *row = &rows[(uintptr_t)data];
	const struct cpu *own = &cpus[row->cpu];
	struct counts all = {{0}};
	struct counts none = {{0}};

	settle();
	for (unsigned i = 0; i < CPUS; i++) {
		for (unsigned j = 0; j < DOMAINS; j++)
			all.of[j] += cpus[i].total.of[j] - row->total[i].of[j];
	}
	fprintf(out, "end %u %u", (unsigned)(uintptr_t)data, cpu);
	print_difference(&own->total, &row->total[row->cpu]);
	print_difference(&all, &none);
	print_difference(&own->total, own->wfis != row->wfis ? &own->at_wfi : &own->total);
	fputc('\n', out);
	row->ends++;
	if ((uintptr_t)data == begun)
		begun = ROWS;
	if ((uintptr_t)data == trace.row && cpu == row->cpu)
		tracing = false;
	if ((uintptr_t)data == stop_after.row && row->ends == stop_after.number)
		stop(cpu, NULL);
}

static void end_begun(unsigned int cpu, void *data)
{
	uintptr_t row = begun;

	(void)data;
	begun = ROWS;
	if (row < ROWS)
		end_row(cpu, (void *)row);
}

static void on_bit(unsigned int cpu, void *data)
{
	(void)cpu;
	bits = bits << 1 | ((uintptr_t)data & 1u);
}

static void on_value(unsigned int cpu, void *data)
{
	(void)cpu;
	fprintf(out, "value %u %llu\n", (unsigned)(uintptr_t)data, (unsigned long long)bits);
	bits = 0;
}

static const struct {
	uint32_t kind;
	plugin_exec function;
} markers[] = {
	{MARKER_BEGIN, begin_row}, {MARKER_END, end_row},    {MARKER_ENTRY, end_begun},
	{MARKER_BIT, on_bit},      {MARKER_VALUE, on_value}, {MARKER_STOP, stop},
};

static unsigned range_of(uint64_t pa)
{
	for (unsigned i = 0; i < range_count; i++) {
		if (pa >= ranges[i].start && pa <= ranges[i].end)
			return i;
	}
	return RANGES;
}

static bool translate_marker(struct plugin_insn *insn, uint32_t word)
{
	uint32_t value = word >> 5 & 0xffffu;

	if ((word & MARKER_BITS) != MARKER_INSN)
		return false;
	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
		if (markers[i].kind != (value & 0xff00u))
			continue;
		qemu_plugin_register_vcpu_insn_exec_cb(insn, markers[i].function, PLUGIN_NO_REGS,
		                                       (void *)(uintptr_t)(value & 0xffu));
		return true;
	}
	return false;
}

/* QEMU calls what is registered before it adds what is inline: BEGIN counts its instruction. */
static void translate_insn(struct plugin_insn *insn)
{
	uint64_t pa = plugin_insn_pa(insn);
	uintptr_t range = range_of(pa);
	uintptr_t domain = range < RANGES ? ranges[range].domain : OTHER;
	uintptr_t address = (uintptr_t)qemu_plugin_insn_vaddr(insn) & ((1ull << RANGE_SHIFT) - 1u);
	uint32_t word;

	memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
	if (translate_marker(insn, word))
		return;
	if (begin_at.row < ROWS && pa == begin_at.number)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, begin_once, PLUGIN_NO_REGS,
		                                       (void *)(uintptr_t)begin_at.row);
	if (trace.row < ROWS)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_trace, PLUGIN_NO_REGS,
		                                       (void *)(address | range << RANGE_SHIFT));
	if (word == INSN_WFI)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_wfi, PLUGIN_NO_REGS,
		                                       (void *)domain);
	else
		qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_ADD_U64,
		                                           &running.of[domain], 1);
}

static void on_translate(uint64_t id, struct plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, PLUGIN_NO_REGS, NULL);
	for (size_t i = 0; i < count; i++)
		translate_insn(qemu_plugin_tb_get_insn(tb, i));
}

static void on_exit_machine(uint64_t id, void *data)
{
	(void)id;
	(void)data;
	fclose(out);
}

static int refuse(const char *argument)
{
	fprintf(stderr, "count: refused: %s\n", argument);
	return -1;
}

static bool add_range(const char *text)
{
	const char *letter = strchr(domain_letters, text[0]);
	char *behind;

	if (letter == NULL || *letter == 0 || text[1] != ':' || range_count == RANGES)
		return false;
	ranges[range_count].domain = (unsigned)(letter - domain_letters);
	ranges[range_count].start = strtoull(text + 2, &behind, 0);
	if (*behind != ':')
		return false;
	ranges[range_count].end = strtoull(behind + 1, &behind, 0);
	range_count++;
	return *behind == 0;
}

static bool set_row_number(const char *text, struct row_number *where)
{
	char *behind;

	where->row = (unsigned)strtoul(text, &behind, 0);
	if (*behind != ':' || where->row >= ROWS)
		return false;
	where->number = strtoull(behind + 1, &behind, 0);
	return *behind == 0;
}

static bool set_argument(const char *text)
{
	if (strncmp(text, "out=", 4) == 0)
		return (out = fopen(text + 4, "w")) != NULL;
	if (strncmp(text, "range=", 6) == 0)
		return add_range(text + 6);
	if (strncmp(text, "begin=", 6) == 0)
		return set_row_number(text + 6, &begin_at);
	if (strncmp(text, "stop=", 5) == 0)
		return set_row_number(text + 5, &stop_after);
	if (strncmp(text, "trace=", 6) != 0 || !set_row_number(text + 6, &trace))
		return false;
	tracing = trace.number == 0;
	return true;
}

int __attribute__((visibility("default")))
qemu_plugin_install(uint64_t id, const struct plugin_machine *machine, int count, char **arguments)
{
	if (!machine->system_emulation || (unsigned)machine->max_vcpus > CPUS)
		return refuse("this machine");
	for (int i = 0; i < count; i++) {
		if (!set_argument(arguments[i]))
			return refuse(arguments[i]);
	}
	if (out == NULL)
		return refuse("no file to write to");
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_machine, NULL);
	return 0;
}
