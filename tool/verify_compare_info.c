/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Info pages and contents of an image against what the description grants: what each process
 * is told, and that the file holds the kernel, the programs and the guests' files, byte for
 * byte, and zeros between them. Host code.
 */
#include "tool/verify_want.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PARTY_BYTES   160u
#define PROCESS_LINES 8u
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

static const struct verify_field info_fields[] = {
	FIELD(process_info, magic),          FIELD(process_info, abi_version),
	FIELD(process_info, thread_count),   FIELD(process_info, name),
	FIELD(process_info, start_handle),   FIELD(process_info, device_count),
	FIELD(process_info, channel_count),  FIELD(process_info, child_count),
	FIELD(process_info, system_handle),  FIELD(process_info, supervisor_bit),
	FIELD(process_info, vm_present),     FIELD(process_info, devices),
	FIELD(process_info, channels),       FIELD(process_info, children),
	FIELD(process_info, vm.vcpu_count),  FIELD(process_info, vm.kernel_kind),
	FIELD(process_info, vm.bank_count),  FIELD(process_info, vm.device_count),
	FIELD(process_info, vm.kernel),      FIELD(process_info, vm.initrd),
	FIELD(process_info, vm.tree),        FIELD(process_info, vm.entry),
	FIELD(process_info, vm.seed_offset), FIELD(process_info, vm.gicd_ipa),
	FIELD(process_info, vm.gicr_ipa),    FIELD(process_info, vm.banks),
	FIELD(process_info, vm.devices),     FIELD(process_info, vm.sibling),
	FIELD(process_info, dma_va),         FIELD(process_info, dma_pa),
	FIELD(process_info, dma_bytes),      FIELD(process_info, shared),
	FIELD(process_info, shared_count),   FIELD(process_info, guest_dma),
	FIELD(process_info, period_us),      FIELD(process_info, budget_us),
	FIELD(process_info, pools),          FIELD(process_info, pool_count),
	FIELD(process_info, padding2),
};
static const struct verify_field device_fields[] = {
	FIELD(process_device, name),   FIELD(process_device, va),  FIELD(process_device, bytes),
	FIELD(process_device, handle), FIELD(process_device, bit), FIELD(process_device, thread),
};
static const struct verify_field channel_fields[] = {
	FIELD(process_channel, name),     FIELD(process_channel, va),
	FIELD(process_channel, bytes),    FIELD(process_channel, handle),
	FIELD(process_channel, bit),      FIELD(process_channel, thread),
	FIELD(process_channel, side),     FIELD(process_channel, pa),
	FIELD(process_channel, settings),
};
static const struct verify_field shared_fields[] = {
	FIELD(process_shared, name),     FIELD(process_shared, va),   FIELD(process_shared, ipa),
	FIELD(process_shared, bytes),    FIELD(process_shared, self), FIELD(process_shared, peers),
	FIELD(process_shared, writable),
};
static const struct verify_field pool_fields[] = {
	FIELD(process_pool, va),      FIELD(process_pool, bytes), FIELD(process_pool, pa),
	FIELD(process_pool, channel), FIELD(process_pool, port),  FIELD(process_pool, writable),
};
static const struct verify_field child_fields[] = {
	FIELD(process_child, name),
	FIELD(process_child, handle),
	FIELD(process_child, flags),
	FIELD(process_child, restart_limit),
	FIELD(process_child, restart_window_sec),
};
static const struct verify_field vm_device_fields[] = {
	FIELD(vm_device, backend), FIELD(vm_device, ipa),  FIELD(vm_device, bytes),
	FIELD(vm_device, intid),   FIELD(vm_device, edge), FIELD(vm_device, channel),
};

/* An array of the info pages, at an address that the granted pages name. */
static void compare_array(struct verify *v, const struct want_process *p, const uint8_t *have,
                          const char *what, uint64_t va, uint32_t count, size_t bytes,
                          const struct verify_field *fields, size_t field_count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = va - PROCESS_INFO_VA + i * bytes;
		char party[PARTY_BYTES];

		snprintf(party, sizeof(party), "%s: its info page %#" PRIx64 ": %s %u", p->name,
		         p->info_pa, what, i);
		verify_compare_fields(v, party, fields, field_count, have + at, p->info.data + at);
	}
}

