/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the fuzz target `syscall`: its machine (two CPUs, each a stack of its own, so that
 * one may wait in the kernel while the other goes on), the model of abi/syscall.h, and the
 * checks of the kernel's invariants. One host thread.
 */
#ifndef BULKHEAD_TESTS_FUZZ_SYSCALL_FUZZ_H
#define BULKHEAD_TESTS_FUZZ_SYSCALL_FUZZ_H

#include "arch/host/host.h"
#include "tests/fuzz/fuzz.h"

/* Processes; VM1 has a vCPU on each CPU, VM2 one on CPU 0, TASK a thread on each. */
enum { SUPERVISOR, TASK, DRIVER, VM1, VM2, PROCESSES };

#define MACHINE_CPUS    2u
#define MACHINE_THREADS 7u
#define MACHINE_HANDLES 8u  /* of each process */
#define MACHINE_INTID   33u /* and 34 */
#define MACHINE_VMS     2u
#define MACHINE_VCPUS   3u
#define SUPERVISOR_BIT  60u
#define INTERRUPT_BIT   50u

/* ---- syscall_machine.c ---- */
extern struct config machine_config;
extern struct config_process machine_processes[PROCESSES];
extern struct config_handle machine_handles[PROCESSES * MACHINE_HANDLES];
void machine_start(uint8_t how);
/* The thread whose code the CPU executes; NULL: the CPU waits for an interrupt. */
struct thread *machine_running(uint32_t cpu);
/* Enters the kernel on a CPU that executes a thread; the function answers as trap.c's do. */
void machine_enter(uint32_t cpu, bool (*function)(struct cpu *));
/* Interrupts, if they are pending: a device's, and the one that another CPU has sent. */
void machine_device(uint32_t intid);
void machine_kick(uint32_t cpu);
bool machine_kicked(uint32_t cpu);
/* Time goes on; timers are served when they are due, at once. */
void machine_time(uint64_t ticks);
uint64_t gic_address(struct fuzz *in);

/* ---- syscall_model.c ---- */
void model_start(void);
void model_before(struct thread *thread, uint64_t number);
void model_after(struct thread *thread, uint64_t number);
void model_exit(struct thread *thread);
void model_fault(struct thread *thread);
/* An operation that answers the pending exit. */
uint64_t model_answer(const struct thread *thread, uint8_t how);
/* After each step: who has been woken, what has stopped. */
void model_look(void);

/* ---- syscall_check.c ---- */
void check_start(void);
void check_kernel(void);
/* A stretch of time in which each CPU ran what it runs now. */
void check_ran(uint64_t ticks);

#endif
