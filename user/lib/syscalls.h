/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System-call stubs, one for each line of abi/syscalls.def; the contracts are in
 * abi/syscall.h. Called by EL0 programs, from any thread. All are inline: a call is an SVC
 * whose immediate is the number, with x0 to x17 clobbered as by a function call.
 */
#ifndef BULKHEAD_USER_LIB_SYSCALLS_H
#define BULKHEAD_USER_LIB_SYSCALLS_H

#include <stdint.h>

#include "abi/status.h"
#include "abi/syscall.h"
#include "abi/vcpu.h"

#define SVC_NEVER UINT64_MAX /* a deadline that never comes */

/* What any other call leaves in x0 to x7. */
struct svc_result {
	uint64_t x[8];
};

/* What vcpu_run leaves in x0 to x5: a reason and its values (abi/vcpu.h). */
struct svc_exit {
	uint64_t x[6];
};

/* clang-format off */
#define SVC_CLOBBERS \
	"x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory", "cc"
/* clang-format on */

/* The number must be a constant: the function is always inlined. */
static inline __attribute__((always_inline)) struct svc_result svc_call(const unsigned number,
                                                                        uint64_t a0, uint64_t a1,
                                                                        uint64_t a2, uint64_t a3,
                                                                        uint64_t a4)
{
	register uint64_t x0 __asm__("x0") = a0;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;
	register uint64_t x4 __asm__("x4") = a4;
	register uint64_t x5 __asm__("x5");
	register uint64_t x6 __asm__("x6");
	register uint64_t x7 __asm__("x7");

	__asm__ volatile("svc %[number]"
	                 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "=r"(x5), "=r"(x6),
	                   "=r"(x7)
	                 : [number] "i"(number)
	                 : SVC_CLOBBERS);
	return (struct svc_result){{x0, x1, x2, x3, x4, x5, x6, x7}};
}

/* Takes the bits of mask that are set, waiting for one until the absolute tick `deadline`. */
static inline uint64_t svc_wait(uint64_t mask, uint64_t deadline)
{
	return svc_call(SYSCALL_WAIT, mask, deadline, 0u, 0u, 0u).x[0];
}

static inline status_t svc_notify(uint32_t handle)
{
	return (status_t)svc_call(SYSCALL_NOTIFY, handle, 0u, 0u, 0u, 0u).x[0];
}

/* x[0]: VCPU_EXIT_*; x[1] and up as abi/vcpu.h says. */
static inline struct svc_exit svc_vcpu_run(uint64_t op, uint64_t v1, uint64_t v2, uint64_t v3,
                                           uint64_t v4)
{
	struct svc_result result = svc_call(SYSCALL_VCPU_RUN, op, v1, v2, v3, v4);

	return (struct svc_exit){
		{result.x[0], result.x[1], result.x[2], result.x[3], result.x[4], result.x[5]}};
}

/*
 * The same for an operation with at most one value, for the hot path: what is in x2 to x4
 * does not matter.
 */
static inline __attribute__((always_inline)) struct svc_exit svc_vcpu_answer(uint64_t op,
                                                                             uint64_t value)
{
	register uint64_t x0 __asm__("x0") = op;
	register uint64_t x1 __asm__("x1") = value;
	register uint64_t x2 __asm__("x2");
	register uint64_t x3 __asm__("x3");
	register uint64_t x4 __asm__("x4");
	register uint64_t x5 __asm__("x5");

	__asm__ volatile("svc %[number]"
	                 : "+r"(x0), "+r"(x1), "=r"(x2), "=r"(x3), "=r"(x4), "=r"(x5)
	                 : [number] "i"(SYSCALL_VCPU_RUN)
	                 : "x6", "x7", SVC_CLOBBERS);
	return (struct svc_exit){{x0, x1, x2, x3, x4, x5}};
}

static inline status_t svc_vcpu_get(uint32_t number, uint64_t *value)
{
	struct svc_result result = svc_call(SYSCALL_VCPU_GET, number, 0u, 0u, 0u, 0u);

	*value = result.x[1];
	return (status_t)result.x[0];
}

static inline status_t svc_vcpu_set(uint32_t number, uint64_t value)
{
	return (status_t)svc_call(SYSCALL_VCPU_SET, number, value, 0u, 0u, 0u).x[0];
}

static inline status_t svc_virq_line(uint32_t intid, uint32_t level)
{
	return (status_t)svc_call(SYSCALL_VIRQ_LINE, intid, level, 0u, 0u, 0u).x[0];
}

/* flags: size in bytes, and SVC_VGIC_WRITE. *value is what is written, or gets what is read. */
#define SVC_VGIC_WRITE 0x100u
static inline status_t svc_vgic_access(uint64_t ipa, uint32_t flags, uint64_t *value)
{
	struct svc_result result = svc_call(SYSCALL_VGIC_ACCESS, ipa, flags, *value, 0u, 0u);

	*value = result.x[1];
	return (status_t)result.x[0];
}

static inline status_t svc_irq_ack(uint32_t handle)
{
	return (status_t)svc_call(SYSCALL_IRQ_ACK, handle, 0u, 0u, 0u, 0u).x[0];
}

static inline status_t svc_process_control(uint32_t handle, uint32_t op)
{
	return (status_t)svc_call(SYSCALL_PROCESS_CONTROL, handle, op, 0u, 0u, 0u).x[0];
}

/* x[0]: status; x[1] to x[6] as the item says. */
static inline struct svc_result svc_process_status(uint32_t handle, uint32_t item)
{
	return svc_call(SYSCALL_PROCESS_STATUS, handle, item, 0u, 0u, 0u);
}

/* Returns only when it is refused. */
static inline status_t svc_system_control(uint32_t handle, uint32_t op)
{
	return (status_t)svc_call(SYSCALL_SYSTEM_CONTROL, handle, op, 0u, 0u, 0u).x[0];
}

static inline void svc_trace(uint64_t a, uint64_t b)
{
	(void)svc_call(SYSCALL_TRACE, a, b, 0u, 0u, 0u);
}

static inline _Noreturn void svc_exit(uint32_t reason, uint64_t code)
{
	for (;;)
		(void)svc_call(SYSCALL_EXIT, reason, code, 0u, 0u, 0u);
}

#endif
