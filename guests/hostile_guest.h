/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile guests: one program per family of attacks, each a table of attacks for the
 * main program (hostile.c), which gives every attack a window of time of its own. The windows are
 * counted from a fixed value of the counter, so that the victim (victim.c), which shares
 * nothing with a hostile guest but the CPU, knows which window a latency belongs to.
 *
 * An attack is a list of steps, repeated until its window is over. What the guest saw (results,
 * exceptions) in the first round of the steps goes into a hash: it depends on the seed only, and
 * is the same on hardware. CPU 0, interrupts masked, a probe armed around each step.
 */
#ifndef BULKHEAD_GUESTS_HOSTILE_GUEST_H
#define BULKHEAD_GUESTS_HOSTILE_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#define HOSTILE_START_US  50000u /* of the counter, which starts with the machine: then all run */
#define HOSTILE_WINDOW_US 20000u
#define HOSTILE_WINDOWS   44u /* until 930 ms: `alive` prints at one second */
#define HOSTILE_ASLEEP    10u /* the first windows: does nothing */
#define HOSTILE_QUIET     16u /* from there to here: busy with its own memory */

struct hostile {
	uint64_t random; /* state of hostile_random() */
	uint64_t hash;
	uint64_t steps; /* done in this window */
	const char *failed;
	uint64_t failed_values[3];
};

struct attack {
	const char *name;
	uint32_t steps;                                       /* of a round */
	void (*step)(struct hostile *hostile, uint32_t step); /* as short as can be */
	void (*begin)(struct hostile *hostile);               /* may be NULL */
	void (*end)(struct hostile *hostile); /* may be NULL; puts all right again */
	bool here_only; /* means nothing on the board alone, which has more than the VM was given */
};

/* The family. */
extern const char hostile_family[];
extern const struct attack attacks[];
extern const uint32_t attack_count;
/* bootargs "stride=": a long list of steps is to be done in part only, one of so many. */
extern uint32_t hostile_stride;
/* More lines at the end, where a family has some. */
void hostile_report(void);

/* Evenly distributed, by the seed. */
uint64_t hostile_random(struct hostile *hostile);
/* Part of what the guest saw: in the first round it goes into the hash. */
void hostile_saw(struct hostile *hostile, uint64_t value);
/* The attack got something that it must not; only the first is kept, `what` is not copied. */
void hostile_failed(struct hostile *hostile, const char *what, uint64_t a, uint64_t b, uint64_t c);

/* The tree's bootargs "name=123" (decimal), or `missing`. */
uint64_t hostile_argument(uint64_t tree, const char *name, uint64_t missing);
/* When the first window starts, and how long each is, in ticks. */
struct hostile_clock {
	uint64_t start;
	uint64_t window;
	uint32_t windows;
};
struct hostile_clock hostile_clock(uint64_t tree);

#endif
