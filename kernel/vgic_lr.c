/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers of the virtual GIC; contract in vgic.h.
 *
 * More pending than list registers: the best are in, and a maintenance interrupt comes when
 * none of them is pending any more (NPIE). More active than list registers: one must always
 * be pending as long as something waits, so the active interrupt of lowest priority is
 * spilled to software. Its end is then seen by LRENPIE and EOIcount when EOImode is 0 (ends
 * nest: it is the spilled one of highest priority), and by trapping ICC_DIR when it is 1.
 * PPI 27 is never spilled: only its list register can deactivate the physical interrupt.
 *
 * A flush is one step of a few hundred instructions, whatever waits; `request` stays until the
 * last one. What waits is compared by planes of priority bits, 32 interrupts at a time.
 */
#include <stddef.h>

#include "kernel/vgic_internal.h"
#include "kernel/vgic_port.h"

/* What waits in software. */
struct vgic_waiting {
	uint32_t words; /* of `bits` that are not 0; the others are not written */
	uint32_t count;
	uint32_t bits[VGIC_WORDS];
};

#define LOAD_STEP   2u     /* interrupts that one step loads */
#define BACK_STEP   2u     /* or takes back */
#define RANK_MASKED 0x100u /* after all of the group that the guest's CPU interface enables */

static void lr_set(struct vgic_cpu *cpu, uint32_t n, uint64_t lr)
{
	cpu->lr[n] = lr;
	arch_lr_write(n, lr);
}

/* What backs an interrupt. */
static uint32_t lr_physical(const struct vgic_cpu *cpu, uint32_t intid)
{
	return intid < 32u ? intid : cpu->vgic->physical[intid - 32u];
}

/* PPI 27 with the timer behind it: only from its list register can that be deactivated. */
static bool lr_is_timer(uint64_t lr)
{
	return (lr & VGIC_LR_HW) != 0u && VGIC_LR_INTID(lr) == VGIC_TIMER_ID;
}

/* The end is to be seen where the line, or an edge that waits elsewhere, makes it pending again. */
static uint64_t lr_make(struct vgic_cpu *cpu, uint32_t intid, bool hw)
{
	const struct vgic_word *word = vgic_word(cpu, vgic_word_of(intid));
	uint32_t bit = vgic_bit_of(intid);
	uint64_t priority = word->priority[intid % 32u] & VGIC_PRIORITY_MASK;
	uint64_t lr = intid | priority << VGIC_LR_PRIORITY_SHIFT;

	if ((word->group & bit) != 0u)
		lr |= 1ull << VGIC_LR_GROUP_SHIFT;
	if (hw)
		lr |= VGIC_LR_HW | (uint64_t)lr_physical(cpu, intid) << VGIC_LR_PINTID_SHIFT;
	else if ((word->edge & bit) == 0u || (word->pending & bit) != 0u)
		lr |= VGIC_LR_EOI;
	return lr;
}

/* Nothing is in list register n any more. */
static void lr_forget(struct vgic_cpu *cpu, uint32_t n, uint32_t w, uint32_t bit)
{
	cpu->used &= ~(1u << n);
	cpu->soft &= ~(1u << n);
	cpu->held[w] &= ~bit;
	cpu->vgic->held[w] &= ~bit;
	cpu->seen_pending[w] &= ~bit;
	cpu->seen_active[w] &= ~bit;
}

static void lr_release(struct vgic_cpu *cpu, uint32_t n)
{
	uint32_t w = vgic_word_of(VGIC_LR_INTID(cpu->lr[n]));
	uint32_t bit = vgic_bit_of(VGIC_LR_INTID(cpu->lr[n]));

	lr_forget(cpu, n, w, bit);
	lr_set(cpu, n, 0u);
	vgic_ring_one(cpu, w, bit);
}

