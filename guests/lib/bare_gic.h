/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 (IHI 0069) for the small guests: one security state, affinity routing, Group 1 for
 * all that is not said otherwise. The redistributor of CPU n is the n-th one, as on the
 * board. A function with an INTID below 32 acts on the calling CPU's redistributor.
 */
#ifndef BULKHEAD_GUESTS_LIB_BARE_GIC_H
#define BULKHEAD_GUESTS_LIB_BARE_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/lib/bare_reg.h"

/* Offsets in the distributor and in the second frame of a redistributor */
#define GIC_CTLR       0x0000u
#define GIC_TYPER      0x0004u
#define GIC_IGROUPR    0x0080u
#define GIC_ISENABLER  0x0100u
#define GIC_ICENABLER  0x0180u
#define GIC_ISPENDR    0x0200u
#define GIC_ICPENDR    0x0280u
#define GIC_ISACTIVER  0x0300u
#define GIC_ICACTIVER  0x0380u
#define GIC_IPRIORITYR 0x0400u
#define GIC_ICFGR      0x0c00u
#define GIC_IROUTER    0x6000u

/* Offsets in the first frame of a redistributor */
#define GICR_CTLR  0x0000u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u

#define GICD_CTLR_GRP0 0x01u
#define GICD_CTLR_GRP1 0x02u
#define GICD_CTLR_ARE  0x10u
#define GICD_CTLR_DS   0x40u

#define ICC_CTLR_CBPR    1u
#define ICC_CTLR_EOIMODE 2u

#define GIC_PRIORITY 0xa0u /* of every interrupt after gic_init() */
#define GIC_SPURIOUS 1023u

/* The distributor and the calling CPU: all disabled, inactive, not pending; SPIs to CPU 0. */
void gic_init(void);
/* Another CPU's redistributor and interface. */
void gic_init_cpu(void);

uint64_t gic_base(uint32_t intid);
/* Registers of one bit: writes a 1, reads the bit. */
void gic_set(uint32_t reg, uint32_t intid);
bool gic_get(uint32_t reg, uint32_t intid);
/* The whole word of such a register that holds the interrupt. */
uint32_t gic_word(uint32_t reg, uint32_t intid);
void gic_set_priority(uint32_t intid, uint8_t priority);
uint8_t gic_get_priority(uint32_t intid);
void gic_set_edge(uint32_t intid, bool edge);
void gic_set_group(uint32_t intid, uint32_t group);
void gic_route(uint32_t intid, uint32_t cpu);
void gic_enable(uint32_t intid);
/* Returns when the interrupt can no longer be signalled. */
void gic_disable(uint32_t intid);
/* SGI `intid` of Group 1 to the CPUs in the mask. */
void gic_send(uint32_t intid, uint32_t cpus);

static inline uint32_t gic_ack(void)
{
	uint32_t intid = (uint32_t)READ_ICC(ICC_IAR1);

	barrier_dsb();
	return intid;
}

static inline void gic_eoi(uint32_t intid)
{
	WRITE_ICC(ICC_EOIR1, intid);
	barrier_isb();
}

static inline void gic_deactivate(uint32_t intid)
{
	WRITE_ICC(ICC_DIR, intid);
	barrier_isb();
}

static inline void gic_set_mask(uint32_t priority)
{
	WRITE_ICC(ICC_PMR, priority);
	barrier_isb();
}

#endif
