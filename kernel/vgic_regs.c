/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory-mapped registers of the virtual GIC (IHI 0069 sections 12.9 to 12.11); contract
 * in vgic.h. A word of the bitmap registers is one word of state. ARE is always 1: the
 * distributor's copies of word 0, GICD_ITARGETSR and the GICD_SGIR family are RES0.
 */
#include <stddef.h>

#include "kernel/vgic_internal.h"
#include "kernel/vgic_peek.h"
#include "kernel/vgic_port.h"

/* GICD */
#define GICD_IROUTER   0x6000u /* 8 bytes per INTID; SPIs only */
#define GICD_IROUTER_E 0x8000u
/* RD_base of a redistributor */
#define GICR_IIDR  0x0004u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
/* Both, and SGI_base: SGI_FRAME above RD_base */
#define BITMAPS        0x0080u /* one kind every 0x80 bytes */
#define BITMAPS_E      0x0400u
#define IPRIORITYR     0x0400u /* a byte per INTID */
#define IPRIORITYR_E   0x0800u
#define ICFGR          0x0c00u /* two bits per INTID */
#define ICFGR_E        0x0d00u
#define IDENTIFICATION 0xffd0u

/* More kinds of bitmap register, after those of vgic_peek.h */
#define ISPENDR   4u
#define ICPENDR   5u
#define ISACTIVER 6u

#define CTLR_ENABLES 0x3u
#define WAKER_SLEEP  2u /* ProcessorSleep; ChildrenAsleep (4) follows it at once */
#define WAKER_ASLEEP 4u
#define RTYPER_LAST  (1u << 4)
#define PIDR0_GICD   0x92u
#define PIDR0_GICR   0x93u

/* PIDR4..7, PIDR0..3, CIDR0..3 (IHI 0069 section 12.1.1); PIDR2: GICv3 */
static const uint8_t identification[12] = {
	0x44, 0x00, 0x00, 0x00, 0x00, 0xb4, 0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1,
};

static uint32_t identify(uint64_t offset, uint32_t pidr0)
{
	uint32_t i = (uint32_t)(offset - IDENTIFICATION) / 4u;

	return i == 4u ? pidr0 : identification[i];
}

/* Pending or active state of a word as the guest may see it: in software and in registers. */
static enum vgic_result view(struct vgic_cpu *owner, uint32_t w, bool active,
                             struct vgic_access *access)
{
	struct vgic_cpu *self = access->self;
	struct vgic *vgic = self->vgic;
	const struct vgic_word *word = vgic_word(owner, w);
	struct vgic_change change = {.w = w, .ask = VGIC_ASK_NONE};
	uint32_t i, bits;

	if (self->sync_retry && self->sync_wait != 0u) {
		vgic_syncing(self);
		return VGIC_RETRY;
	}
	if (!self->sync_retry) {
		change.holders = vgic_holders(self, owner, w, VGIC_ALL);
		change.sync = change.holders;
	}
	self->sync_retry = change.sync != 0u;
	if (change.sync != 0u) {
		self->sync_wait = vgic_reach(self, &change);
		vgic_syncing(self);
		return VGIC_RETRY;
	}
	bits = active ? word->active : word->pending | (word->line & ~word->edge);
	for (i = 0u; i < vgic->vcpu_count; i++) {
		const struct vgic_cpu *cpu = vgic->cpu[i];

		if (w == 0u && cpu != owner)
			continue;
		bits |= cpu->held[w] & (active ? cpu->seen_active[w] : cpu->seen_pending[w]);
	}
	access->value = bits;
	return VGIC_DONE;
}

static enum vgic_result bitmap_read(struct vgic_cpu *owner, uint32_t w, uint32_t kind,
                                    struct vgic_access *access)
{
	const struct vgic_word *word = vgic_word(owner, w);

	switch (kind) {
	case IGROUPR:
		access->value = word->group;
		return VGIC_DONE;
	case ISENABLER:
	case ICENABLER:
		access->value = word->enable;
		return VGIC_DONE;
	default:
		return view(owner, w, kind >= ISACTIVER, access);
	}
}

