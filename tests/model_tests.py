# SPDX-License-Identifier: Apache-2.0
"""Tests of what no run can show: the worst case of each kernel entry, and the protocols between CPUs
as SPIN models (tests/models, docs/concurrency.md). tests/run.py calls them."""
import glob
import os
import re
import shutil
import sys
import tempfile

import maxima
import worstcase
from machine import Failure
from tools import Skip, run

STATES_MIB = 1500
INCOMPLETE = r"max search depth too small|reached -DMEMLIM|out of memory|hash conflicts.*full"


def worst_case():
    """Every entry of the kernel within its limit in docs/worst-case.md."""
    sys.setrecursionlimit(10000)
    try:
        found, problems, _ = worstcase.measure()
    except worstcase.Refused as refused:
        raise Failure(str(refused)) from None
    if problems:
        raise Failure("\n  ".join(problems))
    name, way, _ = max(found, key=lambda entry: entry[1].length)
    return "  longest: %s, %s instructions\n" % (name, format(way.length, ","))


def worst_case_measured():
    """No entry of a few hostile systems takes longer than its bound and its limit."""
    sys.setrecursionlimit(10000)
    total, problems = maxima.short()
    if problems:
        raise Failure("\n  ".join(problems))
    return "".join("  %s: %d, seen %d times\n" % (row, one.length, one.seen)
                   for row, one in total.items())


def explore(path, variant):
    """(number of errors, states, what SPIN said) of a model, all of its states."""
    with tempfile.TemporaryDirectory() as folder:
        for line in (["spin"] + (["-D" + variant] if variant else []) + ["-a", os.path.abspath(path)],
                     ["gcc", "-O0" if variant else "-O1", "-w", "-DSAFETY", "-DMEMLIM=%d" % STATES_MIB, "-o", "pan", "pan.c"]):
            status, text = run(line, 120, cwd=folder)
            if status != 0 or "Error" in text:
                raise Failure("%s: %s\n%s" % (path, " ".join(line), text))
        _, text = run(["./pan", "-m100000", "-w22"], 300, cwd=folder)
    errors = re.search(r"errors: (\d+)", text)
    states = re.search(r"([0-9.e+]+) states, stored", text)
    if not errors or not states:
        raise Failure("%s: no result\n%s" % (path, text))
    return int(errors[1]), int(float(states[1])), text


def model(path):
    """The model holds in all its states; each of its wrong variants is refuted."""
    if not shutil.which("spin"):
        raise Skip("spin is not installed")
    with open(path, encoding="utf-8") as file:
        variants = sorted(set(re.findall(r"^#\s*if(?:n?def|\s+defined)\s+\(?(WRONG_\w+)", file.read(), re.MULTILINE)))
    if not variants:
        raise Failure("%s has no wrong variant" % path)
    errors, states, text = explore(path, None)
    if errors != 0 or re.search(INCOMPLETE, text):
        raise Failure("%s does not hold, or was not explored to its end\n%s" % (path, text))
    for variant in variants:
        errors, _, text = explore(path, variant)
        if errors == 0:
            raise Failure("%s: %s was not refuted\n%s" % (path, variant, text))
    return "  %s states; refuted: %s\n" % (format(states, ","), " ".join(v[6:].lower() for v in variants))


def tests():
    yield "check/worst-case", worst_case
    yield "check/worst-case-measured", worst_case_measured
    for path in sorted(glob.glob("tests/models/*.pml")):
        yield "model/" + os.path.basename(path)[:-4], lambda path=path: model(path)
