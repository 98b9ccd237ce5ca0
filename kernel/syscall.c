/* SPDX-License-Identifier: Apache-2.0 */
/* System calls; contract in syscall.h and abi/syscall.h. */
#include "kernel/syscall.h"

#include "kernel/interrupt.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/system.h"
#include "kernel/trace.h"
#include "kernel/vcpu.h"

static uint32_t sys_vcpu_run(struct thread *thread)
{
	return vcpu_run(thread);
}

static uint32_t sys_vcpu_get(struct thread *thread)
{
	uint64_t value = 0u;
	bool good = thread->vcpu != NULL && arch_vcpu_get(thread->vcpu, thread->host.x[0], &value);

	thread->host.x[0] = (uint64_t)(good ? STATUS_OK : STATUS_DENIED);
	thread->host.x[1] = value;
	return SYSCALL_RETURN;
}

static uint32_t sys_vcpu_set(struct thread *thread)
{
	bool good = thread->vcpu != NULL &&
	            arch_vcpu_set(thread->vcpu, thread->host.x[0], thread->host.x[1]);

	thread->host.x[0] = (uint64_t)(good ? STATUS_OK : STATUS_DENIED);
	return thread->cpu->resched;
}

static uint32_t sys_virq_line(struct thread *thread)
{
	uint64_t intid = thread->host.x[0];
	uint64_t level = thread->host.x[1];
	struct vm *vm = thread->process->vm;

	if (vm == NULL) {
		thread->host.x[0] = (uint64_t)STATUS_DENIED;
		return SYSCALL_RETURN;
	}
	if (intid < 16u || intid >= 32u + vm->config->spi_count || level > 1u ||
	    (intid < 32u && thread->vcpu == NULL)) {
		thread->host.x[0] = (uint64_t)STATUS_INVALID;
		return SYSCALL_RETURN;
	}
	thread->host.x[0] =
		(uint64_t)(vgic_line(&vm->vgic, thread->vcpu != NULL ? thread->vcpu->index : 0u,
	                             (uint32_t)intid, level != 0u)
	                           ? STATUS_OK
	                           : STATUS_INVALID);
	return thread->cpu->resched;
}

static uint32_t sys_vgic_access(struct thread *thread)
{
	uint64_t ipa = thread->host.x[0];
	uint64_t flags = thread->host.x[1];
	uint64_t value = thread->host.x[2];
	uint32_t size = (uint32_t)(flags & 0xfu);
	status_t status = STATUS_INVALID;

	if (thread->vcpu == NULL)
		status = STATUS_DENIED;
	else if ((flags & ~0x10full) == 0u &&
	         (size == 1u || size == 2u || size == 4u || size == 8u))
		status = vcpu_vgic_access(thread->vcpu, ipa, size, (flags & 0x100u) != 0u, &value);
	thread->host.x[0] = (uint64_t)status;
	thread->host.x[1] = value;
	return thread->cpu->resched;
}

static uint32_t sys_irq_ack(struct thread *thread)
{
	const struct config_handle *handle =
		system_handle(thread->process, thread->host.x[0], HANDLE_INTERRUPT);

	/* Only the thread that is told may acknowledge: the interrupt is active on its CPU. */
	if (handle == NULL || system_interrupt(handle->object)->thread != thread) {
		thread->host.x[0] = (uint64_t)STATUS_HANDLE;
		return SYSCALL_RETURN;
	}
	interrupt_ack(system_interrupt(handle->object));
	thread->host.x[0] = (uint64_t)STATUS_OK;
	return SYSCALL_RETURN;
}

static uint32_t sys_process_control(struct thread *thread)
{
	uint64_t op = thread->host.x[1];
	const struct config_handle *handle =
		system_handle(thread->process, thread->host.x[0], HANDLE_PROCESS);
	status_t status = STATUS_INVALID;

	if (handle == NULL)
		status = STATUS_HANDLE;
	else if ((handle->argument & RIGHT_CONTROL) == 0u)
		status = STATUS_DENIED;
	else if (op == PROCESS_STOP)
		status = process_stop(system_process(handle->object), EXIT_REASON_STOPPED, 0u, 0u);
	else if (op == PROCESS_START)
		status = process_start(system_process(handle->object));
	thread->host.x[0] = (uint64_t)status;
	return thread->cpu->resched;
}

