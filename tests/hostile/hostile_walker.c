/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that reads and writes every system register that has an encoding, one after the
 * other. Most of them end it; hostile_parent starts it again, and it goes on behind. How far
 * it is lies in the part of its console channel's page that the channel does not use: what it
 * writes there outlives it. At the end it prints what it could access.
 */
#include "abi/channel.h"
#include "tests/hostile/hostile_process.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("hostile_walker", 0u);

#define ENCODINGS    0x10000u
#define WRITE        0x8000u
#define NOTES_OFFSET 3072u
#define NOTES_MAX    256u
#define ROOM_US      20000u

struct notes {
	uint32_t next;
	uint32_t passed;
	uint16_t encoding[NOTES_MAX];
};
_Static_assert(NOTES_OFFSET >= sizeof(struct channel), "behind the channel");
_Static_assert(NOTES_OFFSET + sizeof(struct notes) <= CHANNEL_BYTES, "in its page");

extern const char hostile_mrs[];

static void walker_report(const struct notes *notes)
{
	console_open();
	for (uint32_t i = 0u; i < notes->passed && i < NOTES_MAX; i++) {
		uint32_t encoding = notes->encoding[i];

		console_print("walker: %s S%u_%u_C%u_C%u_%u\n",
		              (encoding & WRITE) != 0u ? "writes" : "reads",
		              2u + (encoding >> 14 & 1u), encoding >> 11 & 7u, encoding >> 7 & 15u,
		              encoding >> 3 & 15u, encoding & 7u);
		(void)svc_wait(0u, clock_now() + clock_ticks_from_us(ROOM_US));
	}
	console_print("walker: %u encodings, %u accessible\n", notes->next, notes->passed);
}

int main(unsigned thread)
{
	struct notes *notes = (void *)(uintptr_t)(info_find_channel("console")->va + NOTES_OFFSET);

	(void)thread;
	while (notes->next < ENCODINGS) {
		uint32_t encoding = notes->next++;

		((void (*)(uint64_t))(uintptr_t)(hostile_mrs + 8u * encoding))(0u);
		if (notes->passed < NOTES_MAX)
			notes->encoding[notes->passed] = (uint16_t)encoding;
		notes->passed++;
	}
	walker_report(notes);
	svc_exit(EXIT_REASON_OFF, 0u);
}
