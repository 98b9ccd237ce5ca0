# SPDX-License-Identifier: Apache-2.0
"""Devices of the board in guests, and memory at stated places: target tests, imported by table.py."""
from machine import ends, expect, expect_all, quiet, send
from table_net import NIC, PROMPT, ping, world

GATE, INNER = 2, 3

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
    # QEMU's network asks for the inner VM's address, and the gate answers (proxy ARP)
    target("gateway", "tests/systems/gateway.dts", [
        expect_all(r"lan: 2 ports", r"gate\| linux# ", r"^linux# "),
        *world(INNER, "ifconfig eth0 10.0.2.130 netmask 255.255.255.128 up; "
                      "route add default gw 10.0.2.129; echo u''p", expect(r"\bup\s*$"), expect(PROMPT)),
        *world(GATE, "ifconfig eth0 10.0.2.129 netmask 255.255.255.128 up; "
                     "ifconfig eth1 10.0.2.15 netmask 255.255.255.128 up; echo u''p", expect(r"\bup\s*$"),
               expect(PROMPT)),
        *ping("10.0.2.2", 3), *ping("10.0.2.130", 3),
        *world(INNER, ""), *ping("10.0.2.2", 0),  # it does not forward yet
        *world(GATE, "cd /proc/sys/net/ipv4; echo 1 >conf/eth1/proxy_arp; echo 1 >ip_forward; "
                     "echo forw''ards", expect(r"forwards"), expect(PROMPT)),
        *world(INNER, ""), *ping("10.0.2.2", 3), *ping("10.0.2.2", 3, "-s 20000"),
        *world(GATE, "grep virtio1 /proc/interrupts", expect(r" [1-9]\d* +GICv3 +79 Edge +virtio1"), expect(PROMPT)),
        # and the board's clock: its alarm
        send("echo +1 >/sys/class/rtc/rtc0/wakealarm; sleep 3; grep rtc /proc/interrupts\n"),
        expect(r" [1-9]\d* +GICv3 +34 Level +rtc-pl031"),
    ], smp=2, seconds=120, arguments=NIC, forbidden=[r"FAILED", r"stopped: fault"])
    # a clock, lines, and a line that storms: the task on the same CPU misses nothing all the time
    anew = expect_all(r"gpio: ready", r"client: gpio is new", r"client: lines 0 4 0")
    storm = [send("\x1d4low\n"), expect(r"gpio0 storms: masked"), expect(r"gpio stopped: failed, code 1")]
    target("lines", "tests/systems/lines.dts", [
        expect(r"client: time 1[789]\d{8}"), expect(r"client: alarm after 1 s"),
        expect(r"client: a clock has no lines"), expect(r"client: lines 0 4 0"),
        expect(r"client: there is no line 8"),
        send("\x1d0restart gpio\n"), anew, *storm, anew, *storm, anew, *storm,
        expect(r"stays stopped after 2 restarts"),  # and masked
        expect(r"alive: \d+ periods"), quiet(r"gpio: ready", 1), expect(r"alive: \d+ periods"),
    ], smp=1, icount=3, seconds=60, forbidden=[r"missed [1-9]"])
