/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What vgic.c (lock, state, events), vgic_lr.c (list registers), vgic_backed.c (physical SPIs) and
 * vgic_regs.c (registers of the guest) share; nobody else includes it. All functions here are called
 * inside the lock.
 */
#ifndef BULKHEAD_KERNEL_VGIC_INTERNAL_H
#define BULKHEAD_KERNEL_VGIC_INTERNAL_H

#include <stddef.h>

#include "kernel/vgic.h"

#define SELDOM __attribute__((cold))                 /* small rather than quick */
#define QUICK  inline __attribute__((always_inline)) /* the other way round, in each flush */

#define VGIC_ALL      0xffffffffu
#define VGIC_SGIS     0x0000ffffu /* of word 0: always edge-triggered */
#define VGIC_HW       (1u << VGIC_TIMER_ID)
#define VGIC_ASK_NONE VGIC_ASKS

/* ICH_HCR_EL2 */
#define VGIC_HCR_EN        (1ull << 0)
#define VGIC_HCR_LRENPIE   (1ull << 2)  /* interrupt when EOIcount is not 0 */
#define VGIC_HCR_NPIE      (1ull << 3)  /* interrupt when no list register is pending */
#define VGIC_HCR_TDIR      (1ull << 14) /* trap ICC_DIR_EL1 */
#define VGIC_HCR_EOI_SHIFT 27u          /* EOIcount: EOIs of what is in no list register */
#define VGIC_HCR_EOI_MASK  0x1fu

/* ICH_VMCR_EL2 */
#define VGIC_VMCR_ENG       0x3u        /* Group 0 and Group 1 enables, placed as in GICD_CTLR */
#define VGIC_VMCR_EOIM      (1ull << 9) /* EOImode: ICC_DIR_EL1 deactivates */
#define VGIC_VMCR_PMR_SHIFT 24u

/* ICH_LR<n>_EL2 */
#define VGIC_LR_INTID(lr)    ((uint32_t)(lr))
#define VGIC_LR_EOI          (1ull << 41) /* HW = 0: interrupt when deactivated */
#define VGIC_LR_PINTID_SHIFT 32u
#define VGIC_LR_HW           (1ull << 61)
#define VGIC_LR_ACTIVE       (1ull << 63)

static inline uint32_t vgic_word_of(uint32_t intid)
{
	return intid / 32u;
}

static inline uint32_t vgic_bit_of(uint32_t intid)
{
	return 1u << (intid % 32u);
}

/* The lowest set bit; bits is not 0. */
static inline uint32_t vgic_lowest(uint32_t bits)
{
	return (uint32_t)__builtin_ctz(bits);
}

/* How many bits are set; the compiler's own calls its library. */
static inline uint32_t vgic_count(uint32_t bits)
{
	bits -= bits >> 1 & 0x55555555u;
	bits = (bits & 0x33333333u) + (bits >> 2 & 0x33333333u);
	return ((bits + (bits >> 4)) & 0x0f0f0f0fu) * 0x01010101u >> 24;
}

static QUICK uint32_t vgic_narrow_by(uint32_t plane, uint32_t *bits)
{
	uint32_t better = *bits & ~plane;

	*bits = better != 0u ? better : *bits;
	return better != 0u ? 0u : 1u;
}

/* Leaves those of the bits, which are not 0, that have the best priority; returns that. */
static QUICK uint32_t vgic_narrow(const struct vgic_word *word, uint32_t *bits)
{
	uint32_t priority = vgic_narrow_by(word->plane[0], bits);

	priority = 2u * priority + vgic_narrow_by(word->plane[1], bits);
	priority = 2u * priority + vgic_narrow_by(word->plane[2], bits);
	priority = 2u * priority + vgic_narrow_by(word->plane[3], bits);
	priority = 2u * priority + vgic_narrow_by(word->plane[4], bits);
	return priority << (8u - VGIC_PLANES);
}

static inline struct vgic_word *vgic_word(struct vgic_cpu *cpu, uint32_t w)
{
	return w == 0u ? &cpu->word : &cpu->vgic->spi[w - 1u];
}

/* What of a word may go to a vCPU at all: enabled, its group too. */
static inline uint32_t vgic_enabled(const struct vgic *vgic, const struct vgic_word *word)
{
	uint32_t group0 = 0u - (vgic->ctlr & 1u);
	uint32_t group1 = 0u - ((vgic->ctlr >> 1) & 1u);

	return word->enable & ((word->group & group1) | (~word->group & group0));
}

/* And routed to this one. */
static QUICK uint32_t vgic_allowed(struct vgic_cpu *cpu, uint32_t w)
{
	return vgic_enabled(cpu->vgic, vgic_word(cpu, w)) & cpu->routed[w];
}

