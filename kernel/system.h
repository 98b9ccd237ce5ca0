/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled system: access to the configuration that bhc wrote and to the object arrays,
 * and their first initialisation. Indices come from the configuration, which `bhc verify`
 * checked; nothing here takes a number from a process.
 */
#ifndef BULKHEAD_KERNEL_SYSTEM_H
#define BULKHEAD_KERNEL_SYSTEM_H

#include "kernel/object.h"

/* Boot CPU, once: zeroes the objects and ties them together. Panics on a foreign image. */
void system_init(const struct config *config);
/* Boot CPU, once: starts the processes that are to start at boot. */
void system_autostart(void);

const struct config *system_config(void);
/* The array of threads, for the path of every notification. */
#define SYSTEM_THREAD_BYTES ((sizeof(struct thread) + 63u) / 64u * 64u)
extern char *system_threads;
static inline struct thread *system_thread(uint32_t index)
{
	return (struct thread *)(void *)(system_threads + index * SYSTEM_THREAD_BYTES);
}
struct cpu *system_cpu(uint32_t index);
struct process *system_process(uint32_t index);
struct vm *system_vm(uint32_t index);
struct vcpu *system_vcpu(uint32_t index);
struct interrupt *system_interrupt(uint32_t index);
/* Entry `handle` of the process's table if it is of `kind`, or NULL. */
static inline const struct config_handle *system_handle(const struct process *process,
                                                        uint64_t handle, uint32_t kind)
{
	if (handle >= process->handle_count || process->handles[handle].kind != kind)
		return NULL;
	return &process->handles[handle];
}

#endif
