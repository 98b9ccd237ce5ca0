# SPDX-License-Identifier: Apache-2.0
"""The virtual entropy device under Linux's own driver: target tests, imported by table.py."""
from machine import expect, expect_all, send

PROMPT = r"linux# "
READ = ("cat /sys/class/misc/hw_random/rng_current; "
        "for n in 1 2 3; do echo go''t $(head -c 3000 /dev/hwrng | md5sum); done\n")


def world(number, text):
    """Type a line into another world, when its prompt is there."""
    return [send("\x1d%d\n" % number), expect(PROMPT), send(text)]


def rng_tests(target):
    seen = set()

    def fresh(found):
        if found[1] in seen:
            return "the same bytes twice"
        seen.add(found[1])
        return None

    got = [expect(r"virtio_rng\.0")] + [expect(r"got ([0-9a-f]{32})", check=fresh)] * 3
    up = [expect(r"entropy: RNDR, 2 readers"), expect_all(r"one\| linux# ", r"^linux# ")]
    one, two = 2, 3
    again = [send("\x1d0restart entropy\n"), expect(r"entropy: RNDR, 2 readers")]
    reboot = [expect(PROMPT), send("reboot\n"), expect(r"two starts again|Booting Linux"), expect(PROMPT),
              send(READ)]
    # of two VMs, of a source that was started again, and of a VM that was: all different
    target("rng", "tests/systems/rng.dts",
           up + world(one, READ) + got + world(two, READ) + got + again + world(two, READ) + got +
           reboot + got,
           cpu="max", smp=2, seconds=120, forbidden=[r"FAILED", r"stopped: fault"])
    target("rng-none", "tests/systems/rng.dts", [
        expect(r"entropy: no source: this CPU has no RNDR, 2 readers"),
        expect_all(r"one\| linux# ", r"^linux# "),
        *world(one, "cat /sys/class/misc/hw_random/rng_current\n"), expect(r"virtio_rng\.0"),
    ], smp=2, seconds=90, forbidden=[r"FAILED", r"stopped: fault"])
