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
 * QEMU tells the host address of an instruction; the first one that is executed runs with the
 * MMU off, at a known physical address of the same RAM, and so gives the offset between the two.
 * What is in no range (QEMU's boot stub) is "other".
 *
 * An instruction that traps counts once, where it stands. Markers do not count.
 *
 * The result is one line per END: row, CPU of the marker, then kernel, process, guest, other:
 * on the CPU of the BEGIN; on all CPUs; and on the CPU of the BEGIN since it last executed WFI
 * (zeros if it did not).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/marker.h"
#include "bench/qemu_plugin_api.h"

#define CPUS    8u
#define DOMAINS 4u
#define RANGES  256u
#define ROWS    256u
#define OTHER   3u

#define MARKER_BITS  0xffe0001fu /* MOVZ XZR, #imm16 */
#define MARKER_VALUE 0xd280001fu
#define INSN_WFI     0xd503207fu

struct counts {
	uint64_t of[DOMAINS];
};

struct cpu {
	struct counts total;
	struct counts at_wfi;
	uint64_t wfis;
};

struct begin {
	struct counts total[CPUS];
	uint64_t wfis;
	unsigned cpu;
};

int qemu_plugin_version __attribute__((visibility("default"))) = PLUGIN_API_VERSION;

static struct {
	uint64_t start;
	uint64_t end;
	unsigned domain;
} ranges[RANGES];
static unsigned range_count;
static const char *const domain_letters = "kpg";

static struct cpu cpus[CPUS];
static struct begin begins[ROWS];
static uintptr_t begun;       /* the row that was begun last */
static struct counts running; /* by the CPU that runs, since it was switched to */
static unsigned running_cpu;
static uintptr_t ram_offset; /* host address - physical address */
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
}

static void begin_row(unsigned int cpu, void *data)
{
	struct begin *begin = &begins[(uintptr_t)data];

	settle();
	for (unsigned i = 0; i < CPUS; i++)
		begin->total[i] = cpus[i].total;
	begin->cpu = cpu % CPUS;
	begin->wfis = cpus[begin->cpu].wfis;
	begun = (uintptr_t)data;
}

static void print_difference(const struct counts *now, const struct counts *then)
{
	for (unsigned i = 0; i < DOMAINS; i++)
		fprintf(out, " %llu", (unsigned long long)(now->of[i] - then->of[i]));
}

static void end_row(unsigned int cpu, void *data)
{
	const struct begin *begin = &begins[(uintptr_t)data];
	const struct cpu *own = &cpus[begin->cpu];
	struct counts all = {{0}};
	struct counts none = {{0}};

	settle();
	for (unsigned i = 0; i < CPUS; i++) {
		for (unsigned j = 0; j < DOMAINS; j++)
			all.of[j] += cpus[i].total.of[j] - begin->total[i].of[j];
	}
	fprintf(out, "%u %u", (unsigned)(uintptr_t)data, cpu);
	print_difference(&own->total, &begin->total[begin->cpu]);
	print_difference(&all, &none);
	print_difference(&own->total, own->wfis != begin->wfis ? &own->at_wfi : &own->total);
	fputc('\n', out);
}

static void end_begun(unsigned int cpu, void *data)
{
	(void)data;
	end_row(cpu, (void *)begun);
}

static void on_stop(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	fprintf(out, "stop\n");
	fclose(out);
	_exit(0);
}

static unsigned domain_of(uint64_t pa)
{
	for (unsigned i = 0; i < range_count; i++) {
		if (pa >= ranges[i].start && pa <= ranges[i].end)
			return ranges[i].domain;
	}
	return OTHER;
}

static unsigned domain_of_insn(const struct plugin_insn *insn)
{
	uintptr_t host = (uintptr_t)qemu_plugin_insn_haddr(insn);

	if (host == 0)
		return OTHER;
	if (ram_offset == 0)
		ram_offset = host - qemu_plugin_insn_vaddr(insn);
	return domain_of(host - ram_offset);
}

static bool translate_marker(struct plugin_insn *insn, uint32_t word)
{
	uint32_t value = word >> 5 & 0xffffu;
	plugin_exec function;

	if ((word & MARKER_BITS) != MARKER_VALUE)
		return false;
	switch (value & 0xff00u) {
	case MARKER_BEGIN:
		function = begin_row;
		break;
	case MARKER_END:
		function = end_row;
		break;
	case MARKER_ENTRY:
		function = end_begun;
		break;
	case MARKER_STOP:
		function = on_stop;
		break;
	default:
		return false;
	}
	qemu_plugin_register_vcpu_insn_exec_cb(insn, function, PLUGIN_NO_REGS,
	                                       (void *)(uintptr_t)(value & 0xffu));
	return true;
}

static void translate_insn(struct plugin_insn *insn)
{
	uintptr_t domain = domain_of_insn(insn);
	uint32_t word;

	memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
	if (translate_marker(insn, word))
		return;
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

int __attribute__((visibility("default")))
qemu_plugin_install(uint64_t id, const struct plugin_machine *machine, int count, char **arguments)
{
	if (!machine->system_emulation || (unsigned)machine->max_vcpus > CPUS)
		return refuse("this machine");
	for (int i = 0; i < count; i++) {
		if (strncmp(arguments[i], "out=", 4) == 0)
			out = fopen(arguments[i] + 4, "w");
		else if (strncmp(arguments[i], "range=", 6) != 0 || !add_range(arguments[i] + 6))
			return refuse(arguments[i]);
	}
	if (out == NULL)
		return refuse("no file to write to");
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_machine, NULL);
	return 0;
}
