/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about each process's own space: its info pages, entry, stacks, channels and devices
 * are what configuration and info pages say. The info pages are read through the process's
 * own translation tables, as the process will read them. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>
#include <string.h>

#define INFO_END  PROGRAM_TEXT_VA
#define GROUP_MAX 128u

/* Bytes of a process's info pages: read-only, in the file; NULL if they are not. */
static const uint8_t *info_bytes(const struct verify *v, uint32_t process, uint64_t va,
                                 uint64_t bytes)
{
	const struct verify_map *map;

	if (va < PROCESS_INFO_VA || va >= INFO_END || bytes > INFO_END - va)
		return NULL;
	map = verify_lookup(v, verify_process_space(process), va, bytes);
	if (!map || map->form != FORM_RO)
		return NULL;
	return verify_file_at(v, map->pa + (va - map->va), bytes);
}

static void *copy_group(struct verify *v, uint32_t process, const char *what, uint64_t va,
                        uint32_t *count, size_t bytes)
{
	const uint8_t *from = NULL;
	void *copy = verify_alloc(*count <= GROUP_MAX ? *count : 0, bytes);

	if (*count == 0)
		return copy;
	if (*count <= GROUP_MAX)
		from = info_bytes(v, process, va, *count * bytes);
	if (from) {
		memcpy(copy, from, *count * bytes);
		return copy;
	}
	verify_fail(v, "%s: its %u %s at %#" PRIx64 " are not in its info pages",
	            v->processes[process].name, *count, what, va);
	*count = 0;
	return copy;
}

static void load_info(struct verify *v, uint32_t i)
{
	const struct config_process *p = &v->processes[i];
	struct process_info *info = &v->infos[i].info;
	const uint8_t *from = info_bytes(v, i, PROCESS_INFO_VA, sizeof(*info));

	if (!from) {
		verify_fail(v, "%s: no info page, read-only and in the image, at %#llx", p->name,
		            PROCESS_INFO_VA);
		return;
	}
	memcpy(info, from, sizeof(*info));
	if (info->magic != PROCESS_INFO_MAGIC || info->abi_version != ABI_VERSION ||
	    memcmp(info->name, p->name, NAME_BYTES) != 0) {
		verify_fail(v,
		            "%s: its info page is another's: magic %#" PRIx64
		            ", ABI version %u, name %.*s",
		            p->name, info->magic, info->abi_version, (int)NAME_BYTES, info->name);
		return;
	}
	if (info->thread_count != p->thread_count)
		verify_fail(v, "%s: its info page has %u threads, config %u", p->name,
		            info->thread_count, p->thread_count);
	if ((info->vm_present == 1) != (p->vm != IMAGE_NONE) || info->vm_present > 1)
		verify_fail(v, "%s: its info page and config disagree whether it has a VM",
		            p->name);
	if (info->vm_present && p->vm != IMAGE_NONE &&
	    (info->vm.vcpu_count != v->vms[p->vm].vcpu_count ||
	     info->vm.gicd_ipa != v->vms[p->vm].gicd_ipa ||
	     info->vm.gicr_ipa != v->vms[p->vm].gicr_ipa || info->vm.bank_count > 8))
		verify_fail(v, "%s: its info page and config disagree about its VM", p->name);
	v->infos[i].channels = copy_group(v, i, "channels", info->channels, &info->channel_count,
	                                  sizeof(struct process_channel));
	v->infos[i].shared = copy_group(v, i, "regions of shared memory", info->shared,
	                                &info->shared_count, sizeof(struct process_shared));
	v->infos[i].pools = copy_group(v, i, "pools", info->pools, &info->pool_count,
	                               sizeof(struct process_pool));
	v->infos[i].guest_devices = copy_group(v, i, "devices of its guest", info->vm.devices,
	                                       &info->vm.device_count, sizeof(struct vm_device));
	v->infos[i].devices = copy_group(v, i, "devices", info->devices, &info->device_count,
	                                 sizeof(struct process_device));
}

void verify_info(struct verify *v)
{
	v->infos = verify_alloc(v->config.process_count, sizeof(*v->infos));
	for (uint32_t i = 0; i < v->config.process_count; i++)
		load_info(v, i);
}

void verify_entries(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		const struct config_process *p = &v->processes[i];
		const struct verify_map *map =
			verify_lookup(v, verify_process_space(i), p->entry, 4);

		if (!map || map->form != FORM_RX || p->entry % 4 || p->entry < PROGRAM_TEXT_VA ||
		    p->entry >= PROGRAM_TEXT_END)
			verify_fail(v, "%s: its entry %#" PRIx64 " is not in its text", p->name,
			            p->entry);
	}
}

