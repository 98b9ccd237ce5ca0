/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vCPU loop; contract in loop.h. Each thread owns its own loop variables; shared are
 * only the device table and the PSCI state, which look after themselves. The path of a
 * device access is the hot one: the last device is tried first, and nothing is formatted,
 * logged or allocated on it.
 */
#include "user/vmm/loop.h"

#include <stddef.h>

#include "user/lib/info.h"
#include "user/lib/syscalls.h"
#include "user/vmm/emulate.h"
#include "user/vmm/bus.h"
#include "user/vmm/vpsci.h"

#define ALL_BITS     UINT64_MAX
#define PSTATE_RESET 0x3c5u /* EL1h, DAIF masked: what CPU_ON and reset give (DEN 0022 6.4) */

#define likely(condition) __builtin_expect(!!(condition), 1)

/* What the next vcpu_run answers. */
struct loop_reply {
	uint64_t op;
	uint64_t value[4];
};

/* Before the first access, and where nothing is: no address is in it. */
static struct device loop_no_device;

static struct device *loop_find(uint64_t ipa)
{
	struct device *device = bus_find(ipa);

	return device != NULL ? device : &loop_no_device;
}

static void loop_serve(uint64_t bits)
{
	bus_poll(bits);
}

static void loop_reset(uint64_t entry, uint64_t argument)
{
	(void)svc_vcpu_set(VCPU_REG_RESET, 0u);
	(void)svc_vcpu_set(VCPU_REG_PC, entry);
	(void)svc_vcpu_set(VCPU_REG_X0, argument);
	(void)svc_vcpu_set(VCPU_REG_PSTATE, PSTATE_RESET);
}

/* Switched off: until a CPU_ON. Leaves the vCPU ready to enter; returns its x0. */
static uint64_t loop_wait_on(uint32_t self)
{
	uint64_t entry;
	uint64_t context;

	while (!vpsci_take_on(self, &entry, &context))
		loop_serve(svc_wait(ALL_BITS, bus_deadline()));
	loop_reset(entry, context);
	return context;
}

/* HVC and SMC. */
static struct loop_reply loop_call(uint32_t self, const struct svc_exit *exit)
{
	struct loop_reply reply = {.op = VCPU_CALL_RETURN};
	struct vpsci_answer answer = vpsci_call(self, &exit->x[1]);

	reply.value[0] = answer.value;
	for (uint32_t i = 1u; i < 4u; i++)
		reply.value[i] = exit->x[1u + i]; /* SMCCC 1.1: unused result registers are kept */
	switch (answer.action) {
	case VPSCI_WAKE:
		(void)svc_notify(info_get()->vm.sibling[answer.target]);
		break;
	case VPSCI_IDLE:
		reply.op = VCPU_CALL_IDLE;
		break;
	case VPSCI_CPU_OFF:
		/* the call of CPU_OFF is still the pending exit: its return enters the guest */
		reply = (struct loop_reply){.op = VCPU_CALL_RETURN};
		reply.value[0] = loop_wait_on(self);
		break;
	case VPSCI_SYSTEM_OFF:
		svc_exit(EXIT_REASON_OFF, 0u);
	case VPSCI_SYSTEM_RESET:
		svc_exit(EXIT_REASON_RESET, 0u);
	default:
		break;
	}
	return reply;
}

/* Everything but device accesses that carry their syndrome. */
static struct loop_reply loop_other(uint32_t self, const struct svc_exit *exit)
{
	switch (exit->x[0]) {
	case VCPU_EXIT_NOTIFIED:
		loop_serve(svc_wait(ALL_BITS, 0u));
		return (struct loop_reply){.op = VCPU_RESUME};
	case VCPU_EXIT_DECODE:
		return (struct loop_reply){
			.op = emulate_access(exit->x[1], exit->x[2], exit->x[3], exit->x[4])};
	case VCPU_EXIT_CALL:
		return loop_call(self, exit);
	case VCPU_EXIT_FETCH:
	case VCPU_EXIT_MMIO_READ:
	case VCPU_EXIT_MMIO_WRITE:
		/* no device there, or not in that way: as a bus answers (DDI 0487 D1.13.4) */
		return (struct loop_reply){.op = VCPU_ABORT};
	default:
		svc_exit(EXIT_REASON_FAILED, exit->x[1]);
	}
}

/* An access that is not the next one to the same device, or has no device; others as loop_other. */
static struct loop_reply loop_any(uint32_t self, const struct svc_exit *exit, struct device **last)
{
	struct loop_reply reply = {.op = VCPU_DONE};
	bool read = exit->x[0] == VCPU_EXIT_MMIO_READ;

	if (!read && exit->x[0] != VCPU_EXIT_MMIO_WRITE)
		return loop_other(self, exit);
	*last = loop_find(exit->x[1]);
	if ((*last)->bytes == 0u)
		return loop_other(self, exit);
	if (read) {
		reply.op = VCPU_READ_VALUE;
		if (!bus_read(*last, exit->x[1], (uint32_t)exit->x[2], &reply.value[0]))
			return loop_other(self, exit);
	} else if (!bus_write(*last, exit->x[1], (uint32_t)exit->x[2], exit->x[3])) {
		return loop_other(self, exit);
	}
	return reply;
}

/* Serves any exit and runs the guest to its next one; returns the device to try first. */
static __attribute__((noinline)) struct device *loop_step(uint32_t self, struct svc_exit *exit,
                                                          struct device *last)
{
	struct loop_reply reply = loop_any(self, exit, &last);

	*exit = svc_vcpu_run(reply.op, reply.value[0], reply.value[1], reply.value[2],
	                     reply.value[3]);
	return last;
}

/*
 * Words, half words and bytes of the device that was last accessed, aligned as it is itself:
 * all that is known about an exit is in registers, and needed no more when the device is called.
 */
static _Noreturn void loop_run(uint32_t self)
{
	struct device *last = &loop_no_device;
	struct svc_exit exit = svc_vcpu_answer(VCPU_RESUME, 0u);

	for (;;) {
		uint64_t offset = exit.x[1] - last->ipa;
		uint64_t bytes = exit.x[2];
		struct svc_exit other;

		if (likely(offset < last->bytes && bytes <= 4u && (offset & (bytes - 1u)) == 0u)) {
			if (exit.x[0] == VCPU_EXIT_MMIO_READ) {
				exit = svc_vcpu_answer(
					VCPU_READ_VALUE,
					last->ops->read(last, (uint32_t)offset, (uint32_t)bytes));
				continue;
			}
			if (exit.x[0] == VCPU_EXIT_MMIO_WRITE) {
				last->ops->write(last, (uint32_t)offset, (uint32_t)bytes,
				                 (uint32_t)exit.x[3]);
				exit = svc_vcpu_answer(VCPU_DONE, 0u);
				continue;
			}
		}
		/* a copy, so that the path above keeps its exit in registers */
		other = exit;
		last = loop_step(self, &other, last);
		exit = other;
	}
}

_Noreturn void loop_start(uint32_t self, uint64_t entry, uint64_t argument)
{
	loop_reset(entry, argument);
	loop_run(self);
}

_Noreturn void loop_start_off(uint32_t self)
{
	(void)loop_wait_on(self);
	loop_run(self);
}

_Noreturn void loop_device_thread(void)
{
	for (;;)
		loop_serve(svc_wait(ALL_BITS, bus_deadline()));
}
