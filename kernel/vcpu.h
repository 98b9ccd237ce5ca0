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

/* The system call: arguments and results in thread->host; answers as syscall_dispatch. */
uint32_t vcpu_run(struct thread *thread);
/* The guest of the current thread exits to its VM process with reason and up to four values. */
void vcpu_exit(struct thread *thread, uint32_t reason, uint64_t a, uint64_t b, uint64_t c,
               uint64_t d);
/* The portable part of it: the architecture turns the CPU to the host. */
static inline void vcpu_leave(struct thread *thread, uint32_t reason, uint64_t a, uint64_t b,
                              uint64_t c)
{
	thread->host.x[0] = reason;
	thread->host.x[1] = a;
	thread->host.x[2] = b;
	thread->host.x[3] = c;
	thread->vcpu->pending = reason;
	thread->in_guest = false;
	thread->context = &thread->host;
	thread->exits++;
}
/*
 * WFI of the guest: the thread idles unless an interrupt or a notification is there. True: the
 * guest goes on at once.
 */
bool vcpu_wait_for_interrupt(struct thread *thread);
/* The physical timer's condition may have changed. */
void vcpu_physical_timer(struct vcpu *vcpu);
/*
 * An access to the VM's distributor or redistributors. STATUS_INVALID: not in their ranges.
 * STATUS_STATE: other vCPUs must write back first; the thread blocks, then tries again.
 */
status_t vcpu_vgic_access(struct vcpu *vcpu, uint64_t ipa, uint32_t size, bool write,
                          uint64_t *value);
/* What follows from the vGIC's answer: the thread may block. STATUS_OK or STATUS_STATE. */
status_t vcpu_vgic_result(struct vcpu *vcpu, enum vgic_result result);

/* Before the current thread goes back to its guest: it leaves for a notification. */
void vcpu_notified(struct thread *thread);
static inline void vcpu_prepare(struct thread *thread)
{
	if (__atomic_load_n(&thread->word, __ATOMIC_RELAXED) != 0u)
		vcpu_notified(thread);
}

/* Is the IPA in the VM's distributor or redistributors? */
static inline bool vcpu_vgic_owns(const struct vcpu *vcpu, uint64_t ipa)
{
	const struct vm *vm = vcpu->vm;

	return ipa - vm->gicr_ipa < vm->gicr_bytes || ipa - vm->gicd_ipa < VM_GICD_BYTES;
}

/* SMC Calling Convention (DEN 0028) and PSCI (DEN 0022) */
#define SMCCC_NOT_SUPPORTED 0xffffffffffffffffull
#define SMCCC_FAST          0x80000000u
#define SMCCC_64            0x40000000u
#define SMCCC_SERVICE       0xffff0000u /* owner and reserved bits */
#define SMCCC_VERSION       0x80000000u
#define PSCI_SERVICE        0x84000000u
#define PSCI_FUNCTIONS      0x20u
#define PSCI_VERSION        0x84000000u
#define VERSION_1_1         0x10001ull

/*
 * A hypercall that needs no VM process: true, and x0 of the guest is set. False: it goes to
 * the VM process.
 */
static inline bool vcpu_call(struct context *guest)
{
	uint32_t function = (uint32_t)guest->x[0];
	uint32_t service = function & SMCCC_SERVICE & ~SMCCC_64;

	if (function == PSCI_VERSION || function == SMCCC_VERSION) {
		guest->x[0] = VERSION_1_1;
		return true;
	}
	if (service == SMCCC_FAST ||
	    (service == PSCI_SERVICE && (function & 0xffffu) < PSCI_FUNCTIONS))
		return false;
	guest->x[0] = SMCCC_NOT_SUPPORTED;
	return true;
}

#endif
