/* SPDX-License-Identifier: Apache-2.0 */
/* sources: kernel/timer.c kernel/budget.c kernel/sched.c kernel/process.c kernel/system.c */
/* sources: kernel/syscall.c kernel/notify.c kernel/vcpu.c kernel/interrupt.c kernel/panic.c kernel/vgic.c */
/* sources: kernel/vgic_lr.c kernel/vgic_regs.c kernel/vgic_backed.c arch/host/host_lr.c user/lib/channel.c */
/* build: plain thread */
/* broken: plain | kernel/process.c | process_park(thread); | (void)process_park; */
/* broken: thread | kernel/process.c | remaining, 1u, __ATOMIC_ACQ_REL | remaining, 1u, __ATOMIC_RELAXED */
/* broken: thread | user/lib/channel.c | __atomic_store_n(&ring->head, end->head, __ATOMIC_RELEASE) | ring->head = end->head */
/*
 * Notify and wait, stop and start, and channels on four CPUs: the scheduler, processes, timers and
 * system calls of the kernel, and the channel code of programs.
 *
 * Each CPU has a talker, which sends numbers to the talker of the next CPU over a channel and checks
 * those that it gets, and a lower thread of one process, the victim, whose threads notify each
 * other, wait with and without deadlines, and end their process. CPU 0 has the supervisor, which
 * stops and restarts the victim. A wake-up that is lost stops the talkers for ever.
 */
#include "tests/storm/storm_machine.h"

#include <setjmp.h>
#include <string.h>

#include "abi/status.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/system.h"
#include "user/lib/channel.h"

#define THREADS   9u /* supervisor; talker and victim of each CPU */
#define VICTIM    5u /* process: 0 the supervisor, 1 to 4 the talkers */
#define NUMBERS   100000u
#define RESTARTS  2000u
#define TALKER(n) ((n) == 0u ? 1u : 1u + 2u * (n))

enum { SENDS, RECEIVES };

static struct config config;
static struct config_cpu cpus[STORM_CPUS];
static struct config_process processes[VICTIM + 1u];
static struct config_thread threads[THREADS];
static struct config_handle handles[32];
extern const struct object_size object_sizes[OBJECT_KINDS];
static struct channel channels[STORM_CPUS]; /* n: from talker n (side 0) to talker n + 1 */
static uint64_t deadlines[STORM_CPUS];
static uint32_t talkers_done;
static uint32_t restarts;
static __thread jmp_buf off;

struct talker {
	struct channel_end out, in;
	uint32_t sent, received;
	bool open, counted;
};

static struct talker talkers[STORM_CPUS];

/* ---- the architecture --------------------------------------------------------------------- */

uint64_t arch_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t arch_ticks_per_second(void)
{
	return 1000000u;
}

void arch_timer_program(uint64_t deadline)
{
	deadlines[storm_index] = deadline;
}

struct cpu *arch_cpu(void)
{
	return system_cpu(storm_index);
}

void arch_ipi(const struct cpu *target)
{
	CHECK(target->index != storm_index);
	storm_interrupt(target->index);
}

/* gic_handle of arch/arm64/gicv3.c */
static bool handle(struct cpu *cpu)
{
	if (storm_taken(storm_index)) {
		sched_kick(cpu);
		return true;
	}
	if (arch_now() >= deadlines[storm_index]) {
		deadlines[storm_index] = UINT64_MAX;
		sched_timer_interrupt(cpu);
		return true;
	}
	return false;
}

void arch_interrupts(struct cpu *cpu)
{
	(void)handle(cpu);
}

bool arch_idle(struct cpu *cpu)
{
	while (!handle(cpu)) {
		if (storm_done())
			longjmp(off, 1);
		sched_yield();
	}
	return false;
}

void arch_pause(void)
{
	sched_yield();
}

void arch_thread_load(struct cpu *cpu, struct thread *to)
{
	CHECK(to->cpu == cpu);
}

void arch_vcpu_unload(struct cpu *cpu)
{
	(void)cpu;
	CHECK(false);
}

void arch_thread_discard(struct cpu *cpu, struct thread *thread)
{
	CHECK(thread->cpu == cpu);
}

void arch_context_init(struct context *context, uint64_t entry, uint64_t stack, uint64_t argument)
{
	*context = (struct context){.pc = entry, .sp = stack};
	context->x[0] = argument;
}

void arch_vcpu_enter(struct cpu *cpu, struct thread *thread)
{
	(void)cpu;
	(void)thread;
	CHECK(false);
}

void arch_vcpu_leave(struct cpu *cpu, struct thread *thread)
{
	arch_vcpu_enter(cpu, thread);
}

void arch_vcpu_reset(struct vcpu *vcpu)
{
	(void)vcpu;
	CHECK(false);
}

void arch_vcpu_complete_read(struct vcpu *vcpu, uint64_t value)
{
	(void)value;
	arch_vcpu_reset(vcpu);
}

void arch_vcpu_advance(struct vcpu *vcpu)
{
	arch_vcpu_reset(vcpu);
}

