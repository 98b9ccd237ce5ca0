/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace guest's timers and PL011. A value that print() itself would change is read before
 * it is logged.
 */
#include "guests/eventlog.h"
#include "guests/lib/bare_board.h"

#define SOON_US        2000u
#define DRAIN_US       20000u
#define ALL_INTERRUPTS 0x7ffu

static uint32_t end_after; /* the device is served when it has interrupted this often */
static uint32_t served;

/* ---- timers ------------------------------------------------------------------------------ */

static bool is_virtual(uint32_t intid)
{
	return intid == INTID_VTIMER;
}

static void timer_control(uint32_t intid, uint64_t value)
{
	if (is_virtual(intid))
		WRITE_REG(cntv_ctl_el0, value);
	else
		WRITE_REG(cntp_ctl_el0, value);
	barrier_isb();
}

static uint64_t timer_status(uint32_t intid)
{
	return is_virtual(intid) ? READ_REG(cntv_ctl_el0) : READ_REG(cntp_ctl_el0);
}

static void timer_after(uint32_t intid, uint32_t us)
{
	uint64_t ticks = counter_hz() * us / 1000000u;

	if (is_virtual(intid))
		WRITE_REG(cntv_cval_el0, counter_now() + ticks);
	else
		WRITE_REG(cntp_cval_el0, READ_REG(cntpct_el0) + ticks);
	barrier_isb();
}

static void serve_timer(uint32_t intid)
{
	served++;
	if (served >= end_after)
		timer_control(intid, 0);
}

static void trace_timer(uint32_t intid)
{
	note("timer", intid);
	eventlog_hook = serve_timer;
	timer_control(intid, 0);
	note("off", timer_status(intid));
	timer_after(intid, 10000000);
	timer_control(intid, TIMER_ENABLE);
	note("ahead", timer_status(intid));
	timer_control(intid, TIMER_ENABLE | TIMER_IMASK);
	note("ahead, masked", timer_status(intid));
	timer_after(intid, 0);
	note("past, masked", timer_status(intid));
	gic_enable(intid);
	let_in();
	timer_control(intid, TIMER_ENABLE);
	note("past", timer_status(intid));
	spin_us(20);
	note("HPPIR", READ_ICC(ICC_HPPIR1));
	served = 0;
	end_after = 1;
	let_in();
	note("after", timer_status(intid));
	note("times", served);

	timer_after(intid, SOON_US);
	timer_control(intid, TIMER_ENABLE);
	while ((timer_status(intid) & TIMER_ISTATUS) == 0u)
		cpu_wait_irq();
	spin_us(20);
	note("woken, ISR", READ_REG(isr_el1));
	served = 0;
	end_after = 3;
	let_in();
	note("times", served);
	timer_after(intid, 0);
	timer_control(intid, TIMER_ENABLE);
	spin_us(20);
	note("IAR", gic_ack());
	note("active", gic_get(GIC_ISACTIVER, intid));
	timer_control(intid, 0);
	gic_eoi(intid);
	note("IAR", gic_ack());
	note("active", gic_get(GIC_ISACTIVER, intid));
	gic_disable(intid);
	eventlog_hook = NULL;
}

void trace_timers(void)
{
	trace_timer(INTID_VTIMER);
	trace_timer(INTID_PTIMER);
}

/* ---- PL011 -------------------------------------------------------------------------------- */

static void note_uart(const char *when)
{
	uint32_t flags = read32(UART_BASE + UART_FR);
	uint32_t raw = read32(UART_BASE + UART_RIS);
	uint32_t masked = read32(UART_BASE + UART_MIS);

	print("trace: uart %s fr %03x ris %03x mis %03x\n", when, flags, raw, masked);
}

static void note_register(const char *name, uint32_t offset)
{
	uint32_t value = read32(UART_BASE + offset);

	note(name, value);
}