/* What of word w is pending in software and may go into a list register of this vCPU. */
static QUICK uint32_t vgic_ready(struct vgic_cpu *cpu, uint32_t w)
{
	const struct vgic_word *word = vgic_word(cpu, w);
	uint32_t held = w == 0u ? cpu->held[0] : cpu->vgic->held[w];
	uint32_t pending = word->pending | (word->line & ~word->edge);

	return pending & ~word->active & ~held & vgic_allowed(cpu, w);
}

/* vgic.c */
void vgic_lock_wait(const struct vgic *vgic, uint32_t ticket);

/* The acquire of ticket_now pairs with the release in vgic_unlock(). */
static inline void vgic_lock(struct vgic *vgic)
{
	uint32_t ticket = __atomic_fetch_add(&vgic->ticket_next, 1u, __ATOMIC_RELAXED);

	if (__atomic_load_n(&vgic->ticket_now, __ATOMIC_ACQUIRE) != ticket)
		vgic_lock_wait(vgic, ticket);
}

static inline void vgic_unlock(struct vgic *vgic)
{
	__atomic_store_n(&vgic->ticket_now, vgic->ticket_now + 1u, __ATOMIC_RELEASE);
}

void vgic_request(struct vgic_cpu *cpu);
/* Some of these bits of word w may have become ready, or pending once more: tell who cares. */
void vgic_ring_cpu(struct vgic_cpu *cpu, uint32_t w, uint32_t bits);
/* The same for one interrupt. */
void vgic_ring_one(struct vgic_cpu *owner, uint32_t w, uint32_t bit);
/*
 * The same for any bits; word 0 is the owner's. review: list registers that hold some of these
 * are to be looked at.
 */
void vgic_ring(struct vgic_cpu *owner, uint32_t w, uint32_t bits, uint32_t review);
/* The loaded vCPUs that have, or may have, some of these bits in list registers. */
uint32_t vgic_holders(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w, uint32_t bits);

struct vgic_change {
	uint32_t w;
	uint32_t bits;
	uint32_t ask;     /* VGIC_ASK_*: what to do with these bits in list registers */
	uint32_t holders; /* vCPUs to do it, and to bring seen_pending and seen_active up to date */
	uint32_t sync;    /* those of them that are to answer */
	uint32_t others;  /* vCPUs that are only to flush */
};

/* Returns `sync`. */
uint32_t vgic_reach(struct vgic_cpu *self, const struct vgic_change *change);
enum vgic_result vgic_wait(struct vgic_cpu *self, uint32_t asked);
/* SGIs posted to the vCPU become pending in its word 0. */
void vgic_collect(struct vgic_cpu *cpu);
/* Answers those who asked this vCPU. */
void vgic_answer(struct vgic_cpu *cpu);
/* Active state of interrupts that are in no list register; word 0 is the vCPU's own. */
static inline void vgic_spill(struct vgic_cpu *cpu, uint32_t w, uint32_t bits)
{
	vgic_word(cpu, w)->active |= bits;
	cpu->spilled[w] |= bits;
	cpu->spill_words |= 1u << w;
}

/* It ends in so far as it is this vCPU's; returns the bits that ended. */
static inline uint32_t vgic_unspill(struct vgic_cpu *cpu, uint32_t w, uint32_t bits)
{
	uint32_t gone = cpu->spilled[w] & bits;

	vgic_word(cpu, w)->active &= ~gone;
	cpu->spilled[w] &= ~gone;
	if (cpu->spilled[w] == 0u)
		cpu->spill_words &= ~(1u << w);
	return gone;
}

enum vgic_result vgic_clear_active(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w,
                                   uint32_t bits);
void vgic_set_router(struct vgic *vgic, uint32_t intid, uint32_t affinity);

/* The number of the vCPU that has an SPI, else of that to which it goes, if there is one. */
uint32_t vgic_keeper(const struct vgic *vgic, uint32_t w, uint32_t bit);

/* vgic_backed.c */
/* Of these bits what is backed is over: the physical interrupts may be taken again. */
void vgic_release(const struct vgic *vgic, uint32_t w, uint32_t bits);
/* Of what is being enabled, SPIs that are backed, levels, and were taken: they are taken anew. */
void vgic_retake(struct vgic *vgic, uint32_t w, uint32_t bits);

/* vgic_lr.c */
/* Takes the lock: vgic_flush() where an SGI is not all that has come. */
void vgic_flush_all(struct vgic_cpu *cpu);
/* What decides about PPI 27 has changed, by a vCPU `self` on whose CPU this runs. */
void vgic_hw_renew(const struct vgic_cpu *self, struct vgic_cpu *cpu);
/* PPI 27 and SGIs go by way of a flush, until one has come to its end. */
static inline void vgic_indirect(struct vgic_cpu *cpu)
{
	__atomic_store_n(&cpu->hw_direct, 0u, __ATOMIC_RELAXED);
	__atomic_store_n(&cpu->sgi_direct, 0u, __ATOMIC_RELAXED);
}
/* PPI 27, which a vCPU may hold that is not loaded, ends. */
void vgic_hw_drop(struct vgic_cpu *cpu);

#endif
