/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the VM process's portable modules ask of the machine: system calls, time and cache
 * maintenance. machine.c is the real thing; unit tests link their own. From any vCPU thread,
 * with no device lock held unless said otherwise.
 */
#ifndef BULKHEAD_USER_VMM_MACHINE_H
#define BULKHEAD_USER_VMM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/process.h"

/* What bhc says of this process. */
const struct process_info *machine_info(void);

/* virq_line and notify. */
void machine_line(uint32_t intid, bool level);
void machine_notify(uint32_t handle);

/* The counter and its frequency; a device lock may be held. */
uint64_t machine_ticks(void);
uint64_t machine_ticks_per_second(void);

/* In a loop that waits for another thread: a moment, and long enough for a lower priority to run. */
void machine_pause(void);
void machine_sleep(void);

/* The calling thread's own vCPU: registers of abi/vcpu.h. A refused one reads 0. */
uint64_t machine_register(uint32_t number);
void machine_set_register(uint32_t number, uint64_t value);

/* The VM's GIC (vgic_access); false: not in its ranges, or it refuses. */
bool machine_vgic(uint64_t ipa, uint32_t bytes, bool write, uint64_t *value);

/* Guest RAM: zero it; clean and invalidate it to the point of coherency. */
void machine_clear(void *start, uint64_t bytes);
void machine_clean(void *start, uint64_t bytes);
/* The same, and no instruction cache keeps what was there before. */
void machine_clean_code(void *start, uint64_t bytes);

#endif
