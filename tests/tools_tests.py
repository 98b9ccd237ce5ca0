# SPDX-License-Identifier: Apache-2.0
"""target/fio, target/iperf3: two Linux VMs that have their root file systems with Debian's tools on one
disk and are on one switch (tests/systems/tools.dts), under the loads that people judge a disk and a
network by. Judged on data and errors, never on speed. Called by tests/run.py."""
import os

import disk_tests
from machine import expect, expect_all, send

PARTITIONS = ((1, 224), (225, 224))  # in MiB; as large as build/guests/rootfs.ext4
ONE, TWO = "\x1d3", "\x1d4"
PROMPT = r"root# "
READY = expect_all(r"one\| root# ", r"^root# ")
FORBIDDEN = [r"stopped: fault", r"I/O error", r"EXT4-fs error", r"FAILED"]
# 64 MiB of blocks in any order, each with its checksum, 16 at a time; all are read again.
FIO = ("fio --name=all --filename=/root/f --rw=randwrite --bs=4k --size=64m --direct=1 --ioengine=libaio"
       " --iodepth=16 --verify=crc32c --verify_fatal=1 --do_verify=1 >/tmp/log 2>&1; a=$?; grep -E 'err=|io=' /tmp/log;"
       " sync; mount -o remount,ro /; echo fi\"\"o $a\n")


def run(name, steps):
    """Boots with a fresh disk; its path."""
    os.makedirs(disk_tests.FOLDER, exist_ok=True)
    path = "%s/%s.img" % (disk_tests.FOLDER, name)
    disk_tests.empty(path, PARTITIONS)
    for start, _ in PARTITIONS:
        disk_tests.fill(path, start, "build/guests/rootfs.ext4")
    disk_tests.start("tools", name, path, [READY] + steps, seconds=400, smp=2, forbidden=FORBIDDEN)
    return path


def fio():
    path = run("fio", [send(ONE + FIO), send(TWO + FIO), expect_all(r"one\| fio 0", r"^fio 0")])
    for number in range(len(PARTITIONS)):
        disk_tests.check_files(path, number, PARTITIONS)
    os.remove(path)
    return "  64 MiB each, verified; two file systems clean\n"


def world(number, text):
    return [send(number + "\n"), expect(PROMPT), send(text + "\n"), expect(PROMPT)]


def tcp(options):
    """8 MiB; with -R from the server to the client. What is under way at the end is not counted."""
    return [send("iperf3 -c 10.0.0.2 -n 8M %s\n" % options), expect(r"[78]\.\d+ MBytes .* receiver"),
            expect(r"iperf Done"), expect(PROMPT)]


def udp(options, lost):
    """2 MiB at a rate that both CPUs could do; what was lost on the way is printed."""
    return [send("iperf3 -c 10.0.0.2 -u -b 8M -n 2M %s\n" % options),
            expect(r"(\d+)/(\d+) \(.*\)  receiver", check=lambda match: lost.append(
                "%s of %s datagrams lost" % (match[1].decode(), match[2].decode()))),
            expect(r"iperf Done"), expect(PROMPT)]


def offloads(state):
    line = "ethtool -K eth0 %s; ethtool -k eth0" % " ".join(
        "%s %s" % (name, state) for name in ("tx", "sg", "tso", "gso", "gro"))
    return [send(line + "\n"), expect(r"tx-checksumming: " + state),
            expect(r"tcp-segmentation-offload: " + state), expect(r"generic-receive-offload: " + state),
            expect(PROMPT)]


def iperf3():
    lost = []
    path = run("iperf3", [
        *world(TWO, "ifconfig eth0 10.0.0.2 up; iperf3 -s -D"), *world(ONE, "ifconfig eth0 10.0.0.1 up"),
        send("ping -c 1 10.0.0.2\n"), expect(r"1 packets received"), expect(PROMPT),
        *tcp(""), *tcp("-R"), *udp("", lost), *udp("-R", lost),
        *offloads("off"), *tcp(""), *tcp("-R"), *offloads("on"), *tcp("")])
    os.remove(path)
    return "".join("  %s\n" % line for line in lost)


def tests():
    yield "target/fio", fio
    yield "target/iperf3", iperf3
