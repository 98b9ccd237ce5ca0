/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small good image, built in memory for the tests of bhc-verify: five processes (a
 * supervisor, a console, a task, two VM processes), two guests, two CPUs. It shares nothing
 * with bhc: a mistake there must not be repeated here. Included by the tests of bhc-verify
 * only; all is static. Host code.
 */
#ifndef BULKHEAD_TESTS_UNIT_TEST_VERIFY_SAMPLE_H
#define BULKHEAD_TESTS_UNIT_TEST_VERIFY_SAMPLE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tool/verify.h"

#define LOAD_PA         0x40200000ull
#define UART_PA         0x09000000ull
#define GICD_PA         0x08000000ull
#define GICR_PA         0x080a0000ull
#define GICR_VA         (KERNEL_DEVICE_VA + 0x10000)
#define UART_VA         (GICR_VA + 0x40000)
#define LINUX_RAM_IPA   0x40000000ull
#define CONTROL_RAM_IPA 0x0ull
#define WINDOW_IPA      0x30000000ull
#define TABLE_PAGES     56u
#define FILE_PAGES      88u

/* descriptors, once more */
#define EL2_RX       0x7c7ull
#define EL2_RO       (0x7c7ull | 1ull << 54)
#define EL2_RW       (0x747ull | 1ull << 54)
#define EL2_DEVICE   (0x443ull | 1ull << 54)
#define S2_RX        0x77full
#define S2_RO        (0x77full | 1ull << 54)
#define S2_RW        (0x7ffull | 1ull << 54)
#define S2_RWX       0x7ffull
#define S2_DEVICE_RW (0x4c7ull | 1ull << 54)

enum { SUPERVISOR, CONSOLE, ALIVE, LINUX, CONTROL, PROCESSES };
enum { CPUS = 2, THREADS = 6, VMS = 2, VCPUS = 3, HANDLES = 24, INTERRUPTS = 1 };

/* Configuration as it lies in the image. */
struct sample_config {
	struct config config;
	struct config_cpu cpus[CPUS];
	struct config_process processes[PROCESSES];
	struct config_thread threads[THREADS];
	struct config_vm vms[VMS];
	struct config_vcpu vcpus[VCPUS];
	struct config_handle handles[HANDLES];
	struct config_interrupt interrupts[INTERRUPTS];
};

struct sample_info {
	struct process_info info;
	struct process_channel channels[4];
	struct process_device device;
	struct process_shared shared;
};

struct sample {
	uint8_t *file;
	uint64_t bytes;
	uint64_t file_next;   /* next free PA in the file */
	uint64_t memory_next; /* and behind it */
	uint64_t memory_end;  /* of what follows the file without a gap */
	uint64_t tables;
	uint64_t table_count;
	uint64_t el2_root;
	uint64_t roots[PROCESSES + VMS];
	struct image_head *head;
	struct sample_config *config;
	struct sample_info *infos[PROCESSES];
};

static inline void *sample_at(struct sample *s, uint64_t pa)
{
	assert(pa >= LOAD_PA && pa - LOAD_PA < s->bytes);
	return s->file + (pa - LOAD_PA);
}

static inline uint64_t sample_table(struct sample *s)
{
	assert(s->table_count < TABLE_PAGES);
	return s->tables + PAGE_BYTES * s->table_count++;
}

/* The entry for va in the table of a level; tables are made on the way. */
static inline uint64_t *sample_entry(struct sample *s, uint64_t root, uint64_t va, unsigned level)
{
	uint64_t table = root;

	for (unsigned at = 1;; at++) {
		uint64_t *entry =
			(uint64_t *)sample_at(s, table) + (va >> (12 + 9 * (3 - at)) & 511);

		if (at == level)
			return entry;
		if (!*entry)
			*entry = sample_table(s) | 3;
		table = *entry & ~0xfffull;
	}
}

static inline void sample_map(struct sample *s, uint64_t root, uint64_t va, uint64_t pa,
                              uint64_t pages, uint64_t bits)
{
	for (uint64_t i = 0; i < pages; i++)
		*sample_entry(s, root, va + i * PAGE_BYTES, 3) = (pa + i * PAGE_BYTES) | bits;
}

