# SPDX-License-Identifier: Apache-2.0
"""Runs a measured machine and reads its counts. bench.py and the bench/ tests call it, with
everything built (`make all linux bench`)."""
import os
import re
import subprocess

from machine import Failure, Machine, command, ends
from rows import marker_rows

PLUGIN = "build/bench/count.so"
INCLUDE = ("-I", "build/guests", "-I", "build/bench")
KERNEL, PROCESS, GUEST, OTHER = range(4)
RANGES = 256  # what the plugin says of an instruction that is in no range
NS_PER_TICK = 16  # of QEMU's generic timer: 62.5 MHz
RESETS = 1000

# Name of a machine: what runs on QEMU without us beside it, more for the plugin; icount N: an
# instruction takes 2^N virtual nanoseconds, 1 where it is not said.
MACHINES = {
    "one": {"guest": "build/guests/bench.elf"},
    "two": {"guest": "build/guests/bench.elf", "smp": 2},
    "latency": {"guest": "build/guests/bench_latency.elf", "icount": 3},
    "boot": {"guest": "build/guests/bench_first.bin", "stop": ("RESET", 1)},
    "reset": {"guest": "build/guests/bench_first.bin", "stop": ("RESET", RESETS + 1)},
    "linux": {"guest": "build/guests/vmlinuz", "begin": ("LINUX", "linux"), "seconds": 400},
    "vms1-cpus1": {}, "vms1-cpus4": {}, "vms16-cpus1": {}, "vms16-cpus4": {},
}


class Range:
    """Memory that bhc gave to one owner."""

    def __init__(self, start, end, owner, what):
        self.start = int(start, 16)
        self.end = int(end, 16)
        self.owner = owner
        self.what = what
        self.domain = KERNEL if owner == "kernel" else GUEST if "guest RAM" in what else PROCESS

    def argument(self):
        return "range=%s:%#x:%#x" % ("kpg"[self.domain], self.start, self.end)


class Measured:
    """One measurement: the line of an END, or a value."""

    def __init__(self, numbers):
        self.row, self.cpu = numbers[:2]
        self.own, self.all, self.woken = numbers[2:6], numbers[6:10], numbers[10:14]


class Result:
    """What a run gave: measurements and values by row number, and the traced addresses."""

    def __init__(self, path):
        self.ends, self.values, self.stopped = {}, {}, False
        self.trace, self.awake = [], 0  # awake: index of what follows the last WFI
        with open(path, encoding="ascii") as file:
            for line in file:
                word, *rest = line.split()
                if word == "end":
                    one = Measured([int(number) for number in rest])
                    self.ends.setdefault(one.row, []).append(one)
                elif word == "value":
                    self.values.setdefault(int(rest[0]), []).append(int(rest[1]))
                elif word == "at":
                    self.trace.append((int(rest[0]), int(rest[1], 16)))
                elif word == "wfi":
                    self.awake = len(self.trace)
                elif word == "stop":
                    self.stopped = True


def system_of(machine):
    return "bench/systems/bench-%s.dts" % machine


def text_of(line):
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        raise Failure("%s: status %d\n%s" % (" ".join(line), done.returncode, done.stdout))
    return done.stdout


def ranges_of(system):
    """Who owns which memory of a system: `bhc show`."""
    text = text_of(["build/bhc", "show", system, *INCLUDE, "-B", "build"])
    memory = text.split("\n  image:")[0]
    found = [Range(*match) for match in re.findall(
        r"^  (0x[0-9a-f]+)-(0x[0-9a-f]+) +\d+ [KMGT]iB  (.*?)  +(.*)$", memory, re.MULTILINE)]
    if not found:
        raise Failure("bhc show %s: no memory\n%s" % (system, text))
    return found


def build_system(machine):
    image = "build/bench/%s.img" % machine
    text_of(["./bulkhead", "build", "--no-make", *INCLUDE, system_of(machine), "-o", image])
    return image


def run_plugin(line, out, arguments, seconds, must_stop=True):
    """Run QEMU with the plugin until a marker ends it."""
    plugin = ",".join(["file=" + PLUGIN, "out=" + out] + arguments)
    with Machine(line + ["-plugin", plugin], seconds, [r"PANIC:", r"GUEST: unexpected"]) as machine:
        try:
            machine.step(ends())
        except Failure as failure:
            raise Failure("%s\n  command: %s\n%s" % (failure, " ".join(line), machine.tail())) \
                from None
        tail = machine.tail()
    result = Result(out)
    if must_stop and not result.stopped:
        raise Failure("the machine ended before its last marker\n%s" % tail)
    return result


def run_ours(machine, trace=None, suffix=""):
    """A system of ours: (Result, ranges). trace: (row number, which measurement)."""
    entry = MACHINES[machine]
    numbers = marker_rows()
    image = build_system(machine)
    ranges = ranges_of(system_of(machine))
    arguments = [one.argument() for one in ranges]
    if "stop" in entry:
        arguments.append("stop=%d:%d" % (numbers[entry["stop"][0]], entry["stop"][1]))
    if "begin" in entry:
        row, owner = entry["begin"]
        ram = [one for one in ranges if one.owner == owner and one.domain == GUEST]
        arguments.append("begin=%d:%#x" % (numbers[row], ram[0].start))
    if trace:
        arguments.append("trace=%d:%d" % trace)
    info = dict(line.split("=", 1) for line in
                text_of(["build/bhc", "info", system_of(machine), *INCLUDE]).splitlines())
    line = command(image, smp=int(info["cpus"]), icount=entry.get("icount", 0),
                   memory="%dM" % (int(info["memory_bytes"]) >> 20))
    out = "build/bench/%s%s.counts" % (machine, suffix)
    return run_plugin(line, out, arguments, entry.get("seconds", 200)), ranges


def guest_tree(machine, owner):
    """The finished tree of a guest, out of the image."""
    tree = [one for one in ranges_of(system_of(machine))
            if one.owner == owner and one.what == "guest tree"][0]
    info = text_of(["build/bhc", "info", system_of(machine), *INCLUDE])
    load = int(re.search(r"load_address=(\S+)", info)[1], 0)
    with open("build/bench/%s.img" % machine, "rb") as file:
        file.seek(tree.start - load)
        data = file.read(tree.end + 1 - tree.start)
    path = "build/bench/%s.dtb" % owner
    with open(path, "wb") as file:
        file.write(data[:int.from_bytes(data[4:8], "big")])
    text_of(["fdtput", "-d", path, "/chosen", "rng-seed"])  # as the VM process does
    return path


def run_bare(machine):
    """The same guest on QEMU itself, at EL1: a Result."""
    entry = MACHINES[machine]
    arguments = ["range=g:0x40080000:0xbfffffff"]
    more = ()
    if "begin" in entry:
        arguments.append("begin=%d:0x40200000" % marker_rows()[entry["begin"][0]])
        more = ("-initrd", "build/bench/bench-initrd.img", "-dtb",
                guest_tree(machine, entry["begin"][1]))
    line = command(entry["guest"], smp=entry.get("smp", 1), memory="256M",
                   icount=entry.get("icount", 0), virtualization=False, arguments=more)
    return run_plugin(line, "build/bench/%s-bare.counts" % machine, arguments,
                      entry.get("seconds", 200), must_stop="stop" not in entry)


def instructions(machine, ticks):
    """Instructions of a machine that fit into so many ticks of the counter, at most."""
    per_tick = NS_PER_TICK >> MACHINES[machine].get("icount", 0)
    return ticks * per_tick + per_tick - 1


def folder():
    os.makedirs("build/bench", exist_ok=True)
