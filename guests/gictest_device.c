/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts that have a device behind them: both timers and the UART, level and edge, and
 * WFI. CPU 0.
 */
#include "guests/gictest.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_check.h"

#define LIMIT_US 1000000u
#define DELAY_US 2000u

static uint32_t ends_after; /* how often the device's interrupt comes before it is served */

static void timer_off(void)
{
	WRITE_REG(cntv_ctl_el0, 0);
	WRITE_REG(cntp_ctl_el0, 0);
	barrier_isb();
}

static void timer_in(uint32_t intid, uint32_t us)
{
	uint64_t ticks = counter_hz() * us / 1000000u;

	if (intid == INTID_VTIMER) {
		WRITE_REG(cntv_cval_el0, counter_now() + ticks);
		WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	} else {
		WRITE_REG(cntp_cval_el0, READ_REG(cntpct_el0) + ticks);
		WRITE_REG(cntp_ctl_el0, TIMER_ENABLE);
	}
	barrier_isb();
}

/* IMASK first: a line that was up for a moment may be on its way already. */
static void timer_past_masked(uint32_t intid)
{
	if (intid == INTID_VTIMER) {
		WRITE_REG(cntv_ctl_el0, TIMER_IMASK);
		WRITE_REG(cntv_cval_el0, counter_now());
		WRITE_REG(cntv_ctl_el0, TIMER_ENABLE | TIMER_IMASK);
	} else {
		WRITE_REG(cntp_ctl_el0, TIMER_IMASK);
		WRITE_REG(cntp_cval_el0, READ_REG(cntpct_el0));
		WRITE_REG(cntp_ctl_el0, TIMER_ENABLE | TIMER_IMASK);
	}
	barrier_isb();
}

static uint64_t timer_status(uint32_t intid)
{
	return intid == INTID_VTIMER ? READ_REG(cntv_ctl_el0) : READ_REG(cntp_ctl_el0);
}

static void serve_timer(uint32_t intid)
{
	(void)intid;
	if (taken[0].count >= ends_after)
		timer_off();
}

static void test_timer(const char *name, uint32_t intid)
{
	uint64_t before = counter_now();
	uint64_t status;

	taken_clear();
	ends_after = 1;
	gictest_hook = serve_timer;
	gic_enable(intid);
	timer_in(intid, DELAY_US);
	status = timer_status(intid);
	/* on a slow machine it may have passed already: then nothing is to be learned */
	if (counter_now() - before < counter_hz() * DELAY_US / 1000000u)
		check_part("status before", status, TIMER_ENABLE);
	irq_enable();
	check_part("taken", wait_for(&taken[0].count, 1, LIMIT_US), true);
	irq_disable();
	check_part("not early", counter_now() - before >= counter_hz() * DELAY_US / 1000000u, true);
	let_in();
	check_taken_one(intid);

	taken_clear();
	ends_after = 3; /* a level: it comes again until the timer is off */
	timer_in(intid, 0);
	irq_enable();
	check_part("taken again", wait_for(&taken[0].count, 3, LIMIT_US), true);
	irq_disable();
	let_in();
	check_part("count", taken[0].count, 3);

	/* IMASK and the enable bit of the GIC each hold it back. */
	taken_clear();
	timer_past_masked(intid);
	let_in();
	check_part("masked", taken[0].count, 0);
	check_part("status", timer_status(intid), TIMER_ENABLE | TIMER_IMASK | TIMER_ISTATUS);
	gic_disable(intid);
	timer_in(intid, 0);
	let_in();
	check_part("disabled", taken[0].count, 0);
	ends_after = 1;
	gic_enable(intid);
	let_in();
	check_taken_one(intid);
	gic_disable(intid);
	timer_off();
	gictest_hook = NULL;
	check_done(name);
}

