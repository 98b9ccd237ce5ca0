/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest "bench": the measuring guest. Runs every operation of bench/rows.py that one vCPU can
 * do, and the interrupt to another vCPU if there is one, each COUNT times between markers
 * (abi/marker.h); the instructions between them are counted from outside by bench/count.c.
 * Between the two markers there is nothing but the operation. It ends with MARKER_STOP.
 */
#include "abi/marker.h"
#include "guests/bench_vectors.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define COUNT       1000u
#define HVC_UNKNOWN 0xc600ff01u /* a function that nobody owns */
#define TIMER_TICKS 1000u       /* far beyond what it takes to go to sleep */
#define SGI_SELF    3u

static uint32_t other_ready;

static void measure_empty(void)
{
	for (uint32_t i = 0; i < COUNT; i++)
		__asm__ volatile(MARKER_ASM(MARKER_BEGIN, ROW_EMPTY)
		                         MARKER_ASM(MARKER_END, ROW_EMPTY)::
		                                 : "memory");
}

#define MEASURE_HVC(name, row, function)                                                          \
	static void name(void)                                                                    \
	{                                                                                         \
		for (uint32_t i = 0; i < COUNT; i++) {                                            \
			register uint64_t x0 __asm__("x0") = (function);                          \
			register uint64_t x1 __asm__("x1") = 0;                                   \
			register uint64_t x2 __asm__("x2") = 0;                                   \
			register uint64_t x3 __asm__("x3") = 0;                                   \
                                                                                                  \
			__asm__ volatile(MARKER_ASM(MARKER_BEGIN,                                 \
			                            row) "hvc #0\n\t" MARKER_ASM(MARKER_END, row) \
			                 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                 \
			                 :                                                        \
			                 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",      \
			                   "x12", "x13", "x14", "x15", "x16", "x17", "memory",    \
			                   "cc");                                                 \
		}                                                                                 \
	}

MEASURE_HVC(measure_hvc, ROW_HVC_UNKNOWN, HVC_UNKNOWN)
MEASURE_HVC(measure_psci, ROW_PSCI_VERSION, PSCI_VERSION)

#define MEASURE_READ(name, row, where)                                                          \
	static void name(void)                                                                  \
	{                                                                                       \
		uint64_t address = (where);                                                     \
		uint32_t value;                                                                 \
                                                                                                \
		for (uint32_t i = 0; i < COUNT; i++)                                            \
			__asm__ volatile(                                                       \
				MARKER_ASM(MARKER_BEGIN,                                        \
			                   row) "ldr %w0, [%1]\n\t" MARKER_ASM(MARKER_END, row) \
				: "=r"(value)                                                   \
				: "r"(address)                                                  \
				: "memory");                                                    \
	}

#define MEASURE_WRITE(name, row, where, what)                                                   \
	static void name(void)                                                                  \
	{                                                                                       \
		uint64_t address = (where);                                                     \
		uint32_t value = (what);                                                        \
                                                                                                \
		for (uint32_t i = 0; i < COUNT; i++)                                            \
			__asm__ volatile(                                                       \
				MARKER_ASM(MARKER_BEGIN,                                        \
			                   row) "str %w0, [%1]\n\t" MARKER_ASM(MARKER_END, row) \
				:                                                               \
				: "r"(value), "r"(address)                                      \
				: "memory");                                                    \
	}

#define ISENABLER0 (GICR_BASE + GICR_SGI + GIC_ISENABLER)
MEASURE_READ(measure_typer, ROW_GICD_TYPER, GICD_BASE + GIC_TYPER)
MEASURE_READ(measure_isenabler_read, ROW_ISENABLER_READ, ISENABLER0)
MEASURE_WRITE(measure_isenabler_write, ROW_ISENABLER_WRITE, ISENABLER0, 1u << SGI_SELF)
MEASURE_READ(measure_pl011, ROW_PL011_FLAGS, UART_BASE + UART_FR)

/* Arms the timer with interrupts masked, so that BEGIN comes before it can expire. */
static void arm_timer(void)
{
	WRITE_REG(cntv_cval_el0, counter_now() + TIMER_TICKS);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	barrier_isb();
}

static void measure_timer_spin(void)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t before = bench_interrupts_taken();

		arm_timer();
		MARKER(MARKER_BEGIN, ROW_TIMER_SPIN);
		irq_enable();
		while (bench_interrupts_taken() == before)
			cpu_relax();
		irq_disable();
	}
}

/* WFI with interrupts masked wakes as well: the vector is entered after it. */
static void measure_timer_wfi(void)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t before = bench_interrupts_taken();

		arm_timer();
		MARKER(MARKER_BEGIN, ROW_TIMER_WFI);
		irq_enable();
		while (bench_interrupts_taken() == before)
			cpu_wait_irq();
		irq_disable();
	}
}

static void measure_sgi(void)
{
	gic_enable(SGI_SELF);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t before = bench_interrupts_taken();

		irq_enable();
		__asm__ volatile(MARKER_ASM(MARKER_BEGIN, ROW_SGI_SELF) "msr s3_0_c12_c11_5, %0\n\t"
		                                                        "isb\n\t"
		                 :
		                 : "r"((uint64_t)SGI_SELF << 24 | 1u)
		                 : "memory");
		while (bench_interrupts_taken() == before)
			cpu_relax();
		irq_disable();
	}
}

/* The other CPU spins; its vector answers. */
void guest_secondary_main(uint64_t context)
{
	(void)context;
	gic_init_cpu();
	bench_vectors_set();
	gic_enable(SGI_ASK);
	store_release(&other_ready, 1);
	irq_enable();
	for (;;)
		cpu_relax();
}

/* There and back. On the way CPU 1's vector says when it was there. */
static void measure_ipi(void)
{
	gic_enable(SGI_ANSWER);
	while (load_acquire(&other_ready) == 0u)
		cpu_relax();
	irq_enable();
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t before = bench_interrupts_taken();

		MARKER(MARKER_BEGIN, ROW_IPI);
		gic_send(SGI_ASK, 2);
		while (bench_interrupts_taken() == before)
			cpu_relax();
		MARKER(MARKER_END, ROW_IPI);
	}
	irq_disable();
}

static void measure_alone(void)
{
	measure_empty();
	measure_hvc();
	measure_psci();
	measure_typer();
	measure_isenabler_read();
	measure_isenabler_write();
	measure_pl011();
	measure_timer_spin();
	measure_timer_wfi();
	measure_sgi();
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_init();
	bench_vectors_set();
	bench_settle();
	if (psci_cpu_start(1, 0) == PSCI_SUCCESS)
		measure_ipi();
	else
		measure_alone();
	MARKER(MARKER_STOP, 0);
	psci_system_off();
}
