/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's devices and which of them an address belongs to. mmio_init runs on thread 0
 * before any vCPU does; the table does not change afterwards, so everything else may be
 * called from every vCPU thread, with no lock held.
 */
#ifndef BULKHEAD_USER_VMM_MMIO_H
#define BULKHEAD_USER_VMM_MMIO_H

#include "user/vmm/device.h"

#define MMIO_DEVICES	 64u
#define MMIO_STATE_BYTES 0x10000u

/*
 * Makes the devices; channels is the process's table. NULL, or what is wrong: a backend that
 * no file implements, devices that overlap, too many.
 */
const char *mmio_init(const struct vm_device *devices, uint32_t count,
		      const struct process_channel *channels, uint32_t channel_count);

/* The device that holds this address; NULL: none. */
struct device *mmio_find(uint64_t ipa);

/*
 * An access of 1, 2, 4 or 8 bytes that starts in device. False: it is not naturally aligned
 * or leaves the device; nothing happened. 8 bytes are two accesses, the lower word first, as
 * on a bridge to a 32-bit bus.
 */
bool mmio_read(struct device *device, uint64_t ipa, uint32_t bytes, uint64_t *value);
bool mmio_write(struct device *device, uint64_t ipa, uint32_t bytes, uint64_t value);

/* Notification bits for device channels, and deadlines that have passed. */
void mmio_poll(uint64_t bits);
/* The tick of the next deadline of any device, or DEVICE_NO_DEADLINE. */
uint64_t mmio_deadline(void);

#endif
