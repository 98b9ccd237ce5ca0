/* sources: kernel/timer.c kernel/budget.c kernel/sched.c kernel/process.c kernel/system.c kernel/notify.c kernel/syscall.c kernel/vcpu.c kernel/interrupt.c kernel/panic.c kernel/vgic.c kernel/vgic_lr.c kernel/vgic_regs.c kernel/vgic_backed.c arch/host/host.c arch/host/host_lr.c */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portable kernel on the fake architecture: two CPUs, a supervisor and a lower task on
 * CPU 0, a VM's vCPU thread and a driver on CPU 1. REQ-SCHED-002, REQ-SCHED-004 to
 * REQ-SCHED-006, REQ-SCHED-005, REQ-VCPU-001, REQ-VCPU-002, REQ-VCPU-011, REQ-SUP-004.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/status.h"
#include "abi/vcpu.h"
#include "arch/host/host.h"
#include "kernel/budget.h"
#include "kernel/interrupt.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/system.h"
#include "kernel/vcpu.h"

enum { SUPERVISOR, TASK, VMP, DRIVER, PROCESSES };

static struct config config;
static struct config_cpu cpus[2];
static struct config_process processes[PROCESSES];
static struct config_thread threads[PROCESSES];
static struct config_vm vms[1];
static struct config_vcpu vcpus[1];
static struct config_handle handles[16];
static struct config_interrupt interrupts[1];
extern const struct object_size object_sizes[OBJECT_KINDS];
static void *objects;

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static struct thread *thread_of(uint32_t process)
{
	return system_thread(processes[process].thread[0]);
}

static void set_process(uint32_t index, uint32_t thread, uint32_t cpu, uint32_t priority)
{
	processes[index] = (struct config_process){
		.entry = 0x210000u,
		.vm = IMAGE_NONE,
		.thread_count = 1,
		.thread = {thread},
		.supervisor_thread = index == SUPERVISOR ? IMAGE_NONE : 0u,
		.supervisor_bit = 7,
		.handle_first = 4u * index,
		.handle_count = 4,
	};
	threads[thread] = (struct config_thread){
		.process = index, .cpu = cpu, .priority = priority, .vcpu = IMAGE_NONE};
}

/* Nothing should idle in these tests unless it says so. */
static void idle_fails(struct cpu *cpu)
{
	(void)cpu;
	fail_msg("the CPU went idle");
}

static jmp_buf idle_jump;

static void idle_leaves(struct cpu *cpu)
{
	(void)cpu;
	longjmp(idle_jump, 1);
}

/* Runs sched_resume; NULL when the CPU goes idle. */
static struct context *resume(uint32_t cpu)
{
	host.cpu = system_cpu(cpu);
	host.idle = idle_leaves;
	if (setjmp(idle_jump) != 0)
		return NULL;
	return sched_resume(host.cpu);
}

