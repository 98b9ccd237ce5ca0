# SPDX-License-Identifier: Apache-2.0
"""check/diff: `./bulkhead diff` names what two images differ in, and nothing else. Called by
tests/run.py."""
import os
import re

from machine import Failure
from tools import run, run_text

FOLDER = "build/tests/diff"
SYSTEM = "tests/systems/one-cpu.dts"
SAME = r"^diff: %s: identical"
# what is changed in the description -> NAMEs that may differ, status, what is said
CHANGES = (
    ("itself", "", "", (), 0, [SAME % "the kernel", SAME % "hog", r"^diff: 0 of 6 parties differ$"]),
    ("kernel", 'hog, "small-guest.dts", "hog.elf"', 'hog, "small-guest.dts", "hello.elf"', ("hog",), 0,
     [r"^diff: hog: differs: \d+ bytes of its guest's kernel", SAME % "the kernel", SAME % "control",
      SAME % "alive", SAME % "supervisor", r"^diff: 1 of 6 parties differ$"]),
    ("not-that", 'hog, "small-guest.dts", "hog.elf"', 'hog, "small-guest.dts", "hello.elf"', ("control",), 1,
     [r"^diff: 1 of 6 parties differ, and not only those that may$"]),
    ("schedule", "VCPU(0, cpu0, 10)", "VCPU(0, cpu0, 11)", ("hog",), 0,
     [r"^diff: hog: differs: 1 of its threads on the CPUs", SAME % "control"]),
    ("gone", 'VM(hog, "small-guest.dts", "hog.elf", VCPU(0, cpu0, 10));', "", (), 0,
     [r"^diff: hog: is gone", r"^diff: supervisor: differs: .* of its handles"]),
)


def image(name, before="", after=""):
    with open(SYSTEM, encoding="utf-8") as file:
        text = file.read()
    if before not in text:
        raise Failure("%s has no %s" % (SYSTEM, before))
    path = os.path.join(FOLDER, name)
    with open(path + ".dts", "w", encoding="utf-8") as file:
        file.write(text.replace(before, after) if before else text)
    run_text(["./bulkhead", "build", "--no-make", "-I", "tests/systems", path + ".dts", "-o", path + ".img"])
    return path + ".img"


def judge(name, old, new, allowed, want, says):
    status, text = run(["./bulkhead", "diff", "--no-make", old, new, *allowed])
    missing = [pattern for pattern in says if not re.search(pattern, text, re.MULTILINE)]
    if status != want or missing:
        raise Failure("%s: status %d, nothing of %s in\n%s" % (name, status, missing, text))


def foreign_byte(old):
    """A byte of another's program, changed in the image itself, is not overlooked."""
    with open("build/user/alive.elf", "rb") as file:
        text = re.search(rb"alive: first period", file.read())[0]
    path = os.path.join(FOLDER, "foreign.img")
    with open(old, "rb") as source, open(path, "wb") as target:
        target.write(source.read().replace(text, text[:-1] + b"D"))
    judge("foreign byte", old, path, ("hog",), 1,
          [r"^diff: alive: differs: 1 bytes of its program$", r"^diff: 1 of 6 parties differ, and not"])


def diff():
    os.makedirs(FOLDER, exist_ok=True)
    old = image("old")
    for name, before, after, allowed, want, says in CHANGES:
        judge(name, old, image(name, before, after), allowed, want, says)
    foreign_byte(old)
    judge("no image", old, SYSTEM, (), 1, [r"not a Bulkhead image|too few"])


def tests():
    yield "check/diff", diff
