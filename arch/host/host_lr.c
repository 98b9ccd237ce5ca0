/* SPDX-License-Identifier: Apache-2.0 */
/* Four list registers for each CPU, for tests that are not about the vGIC (kernel/vgic_port.h). */
#include "kernel/object.h"
#include "kernel/vgic_port.h"

#define HOST_LRS 4u

struct host_interface {
	uint64_t lr[HOST_LRS];
	uint64_t hcr;
	uint64_t vmcr;
	uint64_t apr[2];
};

static struct host_interface host_interfaces[CPU_MAX];

static struct host_interface *host_interface(void)
{
	return &host_interfaces[arch_cpu()->index];
}

uint32_t arch_lr_count(void)
{
	return HOST_LRS;
}

uint64_t arch_lr_read(uint32_t n)
{
	return host_interface()->lr[n];
}

void arch_lr_write(uint32_t n, uint64_t value)
{
	host_interface()->lr[n] = value;
}

void arch_lr_read_all(uint64_t *values, uint32_t used, uint32_t count)
{
	for (uint32_t n = 0u; n < count; n++) {
		if ((used >> n & 1u) != 0u)
			values[n] = arch_lr_read(n);
	}
}

void arch_lr_write_all(const uint64_t *values, uint32_t used, uint32_t count)
{
	for (uint32_t n = 0u; n < count; n++)
		arch_lr_write(n, (used >> n & 1u) != 0u ? values[n] : 0u);
}

uint64_t arch_ich_empty(void)
{
	uint64_t empty = 0u;

	for (uint32_t i = 0u; i < HOST_LRS; i++)
		empty |= (host_interface()->lr[i] >> 62) == 0u ? 1ull << i : 0u;
	return empty;
}

uint64_t arch_ich_hcr_read(void)
{
	return host_interface()->hcr;
}

void arch_ich_hcr_write(uint64_t value)
{
	host_interface()->hcr = value;
}

uint64_t arch_ich_vmcr_read(void)
{
	return host_interface()->vmcr;
}

void arch_ich_vmcr_write(uint64_t value)
{
	host_interface()->vmcr = value;
}

uint64_t arch_ich_apr_read(uint32_t group)
{
	return host_interface()->apr[group];
}

void arch_ich_apr_write(uint32_t group, uint64_t value)
{
	host_interface()->apr[group] = value;
}

bool vgic_hw_line(void)
{
	return false;
}

void vgic_hw_release(uint32_t physical)
{
	(void)physical;
}
