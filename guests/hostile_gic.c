/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest, family "gic": random accesses to every register of distributor and
 * redistributor, random values in every register of the CPU interface, more interrupts pending and
 * active than there are list registers, SGIs to itself and to CPUs that are not there. After each
 * attack the GIC is set up anew and must work.
 */
#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define ICC_AP0R0   s3_0_c12_c8_4
#define ICC_AP1R0   s3_0_c12_c9_0
#define ICC_ASGI1R  s3_0_c12_c11_6
#define INTIDS      288u /* SGIs, PPIs and 256 SPIs: the virtual board, and QEMU's */
#define INTERRUPTS  120u /* of one overflow, from SPI 64 on: no device is behind them */
#define FIRST_SPARE 64u
#define SGI_PROOF   5u
#define PROOF_US    1000u

#define ESR_EC(esr)   ((uint32_t)((esr) >> 26) & 0x3fu)
#define ESR_DFSC(esr) ((uint32_t)(esr)&0x3fu)
#define EC_DATA       0x25u
#define DFSC_EXTERNAL 0x10u
#define DFSC_ALIGN    0x21u

const char hostile_family[] = "gic";

static uint32_t taken[INTIDS];

/* ---- registers in memory ------------------------------------------------------------------------- */

static uint64_t load(uint64_t address, uint64_t width)
{
	uint64_t value = 0;

	if (width == 0u)
		__asm__ volatile("ldrb %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
	else if (width == 1u)
		__asm__ volatile("ldrh %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
	else if (width == 2u)
		__asm__ volatile("ldr %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
	else
		__asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(address) : "memory");
	return value;
}

static void store(uint64_t address, uint64_t width, uint64_t value)
{
	if (width == 0u)
		__asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
	else if (width == 1u)
		__asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(address) : "memory");
	else if (width == 2u)
		__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
	else
		__asm__ volatile("str %0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static uint64_t register_address(struct hostile *hostile, uint64_t random)
{
	static const uint32_t frames[] = {GICD_BASE, GICR_BASE, GICR_BASE + GICR_SGI, GICD_BASE};
	static const uint32_t reaches[] = {0x10000, 0x1000, 0x100, 0x2000};
	uint64_t address =
		frames[random % 4u] + hostile_random(hostile) % reaches[random >> 2 & 3u];

	/* two of three as software would: the others not even aligned */
	return (random >> 4) % 3u == 0u ? address
	                                : address & ~(uint64_t)((1u << (random >> 8 & 3u)) - 1u);
}

static void step_registers(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t address = register_address(hostile, random);
	uint64_t value = hostile_random(hostile);
	struct probe probe;

	(void)step;
	if ((random >> 12 & 3u) == 0u)
		value = (random >> 13 & 1u) != 0u ? UINT64_MAX : 0u;
	probe_begin();
	if ((random >> 16 & 3u) == 0u)
		(void)load(address, random >> 8 & 3u);
	else
		store(address, random >> 8 & 3u, value);
	probe = probe_end();
	if (probe.count == 0u)
		return;
	if (probe.count != 1u || ESR_EC(probe.esr) != EC_DATA || probe.far != address ||
	    (ESR_DFSC(probe.esr) != DFSC_EXTERNAL && ESR_DFSC(probe.esr) != DFSC_ALIGN))
		hostile_failed(hostile, "fault", address, probe.esr, probe.far);
}

/* ---- CPU interface ---------------------------------------------------------------------------------- */

/* clang-format off */
#define INTERFACE(X)                                                                        \
	X(ICC_PMR) X(ICC_EOIR0) X(ICC_BPR0) X(ICC_DIR) X(ICC_SGI1R) X(ICC_SGI0R)            \
	X(ICC_EOIR1) X(ICC_BPR1) X(ICC_CTLR) X(ICC_SRE) X(ICC_IGRPEN0) X(ICC_IGRPEN1)       \
	X(ICC_AP0R0) X(ICC_AP1R0) X(ICC_ASGI1R)
#define INTERFACE_READ(X)                                                                   \
	X(ICC_PMR) X(ICC_IAR0) X(ICC_HPPIR0) X(ICC_BPR0) X(ICC_RPR) X(ICC_IAR1)             \
	X(ICC_HPPIR1) X(ICC_BPR1) X(ICC_CTLR) X(ICC_SRE) X(ICC_IGRPEN0) X(ICC_IGRPEN1)      \
	X(ICC_AP0R0) X(ICC_AP1R0)
/* clang-format on */

static void step_interface(struct hostile *hostile, uint32_t step)
{
	uint64_t value = hostile_random(hostile);
	uint64_t which = hostile_random(hostile) % 32u;
	uint64_t number = 0;

	(void)step;
	if ((value & 3u) !=
	    0u) /* numbers and priorities that mean something, more often than not */
		value &= 0x1ffu;
	/* something to be taken: any SGI, PPI or SPI becomes pending */
	if ((which & 3u) == 0u)
		write32(gic_base((uint32_t)value % INTIDS) + GIC_ISPENDR +
		                (uint32_t)value % INTIDS / 32u * 4u,
		        (uint32_t)hostile_random(hostile));
	probe_begin();
#define WRITE_ONE(name)        \
	if (number++ == which) \
		WRITE_ICC(name, value);
#define READ_ONE(name)         \
	if (number++ == which) \
		(void)READ_ICC(name);
	INTERFACE(WRITE_ONE)
	INTERFACE_READ(READ_ONE)
	barrier_isb();
	if (probe_end().count != 0u)
		hostile_failed(hostile, "exception", which, value, 0);
}

/* ---- more than the list registers hold ---------------------------------------------------------------- */

static void pend_many(struct hostile *hostile)
{
	for (uint32_t i = 0; i < INTERRUPTS; i++) {
		gic_set_priority(FIRST_SPARE + i,
		                 (uint8_t)(hostile_random(hostile) & 0xf8u & 0x7fu));
		taken[FIRST_SPARE + i] = 0;
	}
	for (uint32_t i = 0; i < INTERRUPTS; i += 32u) {
		uint32_t bits = INTERRUPTS - i < 32u ? (1u << (INTERRUPTS - i)) - 1u : UINT32_MAX;

		write32(GICD_BASE + GIC_ISENABLER + (FIRST_SPARE + i) / 8u, bits);
		write32(GICD_BASE + GIC_ISPENDR + (FIRST_SPARE + i) / 8u, bits);
	}
}

/* All are taken, each once, the more urgent before the less urgent. */
static void take_many(struct hostile *hostile, bool separate)
{
	static uint32_t order[INTERRUPTS];
	uint32_t last = 0;

	for (uint32_t i = 0; i < INTERRUPTS; i++) {
		uint32_t intid = gic_ack();
		uint32_t priority;

		order[i] = intid;
		if (intid - FIRST_SPARE >= INTERRUPTS || taken[intid]++ != 0u) {
			hostile_failed(hostile, "interrupt", intid, i, separate);
			return;
		}
		priority = gic_get_priority(intid);
		hostile_saw(hostile, priority);
		if (priority < last)
			hostile_failed(hostile, "order", intid, priority, last);
		last = priority;
		gic_eoi(intid);
	}
	for (uint32_t i = 0; separate && i < INTERRUPTS; i++)
		gic_deactivate(order[(i * 7u + 3u) % INTERRUPTS]);
	if (gic_ack() != GIC_SPURIOUS)
		hostile_failed(hostile, "one too many", 0, 0, separate);
}

static void step_overflow(struct hostile *hostile, uint32_t step)
{
	bool separate = (step & 1u) != 0u; /* then all of them are active at once */

	WRITE_ICC(ICC_CTLR, separate ? ICC_CTLR_EOIMODE : 0u);
	barrier_isb();
	pend_many(hostile);
	take_many(hostile, separate);
}

/* ---- SGIs --------------------------------------------------------------------------------------------- */

static struct trap_frame *take(struct trap_frame *frame)
{
	uint32_t intid = gic_ack();

	if (intid < INTIDS)
		taken[intid]++;
	gic_eoi(intid);
	return frame;
}

static void step_sgis(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);

	(void)step;
	/* to itself, to everybody else (IRM), to affinities where nobody is */
	WRITE_ICC(ICC_SGI1R, (random & 0xfu) << 24 | 1u);
	WRITE_ICC(ICC_SGI1R, 1ull << 40 | (random >> 4 & 0xfu) << 24);
	WRITE_ICC(ICC_SGI1R, random & 0x00ffff0f00ffffu);
	irq_enable();
	barrier_isb();
	irq_disable();
}

static void begin_sgis(struct hostile *hostile)
{
	(void)hostile;
	irq_handler = take;
	write32(gic_base(0) + GIC_ISENABLER, 0xffffu);
}

/* ---- afterwards: it works ----------------------------------------------------------------------------- */

static void settle(struct hostile *hostile)
{
	irq_handler = NULL;
	WRITE_ICC(ICC_SRE, 7);
	WRITE_ICC(ICC_AP0R0, 0);
	WRITE_ICC(ICC_AP1R0, 0);
	barrier_isb();
	gic_init();
	taken[SGI_PROOF] = 0;
	irq_handler = take;
	gic_enable(SGI_PROOF);
	irq_enable();
	gic_send(SGI_PROOF, 1);
	(void)wait_for(&taken[SGI_PROOF], 1, PROOF_US);
	irq_disable();
	gic_disable(SGI_PROOF);
	if (taken[SGI_PROOF] != 1u || gic_ack() != GIC_SPURIOUS)
		hostile_failed(hostile, "does not work afterwards", taken[SGI_PROOF], 0, 0);
	irq_handler = NULL;
}

const struct attack attacks[] = {
	{"registers", 4000, step_registers, NULL, settle, true},
	{"interface", 4000, step_interface, NULL, settle, true},
	{"overflow", 8, step_overflow, NULL, settle, false},
	{"sgis", 400, step_sgis, begin_sgis, settle, true},
	{"registers-2", 4000, step_registers, NULL, settle, true},
	{"interface-2", 4000, step_interface, NULL, settle, true},
};
const uint32_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
