/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC: its lock, its state, and what makes interrupts pending; contract in vgic.h. */
#include "kernel/vgic.h"

#include <stddef.h>

#include "kernel/port.h"
#include "kernel/vgic_internal.h"
#include "kernel/vgic_port.h"

/* ICC_SGI1R_EL1 (IHI 0069 section 12.2.15) */
#define SGI_TARGETS(value) ((uint32_t)(value)&0xffffu)
#define SGI_INTID(value)   ((uint32_t)((value) >> VGIC_SGI_SHIFT) & 0xfu)
#define SGI_IRM            (1ull << 40)          /* all but the sender */
#define SGI_ELSEWHERE      0x00fff0ff00ff0000ull /* Aff3, RS, Aff2, Aff1: 0 in every vCPU */

#define WAKER_RESET 6u /* ProcessorSleep, ChildrenAsleep */

void vgic_lock_wait(const struct vgic *vgic, uint32_t ticket)
{
	while (__atomic_load_n(&vgic->ticket_now, __ATOMIC_ACQUIRE) != ticket)
		arch_pause();
}

/* What is not 0 after reset, nor about routing. */
static void vgic_cpu_begin(struct vgic_cpu *cpu)
{
	cpu->word.edge = VGIC_SGIS;
	cpu->word.backed = VGIC_HW;
	cpu->waker = WAKER_RESET;
	cpu->hcr = VGIC_HCR_EN;
}

/* All is 0, what is not 0 after reset is set. */
static SELDOM void vgic_cpu_first(struct vgic *vgic, struct vgic_cpu *cpu, uint32_t index)
{
	uint32_t w;

	cpu->vgic = vgic;
	cpu->index = index;
	vgic_cpu_begin(cpu);
	cpu->routed[0] = VGIC_ALL;
	if (index == 0u)
		for (w = 1u; w < vgic->word_count; w++)
			cpu->routed[w] = VGIC_ALL;
}

SELDOM bool vgic_reset_step(struct vgic *vgic)
{
	uint32_t at = vgic->reset_at;
	uint32_t i;

	vgic->reset_at++;
	if (at < VGIC_WORDS - 1u) {
		vgic->spi[at] = (struct vgic_word){.backed = vgic->spi[at].backed};
		vgic->held[at + 1u] = 0u;
		for (i = 0u; i < 32u; i++)
			vgic->router[32u * at + i] = 0u;
		return true;
	}
	at -= VGIC_WORDS - 1u;
	*vgic->cpu[at] = (struct vgic_cpu){.index = 0u};
	vgic_cpu_first(vgic, vgic->cpu[at], at);
	if (at + 1u < vgic->vcpu_count)
		return true;
	vgic->ctlr = 0u;
	vgic->stirred = 0u;
	vgic->reset_at = 0u;
	return false;
}

SELDOM void vgic_init(struct vgic *vgic, struct vgic_cpu *first, uint64_t stride,
                      uint32_t vcpu_count, uint32_t spi_count)
{
	uint32_t i;

	vgic->vcpu_count = vcpu_count;
	vgic->word_count = 1u + spi_count / 32u;
	for (i = 0u; i < vcpu_count; i++) {
		vgic->cpu[i] = (struct vgic_cpu *)((uintptr_t)first + i * stride);
		vgic_cpu_first(vgic, vgic->cpu[i], i);
	}
}

