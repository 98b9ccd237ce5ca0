/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC: its lock, its state, and what makes interrupts pending; contract in vgic.h. */
#include "kernel/vgic.h"

#include <stddef.h>

#include "kernel/port.h"
#include "kernel/vgic_internal.h"
#include "kernel/vgic_port.h"

/* ICC_SGI1R_EL1 (IHI 0069 section 12.2.15) */
#define SGI_TARGETS(value) ((uint32_t)(value)&0xffffu)
#define SGI_INTID(value)   ((uint32_t)((value) >> 24) & 0xfu)
#define SGI_IRM            (1ull << 40)          /* all but the sender */
#define SGI_ELSEWHERE      0x00fff0ff00ff0000ull /* Aff3, RS, Aff2, Aff1: 0 in every vCPU */

#define WAKER_RESET 6u /* ProcessorSleep, ChildrenAsleep */

void vgic_lock_wait(const struct vgic *vgic, uint32_t ticket)
{
	while (__atomic_load_n(&vgic->ticket_now, __ATOMIC_ACQUIRE) != ticket)
		arch_pause();
}

static void vgic_cpu_clear(struct vgic_cpu *cpu)
{
	struct vgic *vgic = cpu->vgic;
	uint32_t index = cpu->index;
	uint32_t w;

	*cpu = (struct vgic_cpu){
		.vgic = vgic,
		.index = index,
		.waker = WAKER_RESET,
		.hcr = VGIC_HCR_EN,
	};
	cpu->word.edge = VGIC_SGIS;
	cpu->routed[0] = VGIC_ALL;
	if (index == 0u)
		for (w = 1u; w < vgic->word_count; w++)
			cpu->routed[w] = VGIC_ALL;
}

void vgic_reset(struct vgic *vgic)
{
	uint32_t i;

	vgic->ctlr = 0u;
	vgic->stirred = 0u;
	for (i = 0u; i < VGIC_SPIS; i++)
		vgic->router[i] = 0u;
	for (i = 0u; i < VGIC_WORDS; i++)
		vgic->held[i] = 0u;
	for (i = 0u; i < VGIC_WORDS - 1u; i++)
		vgic->spi[i] = (struct vgic_word){.enable = 0u};
	for (i = 0u; i < vgic->vcpu_count; i++)
		vgic_cpu_clear(vgic->cpu[i]);
}

void vgic_init(struct vgic *vgic, struct vgic_cpu *first, uint64_t stride, uint32_t vcpu_count,
               uint32_t spi_count)
{
	uint32_t i;

	*vgic = (struct vgic){.vcpu_count = vcpu_count, .word_count = 1u + spi_count / 32u};
	for (i = 0u; i < vcpu_count; i++) {
		vgic->cpu[i] = (struct vgic_cpu *)((uintptr_t)first + i * stride);
		vgic->cpu[i]->vgic = vgic;
		vgic->cpu[i]->index = i;
	}
	vgic_reset(vgic);
}

void vgic_cpu_reset(struct vgic_cpu *cpu)
{
	struct vgic *vgic = cpu->vgic;
	uint32_t routed[VGIC_WORDS];
	uint32_t w;
	bool loaded;

	vgic_lock(vgic);
	loaded = cpu->loaded;
	vgic_empty(cpu);
	vgic_answer(cpu);
	for (w = 0u; w < VGIC_WORDS; w++)
		routed[w] = cpu->routed[w];
	vgic_cpu_clear(cpu);
	for (w = 0u; w < VGIC_WORDS; w++)
		cpu->routed[w] = routed[w];
	vgic_unlock(vgic);
	if (loaded)
		vgic_load(cpu);
}

/*
 * The lock orders what was changed before `request`; vgic_kick() orders the interrupt after. The
 * vCPU whose access this is needs none: it looks in vgic_leave().
 */
void vgic_request(struct vgic_cpu *cpu)
{
	if (cpu->request != 0u)
		return;
	__atomic_store_n(&cpu->request, 1u, __ATOMIC_RELAXED);
	if (cpu != cpu->vgic->self)
		vgic_kick(cpu);
}