static inline uint64_t sample_file(struct sample *s, uint64_t pages, int fill)
{
	uint64_t pa = s->file_next;

	s->file_next += pages * PAGE_BYTES;
	assert(s->file_next <= LOAD_PA + s->bytes);
	memset(sample_at(s, pa), fill, pages * PAGE_BYTES);
	return pa;
}

static inline uint64_t sample_memory(struct sample *s, uint64_t pages)
{
	uint64_t pa = s->memory_next;

	s->memory_next += pages * PAGE_BYTES;
	return pa;
}

static inline uint64_t kernel_va(uint64_t pa)
{
	return pa - LOAD_PA + KERNEL_VA;
}

static inline void sample_el2(struct sample *s)
{
	struct config *c = &s->config->config;
	uint64_t kernel = LOAD_PA;
	uint64_t objects = sample_memory(s, 3);
	uint64_t stacks = sample_memory(s, CPUS * 5);
	uint64_t config_pa = LOAD_PA + (uint64_t)((uint8_t *)s->config - s->file);

	memset(sample_at(s, kernel + 128), 0x11, 3 * PAGE_BYTES - 128);
	sample_map(s, s->el2_root, kernel, kernel, 1, EL2_RX);
	sample_map(s, s->el2_root, KERNEL_VA, kernel, 1, EL2_RX);
	sample_map(s, s->el2_root, KERNEL_VA + 0x1000, kernel + 0x1000, 1, EL2_RO);
	sample_map(s, s->el2_root, KERNEL_VA + 0x2000, kernel + 0x2000, 1, EL2_RW);
	sample_map(s, s->el2_root, kernel_va(config_pa), config_pa, 1, EL2_RO);
	sample_map(s, s->el2_root, kernel_va(objects), objects, 3, EL2_RW);
	for (uint64_t i = 0; i < CPUS; i++)
		sample_map(s, s->el2_root, kernel_va(stacks) + i * 0x5000 + 0x1000,
		           stacks + i * 0x5000 + 0x1000, 4, EL2_RW);
	sample_map(s, s->el2_root, KERNEL_DEVICE_VA, GICD_PA, 16, EL2_DEVICE);
	sample_map(s, s->el2_root, GICR_VA, GICR_PA, 64, EL2_DEVICE);
	sample_map(s, s->el2_root, UART_VA, UART_PA, 1, EL2_DEVICE);
	s->head->stack_va = kernel_va(stacks);
	s->head->config_va = kernel_va(config_pa);
	c->objects_start = kernel_va(objects);
	c->objects_bytes = 3 * PAGE_BYTES;
	for (unsigned i = 0; i < OBJECT_TRACE; i++)
		c->objects[i] = c->objects_start + i * 0x240;
	c->objects[OBJECT_TRACE] = c->objects_start + PAGE_BYTES;
	c->gicd_va = KERNEL_DEVICE_VA;
	c->uart_va = UART_VA;
}

static inline void sample_arrays(struct sample *s)
{
	struct sample_config *sc = s->config;
	struct config *c = &sc->config;
	uint64_t base = LOAD_PA + (uint64_t)((uint8_t *)sc - s->file);

	c->magic = CONFIG_MAGIC;
	c->abi_version = ABI_VERSION;
	c->cpu_count = CPUS;
	c->process_count = PROCESSES;
	c->thread_count = THREADS;
	c->vm_count = VMS;
	c->vcpu_count = VCPUS;
	c->handle_count = HANDLES;
	c->interrupt_count = INTERRUPTS;
	c->cpus = kernel_va(base + offsetof(struct sample_config, cpus));
	c->processes = kernel_va(base + offsetof(struct sample_config, processes));
	c->threads = kernel_va(base + offsetof(struct sample_config, threads));
	c->vms = kernel_va(base + offsetof(struct sample_config, vms));
	c->vcpus = kernel_va(base + offsetof(struct sample_config, vcpus));
	c->handles = kernel_va(base + offsetof(struct sample_config, handles));
	c->interrupts = kernel_va(base + offsetof(struct sample_config, interrupts));
	for (uint32_t i = 0; i < CPUS; i++)
		sc->cpus[i] = (struct config_cpu){i, GICR_VA + i * 0x20000, i * 3, 3};
	sc->interrupts[0] = (struct config_interrupt){33, CONSOLE, 40, 0, 0};
}

