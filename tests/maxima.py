#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""maxima [--where] [--write] [SECONDS [SEED [PATTERN]]]: the longest way of each kernel entry that is
seen in real runs, beside its bound from the machine code.

Called by `./bulkhead campaign --maxima`, which has built everything, and by the test
check/worst-case-measured. Runs each of the target tests named below once, then the hostile guests
with one seed after the other until SECONDS (300) have passed, each family at least once; PATTERN takes only the systems
whose name matches. bench/entries.c counts, and tests/worstcase.py says what an entry is, where its
way ends and how long it is at most. --where says in which functions the longest ways went; --write
puts the table into docs/worst-case.md. Exit status 1: a way is longer than its bound, or a run failed.
"""
import argparse
import os
import re
import shutil
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)
sys.dont_write_bytecode = True
sys.path[:0] = ["tests", "tests/target"]

import campaign
import hostile
import worstcase
from boot import boot
from machine import Failure, expect
from table import OPTIONS, TARGETS
from tools import bhc_info
from worstcase_code import Program, Refused

FOLDER = "build/maxima"
PLUGIN = "build/bench/entries.so"
# The target tests that are measured as they are: hostile processes, several CPUs, resets, Linux.
SYSTEMS = ("process-calls", "process-faults", "process-loops", "hostile-others", "gic", "resets",
           "faults", "fp-share", "smp-shared-cpu", "smp-four", "trace", "periods", "linux-one-cpu",
           "linux-reboot", "three-worlds", "aarch32", "u-boot")
STORMS = ("storm-below", "storm-beside")
OTHERS = "others"  # beside the families: all of them at once
HEAD = "| entry | longest measured | seen | in | bound |"
NEVER = "never"


class Longest:
    """Of one row: how often it was seen, and its longest way."""

    def __init__(self, seen, length, waited, ordinal, cpu, path, system=""):
        self.seen, self.length, self.waited = seen, length, waited
        self.ordinal, self.cpu, self.path, self.system = ordinal, cpu, path, system

    def merge(self, other):
        """The longer of two, seen as often as both."""
        best = other if other.length > self.length else self
        return Longest(self.seen + other.seen, best.length, max(self.waited, other.waited),
                       best.ordinal, best.cpu, best.path, best.system)

    def where(self):
        return "%s, CPU %d, way %s" % (self.system, self.cpu, format(self.ordinal, ","))


class Kernel:
    """What the plugin must know of build/kernel.elf, and the bounds that it is held to."""

    def __init__(self):
        try:
            found, problems, walk = worstcase.entries(Program(worstcase.ELF),
                                                      worstcase.Table(worstcase.TABLE))
        except Refused as refused:
            raise Failure("refused: %s" % refused) from None
        if problems:
            raise Failure("\n  ".join(problems))
        self.bounds = {name: way.length for name, way, _ in found}
        self.rows = list(self.bounds)
        if self.rows[0] != "synchronous":  # bench/entries.c: row 0
            raise Failure("the first entry is %s" % self.rows[0])
        self.program, self.walk = walk.program, walk
        self.base = min(self.program.instructions) & -4096
        self.bytes = max(self.program.instructions) + 4 - self.base

    def marks(self):
        """The lines of the plugin's file of marks."""
        row, table, extent = self.rows.index, self.walk.table, self.program.extent
        lines = ["row %s" % name.replace(" ", "-") for name in self.rows]

        def mark(kind, address, *name):
            lines.append(" ".join(["%s %x" % (kind, address - self.base)] +
                                  [str(row(one)) for one in name]))

        for name, offsets in worstcase.VECTORS.items():
            for offset in offsets:
                mark("enter", extent["vectors"][0] + offset, name)
        for symbol in table.arrays:
            for function in self.program.array(symbol):
                mark("through", extent[function][0], function)
        for function, in table.points:
            mark("point", extent[function][0], worstcase.POINT)
        for function, in table.halts:
            mark("halt", extent[function][0])
        for address in self.waiting():
            mark("wait", address)
        for address, (mnemonic, _) in self.program.instructions.items():
            if mnemonic == "wfi":
                mark("sleep", address, worstcase.SLEEP)
            elif mnemonic == "eret":
                mark("leave", address)
        return lines

    def waiting(self):
        """The addresses of `wait` loops, and of functions that only these call."""
        waiting, calls = set(self.walk.waiting), {}
        for name in worstcase.reachable(self.walk, "vectors"):
            for block in self.program.function(name).values():
                for callee in filter(None, block.calls):
                    calls.setdefault(callee, set()).update(block.code[-1:])
        for callee, sites in calls.items():
            if sites and sites <= self.walk.waiting:
                waiting.update(range(*self.program.extent[callee], 4))
        return waiting

    def spent(self, path):
        """[(function, instructions)] of a way, in its order."""
        parts = []
        starts = sorted(self.program.names)
        for offset in path:
            address = self.base + offset
            name = self.program.names[max(start for start in starts if start <= address)]
            if parts and parts[-1][0] == name:
                parts[-1][1] += 1
            else:
                parts.append([name, 1])
        return parts


