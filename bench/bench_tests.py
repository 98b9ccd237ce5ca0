# SPDX-License-Identifier: Apache-2.0
"""The bench/ tests of ./bulkhead test: the rows measured anew and held to bench/limits, runs
that repeat, and figures that do not grow with the number of VMs and CPUs. Called by tests/run.py."""
import filecmp

import bench
import limits
import measure
from machine import Failure
from rows import GROW_ROWS, ROWS
from tools import Skip

LOOSE = 2  # instructions by which a figure may differ with more VMs


def within_limits(machine):
    measure.folder()
    entries = bench.measure_rows([row for row in ROWS if row.machine == machine])
    problems = limits.exceeded(entries)
    if problems:
        raise Failure("\n  ".join(problems))
    return "".join("  %s: %.10g, at most %.10g\n" % (entry["name"], entry["figure"], entry["max"])
                   for entry in entries)


def repeats():
    """Two runs of the same system give the same counts, every one of them."""
    measure.folder()
    measure.run_ours("one", suffix="-first")
    measure.run_ours("one", suffix="-second")
    if not filecmp.cmp("build/bench/one-first.counts", "build/bench/one-second.counts", shallow=False):
        raise Failure("build/bench/one-first.counts and build/bench/one-second.counts differ")


def does_not_grow():
    """HVC and timer cost the same with 16 VMs and on 4 CPUs, the others asleep."""
    measure.folder()
    growth = bench.measure_growth([row for row in ROWS if row.name in GROW_ROWS])
    alone = growth[1, 1]
    problems = ["%s: %.10g with %d VMs on %d CPUs, %.10g alone" % (
        name, figure.mean, vms, cpus, alone[name].mean)
        for (vms, cpus), figures in growth.items() for name, figure in figures.items()
        if figure.mean > alone[name].mean + LOOSE or figure.max > alone[name].max + LOOSE]
    if problems:
        raise Failure("\n  ".join(problems))
    return "".join("  %s\n" % line for line in bench.growth_table(growth).splitlines())


def only_fall():
    """No limit is higher than it once was."""
    problems = limits.raised()
    if problems is None:
        raise Skip("no git history here")
    if problems:
        raise Failure("\n  ".join(problems))


def bench_tests():
    for machine in dict.fromkeys(row.machine for row in ROWS):
        yield "bench/limits-" + machine, lambda machine=machine: within_limits(machine)
    yield "bench/repeats", repeats
    yield "bench/does-not-grow", does_not_grow
    yield "bench/limits-only-fall", only_fall
