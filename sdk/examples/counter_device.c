/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example of a virtual device: backend "counter", which stands behind a node with the compatible
 * "example,counter". Offset 0 counts the reads of it, a write sets it. Any vCPU of the VM may be in
 * here at any time: the state belongs to the device's lock.
 */
#include "user/vmm/device.h"

struct counter {
	uint32_t reads;
};

static void counter_reset(struct device *device)
{
	(void)device; /* the state is zero */
}

static uint32_t counter_read(struct device *device, uint32_t offset, uint32_t bytes)
{
	struct counter *counter = device->state;
	uint32_t value = 0u;

	if (offset != 0u || bytes != 4u)
		return 0u;
	device_lock(device);
	value = ++counter->reads;
	device_unlock(device);
	return value;
}

static void counter_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
	struct counter *counter = device->state;

	if (offset != 0u || bytes != 4u)
		return;
	device_lock(device);
	counter->reads = value;
	device_unlock(device);
}

static const struct device_ops counter_ops = {
	.backend = "counter",
	.state_bytes = sizeof(struct counter),
	.reset = counter_reset,
	.read = counter_read,
	.write = counter_write,
};
DEVICE_BACKEND(counter_ops);
DEVICE_RECORD(counter_record, "counter", "example,counter");