/* Threads 0..2 are those of the first processes on CPU 0, 3..5 run vCPUs on CPU 1. */
static inline void sample_threads(struct sample *s)
{
	static const uint32_t process_of[THREADS] = {SUPERVISOR, CONSOLE, ALIVE,
	                                             LINUX,      LINUX,   CONTROL};

	for (uint32_t i = 0; i < THREADS; i++) {
		struct config_process *p = &s->config->processes[process_of[i]];
		struct config_thread *t = &s->config->threads[i];

		t->process = process_of[i];
		t->index = p->thread_count;
		t->cpu = i / 3;
		t->priority = 10;
		t->budget_us = i < 3 ? 100 : 0;
		t->period_us = i < 3 ? 1000 : 0;
		t->stack_top = STACK_VA + (t->index + 1) * STACK_SLOT;
		t->vcpu = i < 3 ? IMAGE_NONE : i - 3;
		p->thread[p->thread_count++] = i;
		if (i >= 3)
			s->config->vcpus[i - 3] =
				(struct config_vcpu){t->process - LINUX, i, 0x80000000u | t->index};
	}
}

static inline uint32_t sample_handle(struct sample *s, uint32_t process, uint32_t kind,
                                     uint32_t object, uint32_t argument)
{
	struct config_process *p = &s->config->processes[process];

	s->config->handles[p->handle_first + p->handle_count] =
		(struct config_handle){kind, object, argument, 0};
	return p->handle_count++;
}

static inline void sample_channel(struct sample *s, uint32_t process)
{
	uint64_t pa = sample_memory(s, 1);
	struct config_process *p = &s->config->processes[process];
	struct config_process *console = &s->config->processes[CONSOLE];
	struct process_info *mine = &s->infos[process]->info;
	struct process_info *theirs = &s->infos[CONSOLE]->info;
	uint64_t va = CHANNEL_VA + theirs->channel_count * PAGE_BYTES;
	uint32_t bit = theirs->channel_count + 1;

	sample_map(s, s->roots[process], CHANNEL_VA, pa, 1, S2_RW);
	sample_map(s, s->roots[CONSOLE], va, pa, 1, S2_RW);
	s->infos[process]->channels[mine->channel_count++] = (struct process_channel){
		.name = "console",
		.va = CHANNEL_VA,
		.bytes = PAGE_BYTES,
		.handle = sample_handle(s, process, HANDLE_NOTIFY, console->thread[0], bit),
		.bit = 9,
		.pa = process == ALIVE ? pa : 0};
	s->infos[CONSOLE]->channels[theirs->channel_count] = (struct process_channel){
		.va = va,
		.bytes = PAGE_BYTES,
		.handle = sample_handle(s, CONSOLE, HANDLE_NOTIFY, p->thread[0], 9),
		.bit = bit,
		.side = 1};
	memcpy(s->infos[CONSOLE]->channels[theirs->channel_count++].name, p->name, NAME_BYTES);
}

