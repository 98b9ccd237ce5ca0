# SPDX-License-Identifier: Apache-2.0
"""target/sdk: what `./bulkhead sdk DIR` lays out builds a native task, a driver and a virtual device by itself,
and they run. Called by tests/run.py."""
import os
import re
import shutil

from machine import Failure, Machine, command, expect, expect_all, send
from table import FORBIDDEN
from tools import run, run_text

FOLDER = "build/tests/sdk"
PROMPT = r"linux# "
STEPS = [
    expect_all(r"task: sin\(30\) = 0\.5000", r"task: sin\(90\) = 1\.0000", r"driver: interrupt 2", PROMPT),
    send("devmem 0xc010000\n"), expect(r"0x00000001"), expect(PROMPT),
    send("devmem 0xc010000\n"), expect(r"0x00000002"), expect(PROMPT),
    send("devmem 0xc010000 32 7; devmem 0xc010000\n"), expect(r"0x00000008"),
]


def make():
    return run(["make", "-s", "-C", FOLDER, "GUESTS=" + os.path.abspath("build/guests")])


def refuses():
    """A folder that is in use, and a program of another ABI."""
    status, text = run(["./bulkhead", "sdk", FOLDER])
    if status != 1 or "not an empty folder" not in text:
        raise Failure("a folder in use: status %d\n%s" % (status, text))
    header = FOLDER + "/include/abi/image.h"
    with open(header, encoding="utf-8") as file:
        text = file.read()
    with open(header, "w", encoding="utf-8") as file:
        file.write(re.sub(r"(#define ABI_VERSION +)\d+", r"\g<1>999", text))
    status, text = make()
    if status == 0 or "ABI" not in text:
        raise Failure("a program of another ABI: status %d\n%s" % (status, text))


def boots():
    shutil.rmtree(FOLDER, ignore_errors=True)
    run_text(["./bulkhead", "sdk", FOLDER])
    status, text = make()
    if status != 0:
        raise Failure("make: status %d\n%s" % (status, text))
    with Machine(command(FOLDER + "/example.img", smp=2), 90, FORBIDDEN) as machine:
        try:
            for step in STEPS:
                machine.step(step)
        except Failure as failure:
            raise Failure("%s\n%s" % (failure, machine.tail())) from None
    refuses()


def tests():
    yield "target/sdk", boots
