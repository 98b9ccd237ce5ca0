/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the register test. CPU 0, interrupts masked.
 */
#ifndef BULKHEAD_GUESTS_REGTEST_H
#define BULKHEAD_GUESTS_REGTEST_H

#include <stdint.h>

/* Registers of other exception levels, and of what the ID registers do not show. */
void test_undefined(void);
/* Calls, memory beyond the RAM that the tree names, and device accesses of all forms. */
void test_outside(uint64_t tree);

#endif