/* The pending state of list register n goes back to software. */
static SELDOM void lr_unpend(struct vgic_cpu *cpu, uint32_t n)
{
	uint64_t lr = cpu->lr[n];
	struct vgic_word *word = vgic_word(cpu, vgic_word_of(VGIC_LR_INTID(lr)));
	uint32_t bit = vgic_bit_of(VGIC_LR_INTID(lr));

	if ((lr & VGIC_LR_PENDING) == 0u)
		return;
	if ((lr & VGIC_LR_HW) != 0u)
		word->line |= bit;
	else if ((word->edge & bit) != 0u || (cpu->soft & (1u << n)) != 0u)
		word->pending |= bit;
	cpu->soft &= ~(1u << n);
	cpu->lr[n] &= ~VGIC_LR_PENDING;
}

/* Does the pending state that list register n shows still hold? */
static bool lr_still_pending(struct vgic_cpu *cpu, uint32_t n, bool active)
{
	uint64_t lr = cpu->lr[n];
	const struct vgic_word *word = vgic_word(cpu, vgic_word_of(VGIC_LR_INTID(lr)));
	uint32_t bit = vgic_bit_of(VGIC_LR_INTID(lr));

	if ((lr & VGIC_LR_PENDING) == 0u)
		return false;
	if ((lr & VGIC_LR_HW) != 0u) {
		if (active)
			return false;
		if (!lr_is_timer(lr) || vgic_hw_line())
			return true;
		vgic_hw_release(VGIC_TIMER_ID);
		return false;
	}
	if ((word->edge & bit) != 0u || (cpu->soft & (1u << n)) != 0u)
		return true;
	return (word->line & bit) != 0u;
}

/* What other CPUs have asked for the interrupt in list register n. Returns: is it active? */
static SELDOM bool lr_obey(struct vgic_cpu *cpu, uint32_t n)
{
	uint32_t w = vgic_word_of(VGIC_LR_INTID(cpu->lr[n]));
	uint32_t bit = vgic_bit_of(VGIC_LR_INTID(cpu->lr[n]));
	bool active = (cpu->lr[n] & VGIC_LR_ACTIVE) != 0u;
	uint32_t ask;

	if (active && (cpu->ask[VGIC_ASK_CLEAR_ACTIVE][w] & bit) != 0u) {
		if ((cpu->lr[n] & VGIC_LR_HW) != 0u && cpu->loaded)
			vgic_hw_release(lr_physical(cpu, VGIC_LR_INTID(cpu->lr[n])));
		active = false;
	}
	if ((cpu->ask[VGIC_ASK_SET_ACTIVE][w] & bit) != 0u)
		active = true;
	if ((cpu->ask[VGIC_ASK_CLEAR_PENDING][w] & bit) != 0u) {
		cpu->soft &= ~(1u << n);
		if ((vgic_word(cpu, w)->edge & bit) != 0u)
			cpu->lr[n] &= ~VGIC_LR_PENDING;
	}
	for (ask = 0u; ask < VGIC_ASKS; ask++)
		cpu->ask[ask][w] &= ~bit;
	return active;
}

/* The vCPU is loaded and has all that was to be done for it. */
static void hw_renew(struct vgic_cpu *cpu)
{
	bool held = (cpu->held[0] & VGIC_HW) != 0u;
	bool ours = held ? cpu->hw_lr == cpu->lr_top && (cpu->lr[cpu->lr_top] & VGIC_LR_HW) != 0u
	                 : (cpu->used >> cpu->lr_top & 1u) == 0u;
	uint64_t lr = 0u;

	if (ours &&
	    (vgic_allowed(cpu, 0u) & ~cpu->word.active & ~cpu->word.pending & VGIC_HW) != 0u)
		lr = lr_make(cpu, VGIC_TIMER_ID, true) | VGIC_LR_PENDING;
	__atomic_store_n(&cpu->hw_direct, lr, __ATOMIC_RELAXED);
}

void vgic_hw_renew(const struct vgic_cpu *self, struct vgic_cpu *cpu)
{
	if (self == cpu && cpu->loaded && cpu->request == 0u)
		hw_renew(cpu);
	else
		__atomic_store_n(&cpu->hw_direct, 0u, __ATOMIC_RELAXED); /* a flush renews it */
}

/*
 * Level-triggered: never pending and active in a list register, as the end must look at the
 * line first. Pending once more merges into what is pending already.
 */
