/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of the fuzz target `syscall`; contract in syscall_fuzz.h. Each CPU is a coroutine:
 * arch_idle() leaves it in the middle of the kernel, and the next interrupt goes on there.
 */
#include "tests/fuzz/syscall_fuzz.h"

#include <sanitizer/common_interface_defs.h>
#include <ucontext.h>

#include "abi/status.h"
#include "kernel/interrupt.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/system.h"
#include "kernel/vcpu.h"
#include "kernel/vgic_port.h"

#define STACK_BYTES 0x20000u
#define OBJECTS     (48u * 4096u)
#define GICD        0x8000000ull
#define GICR        0x80a0000ull

struct config machine_config;
struct config_process machine_processes[PROCESSES];
struct config_handle machine_handles[PROCESSES * MACHINE_HANDLES];
extern const struct object_size object_sizes[OBJECT_KINDS];

static struct config_cpu cpus[MACHINE_CPUS];
static struct config_thread threads[MACHINE_THREADS];
static struct config_vm vms[MACHINE_VMS];
static struct config_vcpu vcpus[MACHINE_VCPUS];
static struct config_interrupt interrupts[2];
static uint8_t objects[OBJECTS] __attribute__((aligned(4096)));
static uint8_t stacks[MACHINE_CPUS][STACK_BYTES] __attribute__((aligned(4096)));

/* What a CPU enters the kernel for. */
struct machine_cpu {
	ucontext_t context;
	void *fake_stack;
	uint8_t *stack;
	bool (*function)(struct cpu *);
	bool idle; /* it waits in arch_idle() */
	uint32_t ipis_served;
};

static struct machine_cpu machines[MACHINE_CPUS];
static ucontext_t outside;
static void *outside_fake_stack;
static const void *outside_stack;
static size_t outside_bytes;
static uint32_t device_intid;

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* ---- coroutines ---- */

static void leave(struct machine_cpu *machine)
{
	__sanitizer_start_switch_fiber(&machine->fake_stack, outside_stack, outside_bytes);
	swapcontext(&machine->context, &outside);
	__sanitizer_finish_switch_fiber(machine->fake_stack, &outside_stack, &outside_bytes);
}

static void run(uint32_t cpu)
{
	struct machine_cpu *machine = &machines[cpu];

	host.cpu = system_cpu(cpu);
	__sanitizer_start_switch_fiber(&outside_fake_stack, machine->stack, STACK_BYTES);
	swapcontext(&outside, &machine->context);
	__sanitizer_finish_switch_fiber(outside_fake_stack, NULL, NULL);
}

/* As trap_resume(): whatever blocks the thread, or wakes another, has set resched. */
static void resume(struct cpu *cpu)
{
	struct thread *thread = cpu->current;

	if (cpu->resched || thread == NULL) {
		FUZZ_CHECK(sched_resume(cpu) == cpu->current->context);
		return;
	}
	if (thread->in_guest)
		vcpu_prepare(thread);
	cpu->context = thread->context;
}

static void cpu_main(unsigned number)
{
	struct machine_cpu *machine = &machines[number];
	struct cpu *cpu = system_cpu(number);

	__sanitizer_finish_switch_fiber(NULL, &outside_stack, &outside_bytes);
	for (;;) {
		cpu->entries++;
		if (!machine->function(cpu))
			resume(cpu);
		leave(machine);
	}
}

static void machine_idle(struct cpu *cpu)
{
	struct machine_cpu *machine = &machines[cpu->index];

	machine->idle = true;
	leave(machine);
	machine->idle = false;
	cpu->entries++;
	host.idle_served = machine->function(cpu);
}

void machine_enter(uint32_t cpu, bool (*function)(struct cpu *))
{
	machines[cpu].function = function;
	run(cpu);
}

struct thread *machine_running(uint32_t cpu)
{
	return machines[cpu].idle ? NULL : system_cpu(cpu)->current;
}

/* ---- interrupts: as gicv3.c handles them ---- */

/* Straight back unless there is something to decide; from idle: the guest may have something. */
static bool finish(const struct cpu *cpu, bool served)
{
	return machines[cpu->index].idle ? served : !cpu->resched;
}

static bool enter_kick(struct cpu *cpu)
{
	machines[cpu->index].ipis_served = host.ipis[cpu->index];
	sched_kick(cpu);
	return finish(cpu, true);
}

static bool enter_timer(struct cpu *cpu)
{
	sched_timer_interrupt(cpu);
	cpu->resched = true;
	return finish(cpu, false);
}

static bool enter_device(struct cpu *cpu)
{
	FUZZ_CHECK(interrupt_deliver(device_intid));
	FUZZ_CHECK(!interrupt_deliver(device_intid + 100u));
	return finish(cpu, false);
}

bool machine_kicked(uint32_t cpu)
{
	return machines[cpu].ipis_served != host.ipis[cpu];
}

void machine_kick(uint32_t cpu)
{
	if (machine_kicked(cpu))
		machine_enter(cpu, enter_kick);
}

