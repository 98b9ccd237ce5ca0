# SPDX-License-Identifier: Apache-2.0
"""target/new: what `./bulkhead new NAME` writes boots as it is; check/new: what it refuses. Called by
tests/run.py."""
import os
import shutil

from boot import boot
from machine import Failure, expect, expect_all, send
from table import OPTIONS
from tools import run

COMMAND = os.path.abspath("bulkhead")
NO_NAMES = ("", "A", "1a", "a/b", "../a", "a_b", "a-", "-a", "a b", "a.dts", "a" * 32)


def fresh(name):
    folder = "build/tests/new/" + name
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def new(folder, names, want, says):
    status, text = run([COMMAND, "new", *names], cwd=folder)
    if status != want or says not in text:
        raise Failure("new %s: status %d, not %d with '%s'\n%s" % (names, status, want, says, text))


def files(folder):
    content = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            content[name] = file.read()
    return content


def refused():
    """No NAME, and files that are there: said, nothing written."""
    folder = fresh("refused")
    for name in NO_NAMES:
        new(folder, [name], 3, "31 characters" if len(name) == 32 else "is no NAME")
    new(folder, [], 3, "one NAME")
    new(folder, ["a", "b"], 3, "one NAME")
    for name in ("one.dts", "two-guest.dts"):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write("mine\n")
    os.symlink("nowhere", os.path.join(folder, "three.dts"))
    for name, there in (("one", "one.dts"), ("two", "two-guest.dts"), ("three", "three.dts")):
        new(folder, [name], 1, there + " is there already")
    os.remove(os.path.join(folder, "three.dts"))
    if files(folder) != {"one.dts": "mine\n", "two-guest.dts": "mine\n"}:
        raise Failure("files were changed or made: %s" % files(folder))


def boots():
    folder = fresh("boots")
    new(folder, ["my-board"], 0, "my-board.dts\nmy-board-guest.dts\n")
    boot(dict(OPTIONS, name="new", system=folder + "/my-board.dts", smp=2, steps=[
        expect_all(r"alive: first period", r"linux# "),
        send("nproc\n"), expect(r"^1\b"), expect(r"linux# "),
        send("poweroff\n"), expect(r"supervisor\| linux stopped")]))


def tests():
    yield "check/new", refused
    yield "target/new", boots