/* A change to these bits where they are in list registers. */
static enum vgic_result reach(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w,
                              uint32_t bits, uint32_t ask, uint32_t others)
{
	struct vgic_change change = {.w = w, .bits = bits, .ask = ask, .others = others};

	change.holders = vgic_holders(self, owner, w, bits);
	change.sync = change.holders & ~(1u << self->index);
	return vgic_wait(self, vgic_reach(self, &change));
}

/* What sits in a list register is made active there, the rest in software. */
static enum vgic_result set_active(struct vgic_cpu *self, struct vgic_cpu *owner, uint32_t w,
                                   uint32_t bits)
{
	struct vgic *vgic = self->vgic;
	uint32_t held = w == 0u ? owner->held[0] : vgic->held[w];
	uint32_t fresh = bits & ~held & ~vgic_word(owner, w)->active;
	uint32_t others = 0u;
	uint32_t i;

	if (w == 0u)
		vgic_indirect(owner);
	for (i = 0u; i < vgic->vcpu_count; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];

		if ((fresh & cpu->routed[w]) == 0u || (w == 0u && cpu != owner))
			continue;
		vgic_spill(cpu, w, fresh & cpu->routed[w]);
		others |= 1u << i; /* it must count the ends from now on */
	}
	vgic_word(owner, w)->active |= bits & ~held; /* routed to nobody */
	return reach(self, owner, w, bits & held, VGIC_ASK_SET_ACTIVE, others);
}

/* What is enabled already has been looked at. */
static inline void enable(const struct vgic_cpu *self, struct vgic_cpu *owner,
                          struct vgic_word *word, uint32_t w, uint32_t bits)
{
	bits &= ~word->enable;
	if (bits == 0u)
		return;
	word->enable |= bits;
	if (w == 0u && (bits & VGIC_HW) != 0u)
		vgic_hw_renew(self, owner);
	if (w == 0u)
		vgic_collect(owner);
	if (((word->pending | word->line) & bits) == 0u)
		return;
	if (w != 0u)
		vgic_retake(owner->vgic, w, bits);
	vgic_ring(owner, w, bits, 0u);
}

static enum vgic_result bitmap_write(struct vgic_cpu *owner, uint32_t w, uint32_t kind,
                                     const struct vgic_access *access)
{
	struct vgic_cpu *self = access->self;
	struct vgic_word *word = vgic_word(owner, w);
	uint32_t bits = (uint32_t)access->value;

	switch (kind) {
	case IGROUPR:
		word->group = bits;
		vgic_ring(owner, w, VGIC_ALL, VGIC_ALL);
		return VGIC_DONE;
	case ISENABLER:
		enable(self, owner, word, w, bits);
		return VGIC_DONE;
	case ICENABLER:
		word->enable &= ~bits;
		return reach(self, owner, w, bits, VGIC_ASK_NONE, 0u);
	case ISPENDR:
		word->pending |= bits;
		vgic_ring(owner, w, bits, 0u);
		return VGIC_DONE;
	case ICPENDR:
		word->pending &= ~bits;
		return reach(self, owner, w, bits, VGIC_ASK_CLEAR_PENDING, 0u);
	case ISACTIVER:
		return set_active(self, owner, w, bits);
	default:
		return vgic_clear_active(self, owner, w, bits);
	}
}

static void priority(struct vgic_word *word, uint32_t first, struct vgic_access *access)
{
	uint32_t i, k;

	for (i = first; i < first + access->size; i++) {
		uint32_t at = 8u * (i - first);
		uint32_t value = (uint32_t)(access->value >> at) & 0xffu;

		if (!access->write) {
			access->value |= (uint64_t)word->priority[i] << at;
			continue;
		}
		word->priority[i] = (uint8_t)value;
		for (k = 0u; k < VGIC_PLANES; k++)
			word->plane[k] = (word->plane[k] & ~(1u << i)) | (value >> (7u - k) & 1u)
			                                                         << i;
	}
}

/*
 * Bit 2n+1 of the register is edge bit n of its half of the word; SGIs stay edges, PPI 27 a level.
 * What is backed is in the distributor as its description says, whatever is written here.
 */
