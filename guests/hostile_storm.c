/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest, family "storm": whatever enters or delays the hypervisor, as often as a CPU can:
 * timers in the past, waits that do not wait, TLB and cache maintenance, calls, traps, aborts,
 * device accesses, and a console that is written to without a pause. A step is a few of each.
 */
#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define RAM_HOLE 0x2000000000u /* mapped as memory by bare_start.S, and nothing there */

const char hostile_family[] = "storm";

static uint32_t ticks_taken;

static struct trap_frame *tick(struct trap_frame *frame)
{
	uint32_t intid = gic_ack();

	ticks_taken++;
	if (intid == INTID_PTIMER)
		WRITE_REG(cntp_ctl_el0, 0);
	if (intid == INTID_VTIMER)
		WRITE_REG(cntv_ctl_el0, 0);
	barrier_isb();
	gic_eoi(intid);
	return frame;
}

static void begin_timers(struct hostile *hostile)
{
	(void)hostile;
	irq_handler = tick;
	gic_enable(INTID_VTIMER);
	gic_enable(INTID_PTIMER);
}

static void end_timers(struct hostile *hostile)
{
	WRITE_REG(cntv_ctl_el0, 0);
	WRITE_REG(cntp_ctl_el0, 0);
	if (ticks_taken == 0u)
		hostile_failed(hostile, "no timer fired", 0, 0, 0);
	ticks_taken = 0;
	irq_handler = NULL;
	gic_init();
}

static void let_in(void)
{
	barrier_isb();
	irq_enable();
	barrier_isb();
	irq_disable();
}

static void step_timer(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t when = (step & 1u) != 0u ? random : counter_now() - (random & 0xffu);

	WRITE_REG(cntv_cval_el0, when);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	let_in();
}

static void step_physical(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t when = (step & 1u) != 0u ? counter_now() + (random & 0x3fu) : random;

	WRITE_REG(cntp_cval_el0, (step & 2u) != 0u ? 0u : when);
	WRITE_REG(cntp_ctl_el0, TIMER_ENABLE);
	let_in();
	WRITE_REG(cntp_tval_el0, random);
}

/* With something pending and masked, and with a timer that is about to fire. */
static void step_wfi(struct hostile *hostile, uint32_t step)
{
	(void)step;
	WRITE_REG(cntv_cval_el0, counter_now() + (hostile_random(hostile) & 0x7fu));
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	cpu_wait_irq();
	cpu_wait_irq();
	let_in();
}

static void step_suspend(struct hostile *hostile, uint32_t step)
{
	WRITE_REG(cntv_cval_el0, counter_now() + (hostile_random(hostile) & 0x7fu));
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	barrier_isb();
	if (hvc_call(PSCI_CPU_SUSPEND, step & 1u, 0, 0) != PSCI_SUCCESS)
		hostile_failed(hostile, "CPU_SUSPEND", step, 0, 0);
	let_in();
}

static void step_wfe(struct hostile *hostile, uint32_t step)
{
	(void)hostile;
	(void)step;
	__asm__ volatile("sevl\n\twfe\n\tsev\n\twfe\n\tyield\n\twfe\n\tsev" : : : "memory");
}

static void step_tlbi(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);

	(void)step;
	__asm__ volatile(
		"tlbi vmalle1\n\ttlbi vmalle1is\n\ttlbi vae1is, %0\n\ttlbi aside1is, %0\n\t"
		"tlbi vaale1is, %0\n\ttlbi vale1, %0\n\tdsb ish\n\tisb"
		:
		: "r"(random)
		: "memory");
}

static void step_caches(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile) & 0xffffffffu;

	(void)step;
	__asm__ volatile("dc isw, %0\n\tdc csw, %0\n\tdc cisw, %0\n\tdc cisw, xzr\n\tic iallu\n\t"
	                 "ic ialluis\n\tdsb sy\n\tisb"
	                 :
	                 : "r"(random)
	                 : "memory");
}

static void step_calls(struct hostile *hostile, uint32_t step)
{
	if (hvc_call(PSCI_VERSION, 0, 0, 0) < 0x10000)
		hostile_failed(hostile, "PSCI_VERSION", 0, 0, 0);
	(void)hvc_call(hostile_random(hostile) | 1ull << 31 | 0x3full << 24, step, 0, 0);
	(void)hvc_call(PSCI_AFFINITY_INFO, hostile_random(hostile), 0, 0);
}

