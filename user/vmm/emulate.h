/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's access to a device whose instruction must be decoded (VCPU_EXIT_DECODE). Runs
 * on the vCPU's own thread, with no device lock held.
 */
#ifndef BULKHEAD_USER_VMM_EMULATE_H
#define BULKHEAD_USER_VMM_EMULATE_H

#include <stdint.h>

/* What vcpu_run is to do with the exit: VCPU_DONE, VCPU_ABORT, VCPU_UNDEF or VCPU_RETRY. */
uint64_t emulate_access(uint64_t ipa, uint64_t pc, uint64_t esr, uint64_t far);

#endif
