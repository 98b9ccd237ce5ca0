# SPDX-License-Identifier: Apache-2.0
"""One QEMU: started, talked to by its serial port, ended by its process id.

Used by tests/run.py; nothing else starts a QEMU for a test. No retries and no sleeps: each
step waits for the text it names, and for nothing else.
"""
import os
import re
import selectors
import subprocess
import time

TAIL_LINES = 40
QEMU = "qemu-system-aarch64"


class Failure(Exception):
    """Why a test failed, in words for a person."""


class expect:
    """Wait for a regular expression behind what was matched before.

    check(match) -> a text that says what is wrong with what was matched, or None.
    """

    def __init__(self, pattern, within=None, check=None):
        self.pattern = re.compile(pattern.encode(), re.MULTILINE)
        self.within = within
        self.check = check

    def __str__(self):
        return self.pattern.pattern.decode()


class expect_all:
    """Wait for several texts in any order: worlds side by side print when they like."""

    def __init__(self, *patterns):
        self.steps = [expect(pattern) for pattern in patterns]


class send:
    """Type a text: "poweroff\\n" """

    def __init__(self, text):
        self.text = text.encode("latin-1")


class ends:
    """QEMU ends by itself: the machine was switched off."""

    def __str__(self):
        return "QEMU to end by itself"


class quiet:
    """For so many seconds nothing matches the pattern (of what comes from now on)."""

    def __init__(self, pattern, seconds):
        self.pattern = re.compile(pattern.encode(), re.MULTILINE)
        self.seconds = seconds


def command(image, cpu="cortex-a72", smp=4, memory="2G", secure=False, gic=3, icount=None,
            virtualization=True, address=None, arguments=()):
    """The QEMU command line for an image (Image or ELF), or raw bytes put at an address."""
    machine = "virt,virtualization=%s,gic-version=%d,dtb-randomness=off" % (
        "on" if virtualization else "off", gic)
    if secure:
        machine += ",secure=on"
    line = [QEMU, "-M", machine, "-cpu", cpu, "-smp", str(smp), "-m", str(memory),
            "-display", "none", "-monitor", "none", "-nodefaults", "-no-reboot",
            "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
            ]
    if address is None:
        line += ["-kernel", image]
    else:
        line += ["-device", "loader,file=%s,addr=%#x,force-raw=on" % (image, address),
                 "-device", "loader,addr=%#x,cpu-num=0" % address]
    if icount is not None:
        line += ["-icount", "shift=%d,sleep=off" % icount, "-rtc", "base=2026-01-01,clock=vm",
                 "-seed", "1"]
    return line + list(arguments)


class Machine:
    """A running QEMU and all that it has printed."""

    def __init__(self, line, seconds, forbidden=()):
        self.deadline = time.monotonic() + seconds
        self.seconds = seconds
        self.forbidden = [re.compile(pattern.encode(), re.MULTILINE) for pattern in forbidden]
        self.text = b""
        self.matched = 0  # everything before this was matched by an earlier step
        self.searched = 0  # the forbidden texts were looked for up to here
        self.open = True
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.selector.close()

    def finish(self):
        """Ask QEMU to end: its plugins write what they have."""
        self.process.terminate()
        self.wait_end(ends())

    def console(self):
        return self.text.decode("utf-8", "replace").replace("\r\n", "\n")

    def tail(self):
        lines = self.console().splitlines()[-TAIL_LINES:]
        return "".join("    | %s\n" % line for line in lines)

    def read(self, until):
        """Take what QEMU printed, waiting for it until a time at most."""
        left = max(0.0, until - time.monotonic())
        if not self.selector.select(left):
            return
        data = self.process.stdout.read(65536)
        if data == b"":
            self.open = False
            self.selector.unregister(self.process.stdout)
            return
        self.text += data or b""
        self.forbid()

    def forbid(self):
        """No forbidden text may be there. Looks at whole lines, each once."""
        end = self.text.rfind(b"\n") + 1
        for pattern in self.forbidden:
            match = pattern.search(self.text, self.searched, end)
            if match:
                raise Failure("printed what it must not: %s" % match[0].decode("utf-8", "replace"))
        self.searched = max(end, self.searched)

    def step(self, step):
        if isinstance(step, send):
            try:
                self.process.stdin.write(step.text)
                self.process.stdin.flush()
            except BrokenPipeError:
                raise Failure("QEMU ended before it was sent %r" % step.text) from None
        elif isinstance(step, expect_all):
            start, behind = self.matched, []
            for one in step.steps:
                self.matched = start
                self.wait_match(one)
                behind.append(self.matched)
            self.matched = max(behind)
        elif isinstance(step, ends):
            self.wait_end(step)
        elif isinstance(step, quiet):
            self.wait_quiet(step)
        else:
            self.wait_match(step)

    def wait_match(self, step):
        until = self.deadline
        if step.within is not None:
            until = min(until, time.monotonic() + step.within)
        while True:
            match = step.pattern.search(self.text, self.matched)
            if match:
                self.matched = match.end()
                wrong = step.check(match) if step.check else None
                if wrong:
                    raise Failure("%s: %s" % (match[0].decode("utf-8", "replace"), wrong))
                return
            if not self.open:
                raise Failure("QEMU ended (status %s) while waiting for: %s"
                              % (self.process.wait(), step))
            if time.monotonic() >= until:
                raise Failure("waited in vain for: %s" % step)
            self.read(until)

    def wait_end(self, step):
        while self.open:
            if time.monotonic() >= self.deadline:
                raise Failure("waited in vain for %s" % step)
            self.read(self.deadline)
        status = self.process.wait()
        if status != 0:
            raise Failure("QEMU ended with status %d" % status)

    def wait_quiet(self, step):
        start = len(self.text)
        until = time.monotonic() + step.seconds
        while self.open and time.monotonic() < until:
            self.read(until)
            match = step.pattern.search(self.text, start)
            if match:
                raise Failure("should have been quiet: %s" % match[0].decode("utf-8", "replace"))