/* In the thread's slot: pages RW without a gap up to the top, and none at the bottom. */
static void check_stack(struct verify *v, const struct config_thread *t)
{
	const char *name = v->processes[t->process].name;
	uint32_t space = verify_process_space(t->process);
	uint64_t top = STACK_VA + (t->index + 1ull) * STACK_SLOT;
	uint64_t bottom = top - STACK_SLOT;
	uint64_t low = top;

	if (t->stack_top != top) {
		verify_fail(v, "%s: the stack of thread %u ends at %#" PRIx64 ", not %#" PRIx64,
		            name, t->index, t->stack_top, top);
		return;
	}
	while (low > bottom) {
		const struct verify_map *map =
			verify_lookup(v, space, low - PAGE_BYTES, PAGE_BYTES);

		if (!map || map->form != FORM_RW)
			break;
		low -= PAGE_BYTES;
	}
	if (low == top)
		verify_fail(v, "%s: thread %u has no stack at %#" PRIx64, name, t->index, top);
	if (low == bottom || !verify_unmapped(v, space, bottom, low - bottom))
		verify_fail(v,
		            "%s: below the stack of thread %u, from %#" PRIx64 " to %#" PRIx64
		            ", is no guard",
		            name, t->index, bottom, low);
}

void verify_stacks(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.thread_count; i++)
		check_stack(v, &v->threads[i]);
}

const struct process_channel *verify_channel_at(const struct verify *v, uint32_t process,
                                                uint64_t va)
{
	const struct verify_info *info = &v->infos[process];

	for (uint32_t i = 0; i < info->info.channel_count; i++)
		if (va >= info->channels[i].va &&
		    va - info->channels[i].va < info->channels[i].bytes)
			return &info->channels[i];
	return NULL;
}

static const struct config_handle *handle_at(const struct verify *v, uint32_t process,
                                             uint32_t handle)
{
	const struct config_process *p = &v->processes[process];

	return handle < p->handle_count ? &v->handles[p->handle_first + handle] : NULL;
}

/* The handle of a channel end rings the thread and bit that the other end waits for. */
static bool rings(const struct verify *v, uint32_t process, const struct process_channel *end,
                  uint32_t peer, const struct process_channel *other)
{
	const struct config_handle *h = handle_at(v, process, end->handle);

	return h && h->kind == HANDLE_NOTIFY && other->thread < v->processes[peer].thread_count &&
	       h->object == v->processes[peer].thread[other->thread] && h->argument == other->bit;
}

/* The mapping of a whole channel end, or NULL. */
static const struct verify_map *channel_map(const struct verify *v, uint32_t process,
                                            const struct process_channel *end)
{
	const struct verify_map *map;

	if (end->va < CHANNEL_VA || end->va >= DMA_VA || end->va % PAGE_BYTES || end->bytes == 0 ||
	    end->bytes % PAGE_BYTES || end->bytes > DMA_VA - end->va)
		return NULL;
	map = verify_lookup(v, verify_process_space(process), end->va, end->bytes);
	return map && map->form == FORM_RW ? map : NULL;
}

static uint64_t channel_pa(const struct verify_map *map, const struct process_channel *end)
{
	return map->pa + (end->va - map->va);
}

/* The other end of a channel: how many there are, and the first one that fits. */
static unsigned count_peers(struct verify *v, uint32_t process, const struct process_channel *end,
                            uint64_t pa)
{
	unsigned peers = 0;

	for (uint32_t j = 0; j < v->config.process_count; j++) {
		for (uint32_t n = 0; n < v->infos[j].info.channel_count; n++) {
			const struct process_channel *other = &v->infos[j].channels[n];
			const struct verify_map *map = channel_map(v, j, other);

			if (other == end || !map || channel_pa(map, other) != pa)
				continue;
			peers++;
			if (j == process || other->bytes != end->bytes ||
			    memcmp(other->settings, end->settings, CHANNEL_SETTINGS) != 0 ||
			    end->side + other->side != 1 || !rings(v, process, end, j, other))
				verify_fail(v,
				            "the channel at %#" PRIx64 " of %s and its end in %s "
				            "do not fit",
				            pa, v->processes[process].name, v->processes[j].name);
		}
	}
	return peers;
}

void verify_channels(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		for (uint32_t n = 0; n < v->infos[i].info.channel_count; n++) {
			const struct process_channel *end = &v->infos[i].channels[n];
			const struct verify_map *map = channel_map(v, i, end);
			unsigned peers;

			if (!map || end->thread >= v->processes[i].thread_count || end->bit > 59) {
				verify_fail(v,
				            "%s: channel %u (%.*s) at %#" PRIx64 ", %#" PRIx64
				            " bytes, thread %u, bit %u",
				            v->processes[i].name, n, (int)NAME_BYTES, end->name,
				            end->va, end->bytes, end->thread, end->bit);
				continue;
			}
			if (end->pa && end->pa != channel_pa(map, end))
				verify_fail(v,
				            "%s: channel %u (%.*s) lies at %#" PRIx64
				            ", but is said to at %#" PRIx64,
				            v->processes[i].name, n, (int)NAME_BYTES, end->name,
				            channel_pa(map, end), end->pa);
			peers = count_peers(v, i, end, channel_pa(map, end));
			if (peers != 1)
				verify_fail(v, "%s: channel %u (%.*s) at %#" PRIx64 " has %u peers",
				            v->processes[i].name, n, (int)NAME_BYTES, end->name,
				            end->va, peers);
		}
	}
}

