/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: start, stop and fault, across CPUs. One state word per process; whoever moves
 * it from RUNNING to STOPPING (or STOPPED to STARTING) by compare-and-swap owns the change.
 * A stop asks every thread's CPU; each parks its own threads; the last one finishes.
 */
#ifndef BULKHEAD_KERNEL_PROCESS_H
#define BULKHEAD_KERNEL_PROCESS_H

#include "abi/status.h"
#include "kernel/object.h"

#define PROCESS_STATE_STARTING 4u /* within process_start only; reads as STOPPED outside */

/* Any CPU. STATUS_STATE when it is not stopped, STATUS_ABSENT when a CPU is missing. */
status_t process_start(struct process *process);
/* Any CPU. STATUS_STATE when it is not running. */
status_t process_stop(struct process *process, uint64_t reason, uint64_t code, uint64_t address);
/*
 * On the thread's CPU: it parks, and the last one of its process finishes the stop. Which stop: that
 * of the process's start number `starts`; once for each.
 */
void process_answer_stop(struct thread *thread, uint32_t starts);
/* On the thread's CPU: a parked thread begins at the process's entry. */
void process_start_thread(struct thread *thread);
/* Any CPU: PROCESS_STATE_* as the outside sees it. */
uint32_t process_state(const struct process *process);

#endif
