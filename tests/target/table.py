# SPDX-License-Identifier: Apache-2.0
"""The target tests: what boots, on which machine, and what its console must show, in order.

    target(NAME, SYSTEM, STEPS, option = value ...)

SYSTEM   a system description, compiled by bhc; or the path of an image under build/
         (with plain=True: no hypervisor, the image runs on QEMU itself)
STEPS    expect(REGEX), send(TEXT), quiet(REGEX, SECONDS), ends(); see tests/machine.py
options  requires   requirement ids that the test shows
         cpu        cortex-a72
         smp, memory   what `bhc info` says of the description
         secure, gic   False, 3
         icount     False: with True one instruction is one virtual nanosecond
         seconds    60: the limit for the whole test, in wall time
         forbidden  more texts that must not appear (PANIC is always one)
         show       regular expressions: lines that are printed with the result
         arguments  more arguments for QEMU
         same_log   (NAME, REGEX): group 1 of all lines that match must be what it is in the
                    target test NAME, which is run for that: the same log with and without us
"""
from machine import ends, expect, quiet, send

TARGETS = []
FORBIDDEN = (r"^PANIC", r"assertion failed", r"Kernel panic")
OPTIONS = {"requires": (), "cpu": "cortex-a72", "smp": None, "memory": None, "secure": False,
           "gic": 3, "icount": False, "seconds": 60, "forbidden": (), "show": (), "arguments": (),
           "plain": False, "same_log": None}


def target(name, system, steps, **options):
    unknown = set(options) - set(OPTIONS)
    if unknown:
        raise ValueError("%s: unknown options %s" % (name, sorted(unknown)))
    TARGETS.append(dict(OPTIONS, name=name, system=system, steps=steps, **options))


PROMPT = r"linux# "
LINUX_ARGUMENTS = ("-initrd", "build/guests/initrd.img", "-append",
                   "console=ttyAMA0 earlycon=pl011,0x9000000 nokaslr")

# The Linux guest's own parts, on QEMU without the hypervisor: what fails here is not ours.
target("plain-linux", "build/guests/vmlinuz", [
    expect(r"Linux .* on Bulkhead, 2 CPUs"),
    expect(PROMPT),
    send("tty\n"), expect(r"/dev/ttyAMA0"), expect(PROMPT),
    send("echo w''aiting; sleep 100\n"), expect(r"waiting"), send("\x03"), expect(PROMPT),
    send("attack\n"),
    expect(r"external abort, bus error"),
    expect(r"attack: 6 tried, 2 got through"),
    expect(PROMPT),
    send("exit\n"), expect(PROMPT),
    send("poweroff\n"),
    ends(),
], plain=True, smp=2, memory="512M", arguments=LINUX_ARGUMENTS)

target("plain-hello", "build/guests/hello.elf", [
    expect(r"^hello from EL1"),
    ends(),
], plain=True, seconds=20)