static SELDOM void lr_fold(struct vgic_cpu *cpu, uint32_t n)
{
	uint64_t old = cpu->lr[n];
	uint32_t w = vgic_word_of(VGIC_LR_INTID(old));
	uint32_t bit = vgic_bit_of(VGIC_LR_INTID(old));
	struct vgic_word *word = vgic_word(cpu, w);
	bool hw = (old & VGIC_LR_HW) != 0u;
	bool edge = (word->edge & bit) != 0u;
	bool active = lr_obey(cpu, n);
	bool pending = lr_still_pending(cpu, n, active);
	uint64_t lr;

	if (pending && ((vgic_allowed(cpu, w) & bit) == 0u || (active && !edge))) {
		lr_unpend(cpu, n);
		pending = false;
	}
	if (pending || (active && edge && (vgic_allowed(cpu, w) & bit) != 0u)) {
		if ((word->pending & bit) != 0u && !edge && !hw)
			cpu->soft |= 1u << n;
		pending = pending || (word->pending & bit) != 0u;
		word->pending &= ~bit;
	}
	if (!pending)
		cpu->soft &= ~(1u << n);
	if (!pending && !active) {
		lr_release(cpu, n);
		return;
	}
	cpu->seen_pending[w] = pending ? cpu->seen_pending[w] | bit : cpu->seen_pending[w] & ~bit;
	cpu->seen_active[w] = active ? cpu->seen_active[w] | bit : cpu->seen_active[w] & ~bit;
	lr = lr_make(cpu, VGIC_LR_INTID(old), hw);
	lr |= (pending ? VGIC_LR_PENDING : 0u) | (active ? VGIC_LR_ACTIVE : 0u);
	if (lr != old)
		lr_set(cpu, n, lr);
}

/*
 * EOIs of spilled interrupts since HCR was written: each ended the one of highest priority. One
 * of them; false: there was none.
 */
static SELDOM bool lr_count_end(struct vgic_cpu *cpu)
{
	uint64_t hcr = arch_ich_hcr_read();
	uint64_t ends = hcr >> VGIC_HCR_EOI_SHIFT & VGIC_HCR_EOI_MASK;
	uint32_t best_priority = 0x100u;
	uint32_t best_w = 0u, best = 0u;
	uint32_t words;

	if (ends == 0u)
		return false;
	for (words = cpu->spill_words; words != 0u; words &= words - 1u) {
		uint32_t w = vgic_lowest(words);
		uint32_t bits = cpu->spilled[w];
		uint32_t priority = vgic_narrow(vgic_word(cpu, w), &bits);

		if (priority < best_priority) {
			best_priority = priority;
			best_w = w;
			best = bits & (0u - bits);
		}
	}
	ends = best != 0u ? ends - 1u : 0u;
	arch_ich_hcr_write(cpu->hcr | ends << VGIC_HCR_EOI_SHIFT);
	if (best != 0u) {
		(void)vgic_unspill(cpu, best_w, best);
		vgic_release(cpu->vgic, best_w, best);
		vgic_ring_one(cpu, best_w, best);
	}
	return true;
}

/*
 * The guest has emptied list register n. What waits again in software is loaded next if it goes
 * to this vCPU; true: it goes to another.
 */
static bool lr_reap_one(struct vgic_cpu *cpu, uint32_t n)
{
	uint32_t w = vgic_word_of(VGIC_LR_INTID(cpu->lr[n]));
	uint32_t bit = vgic_bit_of(VGIC_LR_INTID(cpu->lr[n]));
	const struct vgic_word *word = vgic_word(cpu, w);

	lr_forget(cpu, n, w, bit);
	lr_set(cpu, n, 0u);
	if (((word->pending | word->line) & bit) == 0u)
		return false;
	cpu->vgic->stirred |= 1u << w;
	if ((cpu->routed[w] & bit) != 0u)
		return false;
	vgic_ring_one(cpu, w, bit);
	return true;
}

/*
 * A list register that the guest has emptied, but for those of which something was asked. True:
 * that is enough for one step.
 */
static bool lr_reap(struct vgic_cpu *cpu)
{
	uint32_t empty = (uint32_t)arch_ich_empty() & cpu->used & ~cpu->refold;

	if (empty == 0u)
		return false;
	return lr_reap_one(cpu, vgic_lowest(empty)) || (empty & (empty - 1u)) != 0u;
}

