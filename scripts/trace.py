#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""trace.py: the flight recorder's dump as a file that Perfetto opens.

    trace.py -o FILE --from LOG              a console log with a dump in it
    trace.py -o FILE [--follow] SECONDS -- QEMU ...   boot, wait, ask for the dump

Called by `./bulkhead trace`. The lines of a dump are described in user/services/trace_code.h,
the events in abi/trace.h; tests/target/judge_trace.py holds this file against both. FILE is
Chrome's trace-event JSON: a track per CPU, a slice while a thread runs there, and an instant for
everything else. Exit status: 0 good, 1 there was no dump, 3 usage.
"""
import argparse
import base64
import binascii
import json
import os
import re
import selectors
import subprocess
import sys
import time

SWITCH, EXIT, STOP, START, USER = range(1, 6)
KINDS = {SWITCH: "switch", EXIT: "exit", STOP: "stop", START: "start", USER: "user"}
EXITS = {0: "notified", 1: "MMIO read", 2: "MMIO write", 3: "decode", 4: "fetch", 5: "call",
         6: "refused"}
WITH_ADDRESS = (1, 2, 3, 4)
CALL = 5
REASONS = {0: "none", 1: "stopped", 2: "fault", 3: "off", 4: "reset", 5: "failed", 6: "SError"}
IDLE = 255
VERSION = 1

LINE = re.compile(r"~(T([bnlez]) ([^*\r\n\x1b~]*))\*([0-9a-f]{4})")
READY = re.compile(r"(?:^|[\r\n]|\x1b\[K)(?:(\S+)\| )?trace: \d+ CPUs")
BANNER = re.compile(r"Ctrl-\] \? for help\.([^\r\n]*)[\r\n]")
BOOT_SECONDS = 120  # until the trace process speaks; a slow machine compiles nothing meanwhile
DUMP_SECONDS = 60


class Problem(Exception):
    """What went wrong, in words for a person."""


class Dump:
    """All that a log says. Events by CPU and number: dumps that overlap are one."""

    def __init__(self):
        self.frequency = 0
        self.cpus = 0
        self.end = 0  # tick of the last look at the rings
        self.threads = {}  # (cpu, slot) -> name
        self.processes = {}  # index -> name
        self.events = {}  # cpu -> {number: (time, kind, a, b)}
        self.lost = {}  # cpu -> how many the reader missed
        self.damaged = 0  # lines
        self.dumps = 0
        self.restarts = 0  # boots in the log before the one that is shown


def numbers(data):
    """The numbers of 7 bits a byte, in order."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


def take_begin(dump, fields):
    version, frequency, cpus, now = map(int, fields)
    if version != VERSION:
        raise Problem("the dump is of version %d, this program knows %d" % (version, VERSION))
    if now < dump.end:  # the machine was started again: its events are numbered from 0
        restarts = dump.restarts + 1
        dump.__init__()
        dump.restarts = restarts
    dump.frequency, dump.cpus, dump.end = frequency, cpus, now
    dump.dumps += 1


def take_name(dump, fields):
    cpu, slot, process, index, vm, _priority = map(int, fields[:6])
    name = " ".join(fields[6:])
    dump.processes[process] = name
    dump.threads[cpu, slot] = "%s vCPU %d" % (name, index) if vm else \
        "%s thread %d" % (name, index) if index else name


def take_events(dump, fields):
    cpu, number = int(fields[0]), int(fields[1])
    values = list(numbers(base64.b64decode(fields[2])))
    at = 0
    for i in range(0, len(values) - 3, 4):
        kind, delta, a, b = values[i:i + 4]
        at += delta
        dump.events.setdefault(cpu, {})[number] = (at, kind, a, b)
        number += 1
        dump.end = max(dump.end, at)


