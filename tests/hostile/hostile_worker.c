/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native task that others storm: in each period the same work, between two markers, so that the
 * counting plugin says what else its CPU did meanwhile (tests/storm_tests.py). Before it works, it takes
 * what it was notified of. After PERIODS of them:
 *
 *	worker: 200 periods, missed 0, worst latency 1234 ns, notified in 187
 */
#include "abi/marker.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("hostile_worker", 0u);

#define PERIOD_US 1000u
#define PERIODS   200u
#define ROUNDS    20000u
#define TURN      64u    /* rounds between two YIELDs, at which QEMU lets the other CPU run */
#define PRINT_US  20000u /* until the console has printed the line */

static uint64_t work(void)
{
	uint64_t sum = 1u;

	for (uint32_t i = 0u; i < ROUNDS; i++) {
		__asm__ volatile("eor %0, %0, %0, ror #7" : "+r"(sum));
		if (i % TURN == 0u)
			__asm__ volatile("yield");
	}
	return sum;
}

int main(unsigned thread)
{
	uint64_t period = clock_ticks_from_us(PERIOD_US);
	uint64_t bit = 1ull << info_find_channel("task")->bit;
	uint64_t release = clock_now();
	uint64_t first = 0u;
	uint64_t missed = 0u;
	uint64_t worst = 0u;
	uint32_t notified = 0u;

	(void)thread;
	console_open();
	for (uint32_t i = 0u; i < PERIODS; i++) {
		uint64_t late, result;

		release += period;
		(void)svc_wait(0u, release);
		late = clock_now() - release;
		worst = late > worst ? late : worst;
		if (late >= period)
			missed++;
		notified += svc_wait(bit, 0u) != 0u ? 1u : 0u;
		MARKER(MARKER_BEGIN, ROW_WORK);
		result = work();
		MARKER(MARKER_END, ROW_WORK);
		first = i == 0u ? result : first;
		if (result != first)
			console_print("worker: FAILED, period %u gives another result\n", i);
	}
	console_print("worker: %u periods, missed %lu, worst latency %lu ns, notified in %u\n",
	              PERIODS, missed, worst * 1000000000u / clock_ticks_per_second(), notified);
	(void)svc_wait(0u, clock_now() + clock_ticks_from_us(PRINT_US));
	MARKER(MARKER_STOP, 0);
	return 0;
}