/* One of the list registers to look at; there is one. */
static void lr_look(struct vgic_cpu *cpu)
{
	uint32_t n = vgic_lowest(cpu->refold & cpu->used);

	cpu->refold &= ~(1u << n);
	cpu->lr[n] = arch_lr_read(n);
	lr_fold(cpu, n);
}

/*
 * What list register n has goes back to software, but for PPI 27 while it is active: true. `lr` says
 * what is to come back. Nobody has asked for anything while there is nothing to look at.
 */
static bool lr_give(struct vgic_cpu *cpu, uint32_t n)
{
	uint32_t w = vgic_word_of(VGIC_LR_INTID(cpu->lr[n]));
	uint32_t bit = vgic_bit_of(VGIC_LR_INTID(cpu->lr[n]));
	struct vgic_word *word = vgic_word(cpu, w);
	bool active = cpu->refold != 0u ? lr_obey(cpu, n) : (cpu->lr[n] & VGIC_LR_ACTIVE) != 0u;
	uint64_t lr = cpu->lr[n];

	cpu->seen_pending[w] &= ~bit;
	if (active && lr_is_timer(lr)) {
		cpu->lr[n] = (lr & ~VGIC_LR_PENDING) | VGIC_LR_ACTIVE;
		cpu->seen_active[w] |= bit;
		return true;
	}
	if ((lr & VGIC_LR_HW) != 0u) {
		if ((lr & VGIC_LR_PENDING) != 0u)
			word->line |= bit;
	} else if ((lr & VGIC_LR_PENDING) != 0u &&
	           ((word->edge & bit) != 0u || (cpu->soft & (1u << n)) != 0u)) {
		word->pending |= bit;
	}
	cpu->seen_active[w] &= ~bit;
	cpu->held[w] &= ~bit;
	cpu->vgic->held[w] &= ~bit;
	cpu->vgic->stirred |= 1u << w;
	if (active)
		vgic_spill(cpu, w, bit);
	else
		cpu->lr[n] = 0u;
	/* what stays this vCPU's own is looked at when it is loaded again */
	if ((cpu->routed[w] & bit) == 0u)
		vgic_ring_one(cpu, w, bit);
	return false;
}

/* What list register n had when the vCPU was saved comes back, if it is still active here. */
static SELDOM void lr_take_back(struct vgic_cpu *cpu, uint32_t n)
{
	uint32_t intid = VGIC_LR_INTID(cpu->lr[n]);
	uint32_t w = vgic_word_of(intid);
	uint32_t bit = vgic_bit_of(intid);

	if (vgic_unspill(cpu, w, bit) == 0u) {
		cpu->lr[n] = 0u;
		return;
	}
	if (intid == VGIC_TIMER_ID)
		cpu->hw_lr = n;
	else if (intid < 16u)
		cpu->sgi_lr[intid] = (uint8_t)n;
	cpu->used |= 1u << n;
	cpu->held[w] |= bit;
	if (w != 0u)
		cpu->vgic->held[w] |= bit;
	cpu->seen_active[w] |= bit;
	if ((vgic_word(cpu, w)->pending & bit) != 0u)
		cpu->merge |= 1u << w;
	lr_set(cpu, n,
	       lr_make(cpu, intid, w != 0u && (vgic_word(cpu, w)->backed & bit) != 0u) |
	               VGIC_LR_ACTIVE);
}

static SELDOM void lr_take_some_back(struct vgic_cpu *cpu)
{
	uint32_t i;

	for (i = 0u; i < BACK_STEP && cpu->back != 0u; i++) {
		lr_take_back(cpu, vgic_lowest(cpu->back));
		cpu->back &= cpu->back - 1u;
	}
}

void vgic_hw_drop(struct vgic_cpu *cpu)
{
	if ((cpu->held[0] & VGIC_HW) == 0u)
		return;
	lr_forget(cpu, cpu->hw_lr, 0u, VGIC_HW);
	cpu->lr[cpu->hw_lr] = 0u;
}

