# SPDX-License-Identifier: Apache-2.0
"""From counts to figures: what a row of rows.py says of a Result of measure.py."""
import collections
import re
import subprocess

from machine import Failure
from measure import GUEST, KERNEL, OTHER, PROCESS, RANGES, instructions
from rows import marker_rows

KERNEL_VA = 0x7fc0000000  # abi/image.h


class Figure:
    """Means per domain over a row's measurements; mean and maximum of their sums."""

    def __init__(self, parts, worst=False):
        self.count = len(parts)
        self.kernel, self.process, self.guest = (
            sum(part[domain] for part in parts) / self.count for domain in (KERNEL, PROCESS, GUEST))
        sums = [sum(part) for part in parts]
        self.mean = sum(sums) / self.count
        self.max = max(sums)
        self.value = self.max if worst else self.mean  # what is compared


def parts_of(row, result):
    """The counts of each measurement of a row that belong to its figure."""
    if row.figure == "value":
        return [(0, 0, instructions(row.machine, ticks), 0) for ticks in result.values.get(row.number, [])]
    ends = result.ends.get(row.number, [])
    if row.figure == "all":  # there and back: the END on the CPU that began
        return [(end.all[KERNEL], end.all[PROCESS], 0, 0) for end in ends if end.cpu == 0]
    if row.pick == "first":
        ends = ends[:1]
    elif row.pick == "later":
        ends = ends[1:]
    if row.figure == "enter":
        return [(end.own[KERNEL], end.own[PROCESS], 0, 0) for end in ends]
    if row.figure == "wake":
        return [tuple(end.woken) for end in ends]
    return [tuple(end.own) for end in ends]


def figure_of(row, result):
    """A row's Figure, the cost of an empty loop taken off; None: not measured there."""
    parts = parts_of(row, result)
    if not parts:
        return None
    figure = Figure(parts, worst=row.figure == "value")
    empty = result.ends.get(marker_rows()["EMPTY"])
    if empty and row.figure == "own" and row.pick == "each":
        loop = Figure([tuple(end.own) for end in empty])
        figure.guest -= loop.guest
        figure.mean -= loop.mean
        figure.value -= loop.mean
        figure.max -= loop.mean
    return figure


# ---- where the instructions go ------------------------------------------------------------

def symbols_of(path):
    """(address, name) of the functions in an ELF file, by address."""
    text = subprocess.run(["aarch64-linux-gnu-nm", "-n", path], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    return [(int(address, 16), name) for address, name in
            re.findall(r"^([0-9a-f]+) [tTwW] ([^$\n]+)$", text, re.MULTILINE)]


def name_of(symbols, address):
    low, high = 0, len(symbols)
    while low < high:
        middle = (low + high) // 2
        if symbols[middle][0] <= address:
            low = middle + 1
        else:
            high = middle
    return symbols[low - 1][1] if low else hex(address)


def first_traced(row, result):
    """Index of the first traced instruction that belongs to the figure."""
    if row.figure == "wake":
        return result.awake
    if row.figure == "value":  # a latency: what was executed in that time before the vector
        return -max(part[GUEST] for part in parts_of(row, result))
    return 0


def where(row, result, ranges):
    """Instructions by (who, function) of a traced measurement, the most first."""
    tables = {}
    spent = collections.Counter()
    if not result.trace:
        raise Failure("nothing was traced")
    kernel = min(one.start for one in ranges if one.domain == KERNEL)
    for index, address in result.trace[first_traced(row, result):]:
        if index == RANGES:
            spent["boot stub", hex(address)] += 1
            continue
        one = ranges[index]
        if one.domain == GUEST:
            spent["guest " + one.owner, ""] += 1
            continue
        path = "build/kernel.elf" if one.domain == KERNEL else "build/user/%s.elf" % one.owner
        if one.domain == KERNEL and address < KERNEL_VA:  # the MMU is still off
            address += KERNEL_VA - kernel
        if path not in tables:
            tables[path] = symbols_of(path)
        spent[one.owner, name_of(tables[path], address)] += 1
    return spent.most_common()
