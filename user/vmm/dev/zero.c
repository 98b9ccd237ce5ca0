/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend "zero": a region that reads as zero and ignores writes, for an address that a guest
 * probes but that a description leaves empty. No state, no lock. Stands behind any node.
 */
#include "user/vmm/device.h"

static void zero_reset(struct device *device)
{
	(void)device;
}

static uint32_t zero_read(struct device *device, uint32_t offset, uint32_t bytes)
{
	(void)device;
	(void)offset;
	(void)bytes;
	return 0u;
}

static void zero_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
	(void)device;
	(void)offset;
	(void)bytes;
	(void)value;
}

static const struct device_ops zero_ops = {
	.backend = "zero",
	.reset = zero_reset,
	.read = zero_read,
	.write = zero_write,
};
DEVICE_BACKEND(zero_ops);
DEVICE_RECORD(zero_record, "zero", "");
