# SPDX-License-Identifier: Apache-2.0
"""The hostile guests (guests/hostile*.c), one family per test, each beside a victim VM and the
native task `alive` that share its CPU and have higher priorities; what they show and how the
victim's latencies are judged. tests/target/table.py takes the tests, tests/campaign.py the rest.
"""
import re

from machine import ends, expect

# The longest path with interrupts masked: nanoseconds, which under icount=0 are instructions.
LONGEST_PATH = 1000
ASLEEP, QUIET = 10, 16  # guests/hostile.h: HOSTILE_ASLEEP, HOSTILE_QUIET
FAMILIES = ("memory",)

WINDOW = re.compile(r"victim: window (\d+) worst (\d+) ns of (\d+)")
ATTACK = re.compile(r"hostile: \w+ window (\d+) (\S+) (?:\(only here\) )?saw 0x\w+: (ok|FAILED.*)")


def latencies(console):
    """(worst while the neighbour sleeps, worst while it is busy, {attack: worst under it})"""
    worst = {int(m[1]): int(m[2]) for m in WINDOW.finditer(console) if int(m[3]) > 0}
    names = {int(m[1]): m[2] for m in ATTACK.finditer(console)}
    asleep = max((worst[n] for n in worst if n < ASLEEP), default=0)
    busy = max((worst[n] for n in worst if ASLEEP <= n < QUIET), default=0)
    return asleep, busy, {name: worst.get(n) for n, name in names.items()}


def judge(match):
    """No attack failed, and none made the victim later than its quiet worst and one path."""
    console = match[0].decode("utf-8", "replace")
    asleep, busy, attacks = latencies(console)
    if not attacks or not asleep or not busy:
        return "no figures"
    for name, worst in attacks.items():
        if worst is None:
            return "%s: the victim has no sample" % name
        if worst > max(asleep, busy) + LONGEST_PATH:
            return "%s: worst latency %d ns, quiet %d ns asleep and %d ns busy" % (
                name, worst, asleep, busy)
    return None


def figures(console):
    asleep, busy, attacks = latencies(console)
    return ["victim's worst latency, ns: %d neighbour asleep, %d busy; under %s" % (
        asleep, busy, ", ".join("%s %d" % item for item in attacks.items()))]


BOTH_DONE = expect(r"(?s)hostile: \w+ window \d.*hostile: \w+ done \d+ ok 0 failed"
                   r".*victim: done, 0 FAILED checks", check=judge)


def add(target, guest_test):
    for family in FAMILIES:
        target("plain-hostile-" + family, "build/guests/hostile_%s.elf" % family, [
            expect(r"hostile: %s done \d+ ok 0 failed" % family), ends(),
        ], plain=True, smp=1, memory="16M", seconds=60, forbidden=[r"FAILED"])
        guest_test("hostile-" + family, "hostile-" + family, [
            BOTH_DONE, expect(r"alive: \d+ periods, worst latency [0-3] us, missed 0"),
        ], smp=1, icount=0, seconds=120, show=[figures],
                   forbidden=[r"hostile: .*FAILED", r"[1-9]\d* FAILED checks", r"victim: FAILED",
                              r"starts late", r"latency \d+ us, missed [1-9]"],
                   same_log=("plain-hostile-" + family,
                             r"^(?:hostile\| )?(hostile: \w+ window \d+ \S+ saw 0x\w+)"))
