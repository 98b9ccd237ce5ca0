#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""campaign.py [SECONDS [SEED]]: the hostile guests with one seed after the other, each family in turn,
judged as in the target tests (tests/target/hostile.py). Called by `./bulkhead campaign`, which
has built everything. A line per run; stops at the first failure, with the seed that repeats it.
"""
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)
sys.dont_write_bytecode = True
sys.path[:0] = ["tests", "tests/target"]

import hostile
from boot import PLUGIN_SLOWER
from machine import Failure, Machine, command
from table import FORBIDDEN
from tools import run_text

FOLDER = "build/tests/campaign"
TREE = """/* SPDX-License-Identifier: Apache-2.0 */
/dts-v1/;
#include "%s/tests/systems/small-guest.dts"
/ { chosen { bootargs = "seed=%d"; }; };
"""
SECONDS_EACH = 240


def describe(family, seed):
    """The system of the target test, but the guest's tree says the seed."""
    os.makedirs(FOLDER, exist_ok=True)
    with open("tests/systems/hostile-%s.dts" % family, encoding="utf-8") as file:
        system = file.read().replace("/dts-v1/;", "/dts-v1/;\n#define TREE \"seed-guest.dts\"")
    for name, text in (("seed-guest.dts", TREE % (ROOT, seed)), ("seed-%s.dts" % family, system)):
        with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
            file.write(text)
    image = "%s/%s.img" % (FOLDER, family)
    run_text(["./bulkhead", "build", "--no-make", "-I", "tests/systems",
              "%s/seed-%s.dts" % (FOLDER, family), "-o", image])
    return image


def run(family, seed, plugin=None):
    """Its console, judged. With a plugin there is no verdict, and QEMU is asked to end, so that the
    plugin writes its result."""
    image = describe(family, seed)
    log = "%s/%s-%d.log" % (FOLDER, family, seed)
    more = ("-plugin", plugin) if plugin else ()
    with Machine(command(image, smp=1, icount=0, arguments=more),
                 SECONDS_EACH * (PLUGIN_SLOWER if plugin else 1),
                 list(FORBIDDEN) + hostile.FORBIDDEN) as machine:
        try:
            for step in hostile.steps(family):
                machine.step(step)
            wrong = None
            if plugin:
                machine.finish()
            else:
                wrong = hostile.judge_of(family)(machine.console())
            if wrong:
                raise Failure(wrong)
        except Failure as failure:
            with open(log, "w", encoding="utf-8") as file:
                file.write(machine.console())
            raise Failure("%s\n%s  all of it: %s" % (failure, machine.tail(), log)) from None
        return machine.console()


def main():
    if len(sys.argv) > 3 or not all(word.isdigit() for word in sys.argv[1:]):
        print("usage: campaign [SECONDS [SEED]]", file=sys.stderr)
        return 3
    seconds, seed = [int(word) for word in sys.argv[1:]] + [300, 2][len(sys.argv) - 1:]
    end = time.monotonic() + seconds
    runs = 0
    # every family at least once: a seed that failed is repeated with one second
    while runs < len(hostile.FAMILIES) or time.monotonic() < end:
        family = list(hostile.FAMILIES)[runs % len(hostile.FAMILIES)]
        try:
            console = run(family, seed)
        except Failure as failure:
            print("FAILED hostile-%s with seed %d: ./bulkhead campaign 1 %d\n  %s" % (
                family, seed, seed, failure))
            return 1
        print("ok      hostile-%s, seed %d: %s" % (family, seed, hostile.figures(console)[0]),
              flush=True)
        runs += 1
        if runs % len(hostile.FAMILIES) == 0:
            seed += 1
    print("%d runs, none failed" % runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