static uint32_t lr_rank(uint64_t lr, uint64_t vmcr)
{
	uint32_t group = (uint32_t)(lr >> VGIC_LR_GROUP_SHIFT) & 1u;

	return ((uint32_t)(lr >> VGIC_LR_PRIORITY_SHIFT) & 0xffu) |
	       ((vmcr >> group & 1u) != 0u ? 0u : RANK_MASKED);
}

static uint32_t lr_free(const struct vgic_cpu *cpu)
{
	return cpu->lr_mask & ~cpu->used;
}

/*
 * A list register for an interrupt of this rank: a free one; that of the worst pending one if
 * that is worse; that of the worst active one if none is pending. VGIC_LRS: none.
 */
static SELDOM uint32_t lr_make_room(struct vgic_cpu *cpu, uint32_t rank, uint64_t vmcr)
{
	uint32_t free = lr_free(cpu);
	uint32_t pending = VGIC_LRS, active = VGIC_LRS;
	uint32_t pending_rank = 0u, active_rank = 0u;
	uint32_t used, w, bit;

	if (free != 0u)
		return vgic_lowest(free);
	arch_lr_read_all(cpu->lr, cpu->used, cpu->lr_top + 1u);
	for (used = cpu->used; used != 0u; used &= used - 1u) {
		uint32_t n = vgic_lowest(used);
		uint32_t other;

		other = lr_rank(cpu->lr[n], vmcr);
		if ((cpu->lr[n] & VGIC_LR_ACTIVE) == 0u) {
			if (pending == VGIC_LRS || other > pending_rank) {
				pending = n;
				pending_rank = other;
			}
		} else if (!lr_is_timer(cpu->lr[n]) && other >= active_rank) {
			active = n;
			active_rank = other;
		}
	}
	if (pending != VGIC_LRS) {
		if (pending_rank <= rank)
			return VGIC_LRS;
		w = vgic_word_of(VGIC_LR_INTID(cpu->lr[pending]));
		bit = vgic_bit_of(VGIC_LR_INTID(cpu->lr[pending]));
		lr_unpend(cpu, pending);
		lr_forget(cpu, pending, w, bit);
		cpu->vgic->stirred |= 1u << w;
		return pending;
	}
	if (active == VGIC_LRS)
		return VGIC_LRS;
	w = vgic_word_of(VGIC_LR_INTID(cpu->lr[active]));
	bit = vgic_bit_of(VGIC_LR_INTID(cpu->lr[active]));
	lr_unpend(cpu, active);
	vgic_spill(cpu, w, bit);
	lr_forget(cpu, active, w, bit);
	return active;
}

static void lr_load(struct vgic_cpu *cpu, uint32_t n, uint32_t intid)
{
	uint32_t w = vgic_word_of(intid);
	uint32_t bit = vgic_bit_of(intid);
	struct vgic_word *word = vgic_word(cpu, w);
	bool hw = (word->backed & word->line & bit) != 0u;

	/* whatever its kind: vgic_hw_timer must not put the timer into a second one */
	if (intid == VGIC_TIMER_ID)
		cpu->hw_lr = n;
	else if (intid < 16u)
		cpu->sgi_lr[intid] = (uint8_t)n;
	if (hw) {
		word->line &= ~bit;
	} else if ((word->pending & bit) != 0u && (word->edge & bit) == 0u) {
		cpu->soft |= 1u << n;
	}
	word->pending &= ~bit;
	cpu->used |= 1u << n;
	cpu->held[w] |= bit;
	if (w != 0u)
		cpu->vgic->held[w] |= bit;
	cpu->seen_pending[w] |= bit;
	lr_set(cpu, n, lr_make(cpu, intid, hw) | VGIC_LR_PENDING);
}

/* PPI 27 that waits in software while the timer has gone quiet: let go of it. */
static void drop_idle_timer(struct vgic_cpu *cpu)
{
	if ((cpu->word.line & VGIC_HW & vgic_allowed(cpu, 0u)) != 0u && !vgic_hw_line()) {
		cpu->word.line &= ~VGIC_HW;
		vgic_hw_release(VGIC_TIMER_ID);
	}
}

