/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI 1.1 (DEN 0022) and SMCCC 1.1 (DEN 0028) of one VM: which vCPUs are on, and what each
 * call answers. Called by the vCPU threads, each for itself; no lock: a vCPU's state is one
 * word, changed by compare-and-swap. Makes no system call: the caller does what the answer
 * says.
 */
#ifndef BULKHEAD_USER_VMM_VPSCI_H
#define BULKHEAD_USER_VMM_VPSCI_H

#include <stdbool.h>
#include <stdint.h>

#define VPSCI_VCPUS 8u

enum vpsci_action {
	VPSCI_RETURN,       /* x0 = value */
	VPSCI_IDLE,         /* x0 = value once an interrupt is pending (CPU_SUSPEND) */
	VPSCI_WAKE,         /* x0 = value; notify the thread of vCPU `target` */
	VPSCI_CPU_OFF,      /* the calling vCPU is off now: wait until vpsci_take_on */
	VPSCI_SYSTEM_OFF,   /* the VM is switched off */
	VPSCI_SYSTEM_RESET, /* the VM is re-created */
};

struct vpsci_answer {
	enum vpsci_action action;
	uint32_t target;
	uint64_t value;
};

/* vCPU 0 is on, at mpidr[0]; the others off. Before any vCPU runs. */
void vpsci_init(uint32_t vcpu_count);
/* Says which vCPU has which MPIDR_EL1; each thread for itself, before vpsci_call of any. */
void vpsci_set_mpidr(uint32_t vcpu, uint64_t mpidr);
/* How many threads have said so. */
uint32_t vpsci_known(void);

/* A call by vCPU `self`, with its x0..x3. */
struct vpsci_answer vpsci_call(uint32_t self, const uint64_t args[4]);
/* vCPU `self` is off: true if it was switched on, from then on it is on. */
bool vpsci_take_on(uint32_t self, uint64_t *entry, uint64_t *context);

#endif
