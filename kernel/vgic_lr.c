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
 */
#include <stddef.h>

#include "kernel/vgic_internal.h"
#include "kernel/vgic_port.h"

/* The best interrupts that wait in software, best first. */
struct vgic_choice {
	uint32_t count; /* in the arrays */
	uint32_t total; /* that wait */
	uint32_t room;
	uint16_t intid[VGIC_LRS];
	uint16_t rank[VGIC_LRS];
};

#define RANK_MASKED 0x100u /* after all of the group that the guest's CPU interface enables */

static void lr_set(struct vgic_cpu *cpu, uint32_t n, uint64_t lr)
{
	cpu->lr[n] = lr;
	if (cpu->loaded)
		arch_lr_write(n, lr);
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
		lr |= VGIC_LR_HW | (uint64_t)intid << VGIC_LR_PINTID_SHIFT;
	else if ((word->edge & bit) == 0u || (word->pending & bit) != 0u)
		lr |= VGIC_LR_EOI;
	return lr;
}

static void lr_release(struct vgic_cpu *cpu, uint32_t n)
{
	uint32_t intid = VGIC_LR_INTID(cpu->lr[n]);
	uint32_t w = vgic_word_of(intid);
	uint32_t bit = vgic_bit_of(intid);

	cpu->used &= ~(1u << n);
	cpu->soft &= ~(1u << n);
	cpu->held[w] &= ~bit;
	cpu->vgic->held[w] &= ~bit;
	cpu->seen_pending[w] &= ~bit;
	cpu->seen_active[w] &= ~bit;
	lr_set(cpu, n, 0u);
	vgic_ring(cpu, w, bit);
}

/* The pending state of list register n goes back to software. */
static void lr_unpend(struct vgic_cpu *cpu, uint32_t n)
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
		if (!cpu->loaded || vgic_hw_line())
			return true;
		vgic_hw_release();
		return false;
	}
	if ((word->edge & bit) != 0u || (cpu->soft & (1u << n)) != 0u)
		return true;
	return (word->line & bit) != 0u;
}

/* What other CPUs have asked for the interrupt in list register n. Returns: is it active? */
static bool lr_obey(struct vgic_cpu *cpu, uint32_t n)
{
	uint32_t w = vgic_word_of(VGIC_LR_INTID(cpu->lr[n]));
	uint32_t bit = vgic_bit_of(VGIC_LR_INTID(cpu->lr[n]));
	bool active = (cpu->lr[n] & VGIC_LR_ACTIVE) != 0u;

	if (active && (cpu->ask[VGIC_ASK_CLEAR_ACTIVE][w] & bit) != 0u) {
		if ((cpu->lr[n] & VGIC_LR_HW) != 0u && cpu->loaded)
			vgic_hw_release();
		active = false;
	}
	if ((cpu->ask[VGIC_ASK_SET_ACTIVE][w] & bit) != 0u)
		active = true;
	if ((cpu->ask[VGIC_ASK_CLEAR_PENDING][w] & bit) != 0u) {
		cpu->soft &= ~(1u << n);
		if ((vgic_word(cpu, w)->edge & bit) != 0u)
			cpu->lr[n] &= ~VGIC_LR_PENDING;
	}
	return active;
}

void vgic_hw_renew(struct vgic_cpu *cpu)
{
	uint64_t lr = 0u;
	bool held = (cpu->held[0] & VGIC_HW) != 0u;
	bool ours = held ? cpu->hw_lr == cpu->lr_top && (cpu->lr[cpu->lr_top] & VGIC_LR_HW) != 0u
	                 : (cpu->used >> cpu->lr_top & 1u) == 0u;

	if (ours &&
	    (vgic_allowed(cpu, 0u) & ~cpu->word.active & ~cpu->word.pending & VGIC_HW) != 0u)
		lr = lr_make(cpu, VGIC_TIMER_ID, true) | VGIC_LR_PENDING;
	__atomic_store_n(&cpu->hw_direct, lr, __ATOMIC_RELAXED);
}