static void test_both_timers(void)
{
	static const uint32_t expected[2] = {INTID_PTIMER, INTID_VTIMER};

	taken_clear();
	ends_after = 2;
	gictest_hook = serve_timer;
	gic_set_priority(INTID_PTIMER, 0x40);
	gic_enable(INTID_VTIMER);
	gic_enable(INTID_PTIMER);
	timer_in(INTID_VTIMER, 0);
	timer_in(INTID_PTIMER, 0);
	spin_us(100);
	check_part("IAR", gic_ack(), expected[0]);
	WRITE_REG(cntp_ctl_el0, 0);
	barrier_isb();
	gic_eoi(expected[0]);
	check_part("IAR then", gic_ack(), expected[1]);
	timer_off();
	gic_eoi(expected[1]);
	gic_disable(INTID_VTIMER);
	gic_disable(INTID_PTIMER);
	gic_set_priority(INTID_PTIMER, GIC_PRIORITY);
	gictest_hook = NULL;
	check_done("both timers");
}

/* WFI ends by an interrupt that PSTATE masks, and by one that is pending already. */
static void test_wfi(uint32_t intid, const char *name)
{
	uint64_t before = counter_now();

	taken_clear();
	gic_enable(intid);
	timer_in(intid, DELAY_US);
	while ((timer_status(intid) & TIMER_ISTATUS) == 0u)
		cpu_wait_irq();
	check_part("waited", counter_now() - before >= counter_hz() * DELAY_US / 1000000u, true);
	spin_us(20);
	check_part("ISR", READ_REG(isr_el1) >> 7 & 1u, 1);
	cpu_wait_irq();
	cpu_wait_irq();
	check_part("IAR", gic_ack(), intid);
	timer_off();
	gic_eoi(intid);
	gic_disable(intid);
	check_taken_none();
	check_done(name);
}

static void serve_uart(uint32_t intid)
{
	(void)intid;
	if (taken[0].count >= ends_after)
		write32(UART_BASE + UART_ICR, UART_INT_TX);
}

/* The line rises when a character has gone out: DDI 0183 2.8.2, and how QEMU does it. */
static void uart_raise(void)
{
	write32(UART_BASE + UART_DR, '\r');
}

static void test_uart(void)
{
	taken_clear();
	ends_after = 3;
	gictest_hook = serve_uart;
	write32(UART_BASE + UART_ICR, 0x7ff);
	write32(UART_BASE + UART_IMSC, UART_INT_TX);
	gic_enable(INTID_UART);
	let_in();
	check_taken_none();
	uart_raise();
	let_in();
	check_part("level", taken[0].count, 3);
	check_part("interrupt", taken[0].intid[0], INTID_UART);

	/* acknowledged and served before EOI: not again */
	taken_clear();
	uart_raise();
	check_part("IAR", gic_ack(), INTID_UART);
	write32(UART_BASE + UART_ICR, UART_INT_TX);
	gic_eoi(INTID_UART);
	check_part("IAR then", gic_ack(), GIC_SPURIOUS);
	/* the line falls before the acknowledge: nothing to take */
	uart_raise();
	check_part("HPPIR", READ_ICC(ICC_HPPIR1), INTID_UART);
	write32(UART_BASE + UART_ICR, UART_INT_TX);
	check_part("HPPIR then", READ_ICC(ICC_HPPIR1), GIC_SPURIOUS);
	let_in();
	check_taken_none();
	check_done("uart, level");

	gic_disable(INTID_UART);
	gic_set_edge(INTID_UART, true);
	write32(UART_BASE + UART_ICR, UART_INT_TX);
	gic_set(GIC_ICPENDR, INTID_UART);
	gic_enable(INTID_UART);
	taken_clear();
	ends_after = 3;
	uart_raise();
	let_in();
	check_taken_one(INTID_UART);
	write32(UART_BASE + UART_ICR, UART_INT_TX);
	uart_raise();
	write32(UART_BASE + UART_ICR, UART_INT_TX); /* an edge stays pending */
	let_in();
	check_part("edges", taken[0].count, 2);
	gic_disable(INTID_UART);
	gic_set_edge(INTID_UART, false);
	write32(UART_BASE + UART_IMSC, 0);
	gic_set(GIC_ICPENDR, INTID_UART);
	gictest_hook = NULL;
	check_done("uart, edge");
}

void test_devices(void)
{
	test_timer("virtual timer", INTID_VTIMER);
	test_timer("physical timer", INTID_PTIMER);
	test_both_timers();
	test_wfi(INTID_VTIMER, "wfi, virtual timer");
	test_wfi(INTID_PTIMER, "wfi, physical timer");
	test_uart();
}
