/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one vCPU: its thread runs the guest, serves its exits and the notifications
 * that interrupt it, and sleeps while the guest has it switched off.
 */
#ifndef BULKHEAD_USER_VMM_LOOP_H
#define BULKHEAD_USER_VMM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* vCPU `self` of the calling thread, started at entry with x0 = argument. Never returns. */
_Noreturn void loop_start(uint32_t self, uint64_t entry, uint64_t argument);
/* The same for a vCPU that is off at first. */
_Noreturn void loop_start_off(uint32_t self);
/* Serves notification bits and device deadlines of this thread for ever. */
_Noreturn void loop_device_thread(void);

#endif
