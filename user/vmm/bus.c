/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device table; contract in bus.h. Owns the devices and the memory of their state. Any
 * vCPU thread; everything that a guest chooses (address, size, value) is checked here or in bus.h.
 */
#include "user/vmm/bus.h"

#include <stddef.h>

#include "user/lib/text.h"
#include "user/vmm/machine.h"

#define BUS_ALIGN 8u

/* The linker set of DEVICE_BACKEND (program.ld). */
extern const struct device_ops *const __start_device_set[];
extern const struct device_ops *const __stop_device_set[];

static struct device bus_devices[BUS_DEVICES]; /* sorted by ipa */
static uint32_t bus_count;
static uint64_t bus_state[BUS_STATE_BYTES / sizeof(uint64_t)];
static uint32_t bus_state_used; /* words */

static const struct device_ops *bus_backend(const char *name)
{
	for (const struct device_ops *const *ops = __start_device_set; ops < __stop_device_set;
	     ops++) {
		if (strcmp((*ops)->backend, name) == 0)
			return *ops;
	}
	return NULL;
}

static const char *bus_add(const struct vm_device *info, const struct process_channel *channels,
                           uint32_t channel_count)
{
	const struct device_ops *ops = bus_backend(info->backend);
	uint32_t words;
	uint32_t at = bus_count;

	if (ops == NULL)
		return "a device has a backend that no file implements";
	words = (ops->state_bytes + 7u) / 8u;
	if (bus_count == BUS_DEVICES || words > BUS_STATE_BYTES / 8u - bus_state_used)
		return "too many devices";
	if (info->bytes == 0u || info->bytes > UINT32_MAX || info->ipa >= GUEST_IPA_END ||
	    info->bytes > GUEST_IPA_END - info->ipa)
		return "a device lies outside the guest's addresses";
	if ((info->ipa | info->bytes) % BUS_ALIGN != 0u)
		return "a device does not begin and end at a multiple of 8";
	for (; at > 0u && bus_devices[at - 1u].ipa > info->ipa; at--)
		bus_devices[at] = bus_devices[at - 1u];
	bus_count++;
	bus_devices[at] = (struct device){
		.ipa = info->ipa,
		.bytes = info->bytes,
		.ops = ops,
		.state = &bus_state[bus_state_used],
		.intid = info->intid,
		.deadline = DEVICE_NO_DEADLINE,
	};
	memset(&bus_state[bus_state_used], 0, words * sizeof(bus_state[0]));
	bus_state_used += words;
	if (info->channel < channel_count) {
		bus_devices[at].peer = &channels[info->channel];
		bus_devices[at].peer_bits = 1ull << (channels[info->channel].bit & 63u);
	}
	return NULL;
}

const char *bus_init(const struct vm_device *devices, uint32_t count,
                     const struct process_channel *channels, uint32_t channel_count)
{
	const char *error = NULL;

	bus_count = 0u;
	bus_state_used = 0u;
	for (uint32_t i = 0u; i < count && error == NULL; i++) {
		/* the board's own: nothing of it traps */
		if (strcmp(devices[i].backend, BACKEND_PASSED) == 0)
			continue;
		error = bus_add(&devices[i], channels, channel_count);
	}
	for (uint32_t i = 1u; i < bus_count; i++) {
		if (bus_devices[i].ipa - bus_devices[i - 1u].ipa < bus_devices[i - 1u].bytes)
			error = "two devices overlap";
	}
	for (uint32_t i = 0u; i < bus_count && error == NULL; i++) {
		bus_devices[i].ops->reset(&bus_devices[i]);
		device_lock(&bus_devices[i]);
		device_unlock(&bus_devices[i]);
	}
	return error;
}

struct device *bus_find(uint64_t ipa)
{
	uint32_t low = 0u;
	uint32_t high = bus_count;

	/* low ends behind the last device that begins at or below ipa */
	while (low < high) {
		uint32_t middle = (low + high) / 2u;

		if (bus_devices[middle].ipa <= ipa)
			low = middle + 1u;
		else
			high = middle;
	}
	if (low == 0u || ipa - bus_devices[low - 1u].ipa >= bus_devices[low - 1u].bytes)
		return NULL;
	return &bus_devices[low - 1u];
}

uint64_t bus_read_wide(struct device *device, uint32_t offset)
{
	uint64_t low = device->ops->read(device, offset, 4u);

	return low | (uint64_t)device->ops->read(device, offset + 4u, 4u) << 32;
}

void bus_write_wide(struct device *device, uint32_t offset, uint64_t value)
{
	device->ops->write(device, offset, 4u, (uint32_t)value);
	device->ops->write(device, offset + 4u, 4u, (uint32_t)(value >> 32));
}

void bus_poll(uint64_t bits)
{
	uint64_t now = machine_ticks();

	for (uint32_t i = 0u; i < bus_count; i++) {
		struct device *device = &bus_devices[i];

		if (device->ops->poll != NULL &&
		    ((device->peer_bits & bits) != 0u ||
		     __atomic_load_n(&device->deadline, __ATOMIC_RELAXED) <= now))
			device->ops->poll(device);
	}
}

bool bus_ready(void)
{
	for (uint32_t i = 0u; i < bus_count; i++) {
		if (bus_devices[i].ops->ready != NULL &&
		    !bus_devices[i].ops->ready(&bus_devices[i]))
			return false;
	}
	return true;
}

uint64_t bus_deadline(void)
{
	uint64_t next = DEVICE_NO_DEADLINE;

	for (uint32_t i = 0u; i < bus_count; i++) {
		uint64_t deadline = __atomic_load_n(&bus_devices[i].deadline, __ATOMIC_RELAXED);

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
			machine_notify(device->peer->handle);
		if (!change)
			return;
		if (device->intid != IMAGE_NONE)
			machine_line(device->intid, level);
		lock_take(&device->lock);
		device->line_telling = false;
	}
}