/*
 * Level-triggered: never pending and active in a list register, as the end must look at the
 * line first. Pending once more merges into what is pending already.
 */
static void lr_fold(struct vgic_cpu *cpu, uint32_t n)
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

/* EOIs of spilled interrupts since HCR was written: each ended the one of highest priority. */
static void lr_count_ends(struct vgic_cpu *cpu)
{
	uint64_t hcr = arch_ich_hcr_read();
	uint32_t ends = (uint32_t)(hcr >> VGIC_HCR_EOI_SHIFT) & VGIC_HCR_EOI_MASK;

	if (ends != 0u)
		arch_ich_hcr_write(cpu->hcr);
	for (; ends != 0u && cpu->spill_count != 0u; ends--) {
		uint32_t best = 0u;
		uint32_t best_priority = 0x100u;
		uint32_t w, bits;

		for (w = 0u; w < cpu->vgic->word_count; w++) {
			for (bits = cpu->spilled[w]; bits != 0u; bits &= bits - 1u) {
				uint32_t i = vgic_lowest(bits);

				if (vgic_word(cpu, w)->priority[i] >= best_priority)
					continue;
				best_priority = vgic_word(cpu, w)->priority[i];
				best = 32u * w + i;
			}
		}
		vgic_unspill(cpu, vgic_word_of(best), vgic_bit_of(best));
	}
}

static void lr_refresh(struct vgic_cpu *cpu)
{
	uint32_t used;

	if (!cpu->loaded)
		return;
	for (used = cpu->used; used != 0u; used &= used - 1u)
		cpu->lr[vgic_lowest(used)] = arch_lr_read(vgic_lowest(used));
	if ((cpu->hcr & VGIC_HCR_LRENPIE) != 0u)
		lr_count_ends(cpu);
}

/* List registers that the guest has emptied. */
static void lr_reap(struct vgic_cpu *cpu)
{
	uint32_t empty;

	for (empty = (uint32_t)arch_ich_empty() & cpu->used; empty != 0u; empty &= empty - 1u)
		lr_release(cpu, vgic_lowest(empty));
}

void vgic_fold(struct vgic_cpu *cpu)
{
	uint32_t used, ask, w;

	cpu->refold = false;
	lr_refresh(cpu);
	for (used = cpu->used; used != 0u; used &= used - 1u)
		lr_fold(cpu, vgic_lowest(used));
	if (!cpu->asked)
		return;
	cpu->asked = false;
	for (ask = 0u; ask < VGIC_ASKS; ask++)
		for (w = 0u; w < cpu->vgic->word_count; w++)
			cpu->ask[ask][w] = 0u;
}

void vgic_empty(struct vgic_cpu *cpu)
{
	uint32_t used, w;

	lr_refresh(cpu);
	if (cpu->loaded && vgic_hw_owned(cpu))
		vgic_hw_release();
	for (used = cpu->used; used != 0u; used &= used - 1u) {
		uint32_t n = vgic_lowest(used);

		lr_unpend(cpu, n);
		lr_release(cpu, n);
	}
	for (w = 0u; w < cpu->vgic->word_count; w++)
		vgic_unspill(cpu, w, cpu->spilled[w]);
}

static void choose(struct vgic_choice *choice, uint32_t intid, uint32_t rank)
{
	uint32_t i;

	choice->total++;
	if (choice->count == choice->room && rank >= choice->rank[choice->room - 1u])
		return;
	if (choice->count < choice->room)
		choice->count++;
	for (i = choice->count - 1u; i > 0u && choice->rank[i - 1u] > rank; i--) {
		choice->rank[i] = choice->rank[i - 1u];
		choice->intid[i] = choice->intid[i - 1u];
	}
	choice->rank[i] = (uint16_t)rank;
	choice->intid[i] = (uint16_t)intid;
}

static uint32_t lr_rank(uint64_t lr, uint64_t vmcr)
{
	uint32_t group = (uint32_t)(lr >> VGIC_LR_GROUP_SHIFT) & 1u;

	return ((uint32_t)(lr >> VGIC_LR_PRIORITY_SHIFT) & 0xffu) |
	       ((vmcr >> group & 1u) != 0u ? 0u : RANK_MASKED);
}