void machine_device(uint32_t intid)
{
	struct interrupt *interrupt = system_interrupt(intid - MACHINE_INTID);

	/* disabled while its process is stopped, and active until it is acknowledged */
	if (interrupt->active || interrupt->thread->state == THREAD_PARKED)
		return;
	device_intid = intid;
	machine_enter(interrupt->thread->cpu->index, enter_device);
}

void machine_time(uint64_t ticks)
{
	uint64_t end = host.now + ticks;

	for (;;) {
		uint64_t next = end;
		uint32_t due = MACHINE_CPUS;

		for (uint32_t i = 0u; i < MACHINE_CPUS; i++) {
			if (system_cpu(i)->programmed <= next) {
				next = system_cpu(i)->programmed;
				due = i;
			}
		}
		next = next < host.now ? host.now : next;
		check_ran(next - host.now);
		host.now = next;
		if (due == MACHINE_CPUS)
			return;
		machine_enter(due, enter_timer);
	}
}

uint64_t gic_address(struct fuzz *in)
{
	static const uint16_t words[] = {0x0000, 0x0080, 0x0100, 0x0180,
	                                 0x0200, 0x0280, 0x0300, 0x0380};
	uint8_t which = fuzz_u8(in);
	uint64_t word = words[which & 7u];

	if (which >= 0xf8u)
		return fuzz_number(in);
	if ((which & 8u) != 0u)
		return GICR + (uint64_t)(which >> 4 & 1u) * 0x20000u + 0x10000u + word;
	return GICD + word + (which >> 4 & 1u) * 4u;
}

/* ---- the system ---- */

static void set_thread(uint32_t thread, uint32_t process, uint32_t cpu, uint32_t priority)
{
	struct config_process *owner = &machine_processes[process];

	threads[thread] = (struct config_thread){.process = process,
	                                         .cpu = cpu,
	                                         .priority = priority,
	                                         .index = owner->thread_count,
	                                         .vcpu = IMAGE_NONE};
	owner->thread[owner->thread_count++] = thread;
}

static void set_processes(bool all)
{
	for (uint32_t i = 0u; i < PROCESSES; i++)
		machine_processes[i] = (struct config_process){
			.name = "process",
			.entry = 0x210000u,
			.vm = i >= VM1 ? i - VM1 : IMAGE_NONE,
			.flags =
				all || i == SUPERVISOR || i == DRIVER ? PROCESS_FLAG_AUTOSTART : 0u,
			.supervisor_thread = i == SUPERVISOR ? IMAGE_NONE : 0u,
			.supervisor_bit = SUPERVISOR_BIT,
			.handle_first = MACHINE_HANDLES * i,
			.handle_count = MACHINE_HANDLES,
		};
	set_thread(0u, SUPERVISOR, 0u, 200u);
	set_thread(1u, TASK, 0u, 100u);
	set_thread(2u, VM1, 0u, 50u);
	set_thread(3u, VM2, 0u, 10u);
	set_thread(4u, DRIVER, 1u, 200u);
	set_thread(5u, VM1, 1u, 100u);
	set_thread(6u, TASK, 1u, 20u);
	threads[2].vcpu = 0u;
	threads[5].vcpu = 1u;
	threads[3].vcpu = 2u;
}

static void set_budget(uint32_t thread, uint32_t budget_us, uint32_t period_us)
{
	threads[thread].budget_us = budget_us;
	threads[thread].period_us = period_us;
}

static void set_handle(uint32_t process, uint32_t handle, uint32_t kind, uint32_t object,
                       uint32_t argument)
{
	machine_handles[process * MACHINE_HANDLES + handle] =
		(struct config_handle){.kind = kind, .object = object, .argument = argument};
}

static void set_handles(void)
{
	memset(machine_handles, 0, sizeof(machine_handles));
	for (uint32_t i = TASK; i < PROCESSES; i++)
		set_handle(SUPERVISOR, i, HANDLE_PROCESS, i,
		           RIGHT_STATUS | (i != DRIVER ? RIGHT_CONTROL : 0u));
	set_handle(SUPERVISOR, 5u, HANDLE_SYSTEM, 0u, 0u);
	set_handle(SUPERVISOR, 6u, HANDLE_PROCESS, SUPERVISOR, RIGHT_CONTROL);
	set_handle(SUPERVISOR, 7u, HANDLE_NOTIFY, 3u, 1u);
	set_handle(TASK, 0u, HANDLE_NOTIFY, 0u, 5u);
	set_handle(TASK, 1u, HANDLE_NOTIFY, 4u, 6u);
	set_handle(TASK, 2u, HANDLE_NOTIFY, 6u, 4u);
	set_handle(TASK, 3u, HANDLE_NOTIFY, 2u, 3u);
	set_handle(DRIVER, 0u, HANDLE_INTERRUPT, 0u, 0u);
	set_handle(DRIVER, 1u, HANDLE_INTERRUPT, 1u, 0u);
	set_handle(DRIVER, 2u, HANDLE_NOTIFY, 5u, 7u);
	set_handle(DRIVER, 3u, HANDLE_NOTIFY, 1u, 5u);
	set_handle(TASK, 4u, HANDLE_INTERRUPT, 1u, 0u);
	set_handle(VM1, 0u, HANDLE_NOTIFY, 5u, 6u);
	set_handle(VM1, 1u, HANDLE_NOTIFY, 2u, 6u);
	set_handle(VM1, 2u, HANDLE_NOTIFY, 4u, 4u);
	set_handle(VM2, 0u, HANDLE_NOTIFY, 1u, 7u);
}

