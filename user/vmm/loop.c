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

_Static_assert(VCPU_EXIT_MMIO_WRITE == VCPU_EXIT_MMIO_READ + 1u, "loop_run compares a range");

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

/* Serves any exit and runs the guest to its next one. */
static __attribute__((noinline)) void loop_step(uint32_t self, struct svc_exit *exit)
{
	struct loop_reply reply = loop_other(self, exit);

	*exit = svc_vcpu_run(reply.op, reply.value[0], reply.value[1], reply.value[2],
	                     reply.value[3]);
}

/* A device access with its syndrome: true if it was served, op and value say how to go on. */
static inline __attribute__((always_inline)) bool loop_access(struct device *device,
                                                              const struct svc_exit *exit,
                                                              uint64_t *op, uint64_t *value)
{
	if (exit->x[0] == VCPU_EXIT_MMIO_READ) {
		*op = VCPU_READ_VALUE;
		return bus_read(device, exit->x[1], (uint32_t)exit->x[2], value);
	}
	*op = VCPU_DONE;
	return bus_write(device, exit->x[1], (uint32_t)exit->x[2], exit->x[3]);
}

static _Noreturn void loop_run(uint32_t self)
{
	struct device *last = &loop_no_device;
	struct svc_exit exit = svc_vcpu_answer(VCPU_RESUME, 0u);

	for (;;) {
		struct svc_exit other;
		uint64_t op;
		uint64_t value = 0u;

		if (likely(exit.x[0] - VCPU_EXIT_MMIO_READ <= 1u)) {
			if (exit.x[1] - last->ipa >= last->bytes)
				last = loop_find(exit.x[1]);
			if (likely(last->bytes != 0u) &&
			    likely(loop_access(last, &exit, &op, &value))) {
				exit = svc_vcpu_answer(op, value);
				continue;
			}
		}
		/* a copy, so that the path above keeps its exit in registers */
		other = exit;
		loop_step(self, &other);
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
