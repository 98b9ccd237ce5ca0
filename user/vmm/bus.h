/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's devices and which of them an address belongs to. bus_init runs on thread 0
 * before any vCPU does; the table does not change afterwards, so everything else may be
 * called from every vCPU thread, with no lock held.
 */
#ifndef BULKHEAD_USER_VMM_BUS_H
#define BULKHEAD_USER_VMM_BUS_H

#include "user/vmm/device.h"

#define BUS_DEVICES     64u
#define BUS_STATE_BYTES 0x20000u

/*
 * Makes the devices; channels is the process's table. NULL, or what is wrong: a backend that
 * no file implements, devices that overlap, too many.
 */
const char *bus_init(const struct vm_device *devices, uint32_t count,
                     const struct process_channel *channels, uint32_t channel_count);

/* The device that holds this address; NULL: none. */
struct device *bus_find(uint64_t ipa);

/* Two accesses of 4 bytes, the lower word first, as a bridge to a 32-bit bus makes of 8. */
uint64_t bus_read_wide(struct device *device, uint32_t offset);
void bus_write_wide(struct device *device, uint32_t offset, uint64_t value);

/*
 * An access of 1, 2, 4 or 8 bytes that starts in device. False: it is not naturally aligned,
 * and nothing happened. An aligned one stays in the device: bus_init makes sure that devices
 * begin and end at multiples of 8. More than `bytes` bytes of *value may be set by a read.
 */
static inline bool bus_read(struct device *device, uint64_t ipa, uint32_t bytes, uint64_t *value)
{
	uint32_t offset = (uint32_t)(ipa - device->ipa);

	if ((ipa & (bytes - 1u)) != 0u)
		return false;
	*value = bytes <= 4u ? device->ops->read(device, offset, bytes)
	                     : bus_read_wide(device, offset);
	return true;
}

static inline bool bus_write(struct device *device, uint64_t ipa, uint32_t bytes, uint64_t value)
{
	uint32_t offset = (uint32_t)(ipa - device->ipa);

	if ((ipa & (bytes - 1u)) != 0u)
		return false;
	if (bytes <= 4u)
		device->ops->write(device, offset, bytes, (uint32_t)value);
	else
		bus_write_wide(device, offset, value);
	return true;
}

/* False: a device still waits for its peer to say what it is. */
bool bus_ready(void);
/* Notification bits of peers, and deadlines that have passed. */
void bus_poll(uint64_t bits);
/* The tick of the next deadline of any device, or DEVICE_NO_DEADLINE. */
uint64_t bus_deadline(void);

#endif