static void choose_all(struct vgic_cpu *cpu, struct vgic_choice *choice, uint64_t vmcr)
{
	uint32_t words, bits;

	for (words = cpu->vgic->stirred | 1u; words != 0u; words &= words - 1u) {
		uint32_t w = vgic_lowest(words);

		for (bits = vgic_ready(cpu, w); bits != 0u; bits &= bits - 1u) {
			uint32_t intid = 32u * w + vgic_lowest(bits);

			choose(choice, intid, lr_rank(lr_make(cpu, intid, false), vmcr));
		}
	}
}

static uint32_t lr_free(const struct vgic_cpu *cpu)
{
	return cpu->lr_mask & ~cpu->used;
}

/*
 * A list register for an interrupt of this rank: a free one; that of the worst pending one if
 * that is worse; that of the worst active one if none is pending. VGIC_LRS: none.
 */
static uint32_t lr_make_room(struct vgic_cpu *cpu, uint32_t rank, uint64_t vmcr)
{
	uint32_t free = lr_free(cpu);
	uint32_t pending = VGIC_LRS, active = VGIC_LRS;
	uint32_t pending_rank = 0u, active_rank = 0u;
	uint32_t used;

	if (free != 0u)
		return vgic_lowest(free);
	for (used = cpu->used; used != 0u; used &= used - 1u) {
		uint32_t n = vgic_lowest(used);
		uint32_t other = lr_rank(cpu->lr[n], vmcr);

		if ((cpu->lr[n] & VGIC_LR_ACTIVE) == 0u) {
			if (pending == VGIC_LRS || other > pending_rank) {
				pending = n;
				pending_rank = other;
			}
		} else if ((cpu->lr[n] & VGIC_LR_HW) == 0u && other >= active_rank) {
			active = n;
			active_rank = other;
		}
	}
	if (pending != VGIC_LRS) {
		if (pending_rank <= rank)
			return VGIC_LRS;
		lr_unpend(cpu, pending);
		lr_release(cpu, pending);
		return pending;
	}
	if (active != VGIC_LRS) {
		uint32_t spilled = VGIC_LR_INTID(cpu->lr[active]);

		lr_unpend(cpu, active);
		vgic_spill(cpu, vgic_word_of(spilled), vgic_bit_of(spilled));
		lr_release(cpu, active);
	}
	return active;
}

static void lr_load(struct vgic_cpu *cpu, uint32_t n, uint32_t intid)
{
	uint32_t w = vgic_word_of(intid);
	uint32_t bit = vgic_bit_of(intid);
	struct vgic_word *word = vgic_word(cpu, w);
	bool hw = intid == VGIC_TIMER_ID && (word->line & bit) != 0u;

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
		vgic_hw_release();
	}
}

/* How many interrupts wait in software. */
static uint32_t count_ready(struct vgic_cpu *cpu)
{
	struct vgic *vgic = cpu->vgic;
	uint32_t count = vgic_count(vgic_ready(cpu, 0u));
	uint32_t words;

	for (words = vgic->stirred; words != 0u; words &= words - 1u) {
		uint32_t w = vgic_lowest(words);

		if ((vgic->spi[w - 1u].pending | vgic->spi[w - 1u].line) == 0u)
			vgic->stirred &= ~(1u << w);
		count += vgic_count(vgic_ready(cpu, w));
	}
	return count;
}

/*
 * There is a free list register for each that waits: in the order of INTIDs, which is in what
 * order CPU interfaces take equal priorities.
 */
static void load_all(struct vgic_cpu *cpu)
{
	uint32_t words, bits;

	for (words = cpu->vgic->stirred | 1u; words != 0u; words &= words - 1u) {
		uint32_t w = vgic_lowest(words);

		for (bits = vgic_ready(cpu, w); bits != 0u; bits &= bits - 1u) {
			uint32_t intid = 32u * w + vgic_lowest(bits);

			lr_load(cpu, vgic_lowest(lr_free(cpu)), intid);
		}
	}
}

