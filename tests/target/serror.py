# SPDX-License-Identifier: Apache-2.0
"""target/serror: a guest that provokes SErrors (guests/serror.c). QEMU raises none, so a firmware of ours
at EL3 does (guests/serror_firmware.S): it starts the image, and takes a guest that asks for it to
EL2's vector as an external abort would."""
import re

from machine import expect, expect_all

FIRMWARE = 0x40100000  # tests/systems/serror.dts
IMAGE = 0x40200000
PLACES = ("at el1", "at el1, masked", "at exits", "at el0, a32")
STOPPED = r"hostile stopped: serror, ESR 0xbe000000; (starts again|stays stopped)"


def judge(console):
    """Each time the guest was charged, and nobody else."""
    asked = len(re.findall(r"serror: at ", console))
    stopped = len(re.findall(STOPPED, console))
    if not asked - 1 <= stopped <= asked:
        return "%d times provoked, %d times stopped" % (asked, stopped)
    return None


def figures(console):
    return ["%d SErrors" % len(re.findall(STOPPED, console))]


def add(target):
    target("serror", "tests/systems/serror.dts", [
        expect_all(*[r"serror: %s\r?\n" % place for place in PLACES]),
        expect(STOPPED),
        expect_all(r"control: 1000 loops", r"alive: 1\d\d\d periods, worst latency \d+ us, missed 0"),
    ], smp=1, icount=0, secure=True, address=IMAGE, arguments=(
        "-device", "loader,file=build/guests/serror_firmware.bin,addr=%#x,force-raw=on" % FIRMWARE,
        "-device", "loader,addr=%#x,cpu-num=0" % FIRMWARE), judge=judge, show=[figures],
           forbidden=[r"FAILED", r"(alive|control|console|supervisor) stopped", r"stopped: f"])