/* A handle that rings another process stands in one of its channels, or it is undeclared. */
void verify_notify(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		const struct config_process *p = &v->processes[i];

		for (uint32_t n = 0; n < p->handle_count; n++) {
			const struct config_handle *h = &v->handles[p->handle_first + n];
			bool declared = false;

			if (h->kind != HANDLE_NOTIFY || v->threads[h->object].process == i)
				continue;
			for (uint32_t c = 0; c < v->infos[i].info.channel_count; c++)
				declared |= v->infos[i].channels[c].handle == n;
			if (!declared)
				verify_fail(v,
				            "%s may notify %s by handle %u, which no channel names",
				            p->name,
				            v->processes[v->threads[h->object].process].name, n);
		}
	}
}

static bool device_named(const struct verify *v, uint32_t process, uint64_t va)
{
	const struct verify_info *info = &v->infos[process];

	for (uint32_t i = 0; i < info->info.device_count; i++) {
		const struct process_device *d = &info->devices[i];
		uint64_t start = d->va & ~(PAGE_BYTES - 1);

		if (va >= start && va - start < d->bytes + (d->va - start))
			return true;
	}
	return false;
}

/* Every device page of a process is one that its info names, and the reverse. */
void verify_devices(struct verify *v)
{
	for (size_t i = 0; i < v->map_count; i++) {
		const struct verify_map *map = &v->maps[i];
		const struct verify_space *s = &v->spaces[map->space];

		if (s->kind != KIND_PROCESS || map->form != FORM_DEVICE)
			continue;
		if (map->va < DEVICE_VA || map->va + map->bytes > CHANNEL_VA) {
			verify_fail(v,
			            "%s: device %#" PRIx64 " at %#" PRIx64 ", outside the devices",
			            s->name, map->pa, map->va);
			continue;
		}
		for (uint64_t at = 0; at < map->bytes; at += PAGE_BYTES)
			if (!device_named(v, s->index, map->va + at))
				verify_fail(v,
				            "%s: device page %#" PRIx64 " at %#" PRIx64
				            " is not in its info",
				            s->name, map->pa + at, map->va + at);
	}
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		for (uint32_t n = 0; n < v->infos[i].info.device_count; n++) {
			const struct process_device *d = &v->infos[i].devices[n];
			const struct verify_map *map =
				verify_lookup(v, verify_process_space(i), d->va, d->bytes);

			if (d->va == 0 && d->bytes == 0 && d->handle != IMAGE_NONE)
				continue; /* an interrupt more than register blocks */
			if (!map || map->form != FORM_DEVICE || d->bytes == 0 ||
			    d->va < DEVICE_VA || d->va >= CHANNEL_VA)
				verify_fail(v,
				            "%s: device %.*s at %#" PRIx64 ", %#" PRIx64
				            " bytes, is not mapped",
				            v->processes[i].name, (int)NAME_BYTES, d->name, d->va,
				            d->bytes);
		}
	}
}

uint64_t verify_recorder_pa(const struct verify *v)
{
	return v->config.objects[OBJECT_TRACE] - KERNEL_VA + v->head.load_pa;
}

bool verify_recorder_page(const struct verify *v, uint64_t pa)
{
	uint64_t start = verify_recorder_pa(v);

	return pa >= start && pa - start < v->config.cpu_count * PAGE_BYTES;
}

/* One process at most reads the flight recorder: all rings, read-only, where they belong. */
void verify_recorder(struct verify *v)
{
	const char *reader = NULL;

	for (uint32_t i = 0; i < v->config.process_count; i++) {
		const struct process_info *info = &v->infos[i].info;
		uint64_t bytes = v->config.cpu_count * PAGE_BYTES;
		const struct verify_map *map;

		if (info->trace_rings == 0 && info->trace_cpu_count == 0)
			continue;
		map = verify_lookup(v, verify_process_space(i), TRACE_VA, bytes);
		if (info->trace_rings != TRACE_VA || info->trace_cpu_count != v->config.cpu_count ||
		    !map || map->form != FORM_RO || map->va != TRACE_VA || map->bytes != bytes ||
		    map->pa != verify_recorder_pa(v))
			verify_fail(v,
			            "%s: the flight recorder of %u CPUs at %#" PRIx64
			            " is not mapped there, read-only",
			            v->processes[i].name, info->trace_cpu_count, info->trace_rings);
		if (reader)
			verify_fail(v, "%s and %s both read the flight recorder", reader,
			            v->processes[i].name);
		reader = v->processes[i].name;
	}
}
