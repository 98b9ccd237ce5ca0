/* SPDX-License-Identifier: Apache-2.0 */
/* The machine below the VM process; contract in machine.h. Owns nothing. */
#include "user/vmm/machine.h"

#include "user/lib/clock.h"
#include "user/lib/info.h"
#include "user/lib/syscalls.h"
#include "user/lib/text.h"

#define SLEEP_US         20u
#define VGIC_TRIES       1000u      /* each behind a sleep: 20 ms, then the access aborts */
#define CTR_IMINLINE(x)  ((x)&0xfu) /* CTR_EL0, log2 of words */
#define CTR_DMINLINE(x)  (((x) >> 16) & 0xfu) /* CTR_EL0, log2 of words */
#define DCZID_BLOCK(x)   ((x)&0xfu)           /* DCZID_EL0, log2 of words */
#define DCZID_PROHIBITED (1u << 4)

const struct process_info *machine_info(void)
{
	return info_get();
}

void machine_line(uint32_t intid, bool level)
{
	(void)svc_virq_line(intid, level ? 1u : 0u);
}

void machine_notify(uint32_t handle)
{
	(void)svc_notify(handle);
}

uint64_t machine_ticks(void)
{
	return clock_now();
}

uint64_t machine_ticks_per_second(void)
{
	return clock_ticks_per_second();
}

void machine_pause(void)
{
	__asm__ volatile("yield");
}

void machine_sleep(void)
{
	(void)svc_wait(0u, clock_now() + clock_ticks_from_us(SLEEP_US));
}

uint64_t machine_register(uint32_t number)
{
	uint64_t value = 0u;

	return svc_vcpu_get(number, &value) == STATUS_OK ? value : 0u;
}

void machine_set_register(uint32_t number, uint64_t value)
{
	(void)svc_vcpu_set(number, value);
}

bool machine_vgic(uint64_t ipa, uint32_t bytes, bool write, uint64_t *value)
{
	status_t status = STATUS_STATE;

	/* STATUS_STATE: other CPUs of the VM must first write back what they hold. */
	for (uint32_t i = 0u; i < VGIC_TRIES && status == STATUS_STATE; i++) {
		uint64_t moved = *value;

		if (i != 0u)
			machine_sleep();
		status = svc_vgic_access(ipa, bytes | (write ? SVC_VGIC_WRITE : 0u), &moved);
		if (status == STATUS_OK)
			*value = moved;
	}
	return status == STATUS_OK;
}

void machine_clear(void *start, uint64_t bytes)
{
	uint64_t dczid;
	uint64_t block;
	uintptr_t at = (uintptr_t)start;
	uintptr_t end = at + bytes;

	__asm__("mrs %0, dczid_el0" : "=r"(dczid));
	block = 4ull << DCZID_BLOCK(dczid);
	/* DDI 0487 C5.3.8: DC ZVA may be prohibited, then DCZID_EL0.DZP is 1. */
	if ((dczid & DCZID_PROHIBITED) != 0u || ((at | bytes) & (block - 1u)) != 0u) {
		memset(start, 0, bytes);
		return;
	}
	for (; at < end; at += block)
		__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
}

/*
 * DDI 0487 D7.4 (caches, B2.8 ordering): by VA to the point of coherency, completed by the
 * DSB. Invalidated too, so that no clean line of ours hides what the guest writes while its
 * caches are off. The guest runs only after an exception return behind this DSB.
 */
void machine_clean(void *start, uint64_t bytes)
{
	uint64_t ctr;
	uint64_t line;
	uintptr_t at = (uintptr_t)start;
	uintptr_t end = at + bytes;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	line = 4ull << CTR_DMINLINE(ctr);
	for (at &= ~(uintptr_t)(line - 1u); at < end; at += line)
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}

/*
 * DDI 0487 B2.4.4: clean, then invalidate instruction caches, by VA. By this VA, which is not
 * the guest's: enough for caches that look up by physical address (CTR_EL0.L1Ip PIPT, or VIPT
 * without aliases), as those of the cores that the kernel runs on.
 */
void machine_clean_code(void *start, uint64_t bytes)
{
	uint64_t ctr;
	uint64_t line;
	uintptr_t at = (uintptr_t)start;
	uintptr_t end = at + bytes;

	machine_clean(start, bytes);
	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	line = 4ull << CTR_IMINLINE(ctr);
	for (at &= ~(uintptr_t)(line - 1u); at < end; at += line)
		__asm__ volatile("ic ivau, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb ish" : : : "memory");
}
