/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls wait and notify (abi/syscall.h), which processes make most: apart from the
 * others, so that what happens most often is straight code without a stack frame. On the caller's
 * CPU, interrupts masked; contract in syscall.h.
 */
#include "abi/status.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/system.h"

uint32_t sys_wait(struct thread *thread)
{
	uint64_t mask = thread->host.x[0];
	uint64_t deadline = thread->host.x[1];
	/* acquire: pairs with the release in sched_notify */
	uint64_t bits = __atomic_load_n(&thread->word, __ATOMIC_ACQUIRE) & mask;

	if (bits != 0u) {
		__atomic_fetch_and(&thread->word, ~bits, __ATOMIC_ACQUIRE);
		thread->host.x[0] = bits;
		return SYSCALL_RETURN;
	}
	if (deadline == 0u) {
		thread->host.x[0] = 0u;
		return SYSCALL_RETURN;
	}
	/* a bit that another CPU sets from here on comes with its mark in the wake word */
	return sched_wait(thread, mask, deadline);
}

/* The thread, on the same CPU, has a bit that it had not. */
static __attribute__((noinline)) uint32_t notify_here(struct cpu *cpu, struct thread *thread)
{
	if (thread->state == THREAD_WAITING)
		return sched_wake(thread);
	sched_poke(thread);
	return cpu->resched;
}

static __attribute__((noinline)) uint32_t notify_there(struct cpu *cpu, struct thread *thread)
{
	sched_signal(thread);
	return cpu->resched;
}

static __attribute__((noinline)) uint32_t notify_refuse(struct thread *thread)
{
	thread->host.x[0] = (uint64_t)STATUS_HANDLE;
	return SYSCALL_RETURN;
}

uint32_t sys_notify(struct thread *thread)
{
	struct cpu *cpu = thread->cpu;
	const struct config_handle *handle =
		system_handle(thread->process, thread->host.x[0], HANDLE_NOTIFY);
	struct thread *target;
	uint64_t bit;
	uint64_t before;

	if (handle == NULL)
		return notify_refuse(thread);
	target = system_thread(handle->object);
	bit = 1ull << handle->argument;
	thread->host.x[0] = (uint64_t)STATUS_OK;
	/* release: pairs with the acquire where the bits are taken; order: see sched_signal */
	before = __atomic_fetch_or(&target->word, bit, __ATOMIC_SEQ_CST);
	if ((before & bit) != 0u)
		return SYSCALL_RETURN;
	if (target->cpu != cpu)
		return notify_there(cpu, target);
	/* one that is ready finds it by itself: the caller runs, and not in its guest */
	return target->state == THREAD_READY ? SYSCALL_RETURN : notify_here(cpu, target);
}
