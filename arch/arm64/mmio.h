/* SPDX-License-Identifier: Apache-2.0 */
/* The one place for volatile access to devices that EL2 maps (all Device-nGnRE). */
#ifndef BULKHEAD_ARCH_ARM64_MMIO_H
#define BULKHEAD_ARCH_ARM64_MMIO_H

#include <stdint.h>

static inline uint32_t mmio_read32(uint64_t va)
{
	return *(volatile uint32_t *)(uintptr_t)va;
}

static inline void mmio_write32(uint64_t va, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)va = value;
}

static inline void mmio_write64(uint64_t va, uint64_t value)
{
	*(volatile uint64_t *)(uintptr_t)va = value;
}

#endif
