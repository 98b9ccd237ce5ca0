#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py [PATTERN]: instruction counts of the rows whose name matches, as a table."""
import collections
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)
sys.dont_write_bytecode = True
sys.path[:0] = ["tests"]

from machine import Machine, Failure, command, ends

PLUGIN = "build/bench/count.so"


def ranges(system):
    """What bhc says of who owns which memory, as arguments of the plugin."""
    text = subprocess.run(["build/bhc", "show", system, "-I", "build/guests", "-I", "tests/systems", "-B", "build"],
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    found = []
    for start, end, owner, what in re.findall(
            r"^  (0x[0-9a-f]+)-(0x[0-9a-f]+) +\d+ [KMG]iB  (.*?)  +(.*)$", text.split("\nguest ")[0], re.M):
        domain = "k" if owner == "kernel" else "g" if "guest RAM" in what else "p"
        found.append("range=%s:%s:%s" % (domain, start, end))
    return found


def run(name, image, arguments, smp, memory, virtualization=True):
    out = "build/bench/%s.counts" % name
    line = command(image, smp=smp, memory=memory, icount=0, virtualization=virtualization,
                   arguments=["-plugin", ",".join(["file=" + PLUGIN, "out=" + out] + arguments)])
    with Machine(line, 100) as machine:
        machine.step(ends())
        text = machine.console()
    rows = collections.defaultdict(list)
    with open(out) as file:
        lines = file.read().splitlines()
    assert lines[-1] == "stop", text
    for line in lines[:-1]:
        numbers = [int(word) for word in line.split()]
        rows[numbers[0]].append(numbers[2:])
    return rows


def main():
    os.makedirs("build/bench", exist_ok=True)
    subprocess.run("gcc -std=gnu11 -O2 -g -Wall -Wextra -I. -fPIC -shared -fvisibility=hidden -o".split() + [PLUGIN, "bench/count.c"], check=True)
    system = "bench/systems/bench-one.dts"
    image = "build/bench/bench-one.img"
    subprocess.run(["./bulkhead", "build", "--no-make", "-I", "tests/systems", system, "-o", image], check=True)
    ours = run("bench-one", image, ranges(system), 1, "2048M")
    bare = run("bare-one", "build/guests/bench.elf", ["range=g:0x40080000:0x7fffffff"], 1, "512M", False)
    names = dict((int(n), name) for name, n in re.findall(r"#define ROW_(\w+)\s+(\d+)", open("abi/marker.h").read()))
    pattern = re.compile(sys.argv[1] if len(sys.argv) > 1 else "", re.I)
    print("%-18s %8s %6s  %s" % ("row", "mean", "max", "kernel process guest (mean) | since WFI | bare"))
    for row in sorted(ours):
        if not pattern.search(names[row]):
            continue
        totals = [sum(c[0:4]) for c in ours[row]]
        n = len(totals)
        mean = lambda i: sum(c[i] for c in ours[row]) / n
        b = bare.get(row)
        print("%-18s %8.2f %6d  %7.2f %7.2f %7.2f | %7.2f %7.2f %7.2f | %s  (%d)" % (
            names[row], sum(totals) / n, max(totals), mean(0), mean(1), mean(2), mean(8), mean(9), mean(10),
            "%.2f" % (sum(sum(c[0:4]) for c in b) / len(b)) if b else "-", n))


main()
