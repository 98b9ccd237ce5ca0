/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of the virtual GIC that one word of state answers, so that a read needs no
 * lock: GICD_CTLR, TYPER, IIDR, and IGROUPR, ISENABLER, ICENABLER (IHI 0069 12.9, 12.11).
 * Inline: drivers read them often, and this is a leaf in the path of the trap. Called on the
 * CPU of a vCPU of the VM.
 */
#ifndef BULKHEAD_KERNEL_VGIC_PEEK_H
#define BULKHEAD_KERNEL_VGIC_PEEK_H

#include <stddef.h>

#include "kernel/vgic.h"

#define GICD_CTLR   0x0000u
#define GICD_TYPER  0x0004u
#define GICD_IIDR   0x0008u
#define GICD_HEAD_E 0x000cu
#define SGI_FRAME   0x10000u /* SGI_base above RD_base */
#define FRAME_BYTES 0x20000u /* of a redistributor */

#define CTLR_FIXED  0x50u                             /* DS, ARE */
#define TYPER_FIXED (1u << 25 | 1u << 24 | 15u << 19) /* No1N, A3V, INTIDs of 16 bits */
#define IIDR        0x43bu                            /* implementer: Arm */

/* Kinds of bitmap register: offset / 0x80 */
#define IGROUPR   1u
#define ISENABLER 2u
#define ICENABLER 3u

#define VGIC_NO_VALUE UINT64_MAX

/* The word of a bitmap register, or NULL; *kind is the register's. */
static inline struct vgic_word *vgic_bitmap(struct vgic *vgic, bool redistributor, uint64_t offset,
                                            uint32_t *kind)
{
	uint32_t at = (uint32_t)offset % SGI_FRAME;
	uint32_t w = at % 0x80u / 4u;

	*kind = at / 0x80u;
	if (at % 4u != 0u)
		return NULL;
	if (!redistributor)
		return w != 0u && w < vgic->word_count ? &vgic->spi[w - 1u] : NULL;
	if ((offset & SGI_FRAME) == 0u || offset / FRAME_BYTES >= vgic->vcpu_count || w != 0u)
		return NULL;
	return &vgic->cpu[offset / FRAME_BYTES]->word;
}

/*
 * A read of 4 bytes at `offset` from the distributor, or from redistributor 0. VGIC_NO_VALUE:
 * it is no such register.
 */
static inline uint64_t vgic_peek(struct vgic *vgic, bool redistributor, uint64_t offset)
{
	const struct vgic_word *word;
	uint32_t kind;

	if (!redistributor && offset == GICD_TYPER)
		return TYPER_FIXED | (vgic->word_count - 1u);
	if (!redistributor && offset < GICD_HEAD_E)
		return offset == GICD_CTLR ? CTLR_FIXED | vgic->ctlr
		                           : (offset == GICD_IIDR ? IIDR : 0u);
	word = vgic_bitmap(vgic, redistributor, offset, &kind);
	if (word == NULL || kind < IGROUPR || kind > ICENABLER)
		return VGIC_NO_VALUE;
	return kind == IGROUPR ? word->group : word->enable;
}

#endif