def plugin(kernel, name, system):
    """(what QEMU must be told, file of the result)"""
    os.makedirs(FOLDER, exist_ok=True)
    marks, out = "%s/%s.marks" % (FOLDER, name), "%s/%s.ways" % (FOLDER, name)
    with open(marks, "w", encoding="ascii") as file:
        file.write("\n".join(kernel.marks()) + "\n")
    return "file=%s,out=%s,marks=%s,kernel=%s:%d" % (
        PLUGIN, out, marks, bhc_info(system)["load_address"], kernel.bytes), out


class Found(dict):
    """{row: Longest} of one run or of all, and the number of ways."""

    ways = 0

    def add(self, other):
        self.ways += other.ways
        for row, one in other.items():
            self[row] = self[row].merge(one) if row in self else one


def read(kernel, path, system):
    """What a result says."""
    found = Found()
    with open(path, encoding="ascii") as file:
        for line in file:
            word, *rest = line.split()
            if word == "row":
                row, *numbers = [int(number) for number in rest]
                last = found[kernel.rows[row]] = Longest(*numbers, [], system)
            elif word == "ways":
                found.ways = int(rest[0])
            else:
                last.path = [int(offset, 16) for offset in rest]
    if not found:
        raise Failure("%s: no entry was seen" % system)
    return found


def target(name):
    """A target test; of a storm (tests/storm_tests.py) what is one of it."""
    if name in STORMS:
        return dict(OPTIONS, name=name, system="tests/systems/%s.dts" % name, smp=2, icount=0,
                    seconds=200, steps=[expect(r"worker: \d+ periods")])
    return next(test for test in TARGETS if test["name"] == name)


def measured(kernel, entry, title):
    argument, out = plugin(kernel, entry["name"], entry["system"])
    boot(entry, argument)
    return read(kernel, out, title)


def of_target(kernel, name):
    return measured(kernel, target(name), name)


def of_hostile(kernel, family, seed):
    argument, out = plugin(kernel, "hostile-%s-%d" % (family, seed),
                           "tests/systems/hostile-%s.dts" % family)
    campaign.run(family, seed, argument)
    return read(kernel, out, "hostile-%s, seed %d" % (family, seed))


def of_others(kernel, seed):
    """All hostile guests at once on 4 CPUs, as one host thread: the same ways each time."""
    folder, name = FOLDER + "/others", "hostile-others-%d" % seed
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for file in os.listdir("tests/systems"):
        os.symlink(os.path.abspath("tests/systems/" + file), os.path.join(folder, file))
    with open("tests/systems/hostile-guest.dts", encoding="utf-8") as file:
        tree = file.read().replace("stride=7", "stride=7 seed=%d" % seed)
    os.remove(folder + "/hostile-guest.dts")
    with open(folder + "/hostile-guest.dts", "w", encoding="utf-8") as file:
        file.write(tree)
    os.rename(folder + "/hostile-others.dts", "%s/%s.dts" % (folder, name))
    entry = dict(target("hostile-others"), name=name, system="%s/%s.dts" % (folder, name), icount=3)
    return measured(kernel, entry, "hostile-others, seed %d" % seed)


def of_seed(kernel, family, seed):
    return of_others(kernel, seed) if family == OTHERS else of_hostile(kernel, family, seed)