static void gather(struct vgic_cpu *cpu, struct vgic_waiting *waiting)
{
	struct vgic *vgic = cpu->vgic;
	uint32_t found = 0u, count = 0u;
	uint32_t words;

	for (words = vgic->stirred | 1u; words != 0u; words &= words - 1u) {
		uint32_t w = vgic_lowest(words);
		const struct vgic_word *word = vgic_word(cpu, w);
		uint32_t bits;

		if ((word->pending | word->line) == 0u) {
			vgic->stirred &= ~(1u << w);
			continue;
		}
		bits = vgic_ready(cpu, w);
		if (bits == 0u)
			continue;
		waiting->bits[w] = bits;
		found |= 1u << w;
		count += vgic_count(bits);
	}
	waiting->words = found;
	waiting->count = count;
}

/* A free list register; there is one. PPI 27 goes where vgic_hw_direct() may put it the next time. */
static uint32_t lr_take_free(const struct vgic_cpu *cpu, uint32_t intid)
{
	uint32_t free = lr_free(cpu);

	if (intid == VGIC_TIMER_ID && (free >> cpu->lr_top & 1u) != 0u)
		return cpu->lr_top;
	return vgic_lowest(free);
}

/*
 * There is a free list register for each that waits, so some of them: in the order of INTIDs,
 * which is in what order CPU interfaces take equal priorities.
 */
static void load_all(struct vgic_cpu *cpu, const struct vgic_waiting *waiting)
{
	uint32_t words = waiting->words;
	uint32_t bits = words != 0u ? waiting->bits[vgic_lowest(words)] : 0u;
	uint32_t i;

	for (i = 0u; i < LOAD_STEP && bits != 0u; i++) {
		uint32_t intid = 32u * vgic_lowest(words) + vgic_lowest(bits);

		lr_load(cpu, lr_take_free(cpu, intid), intid);
		bits &= bits - 1u;
		if (bits != 0u)
			continue;
		words &= words - 1u;
		bits = words != 0u ? waiting->bits[vgic_lowest(words)] : 0u;
	}
}

/*
 * More wait than list registers are free: the best one, of equal ones that of the lowest INTID.
 * False: none waits, or what is in the list registers is no worse; *more: which of the two.
 */
static SELDOM bool load_best(struct vgic_cpu *cpu, bool *more)
{
	uint64_t vmcr = arch_ich_vmcr_read();
	uint32_t group0 = 0u - ((uint32_t)vmcr & 1u);
	uint32_t group1 = 0u - ((uint32_t)vmcr >> 1 & 1u);
	uint32_t best = 0u, best_rank = 2u * RANK_MASKED;
	uint32_t words, n;

	for (words = cpu->vgic->stirred | 1u; words != 0u; words &= words - 1u) {
		uint32_t w = vgic_lowest(words);
		const struct vgic_word *word = vgic_word(cpu, w);
		uint32_t bits = vgic_ready(cpu, w);
		uint32_t on = bits & ((word->group & group1) | (~word->group & group0));
		uint32_t rank = on != 0u ? 0u : RANK_MASKED;

		if (bits == 0u)
			continue;
		bits = on != 0u ? on : bits;
		rank |= vgic_narrow(word, &bits);
		if (rank < best_rank) {
			best_rank = rank;
			best = 32u * w + vgic_lowest(bits);
		}
	}
	*more = best_rank != 2u * RANK_MASKED;
	n = *more ? lr_make_room(cpu, best_rank, vmcr) : VGIC_LRS;
	if (n == VGIC_LRS)
		return false;
	lr_load(cpu, n, best);
	return true;
}

/*
 * An SGI that is to be merged: another CPU may have collected it just before vgic_place() made it
 * held, so that `merge` does not say it.
 */
static uint32_t sgi_again(struct vgic_cpu *cpu)
{
	return cpu->held[0] & cpu->word.pending & VGIC_SGIS & vgic_allowed(cpu, 0u);
}

/* Is an interrupt that is pending once more still in its list register? */
static SELDOM bool still_held(struct vgic_cpu *cpu)
{
	uint32_t words;

	for (words = cpu->merge | 1u; words != 0u; words &= words - 1u) {
		uint32_t w = vgic_lowest(words);

		if ((cpu->held[w] & vgic_word(cpu, w)->pending) != 0u)
			return true;
	}
	return false;
}