def parse(text):
    """The dump in a console log. Raises Problem if there is none."""
    dump = Dump()
    seen = 0
    for match in LINE.finditer(text):
        body, kind, rest, check = match.groups()
        if binascii.crc_hqx(body.encode("latin-1", "replace"), 0) != int(check, 16):
            dump.damaged += 1
            continue
        fields = rest.split(" ")
        seen += 1
        if kind == "b":
            take_begin(dump, fields)
            seen = 1
        elif kind == "n":
            take_name(dump, fields)
        elif kind == "l":
            dump.lost[int(fields[0])] = dump.lost.get(int(fields[0]), 0) + int(fields[2])
        elif kind == "e":
            take_events(dump, fields)
        elif seen != int(fields[0]):
            dump.damaged += int(fields[0]) - seen
    if dump.dumps == 0:
        raise Problem("there is no dump of the flight recorder in it")
    return dump


class Track:
    """One CPU's events as Chrome's: slices that begin and end, and instants between them."""

    def __init__(self, dump, cpu):
        self.dump = dump
        self.cpu = cpu
        self.out = []
        self.running = None  # slot
        self.last = 0

    def microseconds(self, ticks):
        return round((ticks - self.dump.start) * 1e6 / self.dump.frequency, 3)

    def put(self, phase, ticks, **more):
        self.out.append(dict({"ph": phase, "pid": 1, "tid": self.cpu,
                              "ts": self.microseconds(ticks)}, **more))

    def thread(self, slot):
        return self.dump.threads.get((self.cpu, slot), "slot %d" % slot)

    def run(self, ticks, slot):
        if self.running is not None:
            self.put("E", ticks)
        self.running = None if slot == IDLE else slot
        if self.running is not None:
            self.put("B", ticks, name=self.thread(slot), cat="thread")

    def instant(self, ticks, name, category, **arguments):
        self.put("i", ticks, s="t", name=name, cat=category, args=arguments)

    def take_exit(self, ticks, slot, b):
        reason, value = b & 0xff, b >> 8
        if self.running != slot:  # it ran already when the recorder's memory begins
            self.run(ticks, slot)
        name = EXITS.get(reason, "exit %d" % reason)
        arguments = {"thread": self.thread(slot)}
        if reason in WITH_ADDRESS:
            arguments["address"] = "%#x" % value
        elif reason == CALL:
            arguments["function"] = "%#x" % value
        self.instant(ticks, name, "exit", **arguments)

    def process(self, index):
        return self.dump.processes.get(index, "process %d" % index)

    def take(self, ticks, kind, a, b):
        if kind == SWITCH:
            self.run(ticks, a)
        elif kind == EXIT:
            self.take_exit(ticks, a, b)
        elif kind == STOP:
            self.instant(ticks, "stop %s" % self.process(a), "process",
                         reason=REASONS.get(b, str(b)))
        elif kind == START:
            self.instant(ticks, "start %s" % self.process(a), "process")
        elif kind == USER:
            self.instant(ticks, "user", "user", a="%#x" % a, b="%#x" % b)
        else:
            self.instant(ticks, "event %d" % kind, "unknown", a="%#x" % a, b="%#x" % b)

    def build(self):
        expected = 0
        for number, (ticks, kind, a, b) in sorted(self.dump.events.get(self.cpu, {}).items()):
            # two reads of the counter may pass each other on the way into the recorder
            ticks = max(ticks, self.last)
            if number != expected:
                self.run(max(self.last, self.dump.start), IDLE)
                self.instant(ticks, "%d events lost" % (number - expected), "lost")
            self.take(ticks, kind, a, b)
            self.last, expected = ticks, number + 1
        self.run(max(self.dump.end, self.last), IDLE)
        return self.out


