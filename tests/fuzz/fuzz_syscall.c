/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: kernel/sched.c kernel/process.c kernel/notify.c kernel/syscall.c kernel/vcpu.c kernel/budget.c
 *	kernel/timer.c kernel/interrupt.c kernel/system.c
 * helpers: kernel/panic.c kernel/vgic*.c arch/host/host.c
 *	arch/host/host_lr.c tests/fuzz/syscall_machine.c tests/fuzz/syscall_model.c
 *	tests/fuzz/syscall_check.c
 */
/*
 * The portable kernel on two CPUs of arch/host: sequences of system calls with any arguments,
 * guests' exits, interrupts and time in any order. What each call answers is compared with a
 * model that knows abi/syscall.h and nothing of the kernel; after each step the kernel's
 * invariants are checked: what runs, wake words and interrupts, budgets, timers, processes. The
 * machine (syscall_machine.c) takes interrupts as the real one does: late between CPUs, at once
 * from a CPU's own timer.
 */
#include "tests/fuzz/syscall_fuzz.h"

#include "kernel/interrupt.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/system.h"
#include "kernel/vcpu.h"

static struct fuzz input;
static uint64_t arguments[5];
static uint64_t number;

static bool enter_call(struct cpu *cpu)
{
	struct thread *thread = cpu->current;
	bool straight;

	model_before(thread, number);
	straight = !syscall_dispatch(thread, number);
	model_after(thread, number);
	return straight;
}

/* Handles and register numbers are mostly small; the rest is anything. */
static void choose_call(struct thread *thread)
{
	uint8_t how = fuzz_u8(&input);

	number = how < 0xf8u ? how % SYSCALL_COUNT : fuzz_number(&input);
	/* every other one keeps things going: a vCPU runs, somebody waits */
	if (fuzz_pick(&input, 2u) == 0u)
		number = thread->vcpu != NULL ? SYSCALL_VCPU_RUN : SYSCALL_WAIT;
	for (uint32_t i = 0u; i < 5u; i++)
		arguments[i] = i < 2u ? fuzz_u8(&input) & 15u : 0u;
	if ((how & 0x80u) != 0u)
		arguments[(how >> 5) & 1u] = fuzz_number(&input);
	if (number == SYSCALL_WAIT) {
		arguments[0] = (how & 0x40u) != 0u ? UINT64_MAX : arguments[0] << 4 | arguments[1];
		arguments[1] = (how & 0x20u) != 0u ? host.now + fuzz_u16(&input) % 3000u
		                                   : fuzz_pick(&input, 3u) - 1u;
	} else if (number == SYSCALL_VIRQ_LINE) {
		arguments[0] += 24u;
		arguments[1] &= 1u;
	} else if (number == SYSCALL_VGIC_ACCESS) {
		arguments[0] = gic_address(&input);
		arguments[1] = (how & 0x40u) != 0u ? 4u | arguments[1] << 8 : fuzz_u16(&input);
		arguments[2] = fuzz_number(&input);
	} else if (number == SYSCALL_VCPU_RUN && how < 0xf0u && thread->vcpu != NULL) {
		arguments[0] = model_answer(thread, how);
	}
	for (uint32_t i = 0u; i < 5u; i++)
		thread->host.x[i] = arguments[i];
}

static uint8_t guest_what;
static uint64_t guest_a;
static uint64_t guest_b;

/* What a guest does that enters the kernel; how arch/ leads there is in guest.c. */
static bool enter_guest(struct cpu *cpu)
{
	struct thread *thread = cpu->current;
	struct vcpu *vcpu = thread->vcpu;
	uint64_t value = guest_b;

	switch (guest_what & 15u) {
	case 0u:
		return vcpu_wait_for_interrupt(thread);
	case 1u:
	case 2u:
		vcpu->guest.x[0] = guest_a;
		if (vcpu_call(&vcpu->guest))
			return true;
		vcpu_exit(thread, VCPU_EXIT_CALL, guest_a, guest_b, 0u, 0u);
		break;
	case 3u:
		vcpu_exit(thread, VCPU_EXIT_MMIO_READ, guest_a, 4u, 0u, 0u);
		break;
	case 4u:
		vcpu_exit(thread, VCPU_EXIT_MMIO_WRITE, guest_a, 4u, guest_b, 0u);
		break;
	case 5u:
		vcpu_exit(thread, VCPU_EXIT_DECODE, guest_a, guest_b, 0u, 0u);
		break;
	case 6u:
		vcpu_exit(thread, VCPU_EXIT_FETCH, guest_a, guest_b, 0u, 0u);
		break;
	case 7u:
		vcpu->ptimer_control = guest_a & 3u;
		vcpu->ptimer_compare = host.now + guest_b % 2000u;
		vcpu_physical_timer(vcpu);
		break;
	case 8u:
		vgic_sgi(&vcpu->vgic, (guest_a & 15u) << 24 | (guest_b & 3u), 1u);
		break;
	case 9u:
		(void)vcpu_vgic_result(vcpu, vgic_deactivate(&vcpu->vgic, guest_a % 40u));
		break;
	default:
		if (vcpu_vgic_owns(vcpu, guest_a))
			(void)vcpu_vgic_access(vcpu, guest_a, 4u, (guest_what & 16u) != 0u, &value);
		break;
	}
	if (!thread->in_guest)
		model_exit(thread);
	return false;
}

static void guest_step(uint32_t cpu)
{
	guest_what = fuzz_u8(&input);
	guest_a = (guest_what & 15u) > 9u ? gic_address(&input) : fuzz_number(&input);
	guest_b = fuzz_number(&input);
	machine_enter(cpu, enter_guest);
}

/* A process that does what it must not. */
static bool enter_fault(struct cpu *cpu)
{
	struct thread *thread = cpu->current;

	model_fault(thread);
	(void)process_stop(thread->process, EXIT_REASON_FAULT, 0x92000000u, 4u);
	sched_poke(thread);
	return false;
}

static void step(uint8_t what)
{
	uint32_t cpu = what >> 7;
	struct thread *thread = machine_running(cpu);

	switch (what & 15u) {
	case 0u:
		machine_time(1u + fuzz_u8(&input));
		return;
	case 1u:
		machine_time(fuzz_u16(&input));
		return;
	case 2u:
		machine_device(MACHINE_INTID + (what >> 4 & 1u));
		return;
	case 3u:
		machine_kick(cpu);
		return;
	default:
		break;
	}
	if (thread == NULL)
		return;
	if (what == 0x7fu) {
		machine_enter(cpu, enter_fault);
	} else if (thread->in_guest) {
		guest_step(cpu);
	} else {
		choose_call(thread);
		machine_enter(cpu, enter_call);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t steps = 0u;

	input = (struct fuzz){data, size};
	machine_start(fuzz_u8(&input));
	model_start();
	while (input.left != 0u && steps++ < 2000u) {
		step(fuzz_u8(&input));
		model_look();
		check_kernel();
	}
	return 0;
}