void arch_vcpu_inject_abort(struct vcpu *vcpu, bool fetch)
{
	(void)fetch;
	arch_vcpu_reset(vcpu);
}

void arch_vcpu_inject_undefined(struct vcpu *vcpu, bool long_instruction)
{
	(void)long_instruction;
	arch_vcpu_reset(vcpu);
}

bool arch_vcpu_get(struct vcpu *vcpu, uint64_t number, uint64_t *value)
{
	(void)vcpu;
	(void)number;
	(void)value;
	return false;
}

bool arch_vcpu_set(struct vcpu *vcpu, uint64_t number, uint64_t value)
{
	(void)vcpu;
	(void)number;
	(void)value;
	return false;
}

void arch_irq_enable(uint32_t intid, const struct cpu *cpu)
{
	(void)intid;
	(void)cpu;
}

void arch_irq_route(uint32_t intid, const struct cpu *cpu)
{
	(void)intid;
	(void)cpu;
}

void arch_irq_disable(uint32_t intid)
{
	(void)intid;
}

void arch_irq_deactivate(uint32_t intid)
{
	(void)intid;
}

void arch_console_write(const char *text)
{
	fputs(text, stderr);
}

void arch_stop_others(void)
{
}

_Noreturn void arch_halt(void)
{
	abort();
}

void arch_system_off(void)
{
	CHECK(false);
}

void arch_system_reset(void)
{
	CHECK(false);
}

/* ---- the programs: each step ends in one system call --------------------------------------- */

static uint64_t call(struct thread *thread, uint64_t number, uint64_t a, uint64_t b)
{
	thread->host.x[0] = a;
	thread->host.x[1] = b;
	return number;
}

static bool talk(struct talker *talker, uint32_t *handle_of)
{
	bool tell = false;
	uint32_t number;

	while (talker->sent < NUMBERS &&
	       channel_put(&talker->out, &talker->sent, sizeof(talker->sent), &tell) != 0u)
		talker->sent++;
	if (tell) {
		*handle_of = SENDS;
		return true;
	}
	while (channel_used(&talker->in) >= sizeof(number)) {
		CHECK(channel_take(&talker->in, &number, sizeof(number), &tell) == sizeof(number));
		CHECK(number == talker->received);
		talker->received++;
		if (tell) {
			*handle_of = RECEIVES;
			return true;
		}
	}
	return false;
}

static uint64_t talker_step(struct thread *thread, uint32_t index)
{
	struct talker *talker = &talkers[index];
	uint32_t which;

	if (!talker->open) {
		channel_open(&talker->out, &channels[index], 0u, 0u);
		channel_resume(&talker->in, &channels[(index + 3u) % STORM_CPUS], 1u, 0u);
		talker->open = true;
	}
	if (talk(talker, &which))
		return call(thread, SYSCALL_NOTIFY, which, 0u);
	if (!talker->counted && talker->sent == NUMBERS && talker->received == NUMBERS) {
		talker->counted = true;
		__atomic_fetch_add(&talkers_done, 1u, __ATOMIC_RELAXED);
		return call(thread, SYSCALL_NOTIFY, 2u, 0u); /* the supervisor */
	}
	return call(thread, SYSCALL_WAIT, UINT64_MAX, UINT64_MAX);
}

static uint64_t victim_step(struct thread *thread)
{
	uint32_t state = __atomic_load_n(&thread->process->state, __ATOMIC_RELAXED);

	CHECK(state == PROCESS_STATE_RUNNING || state == PROCESS_STATE_STOPPING);
	switch (storm_pick(16u)) {
	case 0u:
		return call(thread, SYSCALL_EXIT, EXIT_REASON_RESET, 0u);
	case 1u:
	case 2u:
		return call(thread, SYSCALL_WAIT, UINT64_MAX, 0u);
	case 3u:
		return call(thread, SYSCALL_WAIT, UINT64_MAX, arch_now() + storm_pick(100u));
	case 4u:
		return call(thread, SYSCALL_WAIT, 1ull << storm_pick(4u), arch_now() + 50u);
	case 5u:
		return call(thread, SYSCALL_WAIT, UINT64_MAX, UINT64_MAX);
	default:
		return call(thread, SYSCALL_NOTIFY, storm_pick(STORM_CPUS), 0u);
	}
}

/* All is parked while the process is stopped: what the supervisor is told it may rely on. */
static uint64_t supervisor_step(struct thread *thread)
{
	struct process *victim = system_process(VICTIM);

	if (process_state(victim) == PROCESS_STATE_STOPPED) {
		for (uint32_t i = 0u; i < STORM_CPUS; i++)
			CHECK(system_thread(processes[VICTIM].thread[i])->state == THREAD_PARKED);
		CHECK(victim->reason == EXIT_REASON_RESET ||
		      victim->reason == EXIT_REASON_STOPPED || restarts == 0u);
		if (__atomic_load_n(&talkers_done, __ATOMIC_RELAXED) == STORM_CPUS &&
		    restarts >= RESTARTS)
			storm_finish();
		restarts++;
		return call(thread, SYSCALL_PROCESS_CONTROL, 0u, PROCESS_START);
	}
	if (storm_pick(4u) == 0u)
		return call(thread, SYSCALL_PROCESS_CONTROL, 0u, PROCESS_STOP);
	return call(thread, SYSCALL_WAIT, UINT64_MAX, arch_now() + 50u + storm_pick(300u));
}

