/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 for the small guests. Called with interrupts masked, but for gic_send().
 */
#include "guests/lib/bare_gic.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"

#define WAKER_SLEEP  2u
#define WAKER_ASLEEP 4u
#define CTLR_RWP     0x80000000u
#define CTLR_RWP_R   8u

static uint64_t redistributor(void)
{
	return GICR_BASE + (uint64_t)cpu_index() * GICR_STRIDE;
}

uint64_t gic_base(uint32_t intid)
{
	return intid < 32u ? redistributor() + GICR_SGI : (uint64_t)GICD_BASE;
}

void gic_set(uint32_t reg, uint32_t intid)
{
	write32(gic_base(intid) + reg + intid / 32u * 4u, 1u << intid % 32u);
}

uint32_t gic_word(uint32_t reg, uint32_t intid)
{
	return read32(gic_base(intid) + reg + intid / 32u * 4u);
}

bool gic_get(uint32_t reg, uint32_t intid)
{
	return (gic_word(reg, intid) >> intid % 32u & 1u) != 0u;
}

void gic_set_priority(uint32_t intid, uint8_t priority)
{
	uint64_t address = gic_base(intid) + GIC_IPRIORITYR + intid;

	__asm__ volatile("strb %w0, [%1]" : : "rZ"(priority), "r"(address) : "memory");
}

uint8_t gic_get_priority(uint32_t intid)
{
	uint64_t address = gic_base(intid) + GIC_IPRIORITYR + intid;
	uint32_t value;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return (uint8_t)value;
}

void gic_set_edge(uint32_t intid, bool edge)
{
	uint64_t address = gic_base(intid) + GIC_ICFGR + intid / 16u * 4u;
	uint32_t bit = 2u << intid % 16u * 2u;
	uint32_t value = read32(address);

	write32(address, edge ? value | bit : value & ~bit);
}

void gic_set_group(uint32_t intid, uint32_t group)
{
	uint64_t address = gic_base(intid) + GIC_IGROUPR + intid / 32u * 4u;
	uint32_t bit = 1u << intid % 32u;
	uint32_t value = read32(address);

	write32(address, group != 0u ? value | bit : value & ~bit);
}

void gic_route(uint32_t intid, uint32_t cpu)
{
	write64(GICD_BASE + GIC_IROUTER + 8u * (uint64_t)intid, cpu);
}

void gic_enable(uint32_t intid)
{
	gic_set(GIC_ISENABLER, intid);
}

static void settle(uint32_t intid)
{
	if (intid < 32u) {
		while ((read32(redistributor() + GICR_CTLR) & CTLR_RWP_R) != 0u)
			cpu_relax();
	} else {
		while ((read32(GICD_BASE + GIC_CTLR) & CTLR_RWP) != 0u)
			cpu_relax();
	}
	barrier_dsb();
	barrier_isb();
}

void gic_disable(uint32_t intid)
{
	gic_set(GIC_ICENABLER, intid);
	settle(intid);
}

/* IHI 0069 section 12.2.20: target list of 16, the affinities above are 0. */
void gic_send(uint32_t intid, uint32_t cpus)
{
	__asm__ volatile("dsb ishst" : : : "memory");
	WRITE_ICC(ICC_SGI1R, (uint64_t)intid << 24 | cpus);
	barrier_isb();
}

static void quiet_word(uint64_t base, uint32_t word)
{
	write32(base + GIC_ICENABLER + 4u * word, 0xffffffffu);
	write32(base + GIC_ICPENDR + 4u * word, 0xffffffffu);
	write32(base + GIC_ICACTIVER + 4u * word, 0xffffffffu);
	write32(base + GIC_IGROUPR + 4u * word, 0xffffffffu);
	for (uint32_t i = 0; i < 8u; i++)
		write32(base + GIC_IPRIORITYR + 32u * word + 4u * i, GIC_PRIORITY * 0x01010101u);
}

void gic_init_cpu(void)
{
	uint64_t base = redistributor();

	/* IHI 0069 section 12.11.42: wake the redistributor before its CPU interface. */
	write32(base + GICR_WAKER, read32(base + GICR_WAKER) & ~WAKER_SLEEP);
	while ((read32(base + GICR_WAKER) & WAKER_ASLEEP) != 0u)
		cpu_relax();
	quiet_word(base + GICR_SGI, 0);
	settle(0);
	WRITE_ICC(ICC_SRE, READ_ICC(ICC_SRE) | 1u);
	barrier_isb();
	WRITE_ICC(ICC_PMR, 0xff);
	WRITE_ICC(ICC_BPR0, 0);
	WRITE_ICC(ICC_BPR1, 0);
	WRITE_ICC(ICC_CTLR, 0);
	WRITE_ICC(ICC_IGRPEN0, 0);
	WRITE_ICC(ICC_IGRPEN1, 1);
	barrier_isb();
}

void gic_init(void)
{
	uint32_t words;

	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE);
	settle(32);
	words = (read32(GICD_BASE + GIC_TYPER) & 0x1fu) + 1u;
	for (uint32_t word = 1; word < words; word++) {
		quiet_word(GICD_BASE, word);
		write32(GICD_BASE + GIC_ICFGR + 8u * word, 0);
		write32(GICD_BASE + GIC_ICFGR + 8u * word + 4u, 0);
		for (uint32_t i = 0; i < 32u && word * 32u + i < 1020u; i++)
			gic_route(word * 32u + i, 0);
	}
	settle(32);
	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	settle(32);
	gic_init_cpu();
}
