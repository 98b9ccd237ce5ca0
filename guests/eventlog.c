/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest "trace": logs what GIC, timers and PL011 do in fixed sequences, without times and
 * without what an implementation may choose (identification, sizes, orders of equals): on
 * QEMU's virt board and as a guest of Bulkhead the log must be the same, byte for byte. It
 * ends with "trace: done". Timers and PL011 are in eventlog_device.c.
 */
#include "guests/eventlog.h"
#include "guests/lib/bare_board.h"

#define SPI(n) (INTID_SPARE + (n))
#define COUNT  10u

void (*eventlog_hook)(uint32_t intid);
uint32_t eventlog_count;

void note(const char *name, uint64_t value)
{
	print("trace: %s %lx\n", name, value);
}

/* The handler logs into memory: a nested one may come while it runs. */
#define EVENTS 64u
static struct {
	const char *what;
	uint32_t intid;
	uint32_t rpr;
} events[EVENTS];

static void event(const char *what, uint32_t intid)
{
	if (eventlog_count < EVENTS) {
		events[eventlog_count].what = what;
		events[eventlog_count].intid = intid;
		events[eventlog_count].rpr = (uint32_t)READ_ICC(ICC_RPR) & 0xffu;
	}
	__atomic_store_n(&eventlog_count, eventlog_count + 1u, __ATOMIC_RELEASE);
}

static struct trap_frame *trace_irq(struct trap_frame *frame)
{
	uint32_t intid = gic_ack();

	event("irq", intid);
	if (intid == GIC_SPURIOUS)
		return frame;
	if (eventlog_hook != NULL)
		eventlog_hook(intid);
	gic_eoi(intid);
	event("end of", intid);
	return frame;
}

static struct trap_frame *trace_fiq(struct trap_frame *frame)
{
	uint32_t intid = (uint32_t)READ_ICC(ICC_IAR0);

	barrier_dsb();
	event("fiq", intid);
	if (intid == GIC_SPURIOUS)
		return frame;
	WRITE_ICC(ICC_EOIR0, intid);
	barrier_isb();
	return frame;
}

void let_in(void)
{
	uint32_t before;

	do {
		before = load_acquire(&eventlog_count);
		irq_enable();
		spin_us(20);
		irq_disable();
	} while (load_acquire(&eventlog_count) != before && before < EVENTS);
	for (uint32_t i = 0; i < eventlog_count && i < EVENTS; i++)
		print("trace: %s %u rpr %02x\n", events[i].what, events[i].intid, events[i].rpr);
	store_release(&eventlog_count, 0);
}

/* All that can be read about one interrupt, in one line. */
static void note_state(uint32_t intid)
{
	print("trace: state of %u enable %u pending %u active %u group %u priority %02x\n", intid,
	      gic_get(GIC_ISENABLER, intid), gic_get(GIC_ISPENDR, intid),
	      gic_get(GIC_ISACTIVER, intid), gic_get(GIC_IGROUPR, intid), gic_get_priority(intid));
}

static void note_interface(void)
{
	print("trace: interface hppir %lu rpr %02lx isr %03lx\n", READ_ICC(ICC_HPPIR1),
	      READ_ICC(ICC_RPR) & 0xffu, READ_REG(isr_el1));
}

