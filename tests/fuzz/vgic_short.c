/* SPDX-License-Identifier: Apache-2.0 */
/* Contract in vgic_short.h. Owns nothing. */
#include "tests/fuzz/vgic_short.h"

#include "kernel/vgic_peek.h"

uint64_t vgic_short_read(struct vgic *vgic, bool redistributor, uint64_t offset)
{
	return vgic_peek(vgic, redistributor, offset);
}
