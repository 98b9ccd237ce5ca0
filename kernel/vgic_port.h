/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the virtual GIC asks of the architecture and of the threads. arch_: the virtual CPU
 * interface of the executing CPU (IHI 0069 section 12.4). All are called with interrupts
 * masked. Accesses need no barrier of their own: entering the guest synchronises them.
 */
#ifndef BULKHEAD_KERNEL_VGIC_PORT_H
#define BULKHEAD_KERNEL_VGIC_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct vgic_cpu;

uint32_t arch_lr_count(void); /* ICH_VTR_EL2.ListRegs + 1 */
uint64_t arch_lr_read(uint32_t n);
void arch_lr_write(uint32_t n, uint64_t value);
/* Those of `count` of which a bit of `used` is set; the other values stay. */
void arch_lr_read_all(uint64_t *values, uint32_t used, uint32_t count);
/* All `count` of them: values[n] where bit n of `used` is set, else 0. */
void arch_lr_write_all(const uint64_t *values, uint32_t used, uint32_t count);
/* List registers whose state is invalid: ICH_ELRSR_EL2, and ICH_EISR_EL2 where LR.EOI is set. */
uint64_t arch_ich_empty(void);
uint64_t arch_ich_hcr_read(void);
/* Where ICH_VTR_EL2.TDS is 0, TC stands in for VGIC_HCR_TDIR (and traps more than needed). */
void arch_ich_hcr_write(uint64_t value);
uint64_t arch_ich_vmcr_read(void);
void arch_ich_vmcr_write(uint64_t value);
/* ICH_AP0R0_EL2 (group 0), ICH_AP1R0_EL2 (group 1): 32 levels of preemption. */
uint64_t arch_ich_apr_read(uint32_t group);
void arch_ich_apr_write(uint32_t group, uint64_t value);

/* Is the virtual timer's output high now, for the vCPU loaded on this CPU? */
bool vgic_hw_line(void);
/* Deactivates PPI 27 on this CPU, or an SPI: it is taken again if its line is still high. */
void vgic_hw_release(uint32_t physical);
/* Where a physical SPI is taken from now on: on the CPU of the vCPU. */
void vgic_hw_route(uint32_t physical, struct vgic_cpu *target);

/*
 * Called inside the VM's lock, on any CPU; they must not call back into the vGIC.
 *
 * vgic_kick: target->request has just been set. Makes the target's CPU call vgic_flush() if
 * it is loaded there (by an interrupt if that CPU is another one), and ends its WFI. A store
 * to `request` comes before; the implementation orders it before the interrupt it sends
 * (DSB ISHST), which pairs with vgic_requested().
 *
 * vgic_syncing: an access of `waiter` will end in VGIC_SYNC or VGIC_RETRY; before the lock is
 * left, so before vgic_synced: all answers that it waits for are there.
 */
void vgic_kick(struct vgic_cpu *target);
void vgic_syncing(struct vgic_cpu *waiter);
void vgic_synced(struct vgic_cpu *waiter);

#endif
