#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench [PATTERN] [--where | --peers | --lower]: instructions per operation, of the rows whose name
matches, as a table; the same in build/bench/result.json and build/bench/result.svg.

Called by `./bulkhead bench`, which has built everything. docs/benchmarks.md is the manual.
"""
import argparse
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)
sys.dont_write_bytecode = True
sys.path[:0] = ["tests", "bench"]

import figures
import limits
import measure
import peers
import report
from machine import Failure
from rows import GROW, GROW_ROWS, ROWS

TRACED = 500  # which of the measurements --where shows
NOTE_FUNCTIONS = 8


def entry_of(row, figure, bare):
    """One row of the result."""
    entry = {"name": row.name, "title": row.title, "figure": figure.value, "mean": figure.mean,
             "max": figure.max, "count": figure.count, "kernel": figure.kernel,
             "process": figure.process, "guest": figure.guest, "bare": bare.value if bare else None,
             "sampled": row.figure == "value", "shared": row.pick == "later", "bounded": True,
             "at_most": row.at_most, "aim": row.aim, "xen": row.xen, "bao": row.bao}
    if row.name == "linux":
        entry.update(figure=figure.mean / bare.mean, bounded=False)
    if row.figure == "value":  # a time, not counts: there is no breakdown
        entry.update(kernel=None, process=None, guest=None)
    return entry


def measure_rows(rows):
    """The entries of the rows, machine by machine."""
    entries = []
    for machine in dict.fromkeys(row.machine for row in rows):
        mine = [row for row in rows if row.machine == machine]
        ours, _ = measure.run_ours(machine)
        bare = measure.run_bare(machine) if any(row.bare for row in mine) else None
        for row in mine:
            figure = figures.figure_of(row, ours)
            if figure is None:
                raise Failure("%s was not measured" % row.name)
            entries.append(entry_of(row, figure, figures.figure_of(row, bare)
                                    if bare and row.bare else None))
    return entries


def measure_peers(rows, entries):
    """Put beside each entry what the same guest measures under Xen."""
    for machine in dict.fromkeys(row.machine for row in rows if row.machine in peers.MACHINES):
        result = peers.run(machine)
        for row, entry in zip(rows, entries):
            if row.machine == machine:
                figure = figures.figure_of(row, result)
                entry["peer"] = figure.value if figure else None
    if not any(entry.get("peer") for entry in entries):
        raise Failure("the peer did not run: it measured none of these rows")


def measure_growth(rows):
    """{(vms, cpus): {row: Figure}} of the rows that must not grow."""
    result = {}
    for vms, cpus in GROW if rows else []:
        ours, _ = measure.run_ours("vms%d-cpus%d" % (vms, cpus))
        result[vms, cpus] = {row.name: figures.figure_of(row, ours) for row in rows}
    return result


def growth_table(growth):
    lines = []
    for name in next(iter(growth.values())):
        lines.append("%-16s" % name + "  ".join(
            "%d VM%s, %d CPU%s: %s (max %s)" % (
                vms, "s" * (vms > 1), cpus, "s" * (cpus > 1), report.number(rows[name].mean),
                report.number(rows[name].max)) for (vms, cpus), rows in growth.items()))
    return "\n".join(lines) + "\n"


def spent(row):
    """Of one measurement of a row (of a latency: the worst): ((who, function), instructions)."""
    nth = {"first": 0, "later": 5, "each": TRACED}[row.pick]
    if row.figure == "value":
        values = measure.run_ours(row.machine)[0].values[row.number]
        nth = values.index(max(values)) + 1
    return figures.where(row, *measure.run_ours(row.machine, (row.number, nth), "-where"))


def show_where(rows):
    for row in rows:
        print("%s: one measurement" % row.name)
        for (who, function), count in spent(row):
            print("%8d  %-12s %s" % (count, who, function))


def notes(rows, entries):
    """{row: in which functions most instructions are} of the rows that miss their figure."""
    missed = {entry["name"] for entry in entries if report.verdict(entry) == report.MISSED}
    return {row.name: ", ".join("%s %d" % (function or who, count)
                                for (who, function), count in spent(row)[:NOTE_FUNCTIONS])
            for row in rows if row.name in missed and row.machine != "linux"}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(3, "bench: %s\n" % message)


def main():
    parser = Parser(prog="./bulkhead bench", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="", help="rows whose name matches")
    parser.add_argument("--where", action="store_true",
                        help="of one measurement: which functions its instructions are in")
    parser.add_argument("--peers", action="store_true",
                        help="the same guest under Debian's Xen beside it")
    parser.add_argument("--lower", action="store_true",
                        help="lower bench/limits to what is measured, and a few instructions")
    options = parser.parse_args()
    rows = [row for row in ROWS if re.search(options.pattern, row.name)]
    if not rows:
        parser.error("no row matches; there are: %s" % " ".join(row.name for row in ROWS))
    measure.folder()
    if options.where:
        show_where([row for row in rows if row.machine != "linux"])
        return 0
    entries = measure_rows(rows)
    entries.sort(key=lambda entry: [row.name for row in rows].index(entry["name"]))
    if options.peers:
        measure_peers(rows, entries)
    growth = measure_growth([row for row in rows if row.name in GROW_ROWS]) \
        if options.pattern == "" or options.pattern == "grow" else {}
    print(report.table(entries), end="")
    if growth:
        print("\nwith more VMs and CPUs, asleep:\n" + growth_table(growth), end="")
    spent_on = notes(rows, entries) if options.pattern == "" else {}
    if spent_on:
        print("\nmissed, most of it spent in:")
        print("".join("%s: %s\n" % item for item in spent_on.items()), end="")
    report.write_json("build/bench/result.json", {
        "rows": entries, "spent": spent_on, "growth": [{"vms": vms, "cpus": cpus, "row": name, "mean": figure.mean,
                                     "max": figure.max}
                                    for (vms, cpus), rows in growth.items()
                                    for name, figure in rows.items()]})
    report.picture("build/bench/result.svg", entries)
    if options.lower:
        limits.lower(entries)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print("bench: %s" % failure, file=sys.stderr)
        sys.exit(1)