SELDOM uint32_t vgic_take_room(struct vgic_cpu *cpu, uint32_t intid)
{
	uint32_t free = lr_free(cpu) & ~(1u << cpu->lr_top);
	uint32_t n;

	if (free == 0u)
		return VGIC_LRS;
	n = vgic_lowest(free);
	cpu->sgi_lr[intid] = (uint8_t)n;
	cpu->used |= 1u << n;
	__atomic_store_n(&cpu->held[0], cpu->held[0] | 1u << intid, __ATOMIC_RELAXED);
	return n;
}

/* What is to bring the vCPU back here, and what may go past it. */
static void lr_finish(struct vgic_cpu *cpu, bool more)
{
	uint64_t hcr = VGIC_HCR_EN | (more ? VGIC_HCR_NPIE : 0u);

	if (cpu->spill_words != 0u)
		hcr |= VGIC_HCR_LRENPIE |
		       ((arch_ich_vmcr_read() & VGIC_VMCR_EOIM) != 0u ? VGIC_HCR_TDIR : 0u);
	if (hcr != cpu->hcr) {
		cpu->hcr = hcr;
		arch_ich_hcr_write(hcr);
	}
	hw_renew(cpu);
	/* where more waits than fits, or an EOI is counted, a flush decides */
	__atomic_store_n(&cpu->sgi_direct, hcr == VGIC_HCR_EN ? cpu->vgic->ctlr >> 1 & 1u : 0u,
	                 __ATOMIC_RELAXED);
}

/* Interrupts that wait go into list registers; true: there is more to do. */
static bool lr_refill(struct vgic_cpu *cpu)
{
	struct vgic_waiting waiting;

	drop_idle_timer(cpu);
	gather(cpu, &waiting);
	cpu->crowded = waiting.count > vgic_count(lr_free(cpu));
	if (cpu->crowded)
		return true;
	load_all(cpu, &waiting);
	if (waiting.count > LOAD_STEP)
		return true;
	lr_finish(cpu, false);
	return false;
}

static SELDOM bool lr_crowded(struct vgic_cpu *cpu)
{
	bool more;

	if (load_best(cpu, &more))
		return true;
	cpu->crowded = false;
	lr_finish(cpu, more);
	return false;
}

/*
 * One step. What was in list registers when the vCPU was saved comes back first, then ends: whom they
 * belong to depends on what is spilled. Then what was asked for, its answer, and the rest.
 */
static bool flush_step(struct vgic_cpu *cpu)
{
	if (cpu->back != 0u) {
		lr_take_some_back(cpu);
		return true;
	}
	if ((cpu->hcr & VGIC_HCR_LRENPIE) != 0u && lr_count_end(cpu))
		return true;
	if (cpu->crowded && cpu->refold == 0u && cpu->sync_asked == 0u)
		return lr_crowded(cpu);
	vgic_collect(cpu);
	if (lr_reap(cpu))
		return true;
	if ((cpu->refold & cpu->used) != 0u) {
		lr_look(cpu);
		return true;
	}
	cpu->refold = 0u;
	if ((cpu->merge | sgi_again(cpu)) != 0u) {
		cpu->refold = still_held(cpu) ? VGIC_ALL : 0u;
		cpu->merge = 0u;
		return true;
	}
	if (cpu->sync_asked != 0u) {
		vgic_answer(cpu);
		return true;
	}
	return lr_refill(cpu);
}

static void flush_locked(struct vgic_cpu *cpu)
{
	cpu->request = 1u; /* so that what this does itself does not kick */
	vgic_indirect(cpu);
	if (flush_step(cpu))
		vgic_kick(cpu);
	else
		__atomic_store_n(&cpu->request, 0u, __ATOMIC_RELAXED);
}

SELDOM void vgic_flush_all(struct vgic_cpu *cpu)
{
	vgic_lock(cpu->vgic);
	if (cpu->loaded)
		flush_locked(cpu);
	vgic_unlock(cpu->vgic);
}