static void set_objects(void)
{
	const uint32_t counts[OBJECT_KINDS] = {MACHINE_CPUS, MACHINE_THREADS, PROCESSES,
	                                       MACHINE_VMS,  MACHINE_VCPUS,   2u,
	                                       MACHINE_CPUS};
	uint64_t at = 0u;

	for (uint32_t kind = 0u; kind < OBJECT_KINDS; kind++) {
		machine_config.objects[kind] = address(objects) + at;
		at += (uint64_t)counts[kind] * object_sizes[kind].bytes;
	}
	FUZZ_CHECK(at <= OBJECTS);
	machine_config.objects_start = address(objects);
	machine_config.objects_bytes = OBJECTS;
}

static void set_config(void)
{
	cpus[0] = (struct config_cpu){.thread_first = 0u, .thread_count = 4u};
	cpus[1] = (struct config_cpu){.mpidr = 1u, .thread_first = 4u, .thread_count = 3u};
	vms[0] = (struct config_vm){.gicd_ipa = GICD,
	                            .gicr_ipa = GICR,
	                            .process = VM1,
	                            .vcpu_count = 2u,
	                            .spi_count = 64u};
	vms[1] = (struct config_vm){.gicd_ipa = GICD,
	                            .gicr_ipa = GICR,
	                            .process = VM2,
	                            .vcpu_first = 2u,
	                            .vcpu_count = 1u,
	                            .spi_count = 32u};
	vcpus[0] = (struct config_vcpu){.vm = 0u, .thread = 2u, .vmpidr = 0x80000000u};
	vcpus[1] = (struct config_vcpu){.vm = 0u, .thread = 5u, .vmpidr = 0x80000001u};
	vcpus[2] = (struct config_vcpu){.vm = 1u, .thread = 3u, .vmpidr = 0x80000000u};
	interrupts[0] = (struct config_interrupt){
		.intid = MACHINE_INTID, .thread = 4u, .bit = INTERRUPT_BIT};
	interrupts[1] = (struct config_interrupt){
		.intid = MACHINE_INTID + 1u, .thread = 6u, .bit = INTERRUPT_BIT};
	machine_config = (struct config){
		.magic = CONFIG_MAGIC,
		.abi_version = ABI_VERSION,
		.cpu_count = MACHINE_CPUS,
		.process_count = PROCESSES,
		.thread_count = MACHINE_THREADS,
		.vm_count = MACHINE_VMS,
		.vcpu_count = MACHINE_VCPUS,
		.handle_count = PROCESSES * MACHINE_HANDLES,
		.interrupt_count = 2u,
		.cpus = address(cpus),
		.processes = address(machine_processes),
		.threads = address(threads),
		.vms = address(vms),
		.vcpus = address(vcpus),
		.handles = address(machine_handles),
		.interrupts = address(interrupts),
	};
}

static bool enter_boot(struct cpu *cpu)
{
	if (cpu->index == 0u)
		system_autostart();
	cpu->resched = true;
	return false;
}

static void start_cpu(uint32_t cpu)
{
	struct machine_cpu *machine = &machines[cpu];

	*machine = (struct machine_cpu){.stack = stacks[cpu]};
	getcontext(&machine->context);
	machine->context.uc_stack.ss_sp = machine->stack;
	machine->context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&machine->context, (void (*)(void))cpu_main, 1, cpu);
	machine_enter(cpu, enter_boot);
}

/* how: which threads have budgets, what starts by itself, and whether the second CPU is there. */
void machine_start(uint8_t how)
{
	memset(&host, 0, sizeof(host));
	host.now = 1000u;
	host.idle = machine_idle;
	set_processes((how & 0x10u) == 0u);
	set_handles();
	if ((how & 1u) != 0u)
		set_budget(1u, 100u, 1000u);
	if ((how & 2u) != 0u)
		set_budget(2u, 300u, 2000u);
	if ((how & 4u) != 0u)
		set_budget(4u, 50u, 500u);
	if ((how & 8u) != 0u)
		set_budget(0u, 200u, 700u);
	set_config();
	set_objects();
	system_init(&machine_config);
	check_start();
	for (uint32_t i = 0u; i < MACHINE_CPUS; i++) {
		for (uint32_t n = 0u; n < arch_lr_count(); n++) {
			host.cpu = system_cpu(i);
			arch_lr_write(n, 0u);
		}
		system_cpu(i)->online = i == 0u || (how & 0xf0u) != 0xf0u;
	}
	for (uint32_t i = 0u; i < MACHINE_CPUS; i++)
		start_cpu(i);
}
