/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where a driver process reads and writes the registers of its physical device,
 * which are mapped as Device memory: each access is made once, in program order, at its width.
 * Called by user/drivers, by the thread that owns the device; a test puts a device of its own
 * in this header's place.
 */
#ifndef BULKHEAD_USER_LIB_DEVICE_IO_H
#define BULKHEAD_USER_LIB_DEVICE_IO_H

#include <stdint.h>

static inline uint32_t device_read32(uint64_t va)
{
	return *(const volatile uint32_t *)(uintptr_t)va;
}

static inline void device_write32(uint64_t va, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)va = value;
}

#endif
