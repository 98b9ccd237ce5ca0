/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs: vcpu_run and its exits (abi/vcpu.h), WFI, the emulated physical timer, and the
 * way from a vCPU to its VM's GIC. On the vCPU's own CPU, interrupts masked.
 */
#ifndef BULKHEAD_KERNEL_VCPU_H
#define BULKHEAD_KERNEL_VCPU_H

#include "abi/status.h"
#include "abi/vcpu.h"
#include "kernel/object.h"

/* The system call: arguments and results in thread->host. As syscall_dispatch. */
bool vcpu_run(struct thread *thread);
/* The guest of the current thread exits to its VM process with reason and up to five values. */
void vcpu_exit(struct thread *thread, uint32_t reason, const uint64_t values[6]);
/* Before the current thread goes back to its guest: notifications, then the list registers. */
void vcpu_prepare(struct thread *thread);
/* WFI of the guest: the thread idles unless an interrupt or a notification is there. */
void vcpu_wait_for_interrupt(struct thread *thread);
/* The physical timer's condition may have changed. */
void vcpu_physical_timer(struct vcpu *vcpu);
/* Is the IPA in the VM's distributor or redistributors? */
bool vcpu_vgic_owns(const struct vcpu *vcpu, uint64_t ipa);
/*
 * An access to the VM's distributor or redistributors. STATUS_INVALID: not in their ranges.
 * STATUS_STATE: other vCPUs must write back first; the thread blocks, then tries again.
 */
status_t vcpu_vgic_access(struct vcpu *vcpu, uint64_t ipa, uint32_t size, bool write,
                          uint64_t *value);
/* What follows from the vGIC's answer: the thread may block. STATUS_OK or STATUS_STATE. */
status_t vcpu_vgic_result(struct vcpu *vcpu, enum vgic_result result);
/*
 * A hypercall that needs no VM process: true, and x0..x3 of the guest are set. False: it
 * goes to the VM process.
 */
bool vcpu_call(struct context *guest);

#endif