static void config(struct vgic_cpu *owner, uint32_t w, uint32_t half, struct vgic_access *access)
{
	struct vgic_word *word = vgic_word(owner, w);
	uint32_t edge = word->edge;
	uint32_t i;

	for (i = 0u; i < 16u; i++) {
		uint32_t bit = 1u << (16u * half + i);
		uint32_t *of = (word->backed & bit) != 0u ? &word->backed_edge : &word->edge;

		if (w == 0u && (bit & (VGIC_SGIS | VGIC_HW)) != 0u && access->write)
			continue;
		if (!access->write)
			access->value |= (*of & bit) != 0u ? 2ull << (2u * i) : 0u;
		else if ((access->value >> (2u * i + 1u) & 1u) != 0u)
			*of |= bit;
		else
			*of &= ~bit;
	}
	if (access->write) {
		vgic_ring(owner, w, edge ^ word->edge, edge ^ word->edge);
	}
}

/* The registers that the distributor (words 1 and up) and SGI_base (word 0) have alike. */
static enum vgic_result banks(struct vgic_cpu *owner, uint64_t offset, uint32_t low, uint32_t high,
                              struct vgic_access *access)
{
	uint32_t at = (uint32_t)offset;
	uint32_t w;

	if (at >= BITMAPS && at < BITMAPS_E && access->size == 4u) {
		w = at % 0x80u / 4u;
		if (w < low || w >= high)
			return VGIC_DONE;
		if (access->write)
			return bitmap_write(owner, w, at / 0x80u, access);
		return bitmap_read(owner, w, at / 0x80u, access);
	}
	if (at >= IPRIORITYR && at < IPRIORITYR_E && (access->size == 4u || access->size == 1u)) {
		w = (at - IPRIORITYR) / 32u;
		if (w >= low && w < high)
			priority(vgic_word(owner, w), at % 32u, access);
	} else if (at >= ICFGR && at < ICFGR_E && access->size == 4u) {
		w = (at - ICFGR) / 8u;
		if (w >= low && w < high)
			config(owner, w, at / 4u % 2u, access);
	}
	return VGIC_DONE;
}

/* Disabling a group takes its pending interrupts out of every list register. */
static enum vgic_result control_write(struct vgic_cpu *self, uint32_t value)
{
	struct vgic *vgic = self->vgic;
	uint32_t old = vgic->ctlr;
	struct vgic_change change = {.ask = VGIC_ASK_NONE};
	uint32_t i;

	vgic->ctlr = value & CTLR_ENABLES;
	if (vgic->ctlr == old)
		return VGIC_DONE;
	for (i = 0u; i < vgic->vcpu_count; i++) {
		vgic_indirect(vgic->cpu[i]);
		if (vgic->cpu[i]->loaded)
			change.holders |= 1u << i;
		else
			change.others |= 1u << i;
	}
	if ((old & ~vgic->ctlr) != 0u)
		change.sync = change.holders & ~(1u << self->index);
	return vgic_wait(self, vgic_reach(self, &change));
}

/* Aff3 is in the upper half; the routing mode (bit 31) is RES0. */
static void router(struct vgic *vgic, uint64_t offset, struct vgic_access *access)
{
	uint32_t intid = (uint32_t)(offset - GICD_IROUTER) / 8u;
	bool upper = (offset & 4u) != 0u;
	uint32_t aff;

	if (intid < 32u || intid >= 32u * vgic->word_count || access->size < 4u)
		return;
	aff = vgic->router[intid - 32u];
	if (!access->write) {
		access->value = (uint64_t)(aff >> 24) << 32 | (aff & 0xffffffu);
		if (access->size == 4u)
			access->value = upper ? aff >> 24 : aff & 0xffffffu;
		return;
	}
	if (access->size == 8u)
		aff = (uint32_t)(access->value >> 32 & 0xffu) << 24 |
		      ((uint32_t)access->value & 0xffffffu);
	else if (upper)
		aff = (uint32_t)(access->value & 0xffu) << 24 | (aff & 0xffffffu);
	else
		aff = (aff & 0xff000000u) | ((uint32_t)access->value & 0xffffffu);
	vgic_set_router(vgic, intid, aff);
}

static enum vgic_result distributor(struct vgic *vgic, struct vgic_access *access)
{
	uint64_t offset = access->offset;