static int setup(void **state)
{
	const uint32_t counts[OBJECT_KINDS] = {2, PROCESSES, PROCESSES, 1, 1, 1, 2};
	uint64_t at = 0u;

	(void)state;
	memset(&host, 0, sizeof(host));
	host.idle = idle_fails;
	host.now = 1000u;
	host.deadline = UINT64_MAX;
	memset(handles, 0, sizeof(handles));
	set_process(SUPERVISOR, 0, 0, 200);
	set_process(TASK, 1, 0, 100);
	set_process(DRIVER, 2, 1, 200);
	set_process(VMP, 3, 1, 10);
	threads[3].vcpu = 0;
	processes[VMP].vm = 0;
	cpus[0] = (struct config_cpu){.thread_first = 0, .thread_count = 2};
	cpus[1] = (struct config_cpu){.mpidr = 1, .thread_first = 2, .thread_count = 2};
	vms[0] = (struct config_vm){.gicd_ipa = 0x8000000u,
	                            .gicr_ipa = 0x80a0000u,
	                            .process = VMP,
	                            .vcpu_count = 1,
	                            .spi_count = 64};
	vcpus[0] = (struct config_vcpu){.vm = 0, .thread = 3, .vmpidr = 0x80000000u};
	interrupts[0] = (struct config_interrupt){.intid = 33, .thread = 2, .bit = 3};
	/* supervisor: the others' processes; task: notify the VM; driver: its interrupt */
	for (uint32_t i = 1u; i < PROCESSES; i++)
		handles[i - 1u] =
			(struct config_handle){HANDLE_PROCESS, i, RIGHT_STATUS | RIGHT_CONTROL, 0};
	handles[4u * TASK] = (struct config_handle){HANDLE_NOTIFY, 3, 5, 0};
	handles[4u * TASK + 1u] = (struct config_handle){HANDLE_NOTIFY, 2, 6, 0};
	handles[4u * DRIVER] = (struct config_handle){HANDLE_INTERRUPT, 0, 0, 0};
	config = (struct config){
		.magic = CONFIG_MAGIC,
		.abi_version = ABI_VERSION,
		.cpu_count = 2,
		.process_count = PROCESSES,
		.thread_count = PROCESSES,
		.vm_count = 1,
		.vcpu_count = 1,
		.handle_count = 16,
		.interrupt_count = 1,
		.cpus = address(cpus),
		.processes = address(processes),
		.threads = address(threads),
		.vms = address(vms),
		.vcpus = address(vcpus),
		.handles = address(handles),
		.interrupts = address(interrupts),
	};
	objects = aligned_alloc(PAGE_BYTES, 64u * PAGE_BYTES);
	for (uint32_t kind = 0u; kind < OBJECT_KINDS; kind++) {
		config.objects[kind] = address(objects) + at;
		at += (uint64_t)counts[kind] * object_sizes[kind].bytes;
	}
	assert_true(at <= 64u * PAGE_BYTES);
	config.objects_start = address(objects);
	config.objects_bytes = 64u * PAGE_BYTES;
	system_init(&config);
	system_cpu(0)->online = 1u;
	system_cpu(1)->online = 1u;
	host.cpu = system_cpu(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(objects);
	return 0;
}

static void start_all(void)
{
	host.cpu = system_cpu(0);
	for (uint32_t i = 0u; i < PROCESSES; i++)
		assert_int_equal(process_start(system_process(i)), STATUS_OK);
}

static bool call(struct thread *thread, uint64_t number, uint64_t a, uint64_t b)
{
	host.cpu = thread->cpu;
	thread->host.x[0] = a;
	thread->host.x[1] = b;
	return syscall_dispatch(thread, number) == SYSCALL_RETURN;
}

static void test_timer_heap(void **state)
{
	static struct timer_queue queue;
	static struct timer timers[64];
	uint64_t last = 0u;
	uint32_t taken = 0u;

	(void)state;
	srand(1);
	for (uint32_t i = 0u; i < 1000u; i++)
		timer_arm(&queue, &timers[(uint32_t)rand() % 64u], (uint64_t)rand() % 500u);
	for (uint32_t i = 0u; i < 20u; i++)
		timer_cancel(&queue, &timers[i]);
	assert_int_equal(queue.count, 44);
	for (struct timer *timer; (timer = timer_take(&queue, 500u)) != NULL; taken++) {
		assert_true(timer->deadline >= last);
		last = timer->deadline;
	}
	assert_int_equal(taken, 44);
	assert_int_equal(timer_next(&queue), TIMER_NEVER);
}

static void test_budget_no_window_above_it(void **state)
{
	struct budget budget = {.full = 100u, .period = 1000u, .left = 100u};
	uint64_t used[4000] = {0};
	uint64_t now = 0u;

	(void)state;
	srand(2);
	while (now < 3900u) {
		uint64_t ticks = 1u + (uint64_t)rand() % 30u;

		budget_replenish(&budget, now);
		if (ticks > budget.left)
			ticks = budget.left;
		budget_consume(&budget, now, ticks);
		for (uint64_t i = 0u; i < ticks; i++)
			used[now + i] = 1u;
		now += ticks + (uint64_t)rand() % 20u + 1u;
	}
	for (uint64_t start = 0u; start + 1000u < 4000u; start++) {
		uint64_t sum = 0u;

		for (uint64_t i = 0u; i < 1000u; i++)
			sum += used[start + i];
		assert_true(sum <= 100u);
	}
}

/* Running past the budget earns nothing: a period sees it and an overrun for each stretch. */
static void test_budget_overrun_is_no_credit(void **state)
{
	struct budget budget = {.full = 1000u, .period = 10000u, .left = 1000u};
	uint64_t now = 0u;
	uint64_t used = 0u;

	(void)state;
	while (now < 10000000u) {
		uint64_t ticks;

		budget_replenish(&budget, now);
		if (budget.left == 0u) {
			now = budget_next(&budget);
			continue;
		}
		/* two stretches, the second one late by 50 */
		ticks = budget.left > 400u ? 400u : budget.left + 50u;
		budget_consume(&budget, now, ticks);
		used += ticks;
		now += ticks + 1u;
	}
	assert_true(used <= now / budget.period * (budget.full + BUDGET_CHUNKS * 50u));
}

static void test_priority_and_idle(void **state)
{
	(void)state;
	assert_null(resume(0));
	start_all();
	assert_ptr_equal(resume(0), &thread_of(SUPERVISOR)->host);
	assert_ptr_equal(resume(1), &thread_of(DRIVER)->host);
	assert_false(call(thread_of(DRIVER), SYSCALL_WAIT, UINT64_MAX, UINT64_MAX));
	assert_ptr_equal(resume(1), &thread_of(VMP)->host);
	assert_false(call(thread_of(VMP), SYSCALL_WAIT, UINT64_MAX, UINT64_MAX));
	assert_null(resume(1));
	assert_int_equal(host.deadline, UINT64_MAX);
}

static void test_wait_times_out(void **state)
{
	(void)state;
	start_all();
	(void)resume(0);
	assert_false(call(thread_of(SUPERVISOR), SYSCALL_WAIT, 0u, 5000u));
	assert_ptr_equal(resume(0), &thread_of(TASK)->host);
	assert_int_equal(host.deadline, 5000u);
	host.now = 5000u;
	sched_timer_interrupt(system_cpu(0));
	assert_true(system_cpu(0)->resched);
	assert_ptr_equal(resume(0), &thread_of(SUPERVISOR)->host);
	assert_int_equal(thread_of(SUPERVISOR)->host.x[0], 0u);
	assert_int_equal(thread_of(SUPERVISOR)->periods, 1u);
	assert_true(call(thread_of(SUPERVISOR), SYSCALL_WAIT, 1u, 0u));
}

static void test_notify_sends_ipi_only_when_it_preempts(void **state)
{
	(void)state;
	start_all();
	(void)resume(0);
	(void)resume(1);
	memset(host.ipis, 0, sizeof(host.ipis));
	assert_false(call(thread_of(SUPERVISOR), SYSCALL_WAIT, 0u, UINT64_MAX));
	(void)resume(0);
	/* the driver runs on CPU 1: its VM thread below it gets no interrupt, the driver does */
	assert_true(call(thread_of(TASK), SYSCALL_NOTIFY, 0u, 0u));
	assert_int_equal(host.ipis[1], 0);
	assert_true(call(thread_of(TASK), SYSCALL_NOTIFY, 1u, 0u));
	assert_int_equal(host.ipis[1], 1);
	assert_true(call(thread_of(TASK), SYSCALL_NOTIFY, 1u, 0u));
	assert_int_equal(host.ipis[1], 1);
	assert_int_equal(thread_of(VMP)->word, 1u << 5);
	assert_true(call(thread_of(DRIVER), SYSCALL_WAIT, UINT64_MAX, 0u));
	assert_int_equal(thread_of(DRIVER)->host.x[0], 1u << 6);
}

static void test_handles_are_checked(void **state)
{
	struct thread *thread;

	(void)state;
	start_all();
	(void)resume(0);
	thread = thread_of(TASK);
	for (uint64_t handle = 0u; handle < 8u; handle++) {
		bool good = handle < 2u;

		(void)call(thread, SYSCALL_NOTIFY, handle, 0u);
		assert_int_equal(thread->host.x[0], (uint64_t)(good ? STATUS_OK : STATUS_HANDLE));
		(void)call(thread, SYSCALL_PROCESS_CONTROL, handle, PROCESS_STOP);
		assert_int_equal(thread->host.x[0], (uint64_t)STATUS_HANDLE);
		(void)call(thread, SYSCALL_IRQ_ACK, handle, 0u);
		assert_int_equal(thread->host.x[0], (uint64_t)STATUS_HANDLE);
		(void)call(thread, SYSCALL_SYSTEM_CONTROL, handle, 0u);
		assert_int_equal(thread->host.x[0], (uint64_t)STATUS_HANDLE);
	}
	assert_int_equal(host.off_calls, 0);
	(void)call(thread, 500u, 0u, 0u);
	assert_int_equal(thread->host.x[0], (uint64_t)STATUS_UNKNOWN);
	(void)call(thread, SYSCALL_VCPU_RUN, 0u, 0u);
	assert_int_equal(thread->host.x[0], VCPU_EXIT_REFUSED);
	(void)call(thread, SYSCALL_VIRQ_LINE, 40u, 1u);
	assert_int_equal(thread->host.x[0], (uint64_t)STATUS_DENIED);
	(void)call(thread, SYSCALL_NOTIFY, UINT64_MAX, 0u);
	assert_int_equal(thread->host.x[0], (uint64_t)STATUS_HANDLE);
}

/* A handle is not enough: its rights, whose interrupt it is, what the call takes. */
static void test_rights_are_checked(void **state)
{
	struct thread *task;

	(void)state;
	handles[4u * TASK] = (struct config_handle){HANDLE_PROCESS, DRIVER, RIGHT_STATUS, 0};
	handles[4u * TASK + 1u] = (struct config_handle){HANDLE_PROCESS, DRIVER, RIGHT_CONTROL, 0};
	handles[4u * TASK + 2u] = (struct config_handle){HANDLE_INTERRUPT, 0, 0, 0};
	start_all();
	(void)resume(0);
	(void)resume(1);
	task = thread_of(TASK);
	(void)call(task, SYSCALL_PROCESS_CONTROL, 0u, PROCESS_STOP);
	assert_int_equal(task->host.x[0], (uint64_t)STATUS_DENIED);
	(void)call(task, SYSCALL_PROCESS_STATUS, 0u, STATUS_ITEM_STATE);
	assert_int_equal(task->host.x[0], (uint64_t)STATUS_OK);
	(void)call(task, SYSCALL_PROCESS_STATUS, 1u, STATUS_ITEM_STATE);
	assert_int_equal(task->host.x[0], (uint64_t)STATUS_DENIED);
	host.cpu = system_cpu(1);
	assert_true(interrupt_deliver(33u));
	(void)call(task, SYSCALL_IRQ_ACK, 2u, 0u);
	assert_int_equal(task->host.x[0], (uint64_t)STATUS_HANDLE);
	assert_int_equal(host.deactivations, 0);
	(void)call(thread_of(VMP), SYSCALL_VIRQ_LINE, 40u, 2u);
	assert_int_equal(thread_of(VMP)->host.x[0], (uint64_t)STATUS_INVALID);
	(void)call(thread_of(VMP), SYSCALL_VIRQ_LINE, 32u + 64u, 1u);
	assert_int_equal(thread_of(VMP)->host.x[0], (uint64_t)STATUS_INVALID);
}

static void test_wait_takes_its_mask(void **state)
{
	struct thread *task = thread_of(TASK);

	(void)state;
	start_all();
	(void)resume(0);
	sched_notify(task, 6u);
	assert_true(call(task, SYSCALL_WAIT, 2u, UINT64_MAX));
	assert_int_equal(task->host.x[0], 2u);
	assert_true(call(task, SYSCALL_WAIT, UINT64_MAX, 0u));
	assert_int_equal(task->host.x[0], 4u);
}

/* What the driver was told and waited for before it was stopped is not its next life's. */
static void test_start_is_a_new_life(void **state)
{
	struct thread *driver = thread_of(DRIVER);

	(void)state;
	start_all();
	(void)resume(1);
	sched_notify(driver, 1u << 9);
	assert_false(call(driver, SYSCALL_WAIT, 1u, 5000u));
	(void)resume(1);
	assert_int_equal(host.deadline, 5000u);
	assert_int_equal(process_stop(system_process(DRIVER), EXIT_REASON_STOPPED, 0u, 0u),
	                 STATUS_OK);
	assert_ptr_equal(resume(1), &thread_of(VMP)->host);
	assert_int_equal(host.deadline, UINT64_MAX);
	assert_int_equal(process_start(system_process(DRIVER)), STATUS_OK);
	assert_ptr_equal(resume(1), &driver->host);
	assert_true(call(driver, SYSCALL_WAIT, UINT64_MAX, 0u));
	assert_int_equal(driver->host.x[0], 0u);
}

static void test_stop_and_start_across_cpus(void **state)
{
	struct thread *supervisor;

	(void)state;
	start_all();
	(void)resume(0);
	(void)resume(1);
	supervisor = thread_of(SUPERVISOR);
	memset(host.ipis, 0, sizeof(host.ipis));
	assert_int_equal(host.irq_enables, 1);
	(void)call(supervisor, SYSCALL_PROCESS_CONTROL, DRIVER - 1u, PROCESS_STOP);
	assert_int_equal(supervisor->host.x[0], (uint64_t)STATUS_OK);
	assert_int_equal(host.ipis[1], 1);
	(void)call(supervisor, SYSCALL_PROCESS_STATUS, DRIVER - 1u, STATUS_ITEM_STATE);
	assert_int_equal(supervisor->host.x[1], PROCESS_STATE_STOPPING);
	(void)call(supervisor, SYSCALL_PROCESS_CONTROL, DRIVER - 1u, PROCESS_START);
	assert_int_equal(supervisor->host.x[0], (uint64_t)STATUS_STATE);
	assert_ptr_equal(resume(1), &thread_of(VMP)->host);
	assert_int_equal(host.irq_disables, 1);
	assert_int_equal(supervisor->word & (1u << 7), 1u << 7);
	(void)call(supervisor, SYSCALL_PROCESS_STATUS, DRIVER - 1u, STATUS_ITEM_STATE);
	assert_int_equal(supervisor->host.x[1], PROCESS_STATE_STOPPED);
	assert_int_equal(supervisor->host.x[2], EXIT_REASON_STOPPED);
	(void)call(supervisor, SYSCALL_PROCESS_CONTROL, DRIVER - 1u, PROCESS_START);
	assert_int_equal(supervisor->host.x[0], (uint64_t)STATUS_OK);
	assert_ptr_equal(resume(1), &thread_of(DRIVER)->host);
	assert_int_equal(thread_of(DRIVER)->host.pc, 0x210000u);
	assert_int_equal(system_process(DRIVER)->starts, 2);
}

static void test_missing_cpu(void **state)
{
	(void)state;
	system_cpu(1)->online = 0u;
	assert_int_equal(process_start(system_process(DRIVER)), STATUS_ABSENT);
	assert_int_equal(process_state(system_process(DRIVER)), PROCESS_STATE_ABSENT);
	assert_int_equal(process_start(system_process(TASK)), STATUS_OK);
}

static void test_exit_of_a_process(void **state)
{
	(void)state;
	start_all();
	(void)resume(0);
	assert_false(call(thread_of(SUPERVISOR), SYSCALL_WAIT, 1u << 7, UINT64_MAX));
	(void)resume(0);
	assert_false(call(thread_of(TASK), SYSCALL_EXIT, 77u, 5u));
	assert_ptr_equal(resume(0), &thread_of(SUPERVISOR)->host);
	assert_int_equal(thread_of(SUPERVISOR)->host.x[0], 1u << 7);
	assert_int_equal(system_process(TASK)->reason, EXIT_REASON_FAILED);
	assert_int_equal(system_process(TASK)->code, 5u);
}

static void test_interrupt_of_a_driver(void **state)
{
	(void)state;
	start_all();
	(void)resume(1);
	assert_false(call(thread_of(DRIVER), SYSCALL_WAIT, UINT64_MAX, UINT64_MAX));
	assert_ptr_equal(resume(1), &thread_of(VMP)->host);
	assert_false(interrupt_deliver(34u));
	assert_true(interrupt_deliver(33u));
	assert_ptr_equal(resume(1), &thread_of(DRIVER)->host);
	assert_int_equal(thread_of(DRIVER)->host.x[0], 1u << 3);
	(void)call(thread_of(DRIVER), SYSCALL_IRQ_ACK, 0u, 0u);
	assert_int_equal(host.deactivations, 1);
	(void)call(thread_of(DRIVER), SYSCALL_IRQ_ACK, 0u, 0u);
	assert_int_equal(host.deactivations, 1);
}

/* Runs the VM's thread into its guest. */
static struct vcpu *enter_guest(void)
{
	start_all();
	(void)resume(1);
	assert_false(call(thread_of(DRIVER), SYSCALL_WAIT, 1u, UINT64_MAX));
	assert_ptr_equal(resume(1), &thread_of(VMP)->host);
	assert_false(call(thread_of(VMP), SYSCALL_VCPU_RUN, VCPU_RESUME, 0u));
	assert_ptr_equal(resume(1), &system_vcpu(0)->guest);
	return system_vcpu(0);
}

static void test_vcpu_operations_fit_the_exit(void **state)
{
	struct vcpu *vcpu = enter_guest();

	(void)state;
	vcpu_exit(thread_of(VMP), VCPU_EXIT_MMIO_READ, 0x9000000u, 4u, 0u, 0u);
	for (uint64_t op = 0u; op < 12u; op++) {
		if (op == VCPU_READ_VALUE || op == VCPU_ABORT || op == VCPU_RETRY)
			continue;
		assert_true(call(thread_of(VMP), SYSCALL_VCPU_RUN, op, 0u));
		assert_int_equal(thread_of(VMP)->host.x[0], VCPU_EXIT_REFUSED);
	}
	assert_false(call(thread_of(VMP), SYSCALL_VCPU_RUN, VCPU_READ_VALUE, 42u));
	assert_int_equal(host.read_value, 42u);
	assert_ptr_equal(resume(1), &vcpu->guest);
}

static void test_notification_ends_vcpu_run(void **state)
{
	struct thread *thread;

	(void)state;
	(void)enter_guest();
	thread = thread_of(VMP);
	host.cpu = system_cpu(0);
	memset(host.ipis, 0, sizeof(host.ipis));
	sched_notify(thread, 1u << 5);
	assert_int_equal(host.ipis[1], 1);
	host.cpu = system_cpu(1);
	host.cpu->resched = false;
	sched_kick(host.cpu); /* the IPI is taken in the guest */
	assert_true(host.cpu->resched);
	assert_ptr_equal(resume(1), &thread->host);
	assert_int_equal(thread->host.x[0], VCPU_EXIT_NOTIFIED);
	assert_int_equal(thread->host.x[1], 1u << 5);
	/* not taken: it comes again at once */
	assert_false(call(thread, SYSCALL_VCPU_RUN, VCPU_RESUME, 0u));
	assert_ptr_equal(resume(1), &thread->host);
	assert_true(call(thread, SYSCALL_WAIT, UINT64_MAX, 0u));
	assert_false(call(thread, SYSCALL_VCPU_RUN, VCPU_RESUME, 0u));
	assert_ptr_equal(resume(1), &system_vcpu(0)->guest);
}

static void test_guest_idles_until_notified(void **state)
{
	struct thread *thread;

	(void)state;
	(void)enter_guest();
	thread = thread_of(VMP);
	host.cpu = system_cpu(1);
	host.cpu->resched = true;
	assert_false(vcpu_wait_for_interrupt(thread));
	assert_null(resume(1));
	host.cpu = system_cpu(0);
	sched_notify(thread, 1u);
	assert_ptr_equal(resume(1), &thread->host);
}

static void test_calls_answered_by_the_kernel(void **state)
{
	struct context guest = {.x = {0x84000000u}};

	(void)state;
	assert_true(vcpu_call(&guest));
	assert_int_equal(guest.x[0], 0x10001u);
	guest.x[0] = 0x12345678u;
	assert_true(vcpu_call(&guest));
	assert_int_equal(guest.x[0], UINT64_MAX);
	guest.x[0] = 0xc4000003u;
	assert_false(vcpu_call(&guest));
	guest.x[0] = 0x80000001u;
	assert_false(vcpu_call(&guest));
	guest.x[0] = 0xc4000020u;
	assert_true(vcpu_call(&guest));
}

/* Any sequence of calls by any thread with any argument keeps the kernel's invariants. */
static void test_random_calls(void **state)
{
	(void)state;
	srand(3);
	start_all();
	for (uint32_t i = 0u; i < 200000u; i++) {
		struct cpu *cpu = system_cpu((uint32_t)rand() % 2u);
		struct context *context;
		uint64_t small = (uint64_t)rand() % 12u;
		uint64_t number = (uint64_t)rand() % (SYSCALL_COUNT + 1u);

		host.now += (uint64_t)rand() % 100u;
		if (rand() % 8 == 0) {
			host.cpu = cpu;
			sched_timer_interrupt(cpu);
		}
		for (uint32_t p = 0u; p < PROCESSES && rand() % 16 == 0; p++)
			(void)process_start(system_process(p));
		context = resume(cpu->index);
		for (uint32_t slot = 0u; slot < 2u; slot++) {
			struct thread *thread = cpu->slots[slot];
			bool ready = thread->state == THREAD_READY && !thread->budget.depleted;

			assert_int_equal((cpu->ready & thread->bit) != 0u, ready);
			if (system_process(thread->config->process)->state == PROCESS_STATE_STOPPED)
				assert_int_equal(thread->state, THREAD_PARKED);
		}
		if (context == NULL || cpu->current == NULL)
			continue;
		assert_ptr_equal(context, cpu->current->context);
		if (cpu->current->in_guest) {
			vcpu_exit(cpu->current, (uint32_t)small % 6u, small, 0u, 0u, 0u);
			continue;
		}
		if (number == SYSCALL_SYSTEM_CONTROL)
			continue;
		(void)call(cpu->current, number, rand() % 4 != 0 ? small : (uint64_t)rand() << 33,
		           rand() % 2 != 0 ? small : host.now + (uint64_t)rand() % 1000u);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timer_heap),
		cmocka_unit_test(test_budget_no_window_above_it),
		cmocka_unit_test(test_budget_overrun_is_no_credit),
		cmocka_unit_test_setup_teardown(test_priority_and_idle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wait_times_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notify_sends_ipi_only_when_it_preempts, setup,
	                                        teardown),
		cmocka_unit_test_setup_teardown(test_handles_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rights_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wait_takes_its_mask, setup, teardown),
		cmocka_unit_test_setup_teardown(test_start_is_a_new_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_and_start_across_cpus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exit_of_a_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt_of_a_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vcpu_operations_fit_the_exit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notification_ends_vcpu_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guest_idles_until_notified, setup, teardown),
		cmocka_unit_test(test_calls_answered_by_the_kernel),
		cmocka_unit_test_setup_teardown(test_random_calls, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
