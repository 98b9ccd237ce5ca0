/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions of the small guests: called by bare_vectors.S with interrupts masked, on the
 * stack of what was interrupted.
 */
#include "guests/lib/bare.h"

#define VECTOR_KIND(vector) ((vector)&3u)
#define KIND_SYNC           0u
#define KIND_IRQ            1u
#define KIND_FIQ            2u

#define ESR_EC(esr)   ((uint32_t)((esr) >> 26) & 0x3fu)
#define EC_FETCH_SAME 0x21u

trap_handler irq_handler;
trap_handler fiq_handler;
trap_handler sync_handler;

static struct probe probes[GUEST_CPUS];
static bool armed[GUEST_CPUS];

struct trap_frame *guest_trap(struct trap_frame *frame, uint64_t vector);

void probe_begin(void)
{
	uint32_t cpu = cpu_index();

	probes[cpu] = (struct probe){0};
	__atomic_store_n(&armed[cpu], true, __ATOMIC_SEQ_CST);
}

struct probe probe_end(void)
{
	uint32_t cpu = cpu_index();

	barrier_dsb();
	__atomic_store_n(&armed[cpu], false, __ATOMIC_SEQ_CST);
	return probes[cpu];
}

static bool probe_taken(struct trap_frame *frame, uint64_t vector)
{
	uint32_t cpu = cpu_index();
	struct probe *probe = &probes[cpu];

	if (VECTOR_KIND(vector) != KIND_SYNC || !__atomic_load_n(&armed[cpu], __ATOMIC_SEQ_CST))
		return false;
	probe->count++;
	probe->esr = READ_REG(esr_el1);
	probe->far = READ_REG(far_el1);
	probe->elr = frame->elr;
	if (ESR_EC(probe->esr) == EC_FETCH_SAME)
		frame->elr = frame->x[30];
	else
		frame->elr += 4u;
	return true;
}

struct trap_frame *guest_trap(struct trap_frame *frame, uint64_t vector)
{
	struct trap_frame *next;

	if (VECTOR_KIND(vector) == KIND_IRQ && irq_handler != NULL)
		return irq_handler(frame);
	if (VECTOR_KIND(vector) == KIND_FIQ && fiq_handler != NULL)
		return fiq_handler(frame);
	if (VECTOR_KIND(vector) == KIND_SYNC && sync_handler != NULL) {
		next = sync_handler(frame);
		if (next != NULL)
			return next;
	}
	if (probe_taken(frame, vector))
		return frame;
	print_unlocked("\nGUEST: unexpected exception ESR=0x%lx ELR=0x%lx FAR=0x%lx vector %u\n",
	               READ_REG(esr_el1), frame->elr, READ_REG(far_el1), (uint32_t)vector);
	psci_system_off();
}

void spin_us(uint32_t us)
{
	uint64_t end = counter_now() + counter_hz() * us / 1000000u;

	while (counter_now() < end)
		cpu_relax();
}

bool wait_for(const uint32_t *word, uint32_t value, uint32_t us)
{
	uint64_t end = counter_now() + counter_hz() * us / 1000000u;

	while (load_acquire(word) != value) {
		if (counter_now() >= end)
			return load_acquire(word) == value;
		cpu_relax();
	}
	return true;
}
