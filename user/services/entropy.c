/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source of randomness: fills the ring of each of its channels with bytes of the CPU's own
 * generator (RNDR, DDI 0487 D17.2.125), and again when a reader has emptied it. No two readers get
 * the same bytes. On a CPU without RNDR it says so and gives nothing: what a guest then misses
 * is better than what it could guess. One thread.
 */
#include <stdbool.h>

#include "user/lib/channel_io.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"

PROGRAM_RECORD("entropy", 0u);

#define ISAR0_RNDR(isar0) ((isar0) >> 60) /* D17.2.61: 1, RNDR and RNDRRS are there */
#define PIECE             32u             /* bytes: a step of filling */
#define TRIES             16u             /* of RNDR, which may fail for a moment */
#define READERS           16u

static struct channel_end entropy_reader[READERS];

/* False: the generator has nothing at this moment; Z is then set. */
static bool entropy_word(uint64_t *value)
{
	uint64_t word;
	uint64_t found;

	for (uint32_t i = 0u; i < TRIES; i++) {
		/* RNDR by its encoding: the compiler is told of no architecture that has it */
		__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne"
		                 : "=r"(word), "=r"(found)
		                 :
		                 : "cc", "memory");
		*value = word;
		if (found != 0u)
			return true;
	}
	return false;
}

/* Fills a ring, to the last byte, as its reader tells of no other; false: the generator gave up. */
static bool entropy_fill(struct channel_end *reader)
{
	uint64_t piece[PIECE / sizeof(uint64_t)];
	uint32_t room;

	for (room = channel_room(reader); room != 0u; room = channel_room(reader)) {
		for (uint32_t i = 0u; i < PIECE / sizeof(uint64_t); i++) {
			if (!entropy_word(&piece[i]))
				return false;
		}
		(void)channel_write(reader, piece, room < PIECE ? room : PIECE);
	}
	return true;
}

/* Opens all channels but the console's; how many there are. */
static uint32_t entropy_open(void)
{
	const struct process_info *info = info_get();
	uint32_t count = 0u;

	for (uint32_t i = 0u; i < info->channel_count && count < READERS; i++) {
		if (strcmp(info_channel(i)->name, "console") == 0)
			continue;
		channel_start(&entropy_reader[count], info_channel(i));
		count++;
	}
	return count;
}

int main(unsigned thread)
{
	uint32_t count = entropy_open();
	bool works = ISAR0_RNDR(program_isar0) != 0u;

	(void)thread;
	console_open();
	console_print("%s: %s, %u readers\n", info_get()->name,
	              works ? "RNDR" : "no source: this CPU has no RNDR", count);
	for (;;) {
		uint64_t deadline = SVC_NEVER;

		for (uint32_t i = 0u; works && i < count; i++) {
			if (!entropy_fill(&entropy_reader[i]))
				deadline = 0u; /* again, within the budget */
		}
		(void)svc_wait(UINT64_MAX, deadline);
	}
}