static void keeps(const char *name, uint32_t offset, uint32_t value)
{
	uint32_t before = read32(UART_BASE + offset);
	uint32_t after;

	write32(UART_BASE + offset, value);
	after = read32(UART_BASE + offset);
	write32(UART_BASE + offset, before);
	print("trace: uart %s %x, of %x %x\n", name, before, value, after);
}

/* Until what was printed has gone: only then do the flags not depend on who reads the line. */
static void drain(void)
{
	spin_us(DRAIN_US);
	while ((read32(UART_BASE + UART_FR) & (UART_FR_TXFE | UART_FR_BUSY)) != UART_FR_TXFE)
		cpu_relax();
}

static void send_one(void)
{
	write32(UART_BASE + UART_DR, '\r');
}

static void serve_uart(uint32_t intid)
{
	(void)intid;
	served++;
	if (served >= end_after)
		write32(UART_BASE + UART_ICR, UART_INT_TX);
}

static void trace_uart_level(void)
{
	drain();
	write32(UART_BASE + UART_ICR, ALL_INTERRUPTS);
	note_uart("clear");
	drain();
	write32(UART_BASE + UART_ICR, ALL_INTERRUPTS);
	send_one();
	note_uart("sent");
	write32(UART_BASE + UART_IMSC, UART_INT_TX);
	note_uart("unmasked");
	note("IMSC", UART_INT_TX & read32(UART_BASE + UART_IMSC));
	gic_enable(INTID_UART);
	eventlog_hook = serve_uart;
	served = 0;
	end_after = 2;
	let_in();
	write32(UART_BASE + UART_IMSC, 0);
	note("times", served);
	write32(UART_BASE + UART_ICR, ALL_INTERRUPTS);
	write32(UART_BASE + UART_IMSC, UART_INT_TX);
	send_one();
	served = READ_ICC(ICC_HPPIR1) & 0x3ffu;
	write32(UART_BASE + UART_ICR, UART_INT_TX);
	end_after = READ_ICC(ICC_HPPIR1) & 0x3ffu;
	write32(UART_BASE + UART_IMSC, 0);
	print("trace: uart line up %u, down %u\n", served, end_after);
	let_in();
}

static void trace_uart_edge(void)
{
	drain();
	gic_disable(INTID_UART);
	gic_set_edge(INTID_UART, true);
	gic_set(GIC_ICPENDR, INTID_UART);
	write32(UART_BASE + UART_ICR, ALL_INTERRUPTS);
	write32(UART_BASE + UART_IMSC, UART_INT_TX);
	gic_enable(INTID_UART);
	send_one();
	send_one();
	served = 0;
	end_after = 9;
	irq_enable();
	spin_us(20);
	irq_disable();
	write32(UART_BASE + UART_ICR, UART_INT_TX);
	send_one();
	write32(UART_BASE + UART_ICR, UART_INT_TX);
	write32(UART_BASE + UART_IMSC, 0);
	let_in();
	note("times", served);
	gic_disable(INTID_UART);
	gic_set_edge(INTID_UART, false);
	eventlog_hook = NULL;
}

void trace_uart(void)
{
	drain();
	note_register("uart CR", UART_CR);
	note_register("uart LCR_H", UART_LCR_H);
	note_register("uart IFLS", UART_IFLS);
	note_register("uart DMACR", UART_DMACR);
	note_register("uart RSR", UART_RSR);
	keeps("IBRD", UART_IBRD, 0x1234);
	keeps("FBRD", UART_FBRD, 0x2a);
	keeps("LCR_H", UART_LCR_H, 0x60);
	keeps("IFLS", UART_IFLS, 0x24);
	keeps("ILPR", UART_ILPR, 0x5a);
	keeps("CR", UART_CR, 0x100);
	write32(UART_BASE + UART_IMSC, 0x50);
	note_register("uart IMSC", UART_IMSC);
	write32(UART_BASE + UART_IMSC, 0);
	for (uint32_t offset = 0xff0; offset < 0x1000u; offset += 4u)
		note_register("uart cell id", offset);
	trace_uart_level();
	trace_uart_edge();
	drain();
	note_uart("last");
}
