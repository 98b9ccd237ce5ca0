/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file under bhc-verify: bounds-checked access, its head, and the configuration with its
 * arrays copied out. Nothing else in bhc-verify looks at the file's bytes but through here.
 * Called by the rules, host code.
 */
#include "tool/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ARM64_MAGIC    0x644d5241u /* "ARM\x64" */
#define ARM64_FLAGS    0xaull
#define BRANCH_MASK    0xfc000000u /* B: DDI 0487 C6.2.27 */
#define BRANCH         0x14000000u
#define ELF_MAGIC      0x464c457fu
#define THREADS_MAX    ((uint64_t)CPU_MAX * CPU_THREADS)
#define HANDLES_MAX    65536u
#define INTERRUPTS_MAX 988u /* INTID 32..1019 */

void *verify_alloc(size_t count, size_t bytes)
{
	void *memory = calloc(count ? count : 1, bytes);

	if (!memory) {
		fprintf(stderr, "bhc-verify: out of memory\n");
		exit(EXIT_FAILURE);
	}
	return memory;
}

bool verify_in_file(const struct verify *v, uint64_t pa, uint64_t bytes)
{
	uint64_t offset = pa - v->head.load_pa;

	return pa >= v->head.load_pa && offset <= v->file_bytes && bytes <= v->file_bytes - offset;
}

const uint8_t *verify_file_at(const struct verify *v, uint64_t pa, uint64_t bytes)
{
	return verify_in_file(v, pa, bytes) ? v->file + (pa - v->head.load_pa) : NULL;
}

bool verify_overlaps_file(const struct verify *v, uint64_t pa, uint64_t bytes)
{
	return pa < v->head.load_pa + v->file_bytes && v->head.load_pa < pa + bytes;
}

static void head_addresses(struct verify *v)
{
	const struct image_head *h = &v->head;

	if (h->image_bytes != v->file_bytes || h->image_bytes % PAGE_BYTES)
		verify_fail(v,
		            "image_bytes %#" PRIx64 ": the file has %#" PRIx64
		            " bytes, and whole pages are needed",
		            h->image_bytes, v->file_bytes);
	if (h->load_pa % PAGE_BYTES || h->load_pa >= PA_END) {
		verify_fail(v, "load_pa %#" PRIx64 " is not a page below %#llx", h->load_pa,
		            PA_END);
		return;
	}
	if (h->image_size < h->image_bytes || h->image_size % PAGE_BYTES ||
	    h->image_size > PA_END - h->load_pa)
		verify_fail(v, "image_size %#" PRIx64 " does not hold image_bytes %#" PRIx64,
		            h->image_size, h->image_bytes);
	if (h->stack_va < KERNEL_VA || h->stack_va >= KERNEL_DEVICE_VA || h->stack_va % PAGE_BYTES)
		verify_fail(v, "stack_va %#" PRIx64 " is not a kernel page", h->stack_va);
	if (h->uart_type > UART_PL011 || h->uart_pa >= PA_END ||
	    (h->uart_type == UART_NONE) != (h->uart_pa == 0))
		verify_fail(v, "UART type %u at %#" PRIx64, h->uart_type, h->uart_pa);
}

void verify_head(struct verify *v)
{
	const struct image_head *h = &v->head;
	uint32_t first;

	if (v->file_bytes < sizeof(*h)) {
		verify_fail(v, "%#" PRIx64 " bytes are too few for an image", v->file_bytes);
		return;
	}
	memcpy(&first, v->file, sizeof(first));
	if (first == ELF_MAGIC) {
		verify_fail(v, "this is an ELF file: the flat image is needed");
		return;
	}
	memcpy(&v->head, v->file, sizeof(v->head));
	if (h->magic != IMAGE_MAGIC || h->image_magic != ARM64_MAGIC) {
		verify_fail(v, "not a Bulkhead image: magic %#" PRIx64 ", %#x", h->magic,
		            h->image_magic);
		return;
	}
	if (h->abi_version != ABI_VERSION)
		verify_fail(v, "ABI version %u, this checker knows %u", h->abi_version,
		            ABI_VERSION);
	if ((h->code0 & BRANCH_MASK) != BRANCH && (h->code1 & BRANCH_MASK) != BRANCH)
		verify_fail(v, "the image does not start with a branch: %#x %#x", h->code0,
		            h->code1);
	if (h->text_offset != 0 || h->image_flags != ARM64_FLAGS)
		verify_fail(v, "text_offset %#" PRIx64 ", flags %#" PRIx64 ", not 0 and %#llx",
		            h->text_offset, h->image_flags, ARM64_FLAGS);
	head_addresses(v);
}