static uint64_t step(struct thread *thread)
{
	uint32_t process = thread->config->process;

	if (process == 0u)
		return supervisor_step(thread);
	return process == VICTIM ? victim_step(thread) : talker_step(thread, process - 1u);
}

/* What trap_sync and trap_irq of arch/arm64/trap.c do. */
static void *run(void *index)
{
	struct cpu *cpu;

	storm_index = (uint32_t)(uintptr_t)index;
	storm_random = storm_index;
	cpu = arch_cpu();
	if (setjmp(off) != 0)
		return NULL;
	(void)sched_resume(cpu);
	while (!storm_done()) {
		struct thread *thread = cpu->current;

		CHECK(thread->state == THREAD_READY && !cpu->resched);
		if (!handle(cpu)) {
			uint64_t number = step(thread);

			(void)syscall_dispatch(thread, number);
		}
		if (cpu->resched)
			(void)sched_resume(cpu);
	}
	return NULL;
}

/* ---- the system ---------------------------------------------------------------------------- */

static void add_thread(uint32_t index, uint32_t process, uint32_t number, uint32_t cpu)
{
	threads[index] = (struct config_thread){
		.process = process, .index = number, .cpu = cpu, .vcpu = IMAGE_NONE};
	processes[process].thread[number] = index;
	processes[process].thread_count = number + 1u;
	processes[process].vm = IMAGE_NONE;
	processes[process].supervisor_thread = process == VICTIM ? 0u : IMAGE_NONE;
	processes[process].handle_first = 4u * process;
	processes[process].handle_count = 4u;
}

static void describe(void)
{
	uint32_t at = 0u;

	for (uint32_t cpu = 0u; cpu < STORM_CPUS; cpu++) {
		cpus[cpu].thread_first = at;
		if (cpu == 0u)
			add_thread(at++, 0u, 0u, 0u);
		add_thread(at++, 1u + cpu, 0u, cpu);
		add_thread(at++, VICTIM, cpu, cpu);
		cpus[cpu].thread_count = at - cpus[cpu].thread_first;
	}
	handles[0] =
		(struct config_handle){HANDLE_PROCESS, VICTIM, RIGHT_STATUS | RIGHT_CONTROL, 0u};
	for (uint32_t n = 0u; n < STORM_CPUS; n++) {
		struct config_handle *mine = &handles[4u * (1u + n)];

		mine[SENDS] = (struct config_handle){
			HANDLE_NOTIFY, processes[1u + (n + 1u) % STORM_CPUS].thread[0], 0u, 0u};
		mine[RECEIVES] = (struct config_handle){
			HANDLE_NOTIFY, processes[1u + (n + 3u) % STORM_CPUS].thread[0], 1u, 0u};
		mine[2] = (struct config_handle){HANDLE_NOTIFY, 0u, 1u, 0u};
		handles[4u * VICTIM + n] =
			(struct config_handle){HANDLE_NOTIFY, processes[VICTIM].thread[n], n, 0u};
	}
}

int main(void)
{
	const uint32_t counts[OBJECT_KINDS] = {STORM_CPUS, THREADS, VICTIM + 1u, 0u,
	                                       0u,         0u,      STORM_CPUS};
	static uint8_t objects[1u << 20] __attribute__((aligned(4096)));
	uint64_t at = 0u;

	describe();
	config = (struct config){
		.magic = CONFIG_MAGIC,
		.abi_version = ABI_VERSION,
		.cpu_count = STORM_CPUS,
		.process_count = VICTIM + 1u,
		.thread_count = THREADS,
		.handle_count = 4u * (VICTIM + 1u),
		.cpus = (uint64_t)(uintptr_t)cpus,
		.processes = (uint64_t)(uintptr_t)processes,
		.threads = (uint64_t)(uintptr_t)threads,
		.handles = (uint64_t)(uintptr_t)handles,
		.objects_start = (uint64_t)(uintptr_t)objects,
		.objects_bytes = sizeof(objects),
	};
	for (uint32_t kind = 0u; kind < OBJECT_KINDS; kind++) {
		config.objects[kind] = config.objects_start + at;
		at += (uint64_t)counts[kind] * object_sizes[kind].bytes;
	}
	CHECK(at <= sizeof(objects));
	system_init(&config);
	for (uint32_t cpu = 0u; cpu < STORM_CPUS; cpu++) {
		system_cpu(cpu)->online = 1u;
		deadlines[cpu] = UINT64_MAX;
	}
	for (uint32_t process = 0u; process <= VICTIM; process++)
		CHECK(process_start(system_process(process)) == STATUS_OK);
	storm_run(run);
	printf("%u numbers over %u channels, %u starts of the victim\n", NUMBERS, STORM_CPUS,
	       restarts);
	return 0;
}
