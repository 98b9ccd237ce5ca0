/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake of user/vmm/machine.h for unit tests: the machine below a VM process, whose state the
 * test sets and looks at. One thread.
 */
#ifndef BULKHEAD_TESTS_UNIT_VMM_HOST_H
#define BULKHEAD_TESTS_UNIT_VMM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/process.h"

#define FAKE_REGISTERS 256u
#define FAKE_LINES     64u
#define FAKE_FREQUENCY 62500000u

struct fake_host {
	uint64_t ticks;
	uint64_t registers[FAKE_REGISTERS];
	bool lines[FAKE_LINES];
	uint32_t line_calls;
	uint32_t notify_calls;
	uint32_t notify_handle;
	uint64_t cleared;
	uint64_t cleaned;
	/* the VM's GIC: a range of words */
	uint64_t vgic_ipa;
	uint64_t vgic_bytes;
	uint64_t vgic_value;
	uint32_t vgic_calls;
	struct process_info info;
};

extern struct fake_host fake_host;
void fake_host_reset(void);

#endif
