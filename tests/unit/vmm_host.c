/* SPDX-License-Identifier: Apache-2.0 */
/* The fake machine below a VM process; see vmm_host.h. */
#include "tests/unit/vmm_host.h"

#include <string.h>

#include "user/vmm/host.h"

struct fake_host fake_host;

void fake_host_reset(void)
{
	memset(&fake_host, 0, sizeof(fake_host));
}

void host_line(uint32_t intid, bool level)
{
	fake_host.line_calls++;
	fake_host.lines[intid % FAKE_LINES] = level;
}

void host_notify(uint32_t handle)
{
	fake_host.notify_calls++;
	fake_host.notify_handle = handle;
}

uint64_t host_ticks(void)
{
	return fake_host.ticks;
}

uint64_t host_ticks_per_second(void)
{
	return FAKE_FREQUENCY;
}

void host_pause(void)
{
}

void host_sleep(void)
{
}

uint64_t host_register(uint32_t number)
{
	return fake_host.registers[number % FAKE_REGISTERS];
}

void host_set_register(uint32_t number, uint64_t value)
{
	fake_host.registers[number % FAKE_REGISTERS] = value;
}

bool host_vgic(uint64_t ipa, uint32_t bytes, bool write, uint64_t *value)
{
	if (ipa - fake_host.vgic_ipa >= fake_host.vgic_bytes || bytes > 8u)
		return false;
	fake_host.vgic_calls++;
	if (write)
		fake_host.vgic_value = *value;
	else
		*value = fake_host.vgic_value + fake_host.vgic_calls;
	return true;
}

void host_clear(void *start, uint64_t bytes)
{
	fake_host.cleared += bytes;
	memset(start, 0, bytes);
}

void host_clean(void *start, uint64_t bytes)
{
	(void)start;
	fake_host.cleaned += bytes;
}
