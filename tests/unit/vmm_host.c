/* SPDX-License-Identifier: Apache-2.0 */
/* The fake machine below a VM process; see vmm_host.h. */
#include "tests/unit/vmm_host.h"

#include <string.h>

#include "user/vmm/machine.h"

struct fake_host fake_host;

void fake_host_reset(void)
{
	memset(&fake_host, 0, sizeof(fake_host));
}

const struct process_info *machine_info(void)
{
	return &fake_host.info;
}

void machine_line(uint32_t intid, bool level)
{
	fake_host.line_calls++;
	fake_host.lines[intid % FAKE_LINES] = level;
}

void machine_notify(uint32_t handle)
{
	fake_host.notify_calls++;
	fake_host.notify_handle = handle;
}

uint64_t machine_ticks(void)
{
	return fake_host.ticks;
}

uint64_t machine_ticks_per_second(void)
{
	return FAKE_FREQUENCY;
}

void machine_pause(void)
{
}

void machine_sleep(void)
{
}

uint64_t machine_register(uint32_t number)
{
	return fake_host.registers[number % FAKE_REGISTERS];
}

void machine_set_register(uint32_t number, uint64_t value)
{
	fake_host.registers[number % FAKE_REGISTERS] = value;
}

bool machine_vgic(uint64_t ipa, uint32_t bytes, bool write, uint64_t *value)
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

void machine_clear(void *start, uint64_t bytes)
{
	fake_host.cleared += bytes;
	memset(start, 0, bytes);
}

void machine_clean(void *start, uint64_t bytes)
{
	(void)start;
	fake_host.cleaned += bytes;
}

void machine_clean_code(void *start, uint64_t bytes)
{
	(void)start;
	(void)bytes;
}
