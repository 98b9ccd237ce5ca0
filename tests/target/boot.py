# SPDX-License-Identifier: Apache-2.0
"""Boots the machine of a target test (tests/target/table.py). Called by tests/run.py, and with a
plugin by tests/maxima.py."""
import os

from machine import Failure, Machine, command
from table import FORBIDDEN
from tools import bhc_build, bhc_info

PLUGIN_SLOWER = 4  # a run with a plugin may take so many times as long


def boot(entry, plugin=None):
    """Run a target test's machine through its steps; what its console showed. With a plugin QEMU
    is then asked to end, so that the plugin writes its result."""
    options = {key: entry[key] for key in ("cpu", "secure", "gic", "icount", "arguments", "virtualization",
                                          "address")}
    if entry["plain"]:
        image = entry["system"]
        options.update(smp=entry["smp"] or 1, memory=entry["memory"] or "512M",
                       virtualization=False)
    else:
        image = "build/tests/images/%s.img" % (
            entry["name"] if entry["programs"] else os.path.basename(entry["system"])[:-4])
        bhc_build(entry["system"], image, entry["programs"])
        info = bhc_info(entry["system"])
        options.update(smp=entry["smp"] or info["cpus"],
                       memory=entry["memory"] or "%dM" % (int(info["memory_bytes"]) >> 20))
    line = command(image, **options)
    seconds = entry["seconds"]
    if plugin:
        line += ["-plugin", plugin]
        seconds *= PLUGIN_SLOWER
    log = "build/tests/logs/%s%s.log" % (entry["name"], "-plugin" if plugin else "")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    forbidden = [text for text in FORBIDDEN if text not in entry["allowed"]]
    with Machine(line, seconds, forbidden + list(entry["forbidden"])) as machine:
        try:
            for step in entry["steps"]:
                machine.step(step)
            if plugin:
                machine.finish()
        except Failure as failure:
            raise Failure("%s\n  command: %s\n  its last lines (all: %s):\n%s" % (
                failure, " ".join(line), log, machine.tail())) from None
        finally:
            with open(log, "w", encoding="utf-8") as file:
                file.write(machine.console())
        return machine.console()