static inline void sample_process(struct sample *s, uint32_t i, const char *name, uint64_t text)
{
	static const uint32_t handle_first[PROCESSES] = {0, 6, 12, 16, 20};
	struct config_process *p = &s->config->processes[i];
	uint64_t info_pa = sample_file(s, 1, 0);
	struct sample_info *info = sample_at(s, info_pa);

	s->infos[i] = info;
	s->roots[i] = sample_table(s);
	memcpy(p->name, name, strlen(name));
	p->vttbr = s->roots[i] | (uint64_t)(i + 1) << 48;
	p->entry = PROGRAM_TEXT_VA;
	p->flags = i < LINUX ? PROCESS_FLAG_AUTOSTART : 0;
	p->vm = i < LINUX ? IMAGE_NONE : i - LINUX;
	p->handle_first = handle_first[i];
	p->supervisor_thread = i == SUPERVISOR ? IMAGE_NONE : SUPERVISOR;
	info->info.magic = PROCESS_INFO_MAGIC;
	info->info.abi_version = ABI_VERSION;
	info->info.thread_count = p->thread_count;
	memcpy(info->info.name, p->name, NAME_BYTES);
	info->info.channels = PROCESS_INFO_VA + offsetof(struct sample_info, channels);
	info->info.devices = PROCESS_INFO_VA + offsetof(struct sample_info, device);
	sample_map(s, s->roots[i], PROCESS_INFO_VA, info_pa, 1, S2_RO);
	sample_map(s, s->roots[i], PROGRAM_TEXT_VA, text, 1, S2_RX);
	sample_map(s, s->roots[i], PROGRAM_TEXT_VA + PAGE_BYTES, text + PAGE_BYTES, 1, S2_RO);
	sample_map(s, s->roots[i], PROGRAM_DATA_VA, sample_memory(s, 1), 1, S2_RW);
	for (uint64_t n = 0; n < p->thread_count; n++)
		sample_map(s, s->roots[i], STACK_VA + (n + 1) * STACK_SLOT - 0x2000,
		           sample_memory(s, 2), 2, S2_RW);
}

static inline void sample_vm(struct sample *s, uint32_t i, uint64_t ipa, uint32_t vcpus)
{
	struct config_vm *vm = &s->config->vms[i];
	uint32_t process = LINUX + i;
	struct process_info *info = &s->infos[process]->info;

	s->roots[PROCESSES + i] = sample_table(s);
	*vm = (struct config_vm){s->roots[PROCESSES + i] | (uint64_t)(100 + i) << 48,
	                         GICD_PA,
	                         GICR_PA,
	                         process,
	                         i * 2,
	                         vcpus,
	                         64};
	info->vm_present = 1;
	info->vm.vcpu_count = vcpus;
	info->vm.gicd_ipa = GICD_PA;
	info->vm.gicr_ipa = GICR_PA;
	info->vm.bank_count = 1;
	info->vm.banks[0] = (struct vm_bank){ipa, i ? 3 * PAGE_BYTES : 2 * BLOCK_BYTES};
	sample_map(s, s->roots[process], PAYLOAD_VA, sample_file(s, 1, 0x30 + (int)i), 1, S2_RO);
}