/* Copies an array of the configuration out; NULL if it is not in the file. */
static void *copy_array(struct verify *v, unsigned slot, const char *name, uint64_t va,
                        uint64_t count, uint64_t bytes, uint64_t count_max)
{
	struct verify_range *range = &v->config_ranges[slot];
	const uint8_t *from;
	void *copy;

	*range = (struct verify_range){name, va, 0};
	if (count > count_max) {
		verify_fail(v, "%" PRIu64 " %s, at most %" PRIu64, count, name, count_max);
		return NULL;
	}
	range->bytes = count * bytes;
	if (count == 0)
		return verify_alloc(1, bytes);
	from = va < KERNEL_VA || va >= KERNEL_DEVICE_VA || va % 8
	               ? NULL
	               : verify_file_at(v, va - KERNEL_VA + v->head.load_pa, range->bytes);
	if (!from) {
		verify_fail(v, "%s at %#" PRIx64 ", %#" PRIx64 " bytes, not in the image", name, va,
		            range->bytes);
		return NULL;
	}
	copy = verify_alloc(count, bytes);
	memcpy(copy, from, range->bytes);
	return copy;
}

static void copy_arrays(struct verify *v)
{
	const struct config *c = &v->config;

	v->cpus = copy_array(v, 1, "CPUs", c->cpus, c->cpu_count, sizeof(*v->cpus), CPU_MAX);
	v->processes = copy_array(v, 2, "processes", c->processes, c->process_count,
	                          sizeof(*v->processes), VMID_MAX);
	v->threads = copy_array(v, 3, "threads", c->threads, c->thread_count, sizeof(*v->threads),
	                        THREADS_MAX);
	v->vms = copy_array(v, 4, "VMs", c->vms, c->vm_count, sizeof(*v->vms), VMID_MAX);
	v->vcpus =
		copy_array(v, 5, "vCPUs", c->vcpus, c->vcpu_count, sizeof(*v->vcpus), THREADS_MAX);
	v->handles = copy_array(v, 6, "handles", c->handles, c->handle_count, sizeof(*v->handles),
	                        HANDLES_MAX);
	v->interrupts = copy_array(v, 7, "interrupts", c->interrupts, c->interrupt_count,
	                           sizeof(*v->interrupts), INTERRUPTS_MAX);
}

static void config_overlaps(struct verify *v)
{
	const struct verify_range *r = v->config_ranges;

	for (unsigned i = 0; i < CONFIG_RANGES; i++) {
		for (unsigned j = i + 1; j < CONFIG_RANGES; j++) {
			if (r[i].bytes == 0 || r[j].bytes == 0 ||
			    r[i].start >= r[j].start + r[j].bytes ||
			    r[j].start >= r[i].start + r[i].bytes)
				continue;
			verify_fail(v, "%s at %#" PRIx64 " and %s at %#" PRIx64 " overlap",
			            r[i].name, r[i].start, r[j].name, r[j].start);
		}
	}
}

void verify_config(struct verify *v)
{
	struct config *whole =
		copy_array(v, 0, "config", v->head.config_va, 1, sizeof(v->config), 1);

	if (!whole)
		return;
	v->config = *whole;
	free(whole);
	if (v->config.magic != CONFIG_MAGIC || v->config.abi_version != ABI_VERSION) {
		verify_fail(v, "config at %#" PRIx64 ": magic %#" PRIx64 ", ABI version %u",
		            v->head.config_va, v->config.magic, v->config.abi_version);
		/* the counts mean nothing: the arrays stay empty */
		v->config.process_count = 0;
		return;
	}
	copy_arrays(v);
	if (v->config.cpu_count == 0)
		verify_fail(v, "no CPU");
	if (v->config.psci_conduit > PSCI_HVC || v->config.padding)
		verify_fail(v, "PSCI conduit %u, padding %u", v->config.psci_conduit,
		            v->config.padding);
	if (v->config.process_count + v->config.vm_count > VMID_MAX)
		verify_fail(v, "%u processes and %u VMs, more than %u VMIDs",
		            v->config.process_count, v->config.vm_count, VMID_MAX);
	config_overlaps(v);
}
