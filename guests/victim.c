/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: the neighbour of a hostile guest. Sleeps until the virtual timer fires, at deadlines
 * 20 to 52 us apart, and measures how late its handler runs; per window of time (hostile_guest.h):
 *
 *	victim: window 3 worst 624 ns of 555
 *
 * Its registers, among them FP, hold patterns that are compared at each wake-up, and so does 1 MiB
 * of memory at the end; no interrupt but the timer's may come. Prints nothing while it measures;
 * then "victim: done, 0 FAILED checks".
 */
#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define NEAREST_US   20u
#define MEMORY_WORDS 0x20000u
#define FP_WORDS     64u
#define PATTERN      0x9e3779b97f4a7c15u

/* clang-format off */
#define HELD(X)                 \
	X(tpidr_el0)            \
	X(tpidr_el1)            \
	X(tpidrro_el0)          \
	X(ttbr1_el1)            \
	X(sp_el0)
/* clang-format on */

void victim_fp_set(const uint64_t *words);
void victim_fp_get(uint64_t *words);

static uint64_t memory[MEMORY_WORDS];
static uint64_t fp_words[FP_WORDS] __attribute__((aligned(16)));
static uint64_t worst[HOSTILE_WINDOWS];
static uint32_t samples[HOSTILE_WINDOWS];
static struct hostile_clock windows;
static uint64_t deadline;
static uint64_t woken; /* deadlines met; the handler counts */
static uint32_t failed;

static struct trap_frame *victim_irq(struct trap_frame *frame)
{
	uint64_t late = counter_now() - deadline;
	uint64_t window = (deadline - windows.start) / windows.window;
	uint32_t intid = gic_ack();

	WRITE_REG(cntv_ctl_el0, 0);
	barrier_isb();
	if (intid != INTID_VTIMER) {
		print_unlocked("victim: FAILED interrupt %u\n", intid);
		failed++;
	} else if (window < HOSTILE_WINDOWS) {
		samples[window]++;
		if (late > worst[window])
			worst[window] = late;
	}
	woken++;
	gic_eoi(intid);
	return frame;
}

static uint64_t held(uint64_t number)
{
	return (number + 3u) * PATTERN & 0x0000fffffffff000u;
}

static void hold(void)
{
	uint64_t number = 0;

	for (uint32_t i = 0; i < FP_WORDS; i++)
		fp_words[i] = (i + 1u) * PATTERN;
	for (uint32_t i = 0; i < MEMORY_WORDS; i++)
		memory[i] = i * PATTERN;
#define HOLD(name) WRITE_REG(name, held(number++));
	HELD(HOLD)
	victim_fp_set(fp_words);
}

static void check_held(void)
{
	static uint64_t now[FP_WORDS] __attribute__((aligned(16)));
	uint64_t number = 0;
	bool good = true;

#define KEPT(name) good = good && READ_REG(name) == held(number++);
	HELD(KEPT)
	victim_fp_get(now);
	for (uint32_t i = 0; i < FP_WORDS; i++)
		good = good && now[i] == fp_words[i];
	if (!good) {
		print("victim: FAILED registers after %lu wake-ups\n", woken);
		failed++;
		hold();
	}
}

static void sleep_until_next(uint64_t *random)
{
	uint64_t before = woken;
	uint64_t per_us = counter_hz() / 1000000u;

	*random = *random * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
	deadline = counter_now() + NEAREST_US * per_us + (*random >> 53);
	WRITE_REG(cntv_cval_el0, deadline);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	barrier_isb();
	while (woken == before) {
		cpu_wait_irq();
		irq_enable();
		barrier_isb();
		irq_disable();
	}
}

void guest_main(uint64_t tree)
{
	uint64_t end;
	uint64_t random = 1;

	windows = hostile_clock(tree);
	end = windows.start + windows.windows * windows.window;
	gic_init();
	irq_handler = victim_irq;
	gic_enable(INTID_VTIMER);
	hold();
	if (counter_now() > windows.start)
		print("victim: starts late\n");
	while (counter_now() < end) {
		sleep_until_next(&random);
		check_held();
	}
	for (uint32_t i = 0; i < MEMORY_WORDS; i++)
		failed += memory[i] != i * PATTERN ? 1u : 0u;
	for (uint32_t i = 0; i < windows.windows && i < HOSTILE_WINDOWS; i++)
		print("victim: window %u worst %lu ns of %u\n", i,
		      worst[i] * 1000000000u / counter_hz(), samples[i]);
	print("victim: done, %u FAILED checks\n", failed);
	psci_system_off();
}
