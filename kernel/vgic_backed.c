/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SPIs of a VM that physical interrupts back; contract in vgic.h. In software they are levels:
 * `line` says that the physical one has been taken and waits. It stays active in the distributor
 * until a list register with HW set is ended by the guest (IHI 0069 5.2.2), or until what the guest
 * does to an active state in software ends it here. tests/models/vgic_passed.pml is the protocol.
 */
#include "kernel/vgic_internal.h"
#include "kernel/vgic_port.h"

void vgic_back(struct vgic *vgic, uint32_t intid, uint32_t physical)
{
	vgic->spi[vgic_word_of(intid) - 1u].backed |= vgic_bit_of(intid);
	vgic->physical[intid - 32u] = (uint16_t)physical;
}

/*
 * It was inactive, so no list register has it any more: one that still counts as held has been
 * emptied by the guest, and its vCPU is to notice.
 */
void vgic_taken(struct vgic *vgic, uint32_t intid)
{
	uint32_t w = vgic_word_of(intid);
	uint32_t to;

	vgic_lock(vgic);
	vgic->spi[w - 1u].line |= vgic_bit_of(intid);
	vgic->stirred |= 1u << w;
	to = vgic_keeper(vgic, w, vgic_bit_of(intid));
	if (to < vgic->vcpu_count)
		vgic_request(vgic->cpu[to]);
	vgic_unlock(vgic);
}

void vgic_release(const struct vgic *vgic, uint32_t w, uint32_t bits)
{
	if (w == 0u)
		return;
	for (bits &= vgic->spi[w - 1u].backed; bits != 0u; bits &= bits - 1u)
		vgic_hw_release(vgic->physical[32u * (w - 1u) + vgic_lowest(bits)]);
}

void vgic_retake(struct vgic *vgic, uint32_t w, uint32_t bits)
{
	struct vgic_word *word = &vgic->spi[w - 1u];

	bits &= word->line & word->backed & ~word->backed_edge;
	word->line &= ~bits;
	vgic_release(vgic, w, bits);
}
