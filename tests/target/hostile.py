# SPDX-License-Identifier: Apache-2.0
"""The hostile guests (guests/hostile*.c), one family per test, each beside a victim VM and the
native task `alive` that share its CPU and have higher priorities; what they show and how the
victim's latencies are judged. tests/target/table.py takes the tests, tests/campaign.py the rest.
"""
import itertools
import re

from machine import ends, expect, expect_all

# The longest path with interrupts masked: nanoseconds, which under icount=0 are instructions.
LONGEST_PATH = 1000
ASLEEP, QUIET = 10, 16  # guests/hostile_guest.h: HOSTILE_ASLEEP, HOSTILE_QUIET
# Families, and how what they see on QEMU without a hypervisor is compared: it is the same, or as a
# table says; or it is not.
FAMILIES = {"memory": "same", "walk": "table", "gic": "same", "smccc": None, "storm": None,
            "state": "same", "a32": "same"}

WINDOW = re.compile(r"victim: window (\d+) worst (\d+) ns of (\d+)")
NOTHING = ("undefined", "undefined")
ATTACK = re.compile(r"hostile: \w+ window (\d+) (\S+) (?:\(only here\) )?saw 0x\w+: (ok|FAILED.*)")


def latencies(console):
    """(worst while the neighbour sleeps, worst while it is busy, {attack: worst under it})"""
    worst = {int(m[1]): int(m[2]) for m in WINDOW.finditer(console) if int(m[3]) > 0}
    names = {int(m[1]): m[2] for m in ATTACK.finditer(console)}
    asleep = max((worst[n] for n in worst if n < ASLEEP), default=0)
    busy = max((worst[n] for n in worst if ASLEEP <= n < QUIET), default=0)
    return asleep, busy, {name: worst.get(n) for n, name in names.items()}


def judge(console):
    """No attack failed, and none made the victim later than its quiet worst and one path."""
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


# ---- the table of registers ----------------------------------------------------------------------

ROW = re.compile(r"^\| `(alone )?s([\d-]+)_([\d-]+)_c([\d-]+)_c([\d-]+)_([\d-]+)` \| (\w+) \| (\w+) \|",
                 re.MULTILINE)


def numbers(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def published(alone=False):
    """{encoding: (read, written)} of docs/registers.md; alone: what is different on QEMU alone"""
    with open("docs/registers.md", encoding="utf-8") as file:
        text = file.read()
    return {"s%d_%d_c%d_c%d_%d" % which: (row[7], row[8]) for row in ROW.finditer(text)
            if (row[1] is not None) == alone
            for which in itertools.product(*[numbers(row[i]) for i in range(2, 7)])}


A32_ROW = re.compile(r"^\| `(m\w+) (p\d+) ([\d-]+) (?:c([\d-]+) )?c([\d-]+)(?: ([\d-]+))?` \| (\w+) \|",
                     re.MULTILINE)


def published_a32():
    """{instruction: outcome} of docs/registers.md"""
    with open("docs/registers.md", encoding="utf-8") as file:
        rows = A32_ROW.findall(file.read())
    table = {}
    for name, coprocessor, opc1, crn, crm, opc2, outcome in rows:
        for one in itertools.product(*[numbers(text) for text in (opc1, crn, crm, opc2) if text]):
            form = "%s %s %d c%d c%d %d" if crn else "%s %s %d c%d"
            table[form % ((name, coprocessor) + one)] = outcome
    return table


def judge_a32(console):
    """EL0 may do in AArch32 what the docs say, and nothing else."""
    found = dict(re.findall(r"a32: (m\w+ p[^\r\n]*) (\w+)", console))
    table = published_a32()
    wrong = ["%s is %s, docs/registers.md says %s" % (
        name, found.get(name, "undefined"), table.get(name, "undefined"))
             for name in sorted(set(found) | set(table)) if found.get(name) != table.get(name)]
    return "; ".join(wrong[:5]) or judge(console)


def walked(console):
    return {m[1]: (m[2], m[3]) for m in re.finditer(r"walk: (s\d_\d_c\d+_c\d+_\d) (\w+) (\w+)", console)}


def differences(found, table):
    """The first encodings that the walk found other than a table says."""
    wrong = ["%s is %s, docs/registers.md says %s" % (
        name, "/".join(found.get(name, NOTHING)), "/".join(table.get(name, NOTHING)))
             for name in sorted(set(found) | set(table)) if found.get(name) != table.get(name)]
    return "; ".join(wrong[:5])


def judge_walk(console):
    """The walk found what the docs say, and nothing else."""
    return differences(walked(console), published()) or judge(console)


def judge_walk_alone(console):
    """On QEMU alone it finds what a guest gets, but for what the docs list."""
    table = {name: tuple(word.replace("emulated", "passed") for word in words)
             for name, words in published().items()}
    return differences(walked(console), {**table, **published(alone=True)}) or None


# ---- steps ---------------------------------------------------------------------------------------

def steps(family):
    """The hostile guest ends well and so does the victim; then the native task reports."""
    worst = 12 if family == "gic" else 3
    return [
        expect_all(r"hostile: %s done \d+ ok 0 failed" % family, r"victim: done, 0 FAILED checks"),
        expect(r"alive: \d+ periods, worst latency (\d+) us, missed 0",
               check=lambda m: "late" if int(m[1]) > worst else None),
    ]


def judge_of(family):
    return {"walk": judge_walk, "a32": judge_a32}.get(family, judge)


FORBIDDEN = [r"hostile: .*FAILED", r"[1-9]\d* FAILED checks", r"victim: FAILED", r"starts late",
             r"latency \d+ us, missed [1-9]", r"(hostile|victim) stopped: f"]


def without_gaps(console):
    """Each line of the control guest is 1,000 loops after the one before."""
    loops = [int(m[1]) for m in re.finditer(r"control: (\d+) loops", console)]
    return None if loops == list(range(1000, 1000 * len(loops) + 1, 1000)) else str(loops)


def add(target, guest_test):
    for family, compared in FAMILIES.items():
        if compared:
            target("plain-hostile-" + family, "build/guests/hostile_%s.elf" % family, [
                expect(r"hostile: %s done \d+ ok 0 failed" % family), ends(),
            ], plain=True, smp=1, memory="16M", seconds=60, forbidden=[r"FAILED"],
               # the walk takes the time; without icount QEMU 7.2 leaves ITSTATE in SPSR behind a block
               icount=0 if family in ("walk", "a32") else None,
               judge=judge_walk_alone if compared == "table" else None)
        target("hostile-" + family, "tests/systems/hostile-%s.dts" % family, steps(family),
               smp=1, icount=0, seconds=240, forbidden=FORBIDDEN, judge=judge_of(family),
               show=[figures, r"walk: \d+ encodings[^\r\n]*", r"op0\S* (?:\(only here\) )?saw 0x\w+"],
               same_log=("plain-hostile-" + family,
                         r"(hostile: \w+ window \d+ \S+ saw 0x\w+)")
               if compared == "same" else None)
    # All of them at once on other CPUs: no latency is judged there, but nothing is lost.
    over = [r"sibling: \d+ rounds, [1-9]\d* taken, done"] + [
        r"hostile: %s done \d+ ok 0 failed" % family for family in FAMILIES]
    guest_test("hostile-others", "hostile-others", [
        expect_all(*over),
        expect(r"control: \d+ loops"), expect(r"alive: \d+ periods"),
    ], smp=4, seconds=240, show=[r"sibling: \d+[^\r\n]*"], judge=without_gaps)