def too_long(kernel, found):
    """What is above its bound, in words."""
    return ["%s: %d instructions were measured (%s), its bound is %d" % (
        row, one.length, one.where(), kernel.bounds[row])
            for row, one in found.items() if one.length > kernel.bounds[row]]


def runs(seconds, seed, pattern):
    """(name, function of the kernel) of what is to be run, until the time has passed."""
    end = time.monotonic() + seconds
    for name in SYSTEMS + STORMS:
        if re.search(pattern, name):
            yield name, lambda kernel, name=name: of_target(kernel, name)
    families = [name for name in (OTHERS, *hostile.FAMILIES)
                if re.search(pattern, "hostile-%s, seed" % name)]
    number = 0
    while number < len(families) or families and time.monotonic() < end:
        family, now = families[number % len(families)], seed + number // len(families)
        yield "hostile-%s, seed %d" % (family, now), \
            lambda kernel, family=family, now=now: of_seed(kernel, family, now)
        number += 1


def short():
    """(Found, problems) of a few systems, the same each time: for the test run."""
    kernel, total = Kernel(), Found()
    for function in SHORT:
        found = function(kernel)
        problems = too_long(kernel, found)
        if problems:
            return found, problems
        total.add(found)
    problems = ["%s: not seen once" % row for row in SHORT_SEES if row not in total]
    return total, problems


# ---- the result ------------------------------------------------------------------------------

def table(kernel, total):
    lines = [HEAD, "|---|---|---|---|---|"]
    for row in kernel.rows:
        one = total.get(row)
        lines.append("| `%s` | %s | %s | %s | %s |" % (
            row, format(one.length, ",") if one else NEVER, format(one.seen, ",") if one else "0",
            one.where() if one else "", format(kernel.bounds[row], ",")))
    return "\n".join(lines) + "\n"


def write(text):
    """Put the table in the place of the one in the documentation."""
    with open(worstcase.DOC, encoding="utf-8") as file:
        before, head, rest = file.read().partition(HEAD)
    if not head:
        raise Failure("%s has no table %s" % (worstcase.DOC, HEAD))
    _, blank, after = rest.partition("\n\n")
    with open(worstcase.DOC, "w", encoding="utf-8") as file:
        file.write(before + text + (blank[1:] + after))


def show_where(kernel, total):
    for row, one in total.items():
        print("%s: %d, and %d waiting at most: %s" % (row, one.length, one.waited, one.where()))
        print("  " + ", ".join("%s %d" % tuple(part) for part in kernel.spent(one.path)))


# What the test run measures, and rows that a run must have seen to be one.
SHORT = (lambda kernel: of_target(kernel, "resets"), lambda kernel: of_hostile(kernel, "gic", 2),
         lambda kernel: of_hostile(kernel, "smccc", 2))
SHORT_SEES = ("synchronous", "interrupt", worstcase.SLEEP, worstcase.POINT, "sys_wait", "sys_exit",
              "sys_process_control", "guest_call", "guest_sysreg", "guest_data_abort")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(3, "maxima: %s\n" % message)


def main():
    parser = Parser(prog="./bulkhead campaign --maxima", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("seconds", nargs="?", type=int, default=300)
    parser.add_argument("seed", nargs="?", type=int, default=2)
    parser.add_argument("pattern", nargs="?", default="")
    options = parser.parse_args()
    sys.setrecursionlimit(10000)
    kernel, total, problems = Kernel(), Found(), []
    for name, function in runs(options.seconds, options.seed, options.pattern):
        try:
            found = function(kernel)
        except Failure as failure:
            print("FAILED  %s\n  %s" % (name, failure), flush=True)
            problems.append("%s failed" % name)
            continue
        total.add(found)
        row = max(found, key=lambda row: found[row].length)
        print("ok      %s: %s ways, the longest %d: %s" % (
            name, format(found.ways, ","), found[row].length, row), flush=True)
        problems += too_long(kernel, found)
    print("\n" + table(kernel, total), end="")
    if options.where:
        show_where(kernel, total)
    if options.write and not problems:
        write(table(kernel, total))
    if problems:
        print("\nFAILED: " + "\n  ".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print("maxima: %s" % failure, file=sys.stderr)
        sys.exit(1)