static void trace_registers(void)
{
	note("GICD_CTLR at first", read32(GICD_BASE + GIC_CTLR));
	note("GICR_WAKER at first", read32(GICR_BASE + GICR_WAKER) & 6u);
	note("ICC_SRE", READ_ICC(ICC_SRE));
	gic_init();
	note("GICD_CTLR", read32(GICD_BASE + GIC_CTLR));
	note("GICR_WAKER", read32(GICR_BASE + GICR_WAKER) & 6u);
	note("GICR_TYPER affinity", read64(GICR_BASE + GICR_TYPER) >> 32);
	note("ICC_CTLR", READ_ICC(ICC_CTLR) & 0x703u);
	note("ICC_BPR0", READ_ICC(ICC_BPR0));
	note("ICC_BPR1", READ_ICC(ICC_BPR1));
	note("ICC_PMR", READ_ICC(ICC_PMR));
	gic_set_mask(0x55);
	note("ICC_PMR of 55", READ_ICC(ICC_PMR));
	gic_set_mask(0xff);
	for (uint32_t word = 0; word < 4u; word++) {
		note("word", word);
		note("ISENABLER", gic_word(GIC_ISENABLER, 32u * word));
		note("IGROUPR", gic_word(GIC_IGROUPR, 32u * word));
		note("ISACTIVER", gic_word(GIC_ISACTIVER, 32u * word));
		note("ICFGR", read32(gic_base(32u * word) + GIC_ICFGR + 8u * word));
	}
	write32(GICD_BASE + GIC_ISENABLER + SPI(0) / 32u * 4u, 0xf0f0u << 16);
	note("ISENABLER", gic_word(GIC_ISENABLER, SPI(0)));
	write32(GICD_BASE + GIC_ICENABLER + SPI(0) / 32u * 4u, 0xff00u << 16);
	note("ICENABLER", gic_word(GIC_ICENABLER, SPI(0)));
	write32(GICD_BASE + GIC_ICENABLER + SPI(0) / 32u * 4u, UINT32_MAX);
	gic_set_priority(SPI(1), 0x58);
	note("IPRIORITYR", read32(GICD_BASE + GIC_IPRIORITYR + SPI(0)));
	gic_set_edge(SPI(1), true);
	note("ICFGR", read32(GICD_BASE + GIC_ICFGR + SPI(0) / 16u * 4u));
	gic_set_edge(SPI(1), false);
	gic_set_priority(SPI(1), GIC_PRIORITY);
	note("IROUTER", read64(GICD_BASE + GIC_IROUTER + 8u * SPI(0)));
}

/* Inactive, pending, active, both: by hand, with interrupts masked. */
static void trace_life(uint32_t intid)
{
	gic_enable(intid);
	note_state(intid);
	gic_set(GIC_ISPENDR, intid);
	note_state(intid);
	note_interface();
	note("IAR", gic_ack());
	note_state(intid);
	note_interface();
	gic_set(GIC_ISPENDR, intid);
	note_state(intid);
	note("IAR", gic_ack());
	gic_eoi(intid);
	note_state(intid);
	note_interface();
	gic_set(GIC_ICPENDR, intid);
	note_state(intid);
	note_interface();
	note("IAR", gic_ack());
	gic_set(GIC_ISACTIVER, intid);
	gic_set(GIC_ISPENDR, intid);
	note_state(intid);
	note_interface();
	gic_set(GIC_ICACTIVER, intid);
	note_state(intid);
	note_interface();
	let_in();
	note_state(intid);
	gic_set(GIC_ISPENDR, intid);
	gic_disable(intid);
	note_state(intid);
	note_interface();
	gic_set(GIC_ICPENDR, intid);
}

static void trace_sgis(void)
{
	for (uint32_t sgi = 0; sgi < 16u; sgi += 5u) {
		gic_enable(sgi);
		gic_send(sgi, 1);
		note_state(sgi);
	}
	note("ISPENDR", gic_word(GIC_ISPENDR, 0) & 0xffffu);
	let_in();
	note("ISPENDR", gic_word(GIC_ISPENDR, 0) & 0xffffu);
	gic_send(5, 1);
	gic_send(5, 1); /* pends once */
	let_in();
	gic_send(3, 1);
	note_interface();
	let_in(); /* not enabled */
	gic_enable(3);
	let_in();
}

/* More than the list registers hold, each with a priority of its own. */
static void trace_order(void)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		gic_set_priority(SPI(i), (uint8_t)(0x30u + 0x10u * (i * 7u % COUNT)));
		gic_enable(SPI(i));
		gic_set(GIC_ISPENDR, SPI(i));
		note_interface();
	}
	note("ISPENDR", gic_word(GIC_ISPENDR, SPI(0)));
	gic_set_mask(0x70);
	let_in();
	note("ISPENDR", gic_word(GIC_ISPENDR, SPI(0)));
	gic_set_mask(0xff);
	let_in();
	note("ISPENDR", gic_word(GIC_ISPENDR, SPI(0)));
	/* acknowledged all, ended in reverse order */
	for (uint32_t i = COUNT; i > 0u; i--) {
		gic_set_priority(SPI(i - 1u), (uint8_t)(0x20u + 0x10u * i));
		gic_set(GIC_ISPENDR, SPI(i - 1u));
		note("IAR", gic_ack());
		note_interface();
	}
	note("ISACTIVER", gic_word(GIC_ISACTIVER, SPI(0)));
	for (uint32_t i = 0; i < COUNT; i++) {
		gic_eoi(SPI(i));
		note_interface();
		gic_disable(SPI(i));
		gic_set_priority(SPI(i), GIC_PRIORITY);
	}
	note("ISACTIVER", gic_word(GIC_ISACTIVER, SPI(0)));
}

