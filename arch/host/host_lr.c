/* SPDX-License-Identifier: Apache-2.0 */
/* Four empty list registers for tests that are not about the vGIC (kernel/vgic_port.h). */
#include "kernel/vgic_port.h"

#define HOST_LRS 4u

static uint64_t host_lr[HOST_LRS];
static uint64_t host_hcr;
static uint64_t host_vmcr;
static uint64_t host_apr[2];

uint32_t arch_lr_count(void)
{
	return HOST_LRS;
}

uint64_t arch_lr_read(uint32_t n)
{
	return host_lr[n];
}

void arch_lr_write(uint32_t n, uint64_t value)
{
	host_lr[n] = value;
}

uint64_t arch_ich_empty(void)
{
	uint64_t empty = 0u;

	for (uint32_t i = 0u; i < HOST_LRS; i++)
		empty |= (host_lr[i] >> 62) == 0u ? 1ull << i : 0u;
	return empty;
}

uint64_t arch_ich_hcr_read(void)
{
	return host_hcr;
}

void arch_ich_hcr_write(uint64_t value)
{
	host_hcr = value;
}

uint64_t arch_ich_vmcr_read(void)
{
	return host_vmcr;
}

void arch_ich_vmcr_write(uint64_t value)
{
	host_vmcr = value;
}

uint64_t arch_ich_apr_read(uint32_t group)
{
	return host_apr[group];
}

void arch_ich_apr_write(uint32_t group, uint64_t value)
{
	host_apr[group] = value;
}

bool vgic_hw_line(void)
{
	return false;
}

void vgic_hw_release(void)
{
}
