/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of one device, between the vCPU threads of one VM. Held for a bounded number of
 * instructions, with no system call inside. A thread that waits long sleeps now and then:
 * the holder may be a thread of lower priority on the same CPU.
 */
#ifndef BULKHEAD_USER_VMM_LOCK_H
#define BULKHEAD_USER_VMM_LOCK_H

#include "user/vmm/machine.h"

#define LOCK_SPINS 64u

struct lock {
	uint32_t held;
};

static inline void lock_take(struct lock *lock)
{
	/* acquire: pairs with the release in lock_release */
	for (uint32_t i = 1u; __atomic_exchange_n(&lock->held, 1u, __ATOMIC_ACQUIRE) != 0u; i++) {
		if (i % LOCK_SPINS == 0u)
			machine_sleep();
		else
			machine_pause();
	}
}

static inline void lock_release(struct lock *lock)
{
	__atomic_store_n(&lock->held, 0u, __ATOMIC_RELEASE);
}

#endif
