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


def tests():
    yield "target/fio", fio
