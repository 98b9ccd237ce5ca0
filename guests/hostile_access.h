/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses of every kind (hostile_access.S) and what each may do. For the families that go to
 * addresses. Any CPU, EL1, a probe armed.
 */
#ifndef BULKHEAD_GUESTS_HOSTILE_ACCESS_H
#define BULKHEAD_GUESTS_HOSTILE_ACCESS_H

#define LOAD        0x01
#define STORE       0x02
#define FETCH       0x04
#define MAYBE       0x08  /* may do nothing where nothing is */
#define ODD         0x10  /* no device answers to it: abort */
#define LSE         0x20  /* undefined where the core has no atomics */
#define LINE        0x40  /* faults somewhere in its line */
#define MAINTENANCE 0x80  /* of caches: its fault says CM and WnR */
#define USER        0x100 /* with EL0's permissions */
#define SIZE(n)     ((n) << 16)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct hostile_access {
	void (*code)(uint64_t address, uint64_t zero);
	uint64_t flags;
	char name[16];
};

extern const struct hostile_access hostile_accesses[];

static inline uint64_t access_size(const struct hostile_access *access)
{
	return access->flags >> 16 != 0u ? access->flags >> 16 : 1u;
}
#endif

#endif
