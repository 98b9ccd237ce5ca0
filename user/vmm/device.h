/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual device: one file in user/vmm/dev each, which registers itself by DEVICE_BACKEND
 * and DEVICE_RECORD. The functions of a device are called by any vCPU thread of the VM, at
 * any time, from several CPUs at once. State belongs to the device's lock: a function takes
 * it by device_lock and gives it back by device_unlock, which then tells the GIC and the
 * peer what changed. A function makes no system call itself.
 *
 * The interrupt line: a device sets line_wanted with the lock held. device_unlock finds that
 * it differs from line_told, claims the telling (line_telling), leaves the lock, tells the
 * GIC, and looks again. Only one thread tells at a time and it tells the newest state last,
 * so the GIC never keeps an older level. Another thread's change may reach the GIC a moment
 * after its own access has completed, as over the wire of a real board.
 */
#ifndef BULKHEAD_USER_VMM_DEVICE_H
#define BULKHEAD_USER_VMM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/process.h"
#include "abi/record.h"
#include "user/vmm/lock.h"

#define DEVICE_NO_DEADLINE UINT64_MAX

struct device;

/* bytes is 1, 2 or 4, offset a multiple of it and inside the device; more of what read returns is cut off. */
struct device_ops {
	const char *backend;
	uint32_t state_bytes; /* of device->state, zeroed before reset */
	uint32_t padding;
	void (*reset)(struct device *device); /* once, before any vCPU runs */
	uint32_t (*read)(struct device *device, uint32_t offset, uint32_t bytes);
	void (*write)(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value);
	/* The peer notified, or the deadline came; may be NULL. */
	void (*poll)(struct device *device);
	/* False: what the guest would find is not known yet; may be NULL. */
	bool (*ready)(struct device *device);
};

struct device {
	uint64_t ipa;
	uint64_t bytes;
	const struct device_ops *ops;
	void *state;
	uint32_t intid; /* or IMAGE_NONE */
	struct lock lock;
	bool line_wanted;
	bool line_told;
	bool line_telling;
	bool peer_tell;    /* the peer must be notified; never without one */
	uint64_t deadline; /* tick at which poll is due; written with the lock held, read without */
	uint64_t peer_bits;                 /* the notification bit that the peer raises, or 0 */
	const struct process_channel *peer; /* NULL: none */
};

static inline void device_lock(struct device *device)
{
	lock_take(&device->lock);
}

/* Tells the GIC and the peer what changed, and gives the lock back. */
void device_settle(struct device *device);

static inline void device_unlock(struct device *device)
{
	if (device->line_wanted != device->line_told || device->peer_tell)
		device_settle(device);
	else
		lock_release(&device->lock);
}

static inline void device_set_deadline(struct device *device, uint64_t deadline)
{
	__atomic_store_n(&device->deadline, deadline, __ATOMIC_RELAXED);
}

/* At file scope of a device: its functions for the VM process, and its line for bhc. */
#define DEVICE_BACKEND(ops_name)                                                    \
	__attribute__((used, section("device_set"))) static const struct device_ops \
		*const device_set_##ops_name = &(ops_name)
#define DEVICE_RECORD(record_name, backend_name, compatible_name, ...)                             \
	__attribute__((used,                                                                       \
	               section(DEVICE_SECTION))) static const struct device_record record_name = { \
		.backend = (backend_name), .compatible = (compatible_name), __VA_ARGS__}
/* A property of the backend's node, stored in a member of the type of its settings. */
#define DEVICE_SETTING(record_name, backend_name, property_name, type, member, ...)        \
	__attribute__((used, section(SETTING_SECTION))) static const struct setting_record \
		record_name = {.backend = (backend_name),                                  \
	                       .property = (property_name),                                \
	                       .offset = offsetof(type, member),                           \
	                       .bytes = sizeof(((type *)0)->member),                       \
	                       __VA_ARGS__}

#endif
