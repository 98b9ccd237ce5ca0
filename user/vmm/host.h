/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the VM process's portable modules ask of the machine: system calls, time and cache
 * maintenance. host.c is the real thing; unit tests link their own. From any vCPU thread,
 * with no device lock held unless said otherwise.
 */
#ifndef BULKHEAD_USER_VMM_HOST_H
#define BULKHEAD_USER_VMM_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* virq_line and notify. */
void host_line(uint32_t intid, bool level);
void host_notify(uint32_t handle);

/* The counter and its frequency; a device lock may be held. */
uint64_t host_ticks(void);
uint64_t host_ticks_per_second(void);

/* In a loop that waits for another thread: a moment, and long enough for a lower priority to run. */
void host_pause(void);
void host_sleep(void);

/* The calling thread's own vCPU: registers of abi/vcpu.h. A refused one reads 0. */
uint64_t host_register(uint32_t number);
void host_set_register(uint32_t number, uint64_t value);

/* The VM's GIC (vgic_access); false: not in its ranges, or it refuses. */
bool host_vgic(uint64_t ipa, uint32_t bytes, bool write, uint64_t *value);

/* Guest RAM: zero it; clean and invalidate it to the point of coherency. */
void host_clear(void *start, uint64_t bytes);
void host_clean(void *start, uint64_t bytes);

#endif