/* More wait than list registers are free; false: some go on waiting. */
static bool load_best(struct vgic_cpu *cpu, uint64_t vmcr)
{
	struct vgic_choice choice;
	bool waits = false;
	uint32_t i, n;

	choice.count = 0u;
	choice.total = 0u;
	choice.room = vgic_lowest(cpu->lr_mask + 1u);
	choose_all(cpu, &choice, vmcr);
	for (i = 0u; i < choice.count; i++) {
		bool full = lr_free(cpu) == 0u;
		uint32_t spills = cpu->spill_count;

		n = lr_make_room(cpu, choice.rank[i], vmcr);
		if (n == VGIC_LRS)
			break;
		/* a pending one that made room waits in software itself now */
		waits = waits || (full && cpu->spill_count == spills);
		lr_load(cpu, n, choice.intid[i]);
	}
	return i >= choice.total && !waits;
}

/*
 * Is an interrupt that is pending once more still in its list register? Always looks at word 0:
 * another CPU may have collected an SGI just before vgic_place() made it held.
 */
static bool still_held(struct vgic_cpu *cpu)
{
	uint32_t words;

	for (words = cpu->merge | 1u; words != 0u; words &= words - 1u) {
		uint32_t w = vgic_lowest(words);

		if ((cpu->held[w] & vgic_word(cpu, w)->pending) != 0u)
			return true;
	}
	return false;
}

/* Writes what nobody else writes while the vCPU is loaded, as vgic_hw_direct() does. */
bool vgic_place(struct vgic_cpu *cpu, uint32_t intid)
{
	const struct vgic_word *word = &cpu->word;
	uint32_t bit = 1u << intid;
	uint32_t free = lr_free(cpu) & ~(1u << cpu->lr_top);
	uint32_t held = cpu->held[0];
	uint32_t n = cpu->sgi_lr[intid];
	uint64_t lr;

	if (!cpu->loaded || cpu->request != 0u || cpu->hcr != VGIC_HCR_EN ||
	    (vgic_allowed(cpu, 0u) & ~word->active & ~word->pending & bit) == 0u)
		return false;
	if ((held & bit) != 0u) {
		if ((arch_ich_empty() >> n & 1u) == 0u)
			return false;
	} else {
		if (free == 0u)
			return false;
		n = vgic_lowest(free);
		cpu->sgi_lr[intid] = (uint8_t)n;
		cpu->used |= 1u << n;
		__atomic_store_n(&cpu->held[0], held | bit, __ATOMIC_RELAXED);
	}
	lr = intid |
	     (uint64_t)(word->priority[intid] & VGIC_PRIORITY_MASK) << VGIC_LR_PRIORITY_SHIFT |
	     (uint64_t)(word->group >> intid & 1u) << VGIC_LR_GROUP_SHIFT | VGIC_LR_PENDING;
	cpu->lr[n] = lr;
	arch_lr_write(n, lr);
	return true;
}

/* SGIs have come, and nothing else has. False: there is more to do. */
static bool place_posted(struct vgic_cpu *cpu)
{
	uint32_t bits, left = 0u;

	if (cpu->request != 0u || __atomic_load_n(&cpu->posted, __ATOMIC_RELAXED) == 0u)
		return false;
	/* acquire: pairs with the release in vgic_sgi */
	for (bits = __atomic_exchange_n(&cpu->posted, 0u, __ATOMIC_ACQUIRE); bits != 0u;
	     bits &= bits - 1u)
		if (!vgic_place(cpu, vgic_lowest(bits)))
			left |= bits & (0u - bits);
	if (left != 0u)
		(void)__atomic_fetch_or(&cpu->posted, left, __ATOMIC_RELAXED);
	return left == 0u;
}