void vgic_ring_cpu(struct vgic_cpu *cpu, uint32_t w, uint32_t bits)
{
	const struct vgic_word *word = vgic_word(cpu, w);

	bits &= word->pending | word->line;
	if (bits == 0u)
		return;
	if ((vgic_ready(cpu, w) & bits) != 0u)
		vgic_request(cpu);
	if ((cpu->held[w] & word->pending & bits) != 0u) {
		cpu->merge |= 1u << w;
		vgic_request(cpu);
	}
}

void vgic_ring(struct vgic_cpu *owner, uint32_t w, uint32_t bits)
{
	struct vgic *vgic = owner->vgic;
	uint32_t i;

	if (w == 0u) {
		vgic_ring_cpu(owner, w, bits);
		return;
	}
	vgic->stirred |= 1u << w;
	for (i = 0u; i < vgic->vcpu_count; i++)
		vgic_ring_cpu(vgic->cpu[i], w, bits);
}

void vgic_review(struct vgic_cpu *owner, uint32_t w, uint32_t bits)
{
	struct vgic *vgic = owner->vgic;
	uint32_t i;

	for (i = 0u; i < vgic->vcpu_count; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];

		if ((w == 0u && cpu != owner) || (cpu->held[w] & bits) == 0u)
			continue;
		if (!cpu->loaded) {
			vgic_fold(cpu);
			continue;
		}
		cpu->refold = true;
		vgic_request(cpu);
	}
}

/*
 * PPI 27 and SGIs of a loaded vCPU count as held: vgic_hw_direct() and vgic_place() may be
 * putting them into a list register just now, without the lock.
 */
uint32_t vgic_reach(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w, uint32_t bits,
                    uint32_t ask, bool known)
{
	struct vgic *vgic = self->vgic;
	uint32_t asked = 0u;
	uint32_t i;

	for (i = 0u; i < vgic->vcpu_count; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];
		uint32_t held = __atomic_load_n(&cpu->held[w], __ATOMIC_RELAXED) & bits;

		if (w == 0u && cpu != owner)
			continue;
		if (held == 0u && (w != 0u || !cpu->loaded || (bits & (VGIC_HW | VGIC_SGIS)) == 0u))
			continue;
		if (ask < VGIC_ASKS) {
			cpu->ask[ask][w] |= held;
			cpu->asked = true;
		}
		if (cpu == self || !cpu->loaded) {
			vgic_fold(cpu);
			if (cpu->loaded)
				vgic_request(cpu); /* to refill what fold has emptied */
		} else if (!known) {
			cpu->sync_asked |= 1u << self->index;
			cpu->refold = true;
			vgic_request(cpu);
			asked |= 1u << i;
		}
	}
	return asked;
}

enum vgic_result vgic_wait(struct vgic_cpu *self, uint32_t asked)
{
	self->sync_wait = asked;
	if (asked == 0u)
		return VGIC_DONE;
	vgic_syncing(self);
	return VGIC_SYNC;
}

void vgic_answer(struct vgic_cpu *cpu)
{
	while (cpu->sync_asked != 0u) {
		struct vgic_cpu *waiter = cpu->vgic->cpu[vgic_lowest(cpu->sync_asked)];

		cpu->sync_asked &= cpu->sync_asked - 1u;
		if (waiter->sync_wait == 0u)
			continue;
		waiter->sync_wait &= ~(1u << cpu->index);
		if (waiter->sync_wait == 0u)
			vgic_synced(waiter);
	}
}

void vgic_spill(struct vgic_cpu *cpu, uint32_t w, uint32_t bits)
{
	uint32_t fresh = bits & ~cpu->spilled[w];

	vgic_word(cpu, w)->active |= bits;
	cpu->spilled[w] |= fresh;
	cpu->spill_count += vgic_count(fresh);
}

void vgic_unspill(struct vgic_cpu *owner, uint32_t w, uint32_t bits)
{
	struct vgic *vgic = owner->vgic;
	uint32_t i;

	vgic_word(owner, w)->active &= ~bits;
	for (i = 0u; i < vgic->vcpu_count; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];
		uint32_t gone = cpu->spilled[w] & bits;

		if (w == 0u && cpu != owner)
			continue;
		cpu->spilled[w] &= ~gone;
		cpu->spill_count -= vgic_count(gone);
		if (gone != 0u && cpu->spill_count == 0u)
			vgic_request(cpu); /* no longer counts ends, nor traps */
	}
	if (w == 0u)
		vgic_hw_renew(owner);
	vgic_ring(owner, w, bits);
}

