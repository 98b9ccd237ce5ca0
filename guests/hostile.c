/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main program of every hostile guest; contract in hostile_guest.h. Per attack:
 *
 *	hostile: memory window 16 no-device saw 0x0123456789abcdef: ok, 1234 steps
 *
 * or FAILED and why ("(only here)" before saw: QEMU alone shows something else); when all windows
 * are over, "hostile: FAMILY done N ok N failed".
 */
#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_fdt.h"
#include "guests/lib/bare_gic.h"

#define MOST_ATTACKS 40u
#define FNV_PRIME    0x100000001b3u
#define FNV_START    0xcbf29ce484222325u

uint32_t hostile_stride;

static struct hostile results[MOST_ATTACKS];
static uint32_t first_round; /* steps of it that are left */

uint64_t hostile_random(struct hostile *hostile)
{
	/* xorshift64*, Vigna 2016 */
	hostile->random ^= hostile->random >> 12;
	hostile->random ^= hostile->random << 25;
	hostile->random ^= hostile->random >> 27;
	return hostile->random * 0x2545f4914f6cdd1du;
}

void hostile_saw(struct hostile *hostile, uint64_t value)
{
	if (first_round == 0u)
		return;
	hostile->hash = (hostile->hash ^ value) * FNV_PRIME;
	hostile->hash ^= hostile->hash >> 29;
}

void hostile_failed(struct hostile *hostile, const char *what, uint64_t a, uint64_t b, uint64_t c)
{
	if (hostile->failed != NULL)
		return;
	hostile->failed = what;
	hostile->failed_values[0] = a;
	hostile->failed_values[1] = b;
	hostile->failed_values[2] = c;
}

static void wait_until(uint64_t when)
{
	gic_enable(INTID_VTIMER);
	WRITE_REG(cntv_cval_el0, when);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	barrier_isb();
	/* masked at the CPU: WFI ends all the same */
	while (counter_now() < when)
		cpu_wait_irq();
	(void)gic_ack();
	WRITE_REG(cntv_ctl_el0, 0);
	barrier_isb();
	gic_eoi(INTID_VTIMER);
	gic_disable(INTID_VTIMER);
}

/* Quiet: the guest is there and does no harm. */
static void busy_until(uint64_t when)
{
	static volatile uint64_t words[64];

	for (uint64_t i = 0; counter_now() < when; i++)
		words[i % 64u] = words[(i + 7u) % 64u] + i;
}

static void attack_run(const struct attack *attack, struct hostile *hostile, uint64_t end)
{
	uint32_t step = 0;

	first_round = attack->steps;
	if (attack->begin != NULL)
		attack->begin(hostile);
	while (first_round != 0u || counter_now() < end) {
		attack->step(hostile, step);
		step = step + 1u < attack->steps ? step + 1u : 0u;
		if (first_round != 0u)
			first_round--;
		hostile->steps++;
	}
	if (attack->end != NULL)
		attack->end(hostile);
}

static bool attack_print(const struct attack *attack, const struct hostile *hostile,
                         uint32_t window)
{
	if (hostile->steps == 0u)
		return true; /* left out */
	print("hostile: %s window %u %s %ssaw 0x%016lx: ", hostile_family, window, attack->name,
	      attack->here_only ? "(only here) " : "", hostile->hash);
	if (hostile->failed != NULL)
		print("FAILED %s 0x%lx 0x%lx 0x%lx\n", hostile->failed, hostile->failed_values[0],
		      hostile->failed_values[1], hostile->failed_values[2]);
	else
		print("ok, %lu steps\n", hostile->steps);
	return hostile->failed == NULL;
}

__attribute__((weak)) void hostile_report(void)
{
}

void guest_main(uint64_t tree)
{
	struct hostile_clock clock = hostile_clock(tree);
	uint64_t seed = hostile_argument(tree, "seed", 1);
	uint64_t per_window = clock.window / 8u; /* left free at the end of each */
	bool alone = fdt_bytes(tree) == 0u;      /* an ELF file on QEMU: no hypervisor */
	/* windows of another length: the CPU is not ours alone, nobody compares */
	bool timed = !alone && hostile_argument(tree, "window-us", 0) == 0u;
	uint32_t ok = 0;

	hostile_stride = (uint32_t)hostile_argument(tree, "stride", 1);
	if (alone)
		clock.windows = attack_count + HOSTILE_QUIET;
	gic_init();
	wait_until(clock.start + HOSTILE_ASLEEP * clock.window);
	busy_until(clock.start + HOSTILE_QUIET * clock.window);
	for (uint32_t i = 0; i < attack_count; i++) {
		struct hostile *hostile = &results[i];
		uint64_t end = clock.start + (HOSTILE_QUIET + i + 1u) * clock.window;

		hostile->random = (seed + 1u) * 0x9e3779b97f4a7c15u + i;
		hostile->hash = FNV_START;
		if (alone && attacks[i].here_only)
			continue;
		attack_run(&attacks[i], hostile, end - per_window);
		if (timed && counter_now() > end)
			hostile_failed(hostile, "its round is longer than its window",
			               counter_now() - end, 0, 0);
		wait_until(end);
	}
	wait_until(clock.start + clock.windows * clock.window);
	for (uint32_t i = 0; i < attack_count; i++)
		ok += attack_print(&attacks[i], &results[i], HOSTILE_QUIET + i) ? 1u : 0u;
	hostile_report();
	print("hostile: %s done %u ok %u failed\n", hostile_family, ok, attack_count - ok);
	psci_system_off();
}
