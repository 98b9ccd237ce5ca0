# SPDX-License-Identifier: Apache-2.0
"""Virtual networks: target tests, imported by table.py."""
from machine import expect, expect_all, send

PROMPT = r"linux# "
NIC = ("-global", "virtio-mmio.force-legacy=false", "-netdev", "user,id=net",
       "-device", "virtio-net-device,netdev=net")
FORBIDDEN = [r"FAILED", r"stopped: fault", r"starts again", r"cut off [1-9]"]


def world(number, text, *then):
    """Type a line into another world; what it answers begins at the prompt."""
    return [send("\x1d%d\n" % number), expect(PROMPT), send(text + "\n"), *then]


def ping(address, answers, options=""):
    return [send("ping -c 3 -i 0.2 %s %s\n" % (options, address)),
            expect(r"3 packets transmitted, %d packets received" % answers), expect(PROMPT)]


def copy(sender, receiver, address, port):
    """A file by TCP from one VM to another; its sum is that of what arrived."""
    sums = {}
    return [
        *world(receiver, "nc -l -p %d >/tmp/in; echo g''ot $(md5sum </tmp/in)" % port),
        *world(sender, "dd if=/dev/urandom of=/tmp/out bs=1M count=2 2>/dev/null; "
                       "echo s''ent $(md5sum </tmp/out); nc -w 30 %s %d </tmp/out" % (address, port)),
        expect(r"sent ([0-9a-f]{32})", check=lambda m: sums.update(sent=m[1])),
        expect(r"got ([0-9a-f]{32})",
               check=lambda m: None if m[1] == sums["sent"] else "another file was sent"),
        send("\n"), expect(PROMPT)]


def net_tests(target):
    one, two = 4, 5
    up = expect_all(r"one\| linux# ", r"^linux# ")
    target("net", "tests/systems/net.dts", [
        expect_all(r"lan: 4 ports", r"nic: ready", r"echo: on lan"), up,
        *world(two, "ifconfig eth0 10.0.0.2 up", expect(PROMPT)),
        *world(one, "ifconfig eth0 10.0.0.1 netmask 255.255.255.0 up; "
                    "ifconfig eth0:1 10.0.2.77 netmask 255.255.255.0", expect(PROMPT)),
        *ping("10.0.0.2", 3), *ping("10.0.0.2", 3, "-s 20000"), *ping("10.0.0.9", 3),
        *ping("10.0.2.2", 3),  # QEMU's user network, by the physical device
        *copy(one, two, "10.0.0.2", 5000), *copy(two, one, "10.0.0.1", 5001),
        send("\x1d1\n"), expect(r"lan: two: sent [1-9]\d* received [1-9]\d* full \d+ refused 0 spoofed 0"),
    ], smp=2, seconds=180, arguments=NIC, forbidden=FORBIDDEN)
    target("net-restarts", "tests/systems/net.dts", [
        expect_all(r"lan: 4 ports", r"nic: ready", r"echo: on lan"), up,
        *world(one, "ifconfig eth0 10.0.2.77 netmask 255.255.255.0 up", expect(PROMPT)),
        *ping("10.0.2.2", 3),
        send("\x1d0restart lan\n"), expect(r"lan: 4 ports"), *world(one, ""), *ping("10.0.2.2", 3),
        send("\x1d0restart nic\n"), expect(r"nic: ready"), *world(one, ""), *ping("10.0.2.2", 3),
    ], smp=2, seconds=150, arguments=NIC, forbidden=[r"FAILED", r"stopped: fault", r"cut off [1-9]"])
    target("net-vlan", "tests/systems/net-vlan.dts", [
        expect_all(r"lan: 4 ports", r"echo: on lan", r"apart: on lan"), up,
        *world(two, "ifconfig eth0 10.0.0.2 up", expect(PROMPT)),
        *world(one, "ifconfig eth0 10.0.0.1 up", expect(PROMPT)),
        *ping("10.0.0.9", 3),
        *ping("10.0.0.2", 0),  # of another VLAN
        *world(two, ""), *ping("10.0.0.9", 0),  # of its VLAN, but also of its group
        *ping("10.0.0.1", 0),
        send("ifconfig eth0\n"), expect(r"RX packets:0 "), expect(PROMPT),
    ], smp=2, seconds=150, forbidden=FORBIDDEN)
