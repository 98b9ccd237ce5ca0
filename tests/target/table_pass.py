# SPDX-License-Identifier: Apache-2.0
"""Memory at stated places: target tests, imported by table.py."""
from machine import expect


def pass_tests(target):
    target("memory-placed", "tests/systems/placed.dts", [
        expect(r"mem: bank 0x40000000 0x2000000 ok"), expect(r"mem: bank 0x100000000 0x2000000 ok"),
        expect(r"mem: done 2 banks"), expect(r"placed stopped: off")], smp=2, seconds=40)
