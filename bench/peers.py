# SPDX-License-Identifier: Apache-2.0
"""`./bulkhead bench --peers`: the measuring guests under Debian's Xen, dom0less, on the same QEMU.

The guests are the same bytes. Xen's virtual board has GIC and UART elsewhere: their *translation
table* (guests/lib/bare_start.S) is exchanged in the file for one that shows them at the addresses
of QEMU's virt board, so that every instruction between two markers is the same.
"""
import os
import re
import subprocess

import measure
from machine import Failure, command
from rows import marker_rows

CACHE = "build/cache/xen"
PACKAGE = "xen-hypervisor-4.17-arm64"
XEN_PA = 0x40200000  # where QEMU puts an arm64 Image with text_offset 0
XEN_BYTES = 0x200000
MODULE_PA = 0x50000000  # and every 2 MiB behind it a guest's file
BLOCK = 0x200000
PAGE = 0x1000

# Xen's virtual board (xen/include/public/arch-arm.h) and the addresses that the guests use.
XEN_GICD, XEN_GICR, XEN_UART = 0x03001000, 0x03020000, 0x22000000
GICD, GICR, UART = 0x08000000, 0x080a0000, 0x09000000

DEVICE = 0x0060000000000401  # as in guests/lib/bare_start.S
TABLE = 3
PAGE_BIT = 2

# Name of a machine of measure.py: CPUs; its domains: guest, vCPUs.
MACHINES = {
    "one": (1, [("bench", 1), ("asleep", 1)]),
    "two": (2, [("bench", 2)]),
    "latency": (1, [("bench_latency", 1), ("bench_busy", 1)]),
    "boot": (1, [("bench_first", 1), ("asleep", 1)]),
}


def fetch():
    """The path of Xen, downloaded and unpacked into the build's cache, never installed."""
    path = CACHE + "/root/boot/xen-4.17-arm64"
    if not os.path.exists(path):
        done = subprocess.run(["scripts/fetch-arm64.sh", CACHE, PACKAGE], check=False)
        if done.returncode != 0 or not os.path.exists(path):
            raise Failure("the peer did not run: no %s from Debian" % PACKAGE)
    return path


def symbols(path):
    text = measure.text_of(["aarch64-linux-gnu-nm", path])
    return {name: int(value, 16) for value, name in re.findall(r"^(\w+) \w (\S+)$", text, re.M)}


def words(entries):
    return b"".join(entry.to_bytes(8, "little") for entry in entries)


def fitted(name):
    """A guest's file with its devices where Xen has them; its path."""
    with open("build/guests/%s.bin" % name, "rb") as file:
        data = bytearray(file.read())
    known = symbols("build/guests/%s.elf" % name)
    if "guest_table" in known:  # bench_first has no MMU and no devices
        start, level2 = known["__guest_start"], known["__guest_end"]
        data += bytes(level2 - start - len(data))
        level3 = [DEVICE | PAGE_BIT | (XEN_GICD + GICD % BLOCK + i * PAGE) if i < 16 else
                  DEVICE | PAGE_BIT | (XEN_GICR + i * PAGE - GICR % BLOCK) if i >= GICR % BLOCK // PAGE
                  else 0 for i in range(512)]
        blocks = [DEVICE | i * BLOCK for i in range(512)]
        blocks[GICD // BLOCK] = level2 + PAGE | TABLE
        blocks[UART // BLOCK] = DEVICE | XEN_UART
        at = known["guest_table"] - start
        data[at:at + 8] = words([level2 | TABLE])
        data += words(blocks) + words(level3)
    path = "build/bench/xen-%s.bin" % name
    with open(path, "wb") as file:
        file.write(data)
    return path


def tree(machine, files):
    """The board's tree with the domains in /chosen; its path."""
    domains = MACHINES[machine][1]
    plain = "build/bench/xen-%s-board.dtb" % machine
    measure.text_of(board(machine) + ["-machine", "dumpdtb=" + plain])
    text = measure.text_of(["dtc", "-q", "-I", "dtb", "-O", "dts", plain])
    text += "/ { chosen { #address-cells = <2>; #size-cells = <2>;\n" \
        "\txen,xen-bootargs = \"console=dtuart dtuart=/pl011@9000000\";\n"
    for i, ((name, vcpus), path) in enumerate(zip(domains, files)):
        at = MODULE_PA + i * BLOCK
        text += """
	domU%d {
		compatible = "xen,domain"; #address-cells = <2>; #size-cells = <2>;
		memory = <0 0x4000>; cpus = <%d>; vpl011;
		module@%x { compatible = "multiboot,kernel", "multiboot,module";
			reg = <0 %#x 0 %#x>; bootargs = "%s"; };
	};""" % (i + 1, vcpus, at, at, os.path.getsize(path), name)
    path = "build/bench/xen-%s.dtb" % machine
    with open(path[:-1] + "s", "w", encoding="utf-8") as file:
        file.write(text + "\n}; };\n")
    measure.text_of(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", path, path[:-1] + "s"])
    return path


def board(machine):
    """Xen spins without YIELD while it waits for another CPU, which never ends with -icount."""
    cpus = MACHINES[machine][0]
    if cpus == 1:
        return command(fetch(), smp=1, memory="1G",
                       icount=measure.MACHINES[machine].get("icount", 0))
    return command(fetch(), smp=cpus, memory="1G") + ["-accel", "tcg,thread=single"]


def run(machine):
    """The Result of a machine with Xen in our place. Xen's text is "kernel", all else "guest"."""
    domains = MACHINES[machine][1]
    files = [fitted(name) for name, _ in domains]
    line = board(machine) + ["-dtb", tree(machine, files)]
    for i, path in enumerate(files):
        line += ["-device", "loader,file=%s,addr=%#x,force-raw=on" % (path, MODULE_PA + i * BLOCK)]
    arguments = ["range=k:%#x:%#x" % (XEN_PA, XEN_PA + XEN_BYTES - 1),
                 "range=g:%#x:%#x" % (XEN_PA + XEN_BYTES, XEN_PA + 0x3fdfffff)]
    if "stop" in measure.MACHINES[machine]:
        arguments.append("stop=%d:1" % marker_rows()[measure.MACHINES[machine]["stop"][0]])
    try:
        return measure.run_plugin(line, "build/bench/xen-%s.counts" % machine, arguments,
                                  measure.MACHINES[machine].get("seconds", 200))
    except Failure as failure:
        raise Failure("the peer did not run: %s" % failure) from None