static inline void sample_ram(struct sample *s)
{
	uint64_t pages = sample_memory(s, 3);
	uint64_t blocks;

	sample_map(s, s->roots[PROCESSES + 1], CONTROL_RAM_IPA, pages, 3, S2_RWX);
	sample_map(s, s->roots[CONTROL], GUEST_VA + CONTROL_RAM_IPA, pages, 3, S2_RW);
	s->memory_end = s->memory_next;
	s->memory_next = (s->memory_next + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
	blocks = sample_memory(s, 2 * BLOCK_BYTES / PAGE_BYTES);
	for (uint64_t at = 0; at < 2 * BLOCK_BYTES; at += BLOCK_BYTES) {
		*sample_entry(s, s->roots[PROCESSES], LINUX_RAM_IPA + at, 2) =
			(blocks + at) | (S2_RWX & ~2ull);
		*sample_entry(s, s->roots[LINUX], GUEST_VA + LINUX_RAM_IPA + at, 2) =
			(blocks + at) | (S2_RW & ~2ull);
	}
}

/* The task has a device that does DMA. */
static inline void sample_dma(struct sample *s)
{
	struct process_info *info = &s->infos[ALIVE]->info;

	info->dma_va = DMA_VA;
	info->dma_pa = sample_memory(s, 2);
	info->dma_bytes = 2 * PAGE_BYTES;
	sample_map(s, s->roots[ALIVE], DMA_VA, info->dma_pa, 2, S2_RW);
}

/* The task writes, Linux reads, the console has no part in it. */
static inline void sample_shared(struct sample *s)
{
	uint64_t pa = sample_memory(s, 2);
	static const uint32_t peers[2] = {ALIVE, LINUX};

	for (uint32_t i = 0; i < 2; i++) {
		struct sample_info *info = s->infos[peers[i]];

		info->info.shared = PROCESS_INFO_VA + offsetof(struct sample_info, shared);
		info->info.shared_count = 1;
		info->shared = (struct process_shared){.name = "data",
		                                       .va = i ? 0 : SHARED_VA,
		                                       .ipa = i ? WINDOW_IPA : 0,
		                                       .bytes = 2 * PAGE_BYTES,
		                                       .self = i,
		                                       .peers = 2,
		                                       .writable = !i};
	}
	sample_map(s, s->roots[ALIVE], SHARED_VA, pa, 2, S2_RW);
	sample_map(s, s->roots[PROCESSES], WINDOW_IPA, pa, 2, S2_RO);
}

static inline void sample_handles(struct sample *s)
{
	for (uint32_t i = 0; i < PROCESSES; i++)
		if (i != CONSOLE)
			sample_channel(s, i);
	for (uint32_t i = CONSOLE; i < PROCESSES; i++)
		sample_handle(s, SUPERVISOR, HANDLE_PROCESS, i, RIGHT_STATUS | RIGHT_CONTROL);
	sample_handle(s, SUPERVISOR, HANDLE_SYSTEM, 0, 0);
	sample_handle(s, CONSOLE, HANDLE_INTERRUPT, 0, 0);
	sample_handle(s, LINUX, HANDLE_NOTIFY, 4, VM_KICK_BIT);
	sample_map(s, s->roots[CONSOLE], DEVICE_VA, UART_PA, 1, S2_DEVICE_RW);
	s->infos[CONSOLE]->info.device_count = 1;
	s->infos[CONSOLE]->device =
		(struct process_device){"uart", DEVICE_VA, PAGE_BYTES, 4, 40, 0, 0};
}

static inline void sample_head(struct sample *s)
{
	*s->head = (struct image_head){
		.code0 = 0x14000020,
		.image_size = s->memory_end - LOAD_PA,
		.image_flags = 0xa,
		.image_magic = 0x644d5241,
		.magic = IMAGE_MAGIC,
		.abi_version = ABI_VERSION,
		.uart_type = UART_PL011,
		.load_pa = LOAD_PA,
		.image_bytes = s->bytes,
		.uart_pa = UART_PA,
		.el2_root_pa = s->el2_root,
		.config_va = s->head->config_va,
		.stack_va = s->head->stack_va,
	};
}

static inline void sample_build(struct sample *s)
{
	uint64_t programs[3];

	memset(s, 0, sizeof(*s));
	s->bytes = FILE_PAGES * PAGE_BYTES;
	s->file = calloc(1, s->bytes);
	assert(s->file);
	s->file_next = LOAD_PA + 4 * PAGE_BYTES;
	s->memory_next = LOAD_PA + s->bytes;
	s->head = sample_at(s, LOAD_PA);
	s->config = sample_at(s, LOAD_PA + 3 * PAGE_BYTES);
	s->tables = sample_file(s, TABLE_PAGES, 0);
	s->el2_root = sample_table(s);
	for (unsigned i = 0; i < 3; i++)
		programs[i] = sample_file(s, 2, 0x20 + (int)i);
	sample_arrays(s);
	sample_el2(s);
	sample_threads(s);
	sample_process(s, SUPERVISOR, "supervisor", programs[0]);
	sample_process(s, CONSOLE, "console", programs[1]);
	sample_process(s, ALIVE, "alive", programs[0]);
	sample_process(s, LINUX, "linux", programs[2]);
	sample_process(s, CONTROL, "control", programs[2]);
	sample_vm(s, 0, LINUX_RAM_IPA, 2);
	sample_vm(s, 1, CONTROL_RAM_IPA, 1);
	sample_handles(s);
	sample_dma(s);
	sample_shared(s);
	sample_ram(s);
	sample_head(s);
}

/* Runs bhc-verify. The text is the caller's to free; NULL asks for none. */
static inline bool sample_verify(const struct sample *s, char **text)
{
	size_t length = 0;
	FILE *out = text ? open_memstream(text, &length) : fopen("/dev/null", "w");
	bool good;

	assert(out);
	good = verify_image(s->file, s->bytes, NULL, out);
	fclose(out);
	return good;
}

#endif
