/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM process: one per VM. Thread n runs vCPU n; a thread beyond the vCPUs only serves
 * devices. Thread 0 loads the guest and makes the devices, waits until every other thread
 * has said which MPIDR its vCPU has, and enters the guest; the others wait for CPU_ON.
 * A guest's SYSTEM_RESET and SYSTEM_OFF end the whole process: the supervisor starts it
 * again, and everything here is as new.
 */
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/vmm/load.h"
#include "user/vmm/bus.h"
#include "user/vmm/vpsci.h"
#include "user/vmm/ram.h"
#include "user/vmm/loop.h"

PROGRAM_RECORD("vmm", PROGRAM_FLAG_VM);

#define READY_SECONDS 5u

static uint32_t vmm_ready; /* thread 0 has made everything: the others may go on */

static _Noreturn void vmm_fail(enum load_error error, const char *text)
{
	console_open();
	console_print("vmm: %s: %s\n", info_get()->name, text);
	svc_exit(EXIT_REASON_FAILED, (uint64_t)error);
}

static void vmm_set_mpidr(uint32_t self)
{
	uint64_t mpidr = self;

	(void)svc_vcpu_get(VCPU_REG_MPIDR, &mpidr);
	vpsci_set_mpidr(self, mpidr);
}

/*
 * Until the devices know what the guest will find; a peer that never says so is no reason not to
 * start. Nothing is printed: the channel to the console is the guest's UART's by now.
 */
static void vmm_wait_ready(void)
{
	uint64_t last = clock_now() + clock_ticks_per_second() * READY_SECONDS;

	while (!bus_ready() && clock_now() < last)
		bus_poll(svc_wait(UINT64_MAX, last));
}

static _Noreturn void vmm_first(const struct process_info *info)
{
	const struct vm_info *vm = &info->vm;
	struct load_start start = {0};
	enum load_error error;
	const char *text;

	ram_init(vm->banks, vm->bank_count, GUEST_VA);
	error = load_guest(vm, &start);
	if (error != LOAD_OK)
		vmm_fail(error, load_error_text(error));
	text = bus_init((const struct vm_device *)vm->devices, vm->device_count,
	                (const struct process_channel *)info->channels, info->channel_count);
	if (text != NULL)
		vmm_fail(LOAD_DEVICES, text);
	vmm_wait_ready();
	vpsci_init(vm->vcpu_count);
	/* release: pairs with the acquire in vmm_wait */
	__atomic_store_n(&vmm_ready, 1u, __ATOMIC_RELEASE);
	for (uint32_t i = 1u; i < info->thread_count; i++)
		(void)svc_notify(vm->sibling[i]);
	vmm_set_mpidr(0u);
	while (vpsci_known() < vm->vcpu_count)
		(void)svc_wait(1ull << VM_KICK_BIT, SVC_NEVER);
	loop_start(0u, start.entry, start.x0);
}

static void vmm_wait(void)
{
	while (__atomic_load_n(&vmm_ready, __ATOMIC_ACQUIRE) == 0u)
		(void)svc_wait(1ull << VM_KICK_BIT, SVC_NEVER);
}

int main(unsigned thread)
{
	const struct process_info *info = info_get();

	if (info->vm_present == 0u)
		svc_exit(EXIT_REASON_FAILED, 0u);
	if (thread == 0u)
		vmm_first(info);
	vmm_wait();
	if (thread >= info->vm.vcpu_count)
		loop_device_thread();
	vmm_set_mpidr(thread);
	(void)svc_notify(info->vm.sibling[0]);
	loop_start_off(thread);
}