/* With its syndrome, and without one: the VM process decodes. */
static void step_device(struct hostile *hostile, uint32_t step)
{
	uint64_t base = UART_BASE + UART_IBRD;
	uint32_t a, b;

	write32(base, step & 0xffffu);
	__asm__ volatile("ldp %w0, %w1, [%2]" : "=&r"(a), "=&r"(b) : "r"(base) : "memory");
	if (a != (step & 0xffffu))
		hostile_failed(hostile, "UARTIBRD", a, step, 0);
}

static void step_gic(struct hostile *hostile, uint32_t step)
{
	(void)hostile;
	(void)read32(GICD_BASE + GIC_TYPER);
	(void)read64(GICR_BASE + GICR_TYPER);
	write32(GICD_BASE + GIC_CTLR, GICD_CTLR_ARE | (step & 3u));
	write32(gic_base(0) + GIC_ISENABLER, step);
	write32(gic_base(0) + GIC_ICENABLER, UINT32_MAX);
}

/* Groups and interrupts as they were: the last step may have turned all off. */
static void end_gic(struct hostile *hostile)
{
	(void)hostile;
	gic_init();
}

static void step_traps(struct hostile *hostile, uint32_t step)
{
	probe_begin();
	(void)READ_REG(s3_4_c1_c1_0);  /* HCR_EL2 */
	(void)READ_REG(s3_3_c9_c12_0); /* PMCR_EL0 */
	WRITE_REG(mdscr_el1, step);
	(void)READ_REG(id_aa64pfr0_el1);
	WRITE_REG(mdscr_el1, 0);
	__asm__ volatile(".inst 0");
	if (probe_end().count != 3u)
		hostile_failed(hostile, "UNDEFINED", step, 0, 0);
}

static void step_aborts(struct hostile *hostile, uint32_t step)
{
	uint64_t address = RAM_HOLE + (hostile_random(hostile) & 0xfffffff0u);

	(void)step;
	probe_begin();
	__asm__ volatile("ldr xzr, [%0]" : : "r"(address) : "memory");
	__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(address) : "memory");
	((void (*)(void))address)();
	if (probe_end().count != 3u)
		hostile_failed(hostile, "aborts", address, 0, 0);
}

static void step_fp(struct hostile *hostile, uint32_t step)
{
	uint64_t value;

	__asm__ volatile(".arch_extension fp\n\tfmov d7, %1\n\thvc #0\n\tfmov %0, d7"
	                 : "=r"(value)
	                 : "r"((uint64_t)step)
	                 : "x0", "x1", "x2", "x3", "memory");
	if (value != step)
		hostile_failed(hostile, "d7", value, step, 0);
}

/* The last attack: whatever the console takes, and more. */
static void step_console(struct hostile *hostile, uint32_t step)
{
	(void)hostile;
	for (uint32_t i = 0; i < 16u; i++)
		write32(UART_BASE + UART_DR, step % 64u == 63u && i == 15u ? '\n' : '~');
}

static void end_console(struct hostile *hostile)
{
	(void)hostile;
	print("\n");
}

#define ROUND 200u

const struct attack attacks[] = {
	{"timer", ROUND, step_timer, begin_timers, end_timers, true},
	{"timer-physical", ROUND, step_physical, begin_timers, end_timers, true},
	{"wfi", ROUND, step_wfi, begin_timers, end_timers, true},
	{"suspend", ROUND, step_suspend, begin_timers, end_timers, true},
	{"wfe", ROUND, step_wfe, NULL, NULL, true},
	{"tlbi", ROUND, step_tlbi, NULL, NULL, true},
	{"set-way", ROUND, step_caches, NULL, NULL, true},
	{"calls", ROUND, step_calls, NULL, NULL, true},
	{"device", ROUND, step_device, NULL, NULL, true},
	{"gic", ROUND, step_gic, NULL, end_gic, true},
	{"traps", ROUND, step_traps, NULL, NULL, true},
	{"aborts", ROUND, step_aborts, NULL, NULL, true},
	{"fp", ROUND, step_fp, NULL, NULL, true},
	{"console", ROUND, step_console, NULL, end_console, true},
};
const uint32_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