static void compare_info(struct verify *v, const struct want_process *p)
{
	const uint8_t *have = verify_file_at(v, p->info_pa, p->info.bytes);
	struct process_info want;
	char party[PARTY_BYTES];

	memcpy(&want, p->info.data, sizeof(want));
	snprintf(party, sizeof(party), "%s: its info page %#" PRIx64, p->name, p->info_pa);
	if (!have) {
		verify_fail(v, "%s is not in the file", party);
		return;
	}
	if (memcmp(have, p->info.data, p->info.bytes) == 0)
		return;
	verify_compare_fields(v, party, info_fields, COUNT(info_fields), have, &want);
	compare_array(v, p, have, "device", want.devices, want.device_count,
	              sizeof(struct process_device), device_fields, COUNT(device_fields));
	compare_array(v, p, have, "channel", want.channels, want.channel_count,
	              sizeof(struct process_channel), channel_fields, COUNT(channel_fields));
	compare_array(v, p, have, "pool", want.pools, want.pool_count, sizeof(struct process_pool),
	              pool_fields, COUNT(pool_fields));
	compare_array(v, p, have, "child", want.children, want.child_count,
	              sizeof(struct process_child), child_fields, COUNT(child_fields));
	compare_array(v, p, have, "shared memory", want.shared, want.shared_count,
	              sizeof(struct process_shared), shared_fields, COUNT(shared_fields));
	compare_array(v, p, have, "device of its guest", want.vm.devices, want.vm.device_count,
	              sizeof(struct vm_device), vm_device_fields, COUNT(vm_device_fields));
	verify_compare_bytes(v, party, p->info_pa, &p->info);
}

void verify_want_info(struct verify *v)
{
	for (uint32_t i = 0; i < v->want->process_count; i++) {
		verify_next_party(v, PROCESS_LINES);
		compare_info(v, &v->want->processes[i]);
	}
}

static void compare_zero(struct verify *v, uint64_t pa, uint64_t end)
{
	const uint8_t *have = end > pa ? verify_file_at(v, pa, end - pa) : NULL;

	for (uint64_t at = 0; have && at < end - pa; at++)
		if (have[at]) {
			verify_fail(v, "%#" PRIx64 ": %#x between two parts of the file", pa + at,
			            have[at]);
			return;
		}
}

/* The kernel as its ELF file has it, but for the head, which grant-head compares. */
static void compare_kernel(struct verify *v)
{
	const struct want *w = v->want;
	uint64_t end = w->load_pa;

	for (uint32_t i = 0; i < w->kernel.segment_count; i++) {
		const struct want_segment *s = &w->kernel.segments[i];
		uint64_t skip = s->va == KERNEL_VA ? sizeof(struct image_head) : 0;
		struct want_bytes bytes = {(uint8_t *)(uintptr_t)s->data + skip,
		                           s->file_bytes - skip};
		uint64_t pa = w->load_pa + (s->va - KERNEL_VA);

		compare_zero(v, end, pa);
		if (s->file_bytes > skip)
			verify_compare_bytes(v, "the kernel", pa + skip, &bytes);
		end = pa + s->file_bytes;
	}
	compare_zero(v, end, w->config_pa);
}

void verify_want_file(struct verify *v)
{
	const struct want *w = v->want;
	uint64_t end = w->load_pa;

	compare_kernel(v);
	for (uint32_t i = 0; i < w->region_count && w->regions[i].in_file; i++) {
		const struct want_region *r = &w->regions[i];
		struct want_bytes bytes = {(uint8_t *)(uintptr_t)r->data, r->data_bytes};
		char party[PARTY_BYTES];

		snprintf(party, sizeof(party), "%s of %s", r->what, r->owner);
		compare_zero(v, end, r->pa);
		end = r->pa + r->bytes;
		if (!r->data)
			continue;
		verify_compare_bytes(v, party, r->pa, &bytes);
		compare_zero(v, r->pa + r->data_bytes, end);
	}
}
