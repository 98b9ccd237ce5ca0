# SPDX-License-Identifier: Apache-2.0
"""target/storm-...: what a native task loses while others storm it (tests/systems/storm.dtsi). The
counting plugin (bench/count.c) says what the task's CPU did between the markers around its work:
the work, the same in each period, and of the kernel a few IPIs at most, however many notifications,
SGIs and register writes the others aim at its CPU meanwhile. Called by tests/run.py."""
import os
import re

import measure
from machine import Failure, Machine, command
from rows import marker_rows

PERIODS = 200  # tests/hostile/hostile_worker.c
# Of the kernel within one work, instructions: the IPI (110) of the first notification since the task
# took the one before, and one that was on its way when the task began to run.
KERNEL, KERNEL_MEAN = 400, 200
LATENCY_NS = 4000  # on one CPU: from the timer to the task, with the storm's work in the kernel between
FORBIDDEN = (r"PANIC:", r"exception in the kernel", r"GUEST: unexpected", r"FAILED")
TOLD = re.compile(
    r"worker: %d periods, missed (\d+), worst latency (\d+) ns, notified in (\d+)" % PERIODS)


def run(name):
    """(Result, console) of the machine, which ends at the worker's last marker."""
    system = "tests/systems/%s.dts" % name
    image, out = "build/tests/%s.img" % name, "build/tests/%s.counts" % name
    os.makedirs("build/tests", exist_ok=True)
    measure.text_of(["./bulkhead", "build", "--no-make", "-I", "build/guests", system, "-o", image])
    plugin = ["file=" + measure.PLUGIN, "out=" + out] + [
        one.argument() for one in measure.ranges_of(system)]
    line = command(image, smp=2, icount=0) + ["-plugin", ",".join(plugin)]
    with Machine(line, 200, FORBIDDEN) as machine:
        try:
            machine.step(measure.ends())
        except Failure as failure:
            raise Failure("%s\n%s" % (failure, machine.tail())) from None
        return measure.Result(out), machine.console()


def problems(works, missed, late, notified, elsewhere):
    """What is wrong with what was counted, and with a storm that was none."""
    work = {one.own[measure.PROCESS] for one in works}
    if len(works) != PERIODS or len(work) != 1 or any(one.own[measure.GUEST] for one in works):
        yield "%d works, not all of them the same: %s" % (len(works), sorted(work))
    if max(one.own[measure.KERNEL] for one in works) > KERNEL:
        yield "more than %d instructions of the kernel in a work" % KERNEL
    if sum(one.own[measure.KERNEL] for one in works) > KERNEL_MEAN * PERIODS:
        yield "more than %d instructions of the kernel in a work on average" % KERNEL_MEAN
    if notified < PERIODS // 2:
        yield "notified in %d periods only" % notified
    if not elsewhere and (missed or late > LATENCY_NS):
        yield "%d periods missed, at most %d ns late" % (missed, late)
    for domain in (measure.KERNEL, measure.GUEST) if elsewhere else ():
        stormed = sum(one.all[domain] > one.own[domain] for one in works)
        if stormed < PERIODS * 9 // 10:
            yield "domain %d of the other CPU ran in %d works only" % (domain, stormed)


def storm(name, elsewhere):
    result, console = run(name)
    works = result.ends.get(marker_rows()["WORK"], [])
    told = TOLD.search(console)
    if not told or not works:
        raise Failure("the worker says nothing\n%s" % console)
    kernel = [one.own[measure.KERNEL] for one in works]
    others = sum(sum(one.all[:3]) - sum(one.own[:3]) for one in works)
    text = ("  %d works, of the kernel in one of them %d instructions at most, %d on average; others "
            "did %d meanwhile\n  worst latency %s ns, notified in %s periods\n" % (
                len(works), max(kernel), sum(kernel) // len(works), others // len(works),
                told[2], told[3]))
    wrong = list(problems(works, *[int(number) for number in told.groups()], elsewhere))
    if wrong:
        raise Failure("%s\n%s" % ("\n  ".join(wrong), text))
    return text


def tests():
    yield "target/storm-below", lambda: storm("storm-below", False)
    yield "target/storm-beside", lambda: storm("storm-beside", True)