static void nest(uint32_t intid)
{
	if (intid != SPI(0))
		return;
	gic_set(GIC_ISPENDR, SPI(1));
	irq_enable();
	spin_us(20);
	irq_disable();
}

static void trace_preemption(void)
{
	static const uint8_t high[4] = {0x20, 0x40, 0x70, 0x80};

	gic_enable(SPI(0));
	gic_enable(SPI(1));
	gic_set_priority(SPI(0), 0x80);
	eventlog_hook = nest;
	for (uint32_t point = 3; point < 8u; point++) {
		WRITE_ICC(ICC_BPR1, point);
		barrier_isb();
		for (uint32_t i = 0; i < sizeof(high); i++) {
			note("binary point", READ_ICC(ICC_BPR1));
			note("priority", high[i]);
			gic_set_priority(SPI(1), high[i]);
			gic_set(GIC_ISPENDR, SPI(0));
			let_in();
		}
	}
	eventlog_hook = NULL;
	WRITE_ICC(ICC_BPR1, 0);
	gic_disable(SPI(0));
	gic_disable(SPI(1));
	gic_set_priority(SPI(0), GIC_PRIORITY);
	gic_set_priority(SPI(1), GIC_PRIORITY);
}

static void trace_split(void)
{
	WRITE_ICC(ICC_CTLR, ICC_CTLR_EOIMODE);
	barrier_isb();
	note("ICC_CTLR", READ_ICC(ICC_CTLR) & 0x703u);
	for (uint32_t i = 0; i < COUNT; i++) {
		gic_enable(SPI(i));
		gic_set(GIC_ISPENDR, SPI(i));
		note("IAR", gic_ack());
		gic_eoi(SPI(i));
		note_state(SPI(i));
		note_interface();
	}
	note("ISACTIVER", gic_word(GIC_ISACTIVER, SPI(0)));
	for (uint32_t i = 0; i < COUNT; i++) {
		gic_set(GIC_ISPENDR, SPI(i));
		note_interface();
		gic_deactivate(SPI(i));
		note_state(SPI(i));
		note("IAR", gic_ack());
		gic_eoi(SPI(i));
		gic_deactivate(SPI(i));
		gic_disable(SPI(i));
	}
	note("ISACTIVER", gic_word(GIC_ISACTIVER, SPI(0)));
	WRITE_ICC(ICC_CTLR, 0);
	barrier_isb();
}

static void trace_group0(void)
{
	gic_set_group(SPI(0), 0);
	gic_enable(SPI(0));
	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1 | GICD_CTLR_GRP0);
	note("GICD_CTLR", read32(GICD_BASE + GIC_CTLR));
	gic_set(GIC_ISPENDR, SPI(0));
	note_interface();
	WRITE_ICC(ICC_IGRPEN0, 1);
	barrier_isb();
	note("IGRPEN0", READ_ICC(ICC_IGRPEN0));
	note("HPPIR0", READ_ICC(ICC_HPPIR0));
	note_interface();
	let_in();
	note_state(SPI(0));
	WRITE_ICC(ICC_IGRPEN0, 0);
	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	gic_set_group(SPI(0), 1);
	gic_set(GIC_ISPENDR, SPI(0));
	WRITE_ICC(ICC_IGRPEN1, 0);
	barrier_isb();
	note_interface();
	let_in();
	WRITE_ICC(ICC_IGRPEN1, 1);
	barrier_isb();
	note_interface();
	let_in();
	gic_disable(SPI(0));
}

void guest_main(uint64_t tree)
{
	(void)tree;
	print("trace: begin\n");
	irq_handler = trace_irq;
	fiq_handler = trace_fiq;
	trace_registers();
	note("life of an SPI", SPI(0));
	trace_life(SPI(0));
	gic_set_edge(SPI(0), true);
	note("life of an edge", SPI(0));
	trace_life(SPI(0));
	gic_set_edge(SPI(0), false);
	note("life of a PPI", 20);
	trace_life(20);
	note("life of an SGI", 9);
	trace_life(9);
	trace_sgis();
	trace_order();
	trace_preemption();
	trace_split();
	trace_group0();
	trace_timers();
	trace_uart();
	print("trace: done\n");
	psci_system_off();
}