enum vgic_result vgic_clear_active(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w,
                                   uint32_t bits)
{
	vgic_unspill(owner, w, bits);
	return vgic_wait(self, vgic_reach(self, owner, w, bits, VGIC_ASK_CLEAR_ACTIVE, false));
}

enum vgic_result vgic_deactivate(struct vgic_cpu *self, uint64_t value)
{
	struct vgic *vgic = self->vgic;
	uint32_t intid = (uint32_t)value & 0xffffffu;
	enum vgic_result result = VGIC_DONE;

	vgic_enter(self);
	if (intid < 32u * vgic->word_count && (arch_ich_vmcr_read() & VGIC_VMCR_EOIM) != 0u)
		result = vgic_clear_active(self, self, vgic_word_of(intid), vgic_bit_of(intid));
	vgic_leave(self);
	return result;
}

/* An affinity that no vCPU has routes the interrupt to nobody. */
void vgic_set_router(struct vgic *vgic, uint32_t intid, uint32_t affinity)
{
	uint32_t w = vgic_word_of(intid);
	uint32_t bit = vgic_bit_of(intid);
	uint32_t i;

	vgic->router[intid - 32u] = affinity;
	for (i = 0u; i < vgic->vcpu_count; i++) {
		vgic->cpu[i]->routed[w] &= ~bit;
		if (i == affinity)
			vgic->cpu[i]->routed[w] |= bit;
	}
	vgic_review(vgic->cpu[0], w, bit);
	vgic_ring(vgic->cpu[0], w, bit);
}

void vgic_sgi(struct vgic_cpu *self, uint64_t value, uint32_t group)
{
	struct vgic *vgic = self->vgic;
	uint32_t bit = 1u << SGI_INTID(value);
	uint32_t targets = SGI_TARGETS(value);

	if ((value & SGI_IRM) != 0u)
		targets = ~(1u << self->index);
	else if ((value & SGI_ELSEWHERE) != 0u)
		return;
	targets &= (1u << vgic->vcpu_count) - 1u;
	for (; targets != 0u; targets &= targets - 1u) {
		struct vgic_cpu *cpu = vgic->cpu[vgic_lowest(targets)];

		if (((cpu->word.group & bit) != 0u) != (group != 0u) ||
		    (cpu == self && vgic_place(cpu, SGI_INTID(value))))
			continue;
		/* release: pairs with the acquire in vgic_collect; the sender's stores are seen */
		if (__atomic_fetch_or(&cpu->posted, bit, __ATOMIC_SEQ_CST) == 0u && cpu != self)
			vgic_kick(cpu);
	}
	if (vgic_requested(self))
		vgic_flush(self);
}

void vgic_collect(struct vgic_cpu *cpu)
{
	uint32_t bits;

	if (__atomic_load_n(&cpu->posted, __ATOMIC_RELAXED) == 0u)
		return;
	bits = __atomic_exchange_n(&cpu->posted, 0u, __ATOMIC_ACQUIRE);
	cpu->word.pending |= bits;
	if (!cpu->loaded)
		return; /* it looks when it is loaded */
	vgic_ring_cpu(cpu, 0u, bits);
}

/*
 * A level-triggered interrupt that is in a list register needs nothing when its line rises:
 * the end of its handling is seen (VGIC_LR_EOI) and the line looked at again.
 */
bool vgic_line(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool level)
{
	uint32_t w = vgic_word_of(intid);
	uint32_t bit = vgic_bit_of(intid);
	struct vgic_word *word;
	struct vgic_cpu *owner;

	if (vcpu >= vgic->vcpu_count || intid < 16u || intid == VGIC_TIMER_ID ||
	    w >= vgic->word_count)
		return false;
	owner = vgic->cpu[vcpu];
	vgic_lock(vgic);
	word = vgic_word(owner, w);
	if (((word->line & bit) != 0u) != level) {
		word->line ^= bit;
		if (level) {
			word->pending |= word->edge & bit;
			vgic_ring(owner, w, bit);
		} else if ((word->edge & bit) == 0u) {
			vgic_review(owner, w, bit);
		}
	}
	vgic_unlock(vgic);
	return true;
}
