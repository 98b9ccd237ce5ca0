/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of each system call. Called from EL0 by SVC; see syscalls.def for numbers
 * and registers. Times are counter ticks (CNTVCT_EL0 of a process, CNTFRQ_EL0 per second).
 *
 * wait(mask, deadline) -> x0 = bits
 *	Takes and clears the bits of the calling thread's notification word that are in
 *	mask; blocks while there are none, until the counter reaches deadline (an absolute
 *	tick; 0 polls, UINT64_MAX never expires). Returns 0 on expiry. A periodic thread
 *	waits with mask and its next release time; an expiry counts as a period.
 *
 * notify(handle) -> x0 = status
 *	Sets the bit that the handle (HANDLE_NOTIFY) names in its thread's word.
 *
 * vcpu_run(op, v1, v2, v3, v4) -> x0 = exit reason, x1.. as the reason says
 *	Runs the calling thread's vCPU. See vcpu.h.
 *
 * vcpu_get(register) -> x0 = status, x1 = value;  vcpu_set(register, value) -> x0 = status
 *	The calling thread's own vCPU, registers of vcpu.h.
 *
 * virq_line(intid, level) -> x0 = status
 *	Level (0 or 1) of the line of interrupt `intid` into the VM's virtual GIC: an SPI
 *	(32 and up) of the VM, or a PPI (16..31) of the calling thread's vCPU. For an
 *	edge-triggered interrupt a change from 0 to 1 makes it pending.
 *
 * vgic_access(ipa, flags, value) -> x0 = status, x1 = value read
 *	An access to the VM's distributor or redistributors whose instruction the VM process
 *	had to decode. flags: bits 3:0 size in bytes (1, 2, 4, 8), bit 8 set for a write.
 *
 * irq_ack(handle) -> x0 = status
 *	The HANDLE_INTERRUPT's device has been served: the interrupt may be taken again.
 *
 * process_control(handle, op) -> x0 = status
 *	HANDLE_PROCESS with RIGHT_CONTROL. PROCESS_STOP, PROCESS_START. Both only begin; the
 *	supervisor's notification bit says that the state has changed.
 *
 * process_status(handle, item) -> x0 = status, x1..x6 as the item says
 *	HANDLE_PROCESS with RIGHT_STATUS.
 *	STATUS_ITEM_STATE: x1 state, x2 reason, x3 code, x4 address, x5 starts, x6 flags
 *	STATUS_ITEM_USAGE: x1 CPU ticks used, x2 guest exits, x3 periods, x4 overruns, x5 now,
 *	x6 entries into EL2 (and wake-ups from idle) so far on the CPU of its thread 0
 *
 * system_control(handle, op) -> x0 = status, only on failure.
 *	HANDLE_SYSTEM. SYSTEM_OFF or SYSTEM_RESET of the machine.
 *
 * trace(a, b): an event of the process into the CPU's flight recorder.
 *
 * exit(reason, code): stops the calling process: EXIT_REASON_*, code for the supervisor.
 */
#ifndef BULKHEAD_ABI_SYSCALL_H
#define BULKHEAD_ABI_SYSCALL_H

#define SYSCALL(number, NAME, name) SYSCALL_##NAME = (number),
enum syscall_number {
#include "abi/syscalls.def"
	SYSCALL_COUNT
};
#undef SYSCALL

/* Notification bits with a fixed meaning; bhc gives out bits 0..59. */
#define NOTIFY_START 63u /* thread 0 has run crt0: the other threads of the process may start */

/* process_control operations */
#define PROCESS_STOP  0u
#define PROCESS_START 1u

/* process_status items */
#define STATUS_ITEM_STATE 0u
#define STATUS_ITEM_USAGE 1u

/* system_control operations */
#define SYSTEM_OFF   0u
#define SYSTEM_RESET 1u

/* Process states */
#define PROCESS_STATE_STOPPED  0u /* never started, or stopped: the reason says which */
#define PROCESS_STATE_RUNNING  1u
#define PROCESS_STATE_STOPPING 2u /* some CPU has not parked its threads yet */
#define PROCESS_STATE_ABSENT   3u /* a CPU that one of its threads is pinned to is missing */

/*
 * Why a process is stopped. For a fault, code is ESR_EL2, and address is FAR_EL2 where the class
 * of exception has one (instruction and data abort, misaligned PC, watchpoint), else the PC.
 */
#define EXIT_REASON_NONE    0u /* not started yet */
#define EXIT_REASON_STOPPED 1u /* by the supervisor */
#define EXIT_REASON_FAULT   2u /* the process faulted: code and address as above */
#define EXIT_REASON_OFF     3u /* asked to be stopped: a guest's SYSTEM_OFF, a task's end */
#define EXIT_REASON_RESET   4u /* asked to be restarted: a guest's SYSTEM_RESET */
#define EXIT_REASON_FAILED \
	5u /* gave up by itself: code is its own (a guest that cannot be loaded) */
#define EXIT_REASON_SERROR 6u /* an SError charged to it: code is ESR_EL2 */

#endif
