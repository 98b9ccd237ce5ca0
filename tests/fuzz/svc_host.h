/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls and the clock of a program, for fuzz targets that compile a whole program for
 * the build machine: it takes the place of user/lib/syscalls.h and user/lib/clock.h, whose guards
 * it defines, and is included before anything else. The target is the kernel.
 */
#ifndef BULKHEAD_TESTS_FUZZ_SVC_HOST_H
#define BULKHEAD_TESTS_FUZZ_SVC_HOST_H

#define BULKHEAD_USER_LIB_SYSCALLS_H
#define BULKHEAD_USER_LIB_CLOCK_H

#include <stdint.h>

#include "abi/status.h"
#include "abi/syscall.h"
#include "abi/vcpu.h"

#define SVC_NEVER          UINT64_MAX
#define SVC_HOST_FREQUENCY 1000000u

struct svc_result {
	uint64_t x[8];
};

uint64_t svc_wait(uint64_t mask, uint64_t deadline);
status_t svc_notify(uint32_t handle);
status_t svc_process_control(uint32_t handle, uint32_t op);
struct svc_result svc_process_status(uint32_t handle, uint32_t item);
status_t svc_system_control(uint32_t handle, uint32_t op);

uint64_t clock_now(void);

static inline uint64_t clock_ticks_per_second(void)
{
	return SVC_HOST_FREQUENCY;
}

static inline uint64_t clock_ticks_from_us(uint64_t us)
{
	return us;
}

static inline uint64_t clock_us_from_ticks(uint64_t ticks)
{
	return ticks;
}

#endif