def chrome(dump):
    """Chrome's trace events: what json.dump() writes and Perfetto reads."""
    times = [event[0] for events in dump.events.values() for event in events.values()]
    dump.start = min(times, default=dump.end)
    out = [{"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "Bulkhead"}}]
    for cpu in range(dump.cpus):
        out.append({"ph": "M", "pid": 1, "tid": cpu, "name": "thread_name",
                    "args": {"name": "CPU %d" % cpu}})
        out.append({"ph": "M", "pid": 1, "tid": cpu, "name": "thread_sort_index",
                    "args": {"sort_index": cpu}})
    for cpu in range(dump.cpus):
        out += Track(dump, cpu).build()
    return {"displayTimeUnit": "ns", "traceEvents": out,
            "otherData": {"ticks_per_second": dump.frequency, "first_tick": dump.start,
                          "lost": {str(cpu): count for cpu, count in dump.lost.items()}}}


def summary(dump, trace, path):
    """A few lines for a person."""
    total = sum(len(events) for events in dump.events.values())
    print("%s: %d events of %d CPUs over %.3f s; open it in https://ui.perfetto.dev" % (
        path, total, dump.cpus, (dump.end - dump.start) / dump.frequency))
    for cpu in range(dump.cpus):
        counts = {}
        for event in trace["traceEvents"]:
            if event.get("tid") == cpu and event["ph"] in "Bi" and event["cat"] != "lost":
                name = "switches" if event["ph"] == "B" else event["name"]
                counts[name] = counts.get(name, 0) + 1
        print("  CPU %d: %s; %d older or missed" % (
            cpu, ", ".join("%d %s" % (n, name) for name, n in sorted(counts.items())) or "nothing",
            dump.lost.get(cpu, 0)))
    if dump.damaged:
        print("  %d lines were damaged or are missing" % dump.damaged)
    if dump.restarts:
        print("  the machine was started %d times before that" % dump.restarts)


class Machine:
    """QEMU with its console on a pipe; ended by its process id."""

    def __init__(self, line):
        self.text = ""
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def type(self, text):
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Problem("QEMU ended") from None

    def read(self, until):
        """Some output, or none by that time; False: QEMU has ended."""
        if self.selector.select(max(0.0, until - time.monotonic())):
            data = self.process.stdout.read(65536)
            if data == b"":
                return False
            self.text += (data or b"").decode("latin-1")
        return True

    def wait(self, pattern, seconds, what):
        start, until = len(self.text), time.monotonic() + seconds
        start = 0 if isinstance(pattern, re.Pattern) else start
        while True:
            match = re.compile(pattern).search(self.text, start)
            if match:
                return match
            if time.monotonic() >= until or not self.read(until):
                raise Problem("%s\n%s" % (what, self.text[-1000:]))

    def idle(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.read(until):
                raise Problem("QEMU ended\n%s" % self.text[-1000:])


def keyboard(machine):
    """The keys that give the trace process the keyboard."""
    name = machine.wait(READY, BOOT_SECONDS, "no process of this system reads the flight recorder "
                        "(docs/system-description.md, flight-recorder)")[1]
    worlds = machine.wait(BANNER, BOOT_SECONDS, "the console did not say who is who")[1]
    if name is None:
        return ""
    number = re.search(r" (\d) %s\b" % re.escape(name), worlds)
    if not number:
        raise Problem("%s has no number on the console: put it among the first nine" % name)
    return "\x1d" + number[1]


def collect(line, seconds, follow):
    """Boot, and the console's text with a dump in it."""
    with Machine(line) as machine:
        keys = keyboard(machine)
        print("trace: booted; %d s" % seconds, file=sys.stderr)
        if follow:
            machine.type(keys + "follow\n")
        machine.idle(seconds)
        machine.type("stop\n" if follow else keys + "dump\n")
        machine.wait(r"~Tz \d+\*", DUMP_SECONDS, "the dump does not end")
        machine.idle(0.1)
        machine.type("\x1dq")
        try:
            machine.wait(r"(?!)", 5, "")
        except Problem:  # it has ended, or it will be ended
            pass
        return machine.text


def main():
    parser = argparse.ArgumentParser(prog="trace")
    parser.add_argument("-o", dest="output", required=True)
    parser.add_argument("--from", dest="log")
    parser.add_argument("--follow", action="store_true")
    parser.add_argument("seconds", nargs="?", type=int, default=5)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    try:
        if options.log:
            with open(options.log, encoding="latin-1") as file:
                text = file.read()
        else:
            command = [word for word in options.command if word != "--"]
            text = collect(command, options.seconds, options.follow)
            with open(options.output + ".log", "w", encoding="latin-1") as file:
                file.write(text)
        dump = parse(text)
    except (Problem, OSError) as problem:
        print("trace: %s" % problem, file=sys.stderr)
        return 1
    trace = chrome(dump)
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(trace, file, separators=(",", ":"))
        file.write("\n")
    summary(dump, trace, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