void vgic_flush_locked(struct vgic_cpu *cpu)
{
	bool fold = cpu->refold || cpu->asked || cpu->hcr != VGIC_HCR_EN;
	uint64_t hcr = VGIC_HCR_EN;
	uint64_t vmcr;

	cpu->request = 1u; /* so that what this does itself does not kick */
	vgic_collect(cpu);
	if (!fold) {
		lr_reap(cpu);
		fold = still_held(cpu);
	}
	if (fold)
		vgic_fold(cpu);
	cpu->merge = 0u;
	drop_idle_timer(cpu);
	if (count_ready(cpu) <= vgic_count(lr_free(cpu))) {
		load_all(cpu);
	} else {
		if (!fold)
			vgic_fold(cpu);
		vmcr = arch_ich_vmcr_read();
		if (!load_best(cpu, vmcr))
			hcr |= VGIC_HCR_NPIE;
	}
	if (cpu->spill_count != 0u) {
		vmcr = arch_ich_vmcr_read();
		hcr |= VGIC_HCR_LRENPIE | ((vmcr & VGIC_VMCR_EOIM) != 0u ? VGIC_HCR_TDIR : 0u);
	}
	if (hcr != cpu->hcr) {
		cpu->hcr = hcr;
		arch_ich_hcr_write(hcr);
	}
	vgic_hw_renew(cpu);
	if (cpu->sync_asked != 0u)
		vgic_answer(cpu);
	__atomic_store_n(&cpu->request, 0u, __ATOMIC_RELAXED);
}

void vgic_flush(struct vgic_cpu *cpu)
{
	if (place_posted(cpu))
		return;
	vgic_lock(cpu->vgic);
	if (cpu->loaded)
		vgic_flush_locked(cpu);
	vgic_unlock(cpu->vgic);
}

bool vgic_pending(struct vgic_cpu *cpu)
{
	uint64_t vmcr = arch_ich_vmcr_read();
	uint32_t limit = (uint32_t)(vmcr >> VGIC_VMCR_PMR_SHIFT) & 0xffu;
	uint32_t used;

	vgic_lock(cpu->vgic);
	cpu->refold = cpu->used != 0u; /* what is no longer pending must not keep it awake */
	vgic_flush_locked(cpu);
	vgic_unlock(cpu->vgic);
	for (used = cpu->used; used != 0u; used &= used - 1u) {
		uint64_t lr = arch_lr_read(vgic_lowest(used));

		if ((lr & (VGIC_LR_PENDING | VGIC_LR_ACTIVE)) == VGIC_LR_PENDING &&
		    lr_rank(lr, vmcr) < limit)
			return true;
	}
	return false;
}

bool vgic_hw_timer(struct vgic_cpu *cpu)
{
	vgic_lock(cpu->vgic);
	cpu->word.line |= VGIC_HW;
	vgic_flush_locked(cpu);
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
	cpu->refold = true; /* the timer's line may have fallen meanwhile */
	cpu->lr_mask = (1u << count) - 1u;
	cpu->lr_top = count - 1u;
	for (n = 0u; n < count; n++)
		arch_lr_write(n, cpu->lr[n]);
	for (n = 0u; n < 2u; n++)
		arch_ich_apr_write(n, cpu->apr[n]);
	arch_ich_vmcr_write(cpu->vmcr);
	arch_ich_hcr_write(cpu->hcr);
	vgic_hw_renew(cpu);
	__atomic_store_n(&cpu->request, 1u, __ATOMIC_RELAXED);
	vgic_unlock(cpu->vgic);
}

void vgic_save(struct vgic_cpu *cpu)
{
	uint32_t n;

	vgic_lock(cpu->vgic);
	vgic_fold(cpu);
	vgic_answer(cpu);
	cpu->loaded = false;
	cpu->vmcr = arch_ich_vmcr_read();
	for (n = 0u; n < 2u; n++)
		cpu->apr[n] = arch_ich_apr_read(n);
	arch_ich_hcr_write(0u);
	for (n = 0u; n < arch_lr_count(); n++)
		arch_lr_write(n, 0u);
	vgic_unlock(cpu->vgic);
}
