/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical interrupts that processes serve. Each has one owner thread and is routed to that
 * thread's CPU; everything here runs there, interrupts masked. From delivery to irq_ack the
 * interrupt stays active in the GIC, so a device that storms costs one entry per service.
 *
 * That of a device which was handed to a guest is a VM's SPI: on whatever CPU it is taken it goes to
 * the VM's GIC. Thread 0 of the VM's process enables and disables it.
 */
#ifndef BULKHEAD_KERNEL_INTERRUPT_H
#define BULKHEAD_KERNEL_INTERRUPT_H

#include "kernel/object.h"

/* The interrupt controller delivered `intid`; false: no process owns it. */
bool interrupt_deliver(uint32_t intid);
/* The owner has served it. */
void interrupt_ack(struct interrupt *interrupt);
/* Enables, or disables and deactivates, an interrupt whose thread starts or parks. */
void interrupt_start(const struct interrupt *interrupt);
void interrupt_stop(struct interrupt *interrupt);

#endif
