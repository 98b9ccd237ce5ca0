/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Head and configuration of an image against what the description grants: field by field, so
 * that a message names field and party, then byte by byte, so that nothing is left out.
 * Host code.
 */
#include "tool/verify_want.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_MASK   0x0000fffffffff000ull /* VTTBR_EL2.BADDR: DDI 0487 D19.2.155 */
#define PARTY_BYTES 160u

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t number_at(const uint8_t *bytes, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count && i < sizeof(value); i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

/* Reports each field that differs; what is larger than a number by its first such byte. */
void verify_compare_fields(struct verify *v, const char *party, const struct verify_field *fields,
                           size_t count, const void *have, const void *want)
{
	const uint8_t *a = have;
	const uint8_t *b = want;

	for (size_t i = 0; i < count; i++) {
		size_t at = fields[i].offset;
		size_t bytes = fields[i].bytes;
		size_t skip = 0;

		if (memcmp(a + at, b + at, bytes) == 0)
			continue;
		while (bytes > sizeof(uint64_t) && a[at + skip] == b[at + skip])
			skip++;
		bytes = bytes > sizeof(uint64_t) ? 1 : bytes;
		verify_fail(v, "%s: %s is %#" PRIx64 ", granted is %#" PRIx64, party,
		            fields[i].name, number_at(a + at + skip, bytes),
		            number_at(b + at + skip, bytes));
	}
}

void verify_want_head(struct verify *v)
{
	static const struct verify_field fields[] = {
		FIELD(image_head, code0),       FIELD(image_head, code1),
		FIELD(image_head, text_offset), FIELD(image_head, image_size),
		FIELD(image_head, image_flags), FIELD(image_head, reserved),
		FIELD(image_head, image_magic), FIELD(image_head, pe_offset),
		FIELD(image_head, magic),       FIELD(image_head, abi_version),
		FIELD(image_head, uart_type),   FIELD(image_head, load_pa),
		FIELD(image_head, image_bytes), FIELD(image_head, uart_pa),
		FIELD(image_head, config_va),   FIELD(image_head, stack_va),
	};

	verify_compare_fields(v, "the head", fields, COUNT(fields), &v->head, &v->want->head);
}

static const char *thread_name(const struct want *w, uint32_t id, char *text, size_t bytes)
{
	if (id < w->thread_count)
		snprintf(text, bytes, "thread %u (%u of %s)", id, w->order[id]->index,
		         w->processes[w->order[id]->process].name);
	else
		snprintf(text, bytes, "thread %u, which is not there,", id);
	return text;
}

/* What a handle is for, whatever stands in it. */
static void handle_text(const struct want *w, const struct config_handle *h, char *text,
                        size_t bytes)
{
	char thread[PARTY_BYTES / 2];

	switch (h->kind) {
	case HANDLE_NOTIFY:
		snprintf(text, bytes, "notify %s, bit %u",
		         thread_name(w, h->object, thread, sizeof(thread)), h->argument);
		break;
	case HANDLE_INTERRUPT:
		snprintf(text, bytes, "interrupt %u",
		         h->object < w->interrupt_count ? w->interrupts[h->object].intid
		                                        : h->object);
		break;
	case HANDLE_PROCESS:
		snprintf(text, bytes, "process %s, rights %#x",
		         h->object < w->process_count ? w->processes[h->object].name : "?",
		         h->argument);
		break;
	case HANDLE_SYSTEM:
		snprintf(text, bytes, "the machine's switch");
		break;
	default:
		snprintf(text, bytes, "kind %u", h->kind);
	}
}

static void compare_handles(struct verify *v)
{
	const struct want *w = v->want;

	for (uint32_t i = 0; i < w->process_count; i++) {
		const struct want_process *p = &w->processes[i];

		for (uint32_t n = 0; n < p->handle_count; n++) {
			const struct config_handle *have = &v->handles[p->handle_first + n];
			const struct config_handle *want = &p->handles[n];
			char have_text[PARTY_BYTES];
			char want_text[PARTY_BYTES];

			if (memcmp(have, want, sizeof(*have)) == 0)
				continue;
			handle_text(w, have, have_text, sizeof(have_text));
			handle_text(w, want, want_text, sizeof(want_text));
			verify_fail(v,
			            "%s: handle %u at %#" PRIx64
			            " is %s (%u, %u, %#x, %#x), granted "
			            "is %s",
			            p->name, n,
			            v->config.handles + (p->handle_first + n) * sizeof(*have),
			            have_text, have->kind, have->object, have->argument,
			            have->padding, want_text);
		}
	}
}

static const struct verify_field process_fields[] = {
	FIELD(config_process, name),
	FIELD(config_process, vttbr),
	FIELD(config_process, entry),
	FIELD(config_process, flags),
	FIELD(config_process, vm),
	FIELD(config_process, handle_first),
	FIELD(config_process, handle_count),
	FIELD(config_process, thread_count),
	FIELD(config_process, thread),
	FIELD(config_process, supervisor_thread),
	FIELD(config_process, supervisor_bit),
	FIELD(config_process, padding),
};
static const struct verify_field thread_fields[] = {
	FIELD(config_thread, process),   FIELD(config_thread, index),
	FIELD(config_thread, cpu),       FIELD(config_thread, priority),
	FIELD(config_thread, budget_us), FIELD(config_thread, period_us),
	FIELD(config_thread, stack_top), FIELD(config_thread, vcpu),
	FIELD(config_thread, padding),
};
static const struct verify_field vm_fields[] = {
	FIELD(config_vm, vttbr),     FIELD(config_vm, gicd_ipa),   FIELD(config_vm, gicr_ipa),
	FIELD(config_vm, process),   FIELD(config_vm, vcpu_first), FIELD(config_vm, vcpu_count),
	FIELD(config_vm, spi_count),
};
static const struct verify_field vcpu_fields[] = {
	FIELD(config_vcpu, vm),
	FIELD(config_vcpu, thread),
	FIELD(config_vcpu, vmpidr),
};
static const struct verify_field cpu_fields[] = {
	FIELD(config_cpu, mpidr),
	FIELD(config_cpu, gicr_va),
	FIELD(config_cpu, thread_first),
	FIELD(config_cpu, thread_count),
};
static const struct verify_field interrupt_fields[] = {
	FIELD(config_interrupt, intid),       FIELD(config_interrupt, thread),
	FIELD(config_interrupt, bit),         FIELD(config_interrupt, edge),
	FIELD(config_interrupt, guest_intid),
};
static const struct verify_field config_fields[] = {
	FIELD(config, magic),     FIELD(config, abi_version),     FIELD(config, psci_conduit),
	FIELD(config, cpu_count), FIELD(config, process_count),   FIELD(config, thread_count),
	FIELD(config, vm_count),  FIELD(config, vcpu_count),      FIELD(config, handle_count),
	FIELD(config, padding),   FIELD(config, interrupt_count), FIELD(config, cpus),
	FIELD(config, processes), FIELD(config, threads),         FIELD(config, vms),
	FIELD(config, vcpus),     FIELD(config, handles),         FIELD(config, interrupts),
	FIELD(config, objects),   FIELD(config, objects_start),   FIELD(config, objects_bytes),
	FIELD(config, gicd_va),   FIELD(config, uart_va),
};

/* What the configuration part must hold at an EL2 address. */
static const void *part(const struct want *w, uint64_t va)
{
	return w->config_part.data + (va - want_el2_va(w, w->config_pa));
}

static void compare_processes(struct verify *v)
{
	const struct want *w = v->want;

	for (uint32_t i = 0; i < w->process_count; i++) {
		struct config_process want;

		memcpy(&want, (const struct config_process *)part(w, w->config.processes) + i,
		       sizeof(want));
		want.vttbr |= v->processes[i].vttbr & ROOT_MASK; /* grant-map looks at the root */
		verify_compare_fields(v, w->processes[i].name, process_fields,
		                      COUNT(process_fields), &v->processes[i], &want);
	}
	for (uint32_t i = 0; i < w->vm_count; i++) {
		char party[PARTY_BYTES];
		struct config_vm want;

		memcpy(&want, (const struct config_vm *)part(w, w->config.vms) + i, sizeof(want));
		want.vttbr |= v->vms[i].vttbr & ROOT_MASK;
		snprintf(party, sizeof(party), "guest of %s", w->processes[w->vms[i].process].name);
		verify_compare_fields(v, party, vm_fields, COUNT(vm_fields), &v->vms[i], &want);
	}
}

static void compare_threads(struct verify *v)
{
	const struct want *w = v->want;
	const struct config_thread *threads = part(w, w->config.threads);
	const struct config_vcpu *vcpus = part(w, w->config.vcpus);
	const struct config_cpu *cpus = part(w, w->config.cpus);
	char party[PARTY_BYTES];

	for (uint32_t i = 0; i < w->thread_count; i++)
		verify_compare_fields(v, thread_name(w, i, party, sizeof(party)), thread_fields,
		                      COUNT(thread_fields), &v->threads[i], &threads[i]);
	for (uint32_t i = 0; i < w->vcpu_count; i++) {
		snprintf(party, sizeof(party), "vCPU %u of the guest of %s", i,
		         w->processes[w->vms[vcpus[i].vm].process].name);
		verify_compare_fields(v, party, vcpu_fields, COUNT(vcpu_fields), &v->vcpus[i],
		                      &vcpus[i]);
	}
	for (uint32_t i = 0; i < w->cpu_used; i++) {
		snprintf(party, sizeof(party), "CPU %u", i);
		verify_compare_fields(v, party, cpu_fields, COUNT(cpu_fields), &v->cpus[i],
		                      &cpus[i]);
	}
	for (uint32_t i = 0; i < w->interrupt_count; i++) {
		uint32_t owner = w->order[w->interrupts[i].thread]->process;

		snprintf(party, sizeof(party), "interrupt %u of %s", w->interrupts[i].intid,
		         w->processes[owner].name);
		verify_compare_fields(v, party, interrupt_fields, COUNT(interrupt_fields),
		                      &v->interrupts[i], &w->interrupts[i]);
	}
}

/* Byte by byte: what the fields leave out (alignment between arrays) is zero. */
void verify_compare_bytes(struct verify *v, const char *party, uint64_t pa,
                          const struct want_bytes *want)
{
	const uint8_t *have = verify_file_at(v, pa, want->bytes);

	if (!have) {
		verify_fail(v, "%s: %#" PRIx64 " is not in the file", party, pa);
		return;
	}
	if (memcmp(have, want->data, want->bytes) == 0)
		return;
	for (uint64_t at = 0; at < want->bytes; at++)
		if (have[at] != want->data[at]) {
			verify_fail(v, "%s: the byte at %#" PRIx64 " is %#x, must be %#x", party,
			            pa + at, have[at], want->data[at]);
			return;
		}
}

static void compare_whole(struct verify *v)
{
	const struct want *w = v->want;
	struct want_bytes part_bytes = {verify_alloc(1, w->config_part.bytes),
	                                w->config_part.bytes};
	uint64_t base = want_el2_va(w, w->config_pa);
	struct config_process *processes;
	struct config_vm *vms;

	memcpy(part_bytes.data, w->config_part.data, part_bytes.bytes);
	processes = (struct config_process *)(void *)(part_bytes.data + w->config.processes - base);
	vms = (struct config_vm *)(void *)(part_bytes.data + w->config.vms - base);
	for (uint32_t i = 0; i < w->process_count; i++)
		processes[i].vttbr |= v->processes[i].vttbr & ROOT_MASK;
	for (uint32_t i = 0; i < w->vm_count; i++)
		vms[i].vttbr |= v->vms[i].vttbr & ROOT_MASK;
	verify_compare_bytes(v, "the configuration", w->config_pa, &part_bytes);
	free(part_bytes.data);
}

void verify_want_config(struct verify *v)
{
	const struct want *w = v->want;

	verify_compare_fields(v, "the configuration", config_fields, COUNT(config_fields),
	                      &v->config, w->config_part.data);
	if (v->rule_failures)
		return; /* the arrays are not where they should be */
	compare_processes(v);
	compare_threads(v);
	compare_handles(v);
	if (!v->rule_failures)
		compare_whole(v);
}