SELDOM void vgic_cpu_reset(struct vgic_cpu *cpu)
{
	struct vgic *vgic = cpu->vgic;
	uint32_t words, w, n, i;
	bool shared; /* an SPI was active here */

	vgic_lock(vgic);
	shared = (cpu->spill_words & ~1u) != 0u;
	vgic->stirred |= cpu->spill_words;
	for (words = cpu->spill_words; words != 0u; words &= words - 1u) {
		w = vgic_lowest(words);
		/* what is backed stays active physically: it waits for the guest as if just taken */
		vgic_word(cpu, w)->line |= cpu->spilled[w] & vgic_word(cpu, w)->backed;
		(void)vgic_unspill(cpu, w, VGIC_ALL);
	}
	vgic_hw_drop(cpu);
	for (n = 0u; n < VGIC_LRS; n++)
		cpu->lr[n] = 0u;
	cpu->merge = 0u;
	cpu->back = 0u;
	cpu->crowded = false;
	cpu->sync_retry = false;
	cpu->sync_wait = 0u;
	cpu->ends = 0u;
	__atomic_store_n(&cpu->posted, 0u, __ATOMIC_RELAXED);
	cpu->word = (struct vgic_word){.enable = 0u};
	cpu->vmcr = 0u;
	cpu->apr[0] = 0u;
	cpu->apr[1] = 0u;
	vgic_cpu_begin(cpu);
	for (i = 0u; shared && i < vgic->vcpu_count; i++)
		vgic_request(vgic->cpu[i]); /* what was active here may wait there */
	vgic_unlock(vgic);
}

/* The lock orders what was changed before `request`; vgic_kick() orders the interrupt after. */
void vgic_request(struct vgic_cpu *cpu)
{
	if (cpu->request != 0u)
		return;
	__atomic_store_n(&cpu->request, 1u, __ATOMIC_RELAXED);
	vgic_kick(cpu);
}

void vgic_ring_cpu(struct vgic_cpu *cpu, uint32_t w, uint32_t bits)
{
	const struct vgic_word *word = vgic_word(cpu, w);

	uint32_t again = cpu->held[w] & word->pending & bits;

	if (again != 0u)
		cpu->merge |= 1u << w;
	if ((again | (vgic_ready(cpu, w) & bits)) != 0u)
		vgic_request(cpu);
}

uint32_t vgic_keeper(const struct vgic *vgic, uint32_t w, uint32_t bit)
{
	uint32_t to;

	if ((vgic->held[w] & bit) == 0u)
		return vgic->router[32u * (w - 1u) + vgic_lowest(bit)];
	for (to = 0u; to < vgic->vcpu_count && (vgic->cpu[to]->held[w] & bit) == 0u; to++)
		;
	return to;
}

void vgic_ring_one(struct vgic_cpu *owner, uint32_t w, uint32_t bit)
{
	struct vgic *vgic = owner->vgic;
	uint32_t to;

	if (w == 0u) {
		vgic_ring_cpu(owner, w, bit);
		return;
	}
	vgic->stirred |= 1u << w;
	to = vgic_keeper(vgic, w, bit);
	if (to < vgic->vcpu_count)
		vgic_ring_cpu(vgic->cpu[to], w, bit);
}

/* Which vCPUs of a VM vgic_ring() is to tell. */
static SELDOM uint32_t vgic_news(struct vgic_cpu *owner, uint32_t w, uint32_t bits, uint32_t review)
{
	struct vgic *vgic = owner->vgic;
	const struct vgic_word *word = vgic_word(owner, w);
	uint32_t held = w == 0u ? owner->held[0] : vgic->held[w];
	uint32_t ready = (word->pending | (word->line & ~word->edge)) & ~word->active & ~held &
	                 bits & vgic_enabled(vgic, word);
	uint32_t again = held & word->pending & bits;
	uint32_t news = 0u;
	uint32_t i;

	for (i = 0u; i < vgic->vcpu_count; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];

		if (w == 0u && cpu != owner)
			continue;
		if ((cpu->held[w] & again) != 0u)
			cpu->merge |= 1u << w;
		if ((cpu->held[w] & review) != 0u)
			cpu->refold = VGIC_ALL;
		if (((cpu->held[w] & (again | review)) | (cpu->routed[w] & ready)) != 0u)
			news |= 1u << i;
	}
	return news;
}

SELDOM void vgic_ring(struct vgic_cpu *owner, uint32_t w, uint32_t bits, uint32_t review)
{
	struct vgic *vgic = owner->vgic;
	uint32_t news = vgic_news(owner, w, bits, review);

	vgic->stirred |= 1u << w;
	for (; news != 0u; news &= news - 1u)
		vgic_request(vgic->cpu[vgic_lowest(news)]);
}

