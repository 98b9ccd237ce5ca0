/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/vgic_peek.h for the fuzz target `vgic`, whose fake names the registers in its own way:
 * UINT64_MAX where it has no answer.
 */
#ifndef BULKHEAD_TESTS_FUZZ_VGIC_SHORT_H
#define BULKHEAD_TESTS_FUZZ_VGIC_SHORT_H

#include "kernel/vgic.h"

uint64_t vgic_short_read(struct vgic *vgic, bool redistributor, uint64_t offset);

#endif
