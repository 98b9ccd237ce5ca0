# SPDX-License-Identifier: Apache-2.0
"""Devices of the board in guests, and memory at stated places: target tests, imported by table.py."""
from machine import ends, expect, send

RUN = [expect(r"passed: gpio 10000 ok, spurious 0"), expect(r"passed: rtc 100 ok"),
       expect(r"passed: masked 12 ok, spurious 0"), expect(r"passed: on another cpu 10000 ok, spurious 0"),
       expect(r"passed: done")]
ENTRIES = r"passed \S+, EL2 entries on its CPU: (\d+) in"


def one_each(match):
    """Two runs of 10,122 interrupts on that CPU: an entry each, and those of the console and the start.
    An exit for the end of each would be another 20,244."""
    entries = int(match[1])
    return None if 20244 <= entries <= 30000 else "%d entries for 20,244 interrupts" % entries


def pass_tests(target):
    target("memory-placed", "tests/systems/placed.dts", [
        expect(r"mem: bank 0x40000000 0x2000000 ok"), expect(r"mem: bank 0x100000000 0x2000000 ok"),
        expect(r"mem: done 2 banks"), expect(r"placed stopped: off")], smp=2, seconds=40)
    target("plain-passed", "build/guests/passed.elf", [
        expect(r"passed: at the start 0 ok"), *RUN, ends()], plain=True, smp=2, seconds=30)
    # the second start finds the line of the PL061 high: its interrupt was active when the VM was reset
    target("passed", "tests/systems/passed.dts", [
        expect(r"passed: at the start 0 ok"), *RUN, expect(r"passed stopped: reset"),
        expect(r"passed: at the start 1 ok, spurious 0"), *RUN,
        send("\x1d0list\n"), expect(ENTRIES, check=one_each)],
        seconds=40, forbidden=[r"FAILED"], show=[ENTRIES])