/*
 * PPI 27 and SGIs of another loaded vCPU count as held: vgic_hw_direct() and vgic_place() may be
 * putting them into a list register just now, without the lock.
 */
SELDOM uint32_t vgic_holders(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w,
                             uint32_t bits)
{
	struct vgic *vgic = owner->vgic;
	uint32_t holders = 0u;
	uint32_t i;

	for (i = 0u; i < vgic->vcpu_count; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];
		uint32_t held = __atomic_load_n(&cpu->held[w], __ATOMIC_RELAXED);

		if (w == 0u && cpu != self)
			held |= VGIC_HW | VGIC_SGIS;
		if (cpu->loaded && (w != 0u || cpu == owner) && (held & bits) != 0u)
			holders |= 1u << i;
	}
	return holders;
}

SELDOM uint32_t vgic_reach(struct vgic_cpu *self, const struct vgic_change *change)
{
	struct vgic *vgic = self->vgic;
	uint32_t cpus;

	for (cpus = change->holders | change->others; cpus != 0u; cpus &= cpus - 1u) {
		uint32_t i = vgic_lowest(cpus);
		struct vgic_cpu *cpu = vgic->cpu[i];
		uint32_t held = __atomic_load_n(&cpu->held[change->w], __ATOMIC_RELAXED);

		if ((change->holders >> i & 1u) != 0u) {
			if (change->ask < VGIC_ASKS)
				cpu->ask[change->ask][change->w] |= held & change->bits;
			if ((change->sync >> i & 1u) != 0u)
				cpu->sync_asked |= 1u << self->index;
			cpu->refold = VGIC_ALL;
		}
		vgic_request(cpu);
	}
	return change->sync;
}

SELDOM enum vgic_result vgic_wait(struct vgic_cpu *self, uint32_t asked)
{
	self->sync_wait = asked;
	if (asked == 0u)
		return VGIC_DONE;
	vgic_syncing(self);
	return VGIC_SYNC;
}

SELDOM void vgic_answer(struct vgic_cpu *cpu)
{
	uint32_t asked = cpu->sync_asked;

	for (cpu->sync_asked = 0u; asked != 0u; asked &= asked - 1u) {
		struct vgic_cpu *waiter = cpu->vgic->cpu[vgic_lowest(asked)];
		uint32_t waits = waiter->sync_wait;

		waiter->sync_wait = waits & ~(1u << cpu->index);
		if (waits != 0u && waiter->sync_wait == 0u)
			vgic_synced(waiter);
	}
}

SELDOM enum vgic_result vgic_clear_active(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w,
                                          uint32_t bits)
{
	struct vgic *vgic = self->vgic;
	struct vgic_change change = {.w = w, .bits = bits, .ask = VGIC_ASK_CLEAR_ACTIVE};
	uint32_t i;

	vgic_release(vgic, w, vgic_word(owner, w)->active & bits);
	for (i = 0u; i < vgic->vcpu_count; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];

		/* it no longer counts ends, nor traps */
		if ((w != 0u || cpu == owner) && vgic_unspill(cpu, w, bits) != 0u)
			change.others |= 1u << i;
	}
	vgic_word(owner, w)->active &= ~bits; /* of what is routed to nobody */
	if (w == 0u && !owner->loaded && (bits & VGIC_HW) != 0u)
		vgic_hw_drop(owner);
	change.holders = vgic_holders(self, owner, w, bits);
	change.sync = change.holders & ~(1u << self->index);
	change.others |= vgic_news(owner, w, bits, 0u);
	vgic->stirred |= 1u << w;
	return vgic_wait(self, vgic_reach(self, &change));
}

SELDOM enum vgic_result vgic_deactivate(struct vgic_cpu *self, uint64_t value)
{
	struct vgic *vgic = self->vgic;
	uint32_t intid = (uint32_t)value & 0xffffffu;
	enum vgic_result result = VGIC_DONE;

	vgic_lock(vgic);
	if (intid < 32u * vgic->word_count && (arch_ich_vmcr_read() & VGIC_VMCR_EOIM) != 0u)
		result = vgic_clear_active(self, self, vgic_word_of(intid), vgic_bit_of(intid));
	vgic_unlock(vgic);
	return result;
}

