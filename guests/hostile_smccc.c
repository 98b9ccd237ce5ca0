/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest, family "smccc": every range of SMCCC function identifiers (DEN 0028 section 6)
 * by HVC and SMC, with random arguments; CPU_ON with bad ones. x4 to x17 must come back as they
 * were, and an unknown function is answered NOT_SUPPORTED. Left out are the calls that end
 * or stop this CPU, which have tests of their own.
 */
#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"

#define WORDS        18u
#define FIRST_KEPT   4u
#define PSCI_OWNER   4u
#define PSCI_NUMBERS 0x20u
#define ENTRY_BAD    (-9)

const char hostile_family[] = "smccc";

void calls_execute(uint64_t *words, uint64_t how);

static uint64_t call(struct hostile *hostile, uint64_t function, uint64_t how)
{
	uint64_t words[WORDS];
	uint64_t before[WORDS];
	struct probe probe;

	for (uint32_t i = 0; i < WORDS; i++)
		before[i] = words[i] = i == 0u ? function : hostile_random(hostile);
	probe_begin();
	calls_execute(words, how);
	probe = probe_end();
	if (probe.count != 0u)
		hostile_failed(hostile, "exception", function, how, probe.esr);
	for (uint32_t i = FIRST_KEPT; i < WORDS; i++)
		if (words[i] != before[i])
			hostile_failed(hostile, "register", function, i, words[i]);
	hostile_saw(hostile, words[0]);
	return words[0];
}

static bool is_psci(uint64_t function)
{
	return (function >> 24 & 0xbfu) == (0x80u | PSCI_OWNER) &&
	       (function & 0xffffu) < PSCI_NUMBERS;
}

/* Each owner, fast and yielding, 32 and 64 bits, with small and with random numbers. */
static void step_ranges(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t function = (uint64_t)(step & 0xffu) << 24 |
	                    ((random & 1u) != 0u ? random >> 8 & 0x1fu : random >> 8 & 0xffffu);
	uint64_t got;

	if ((random & 6u) == 0u)
		function |= random & 0xff0000u; /* bits that must be zero */
	if ((random & 0x30u) == 0u)
		function |= random & ~0xffffffffull; /* not part of the identifier */
	if (is_psci(function) || (function & 0xbf000000u) == 0x80000000u)
		return; /* of which step_psci sees to those that return */
	got = call(hostile, function, random >> 40 & 3u);
	if ((uint32_t)got != (uint32_t)PSCI_NOT_SUPPORTED)
		hostile_failed(hostile, "answer", function, got, 0);
}

/* PSCI and the Arm architecture calls, but those that end or stop the CPU. */
static void step_psci(struct hostile *hostile, uint32_t step)
{
	static const uint32_t functions[] = {
		0x84000000, 0x84000003, 0xc4000003, 0x84000004, 0xc4000004, 0x84000005, 0xc4000005,
		0x84000006, 0x84000007, 0x8400000a, 0x8400000b, 0x8400000c, 0x8400000d, 0x8400000f,
		0x84000010, 0x84000011, 0x84000013, 0x84000014, 0x84000015, 0x80000000, 0x80000001,
		0x80000002, 0x80007fff, 0x80008000, 0x8000ff03, 0x8400001f, 0xc400001f,
	};
	uint32_t count = sizeof(functions) / sizeof(functions[0]);

	(void)call(hostile, functions[step % count], hostile_random(hostile) & 3u);
}

static void step_cpu_on(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t target = (step & 1u) != 0u ? 0u : random | 1u;
	uint64_t entry = (random & 6u) != 0u ? hostile_random(hostile) : RAM_BASE;
	int64_t got = hvc_call(PSCI_CPU_ON, target, entry, random);

	hostile_saw(hostile, (uint64_t)got);
	/* itself is on; there is no other */
	if (target == 0u ? got != PSCI_ALREADY_ON && got != ENTRY_BAD : got != PSCI_INVALID)
		hostile_failed(hostile, "CPU_ON", target, entry, (uint64_t)got);
}

const struct attack attacks[] = {
	{"ranges", 8192, step_ranges, NULL, NULL, true},
	{"psci", 1000, step_psci, NULL, NULL, true},
	{"cpu-on", 1000, step_cpu_on, NULL, NULL, true},
};
const uint32_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