static void syscall_usage(const struct process *process, struct context *context)
{
	uint64_t ticks = 0u;
	uint64_t exits = 0u;
	uint64_t periods = 0u;
	uint64_t overruns = 0u;

	for (uint32_t i = 0u; i < process->config->thread_count; i++) {
		const struct thread *thread = system_thread(process->config->thread[i]);

		ticks += sched_ticks_used(thread);
		exits += __atomic_load_n(&thread->exits, __ATOMIC_RELAXED);
		periods += __atomic_load_n(&thread->periods, __ATOMIC_RELAXED);
		overruns += __atomic_load_n(&thread->overruns, __ATOMIC_RELAXED);
	}
	context->x[1] = ticks;
	context->x[2] = exits;
	context->x[3] = periods;
	context->x[4] = overruns;
	context->x[5] = arch_now();
	context->x[6] = __atomic_load_n(&system_thread(process->config->thread[0])->cpu->entries,
	                                __ATOMIC_RELAXED);
}

static uint32_t sys_process_status(struct thread *thread)
{
	struct context *context = &thread->host;
	uint64_t item = context->x[1];
	const struct config_handle *handle =
		system_handle(thread->process, context->x[0], HANDLE_PROCESS);
	const struct process *process;

	context->x[0] = (uint64_t)STATUS_OK;
	if (handle == NULL) {
		context->x[0] = (uint64_t)STATUS_HANDLE;
	} else if ((handle->argument & RIGHT_STATUS) == 0u) {
		context->x[0] = (uint64_t)STATUS_DENIED;
	} else if (item == STATUS_ITEM_STATE) {
		process = system_process(handle->object);
		context->x[1] = process_state(process);
		context->x[2] = process->reason;
		context->x[3] = process->code;
		context->x[4] = process->address;
		context->x[5] = process->starts;
		context->x[6] = process->config->flags;
	} else if (item == STATUS_ITEM_USAGE) {
		syscall_usage(system_process(handle->object), context);
	} else {
		context->x[0] = (uint64_t)STATUS_INVALID;
	}
	return SYSCALL_RETURN;
}

static uint32_t sys_system_control(struct thread *thread)
{
	uint64_t op = thread->host.x[1];

	if (system_handle(thread->process, thread->host.x[0], HANDLE_SYSTEM) == NULL) {
		thread->host.x[0] = (uint64_t)STATUS_HANDLE;
		return SYSCALL_RETURN;
	}
	if (op == SYSTEM_OFF)
		arch_system_off();
	else if (op == SYSTEM_RESET)
		arch_system_reset();
	/* the firmware came back: it cannot */
	thread->host.x[0] = (uint64_t)STATUS_INVALID;
	return SYSCALL_RETURN;
}

static uint32_t sys_trace(struct thread *thread)
{
	trace_event(thread->cpu, TRACE_USER, thread->host.x[0], thread->host.x[1]);
	thread->host.x[0] = (uint64_t)STATUS_OK;
	return SYSCALL_RETURN;
}

static uint32_t sys_exit(struct thread *thread)
{
	uint64_t reason = thread->host.x[0];

	if (reason != EXIT_REASON_OFF && reason != EXIT_REASON_RESET)
		reason = EXIT_REASON_FAILED;
	/* STATUS_STATE: somebody else is stopping it already */
	(void)process_stop(thread->process, reason, thread->host.x[1], 0u);
	sched_poke(thread);
	return SYSCALL_RESUME;
}

#define SYSCALL(number, NAME, name) [number] = sys_##name,
static uint32_t (*const syscall_table[])(struct thread *) = {
#include "abi/syscalls.def"
};
#undef SYSCALL

uint32_t syscall_other(struct thread *thread, uint64_t number)
{
	if (number < SYSCALL_COUNT)
		return syscall_table[number](thread);
	thread->host.x[0] = (uint64_t)STATUS_UNKNOWN;
	return SYSCALL_RETURN;
}

/* The call is made, and then the thread waits for its budget. */
uint32_t syscall_overrun(struct thread *thread, uint64_t number)
{
	bool depleted;

	sched_overrun_end(thread);
	depleted = thread->cpu->resched;
	return syscall_other(thread, number) | (depleted ? SYSCALL_RESUME : SYSCALL_RETURN);
}