	if (offset >= GICD_IROUTER && offset < GICD_IROUTER_E) {
		router(vgic, offset, access);
		return VGIC_DONE;
	}
	if (offset >= BITMAPS && offset < ICFGR_E)
		return banks(access->self, offset, 1u, vgic->word_count, access);
	if (access->size != 4u)
		return VGIC_DONE;
	if (access->write && offset == GICD_CTLR)
		return control_write(access->self, (uint32_t)access->value);
	if (!access->write && offset >= IDENTIFICATION)
		access->value = identify(offset, PIDR0_GICD);
	return VGIC_DONE;
}

static uint64_t redistributor_type(const struct vgic_cpu *cpu)
{
	uint64_t value = (uint64_t)cpu->index << 32 | (uint64_t)cpu->index << 8;

	return cpu->index + 1u == cpu->vgic->vcpu_count ? value | RTYPER_LAST : value;
}

static enum vgic_result redistributor(struct vgic_cpu *cpu, struct vgic_access *access)
{
	uint64_t offset = access->offset % FRAME_BYTES;

	if (offset >= SGI_FRAME) {
		enum vgic_result result;

		vgic_collect(cpu);
		result = banks(cpu, offset - SGI_FRAME, 0u, 1u, access);
		if (access->write)
			vgic_hw_renew(access->self, cpu);
		return result;
	}
	if (offset == GICR_WAKER && access->size == 4u && access->write) {
		cpu->waker = (access->value & WAKER_SLEEP) != 0u ? WAKER_SLEEP | WAKER_ASLEEP : 0u;
		return VGIC_DONE;
	}
	if (access->write || access->size < 4u)
		return VGIC_DONE;
	if (offset == GICR_TYPER)
		access->value = access->size == 8u ? redistributor_type(cpu)
		                                   : (uint32_t)redistributor_type(cpu);
	else if (access->size == 8u)
		return VGIC_DONE;
	else if (offset == GICR_TYPER + 4u)
		access->value = redistributor_type(cpu) >> 32;
	else if (offset == GICR_IIDR)
		access->value = IIDR;
	else if (offset == GICR_WAKER)
		access->value = cpu->waker;
	else if (offset >= IDENTIFICATION)
		access->value = identify(offset, PIDR0_GICR);
	return VGIC_DONE;
}

/* Of no architected size, or not aligned to it: read as zero, write ignored. */
static bool malformed(const struct vgic_access *access)
{
	uint32_t size = access->size;

	return (size != 1u && size != 4u && size != 8u) || access->offset % size != 0u;
}

enum vgic_result vgic_distributor(struct vgic_access *access)
{
	struct vgic_cpu *self = access->self;
	enum vgic_result result;

	if (!access->write)
		access->value = 0u;
	if (malformed(access) || access->offset >= 0x10000u)
		return VGIC_DONE;
	if (!access->write && access->size == 4u &&
	    vgic_peek(self->vgic, false, access->offset) != VGIC_NO_VALUE) {
		access->value = vgic_peek(self->vgic, false, access->offset);
		return VGIC_DONE;
	}
	vgic_lock(self->vgic);
	result = distributor(self->vgic, access);
	if (result != VGIC_RETRY)
		self->sync_retry = false;
	vgic_unlock(self->vgic);
	return result;
}

bool vgic_enable(struct vgic_cpu *self, bool redistributor, uint64_t offset, uint32_t bits)
{
	struct vgic *vgic = self->vgic;
	uint32_t kind;
	struct vgic_word *word = vgic_bitmap(vgic, redistributor, offset, &kind);

	if (word == NULL || kind != ISENABLER)
		return false;
	vgic_lock(self->vgic);
	if (redistributor) {
		enable(self, vgic->cpu[offset / FRAME_BYTES], word, 0u, bits);
	} else {
		enable(self, self, word, (uint32_t)offset % 0x80u / 4u, bits);
	}
	vgic_unlock(self->vgic);
	return true;
}

enum vgic_result vgic_redistributor(struct vgic_access *access)
{
	struct vgic_cpu *self = access->self;
	uint64_t index = access->offset / FRAME_BYTES;
	enum vgic_result result;

	if (!access->write)
		access->value = 0u;
	if (malformed(access) || index >= self->vgic->vcpu_count)
		return VGIC_DONE;
	vgic_lock(self->vgic);
	result = redistributor(self->vgic->cpu[index], access);
	if (result != VGIC_RETRY)
		self->sync_retry = false;
	vgic_unlock(self->vgic);
	return result;
}
