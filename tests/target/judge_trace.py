# SPDX-License-Identifier: Apache-2.0
"""What a dump of the flight recorder must be, and how the script that reads it must have
understood it: called with the console of target/trace by tests/target/table.py."""
import importlib.util
import json
import re

spec = importlib.util.spec_from_file_location("flight", "scripts/trace.py")
flight = importlib.util.module_from_spec(spec)
spec.loader.exec_module(flight)

# what guests/exits.c does
READS, WRITES, CALLS, OFFS = 23, 17, 11, 1
DEFINE = r"#define %s(\w+)\s+(?:\\\s*)?(\d+)u"


def constants(path, prefix):
    with open(path, encoding="utf-8") as file:
        return {int(value): name for name, value in re.findall(DEFINE % prefix, file.read())}


def abi():
    """The script knows every kind, exit and reason that abi/ has, and no other."""
    kinds = constants("abi/trace.h", "TRACE_")
    kinds = {value: name.lower() for value, name in kinds.items()
             if name not in ("IDLE", "EVENTS", "READ")}
    if kinds != flight.KINDS:
        return "events: abi %s, script %s" % (kinds, flight.KINDS)
    if set(constants("abi/vcpu.h", "VCPU_EXIT_")) != set(flight.EXITS):
        return "the script knows other exits than abi/vcpu.h"
    if set(constants("abi/syscall.h", "EXIT_REASON_")) != set(flight.REASONS):
        return "the script knows other reasons than abi/syscall.h"
    return None


def tracks(events):
    """On each track time goes on, slices end before the next begins, and all have names."""
    running, last = {}, {}
    for event in events:
        if event["ph"] == "M":
            continue
        tid = event["tid"]
        if event["ts"] < last.get(tid, 0):
            return "CPU %d: time goes back at %s" % (tid, event)
        last[tid] = event["ts"]
        if event["ph"] == "B":
            if tid in running:
                return "CPU %d: %s begins in %s" % (tid, event["name"], running[tid])
            if event["name"].startswith("slot "):
                return "CPU %d: %s has no name" % (tid, event["name"])
            running[tid] = event["name"]
        elif event["ph"] == "E":
            if tid not in running:
                return "CPU %d: the end of nothing at %s us" % (tid, event["ts"])
            del running[tid]
        elif event["cat"] == "exit" and running.get(tid) != event["args"]["thread"]:
            return "CPU %d: an exit of a thread that does not run: %s" % (tid, event)
        elif event["cat"] == "unknown":
            return "CPU %d: %s" % (tid, event["name"])
    return "slices without end: %s" % running if running else None


def counts(events):
    """What the guest did is what is shown, each once."""
    wanted = {("MMIO read", "0x9010000"): READS, ("MMIO write", "0x9010008"): WRITES,
              ("call", "0xc4000004"): CALLS, ("call", "0x84000008"): OFFS}
    got = {}
    for event in events:
        if event["ph"] == "i" and event["cat"] == "exit" and event["tid"] == 1:
            arguments = event["args"]
            if arguments["thread"] != "exits vCPU 0":
                continue
            key = event["name"], arguments.get("address", arguments.get("function"))
            got[key] = got.get(key, 0) + 1
    got.pop(("notified", None), None)  # however often it was kicked
    if got != wanted:
        return "exits: wanted %s, got %s" % (wanted, got)
    stops = [event for event in events if event["ph"] == "i" and event["name"] == "stop exits"]
    if len(stops) != 1 or stops[0]["args"]["reason"] != "off":
        return "the end of exits: %s" % stops
    after = [event for event in events if event["ph"] == "B" and event["name"] == "exits vCPU 0"
             and event["ts"] > stops[0]["ts"]]
    if after:
        return "exits runs after its end: %s" % after[0]
    last = [event for event in events if event["ph"] == "E" and event["tid"] == 1][-1]
    if last["ts"] >= max(event["ts"] for event in events if "ts" in event):
        return "CPU 1, where both guests have come to an end, is shown busy"
    periods = sum(event["ph"] == "B" and event["name"] == "alive" for event in events)
    return None if periods > 20 else "alive: only %d slices" % periods


def judge(console):
    """None, or what is wrong."""
    dump = flight.parse(console)
    if dump.damaged or dump.restarts or dump.dumps != 2:
        return "%d lines damaged, %d restarts, %d dumps" % (
            dump.damaged, dump.restarts, dump.dumps)
    trace = flight.chrome(dump)
    events = json.loads(json.dumps(trace))["traceEvents"]
    return abi() or tracks(events) or counts(events)
