/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device table; contract in mmio.h. Owns the devices and the memory of their state. Any
 * vCPU thread; everything that a guest chooses (address, size, value) is checked here or in mmio.h.
 */
#include "user/vmm/mmio.h"

#include <stddef.h>

#include "user/lib/text.h"
#include "user/vmm/host.h"

#define MMIO_ALIGN 8u

/* The linker set of DEVICE_BACKEND (program.ld). */
extern const struct device_ops *const __start_device_set[];
extern const struct device_ops *const __stop_device_set[];

static struct device mmio_devices[MMIO_DEVICES]; /* sorted by ipa */
static uint32_t mmio_count;
static uint64_t mmio_state[MMIO_STATE_BYTES / sizeof(uint64_t)];
static uint32_t mmio_state_used; /* words */

static const struct device_ops *mmio_backend(const char *name)
{
	for (const struct device_ops *const *ops = __start_device_set; ops < __stop_device_set;
	     ops++) {
		if (strcmp((*ops)->backend, name) == 0)
			return *ops;
	}
	return NULL;
}

static const char *mmio_add(const struct vm_device *info, const struct process_channel *channels,
			    uint32_t channel_count)
{
	const struct device_ops *ops = mmio_backend(info->backend);
	uint32_t words;
	uint32_t at = mmio_count;

	if (ops == NULL)
		return "a device has a backend that no file implements";
	words = (ops->state_bytes + 7u) / 8u;
	if (mmio_count == MMIO_DEVICES || words > MMIO_STATE_BYTES / 8u - mmio_state_used)
		return "too many devices";
	if (info->bytes == 0u || info->bytes > UINT32_MAX || info->ipa >= GUEST_IPA_END ||
	    info->bytes > GUEST_IPA_END - info->ipa)
		return "a device lies outside the guest's addresses";
	if ((info->ipa | info->bytes) % MMIO_ALIGN != 0u)
		return "a device does not begin and end at a multiple of 8";
	for (; at > 0u && mmio_devices[at - 1u].ipa > info->ipa; at--)
		mmio_devices[at] = mmio_devices[at - 1u];
	mmio_count++;
	mmio_devices[at] = (struct device){
		.ipa = info->ipa,
		.bytes = info->bytes,
		.ops = ops,
		.state = &mmio_state[mmio_state_used],
		.intid = info->intid,
		.deadline = DEVICE_NO_DEADLINE,
	};
	mmio_state_used += words;
	if (info->channel < channel_count) {
		channel_open_info(&mmio_devices[at].channel, &channels[info->channel]);
		mmio_devices[at].channel_bits = 1ull << (channels[info->channel].bit & 63u);
		mmio_devices[at].peer_tell = true;
	}
	return NULL;
}

const char *mmio_init(const struct vm_device *devices, uint32_t count,
		      const struct process_channel *channels, uint32_t channel_count)
{
	const char *error = NULL;

	mmio_count = 0u;
	mmio_state_used = 0u;
	memset(mmio_state, 0, sizeof(mmio_state));
	for (uint32_t i = 0u; i < count && error == NULL; i++)
		error = mmio_add(&devices[i], channels, channel_count);
	for (uint32_t i = 1u; i < mmio_count; i++) {
		if (mmio_devices[i].ipa - mmio_devices[i - 1u].ipa < mmio_devices[i - 1u].bytes)
			error = "two devices overlap";
	}
	for (uint32_t i = 0u; i < mmio_count && error == NULL; i++) {
		mmio_devices[i].ops->reset(&mmio_devices[i]);
		device_lock(&mmio_devices[i]);
		device_unlock(&mmio_devices[i]);
	}
	return error;
}

struct device *mmio_find(uint64_t ipa)
{
	uint32_t low = 0u;
	uint32_t high = mmio_count;

	/* low ends behind the last device that begins at or below ipa */
	while (low < high) {
		uint32_t middle = (low + high) / 2u;

		if (mmio_devices[middle].ipa <= ipa)
			low = middle + 1u;
		else
			high = middle;
	}
	if (low == 0u || ipa - mmio_devices[low - 1u].ipa >= mmio_devices[low - 1u].bytes)
		return NULL;
	return &mmio_devices[low - 1u];
}

uint64_t mmio_read_wide(struct device *device, uint32_t offset)
{
	uint64_t low = device->ops->read(device, offset, 4u);

	return low | (uint64_t)device->ops->read(device, offset + 4u, 4u) << 32;
}

void mmio_write_wide(struct device *device, uint32_t offset, uint64_t value)
{
	device->ops->write(device, offset, 4u, (uint32_t)value);
	device->ops->write(device, offset + 4u, 4u, (uint32_t)(value >> 32));
}

void mmio_poll(uint64_t bits)
{
	uint64_t now = host_ticks();

	for (uint32_t i = 0u; i < mmio_count; i++) {
		struct device *device = &mmio_devices[i];

		if (device->ops->poll != NULL &&
		    ((device->channel_bits & bits) != 0u ||
		     __atomic_load_n(&device->deadline, __ATOMIC_RELAXED) <= now))
			device->ops->poll(device);
	}
}

uint64_t mmio_deadline(void)
{
	uint64_t next = DEVICE_NO_DEADLINE;

	for (uint32_t i = 0u; i < mmio_count; i++) {
		uint64_t deadline = __atomic_load_n(&mmio_devices[i].deadline, __ATOMIC_RELAXED);

		next = deadline < next ? deadline : next;
	}
	return next;
}

void device_settle(struct device *device)
{
	for (;;) {
		bool tell = device->peer_tell;
		bool level = device->line_wanted;
		bool change = level != device->line_told && !device->line_telling;

		device->peer_tell = false;
		if (change) {
			device->line_telling = true;
			device->line_told = level;
		}
		lock_release(&device->lock);
		if (tell)
			host_notify(device->channel.handle);
		if (!change)
			return;
		if (device->intid != IMAGE_NONE)
			host_line(device->intid, level);
		lock_take(&device->lock);
		device->line_telling = false;
	}
}