bool vgic_pending(struct vgic_cpu *cpu)
{
	uint64_t vmcr = arch_ich_vmcr_read();
	uint32_t limit = (uint32_t)(vmcr >> VGIC_VMCR_PMR_SHIFT) & 0xffu;
	uint32_t used;

	if (vgic_requested(cpu))
		return true;
	for (used = cpu->used; used != 0u; used &= used - 1u) {
		uint32_t n = vgic_lowest(used);
		uint64_t lr = arch_lr_read(n);

		if ((lr & (VGIC_LR_PENDING | VGIC_LR_ACTIVE)) != VGIC_LR_PENDING ||
		    lr_rank(lr, vmcr) >= limit)
			continue;
		if (lr_is_timer(lr) && !vgic_hw_line()) {
			/* no longer pending: it must not keep the guest awake */
			vgic_lock(cpu->vgic);
			cpu->refold |= 1u << n;
			vgic_request(cpu);
			vgic_unlock(cpu->vgic);
		}
		return true;
	}
	return false;
}

bool vgic_hw_timer(struct vgic_cpu *cpu)
{
	vgic_lock(cpu->vgic);
	cpu->word.line |= VGIC_HW;
	flush_locked(cpu);
	vgic_unlock(cpu->vgic);
	return (cpu->word.line & VGIC_HW) == 0u;
}

bool vgic_hw_owned(const struct vgic_cpu *cpu)
{
	return (cpu->word.line & VGIC_HW) != 0u ||
	       ((cpu->held[0] & VGIC_HW) != 0u && (cpu->lr[cpu->hw_lr] & VGIC_LR_HW) != 0u);
}

void vgic_load(struct vgic_cpu *cpu)
{
	uint32_t n, count = arch_lr_count();

	vgic_lock(cpu->vgic);
	cpu->loaded = true;
	cpu->lr_mask = (1u << count) - 1u;
	cpu->lr_top = count - 1u;
	for (n = 0u; n < count; n++)
		if (cpu->lr[n] != 0u)
			cpu->back |= 1u << n;
	cpu->back &= ~cpu->used;
	arch_lr_write_all(cpu->lr, cpu->used, count);
	for (n = 0u; n < 2u; n++)
		arch_ich_apr_write(n, cpu->apr[n]);
	arch_ich_vmcr_write(cpu->vmcr);
	arch_ich_hcr_write(cpu->hcr | (uint64_t)cpu->ends << VGIC_HCR_EOI_SHIFT);
	cpu->ends = 0u;
	cpu->crowded = false;
	__atomic_store_n(&cpu->request, 1u, __ATOMIC_RELAXED);
	vgic_unlock(cpu->vgic);
}

void vgic_save(struct vgic_cpu *cpu)
{
	uint32_t request, used, n;

	vgic_lock(cpu->vgic);
	request = cpu->request;
	cpu->request = 1u; /* so that this does not kick itself */
	vgic_indirect(cpu);
	arch_lr_read_all(cpu->lr, cpu->used, cpu->lr_top + 1u);
	for (used = cpu->used; used != 0u; used &= used - 1u) {
		n = vgic_lowest(used);
		if (!lr_give(cpu, n))
			cpu->used &= ~(1u << n);
	}
	cpu->soft = 0u;
	cpu->refold = 0u;
	cpu->back = 0u; /* what has not come back yet does so the next time */
	vgic_answer(cpu);
	cpu->loaded = false;
	cpu->vmcr = arch_ich_vmcr_read();
	for (n = 0u; n < 2u; n++)
		cpu->apr[n] = arch_ich_apr_read(n);
	if ((cpu->hcr & VGIC_HCR_LRENPIE) != 0u)
		cpu->ends =
			(uint32_t)(arch_ich_hcr_read() >> VGIC_HCR_EOI_SHIFT) & VGIC_HCR_EOI_MASK;
	/* EN = 0: the list registers mean nothing until vgic_load() has written them all */
	arch_ich_hcr_write(0u);
	__atomic_store_n(&cpu->request, request, __ATOMIC_RELAXED);
	vgic_unlock(cpu->vgic);
}