/* An affinity that no vCPU has routes the interrupt to nobody. */
SELDOM void vgic_set_router(struct vgic *vgic, uint32_t intid, uint32_t affinity)
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
	if (affinity < vgic->vcpu_count && (vgic->spi[w - 1u].backed & bit) != 0u)
		vgic_hw_route(vgic->physical[intid - 32u], vgic->cpu[affinity]);
	vgic_ring(vgic->cpu[0], w, bit, bit);
}

static inline void vgic_post(struct vgic_cpu *cpu, uint32_t intid, uint32_t group)
{
	/* release: pairs with the acquire in vgic_collect; the sender's stores are seen */
	if (((cpu->word.group >> intid ^ group) & 1u) == 0u &&
	    __atomic_fetch_or(&cpu->posted, 1u << intid, __ATOMIC_SEQ_CST) == 0u)
		vgic_kick(cpu);
}

static SELDOM __attribute__((noinline)) void vgic_post_all(const struct vgic *vgic,
                                                           uint32_t targets, uint32_t intid,
                                                           uint32_t group)
{
	for (; targets != 0u; targets &= targets - 1u)
		vgic_post(vgic->cpu[vgic_lowest(targets)], intid, group);
}

void vgic_sgi(struct vgic_cpu *self, uint64_t value, uint32_t group)
{
	const struct vgic *vgic = self->vgic;
	uint32_t targets = SGI_TARGETS(value);
	uint32_t intid = SGI_INTID(value);

	if ((value & (SGI_IRM | SGI_ELSEWHERE)) != 0u)
		targets = (value & SGI_IRM) != 0u ? ~(1u << self->index) : 0u;
	targets &= (1u << vgic->vcpu_count) - 1u;
	if ((targets & (targets - 1u)) != 0u)
		vgic_post_all(vgic, targets, intid, group);
	else if (targets != 0u)
		vgic_post(vgic->cpu[vgic_lowest(targets)], intid, group);
}

/* One SGI has come and nothing else. False: there is more to do. */
static inline bool place_posted(struct vgic_cpu *cpu)
{
	uint32_t bits, n;

	if (cpu->request != 0u)
		return false;
	/* acquire: pairs with the release in vgic_post */
	bits = __atomic_exchange_n(&cpu->posted, 0u, __ATOMIC_ACQUIRE);
	if (bits == 0u)
		return false;
	n = (bits & (bits - 1u)) == 0u ? vgic_place(cpu, vgic_lowest(bits), arch_ich_empty())
	                               : VGIC_LRS;
	if (n == VGIC_LRS) {
		(void)__atomic_fetch_or(&cpu->posted, bits, __ATOMIC_RELAXED);
		return false;
	}
	arch_lr_write(n, cpu->lr[n]);
	return true;
}

void vgic_flush(struct vgic_cpu *cpu)
{
	if (!place_posted(cpu))
		vgic_flush_all(cpu);
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
SELDOM bool vgic_line(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool level)
{
	uint32_t w = vgic_word_of(intid);
	uint32_t bit = vgic_bit_of(intid);
	struct vgic_word *word;
	struct vgic_cpu *owner;

	if (vcpu >= vgic->vcpu_count || intid < 16u || w >= vgic->word_count)
		return false;
	owner = vgic->cpu[vcpu];
	if ((vgic_word(owner, w)->backed & bit) != 0u)
		return false;
	vgic_lock(vgic);
	word = vgic_word(owner, w);
	if (((word->line & bit) != 0u) != level) {
		word->line ^= bit;
		if (level) {
			word->pending |= word->edge & bit;
			vgic_ring_one(owner, w, bit);
		} else if ((word->edge & bit) == 0u) {
			vgic_ring(owner, w, 0u, bit);
		}
	}
	vgic_unlock(vgic);
	return true;
}
