/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What vgic.c (lock, state, events), vgic_lr.c (list registers) and vgic_regs.c (registers of
 * the guest) share; nobody else includes it. All functions here are called inside the lock.
 */
#ifndef BULKHEAD_KERNEL_VGIC_INTERNAL_H
#define BULKHEAD_KERNEL_VGIC_INTERNAL_H

#include <stddef.h>

#include "kernel/vgic.h"

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
#define VGIC_LR_INTID(lr)      ((uint32_t)(lr))
#define VGIC_LR_EOI            (1ull << 41) /* HW = 0: interrupt when deactivated */
#define VGIC_LR_PINTID_SHIFT   32u
#define VGIC_LR_PRIORITY_SHIFT 48u
#define VGIC_LR_GROUP_SHIFT    60u
#define VGIC_LR_HW             (1ull << 61)
#define VGIC_LR_PENDING        (1ull << 62)
#define VGIC_LR_ACTIVE         (1ull << 63)

#define VGIC_PRIORITY_MASK 0xf8u /* five bits, as every CPU interface has at least */

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

/* How many bits are set: in a loop, as the compiler's own calls its library. */
static inline uint32_t vgic_count(uint32_t bits)
{
	uint32_t count;

	for (count = 0u; bits != 0u; bits &= bits - 1u)
		count++;
	return count;
}

static inline struct vgic_word *vgic_word(struct vgic_cpu *cpu, uint32_t w)
{
	return w == 0u ? &cpu->word : &cpu->vgic->spi[w - 1u];
}

/* What of word w may go to this vCPU at all: enabled, its group too, routed here. */
static inline uint32_t vgic_allowed(struct vgic_cpu *cpu, uint32_t w)
{
	const struct vgic_word *word = vgic_word(cpu, w);
	uint32_t group0 = 0u - (cpu->vgic->ctlr & 1u);
	uint32_t group1 = 0u - ((cpu->vgic->ctlr >> 1) & 1u);

	return word->enable & cpu->routed[w] & ((word->group & group1) | (~word->group & group0));
}

/* What of word w is pending in software and may go into a list register of this vCPU. */
static inline uint32_t vgic_ready(struct vgic_cpu *cpu, uint32_t w)
{
	const struct vgic_word *word = vgic_word(cpu, w);
	uint32_t held = w == 0u ? cpu->held[0] : cpu->vgic->held[w];
	uint32_t pending = word->pending | (word->line & ~word->edge);

	return pending & ~word->active & ~held & vgic_allowed(cpu, w);
}

/* vgic_lr.c */
/* vgic_flush() of a loaded vCPU. */
void vgic_flush_locked(struct vgic_cpu *cpu);

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

/* Around what vCPU `self` does on its own CPU: the lock; at the end its list registers follow. */
static inline void vgic_enter(struct vgic_cpu *self)
{
	vgic_lock(self->vgic);
	self->vgic->self = self;
}

static inline void vgic_leave(struct vgic_cpu *self)
{
	if (self->request != 0u && self->loaded)
		vgic_flush_locked(self);
	self->vgic->self = NULL;
	vgic_unlock(self->vgic);
}

void vgic_request(struct vgic_cpu *cpu);
/* Some of these bits of word w may have become ready, or pending once more: tell who cares. */
void vgic_ring_cpu(struct vgic_cpu *cpu, uint32_t w, uint32_t bits);
void vgic_ring(struct vgic_cpu *owner, uint32_t w, uint32_t bits);
/* List registers that hold some of these bits are to be looked at. Word 0 is the owner's. */
void vgic_review(struct vgic_cpu *owner, uint32_t w, uint32_t bits);
/*
 * Makes a change (VGIC_ASK_*) to these bits of word w where they are in list registers, and
 * brings seen_pending and seen_active up to date: at once, or by asking the CPUs that have
 * them. Returns the vCPUs that were asked. known: what loaded vCPUs last answered will do.
 */
uint32_t vgic_reach(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w, uint32_t bits,
                    uint32_t ask, bool known);
enum vgic_result vgic_wait(struct vgic_cpu *self, uint32_t asked);
/* SGIs posted to the vCPU become pending in its word 0. */
void vgic_collect(struct vgic_cpu *cpu);
/* Answers those who asked this vCPU. */
void vgic_answer(struct vgic_cpu *cpu);
/* Active state of interrupts that are in no list register. */
void vgic_spill(struct vgic_cpu *cpu, uint32_t w, uint32_t bits);
void vgic_unspill(struct vgic_cpu *owner, uint32_t w, uint32_t bits);
enum vgic_result vgic_clear_active(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w,
                                   uint32_t bits);
void vgic_set_router(struct vgic *vgic, uint32_t intid, uint32_t affinity);

/* vgic_lr.c */
/* Reads the list registers, makes the changes asked for, gives back what is not to stay. */
void vgic_fold(struct vgic_cpu *cpu);
/*
 * Not inside the lock, on the vCPU's CPU: an SGI into a list register. False: something stands
 * against it, and nothing was done.
 */
bool vgic_place(struct vgic_cpu *cpu, uint32_t intid);
/* What decides about PPI 27 may have changed: what vgic_hw_direct() is to write. */
void vgic_hw_renew(struct vgic_cpu *cpu);
/* Empties the list registers: pending SPIs go back to software, all active state ends. */
void vgic_empty(struct vgic_cpu *cpu);

#endif
