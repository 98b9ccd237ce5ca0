# SPDX-License-Identifier: Apache-2.0
"""Tests of what no run can show: the worst case of each kernel entry, and the protocols between CPUs
as SPIN models (tests/models); and the code of these protocols on four threads (tests/storm).
docs/concurrency.md is the manual. tests/run.py calls them."""
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


def storm_build(path, kind, root, program):
    """Compile a storm in the tree `root`: plain -O2, or with ThreadSanitizer."""
    with open(path, encoding="utf-8") as file:
        sources = " ".join(re.findall(r"sources: (.*?) \*/", file.read())).split()
    # GCC has no model of fences in ThreadSanitizer; each of ours stands beside an atomic access
    flags = {"plain": ["-O2"], "thread": ["-O1", "-fsanitize=thread", "-Wno-tsan"]}[kind]
    status, text = run(["gcc", "-std=gnu11", "-w", "-g", "-pthread", "-I."] + flags +
                       ["-o", os.path.abspath(program), path] + sources, 300, cwd=root)
    if status != 0:
        raise Failure(text)


def storm_broken(path, kind, name, change, program):
    """The tree with `change`, (old, new), made in the file `name`: the storm must end with a failure."""
    with tempfile.TemporaryDirectory() as root:
        for tree in ("abi", "arch", "kernel", "tests", "user"):
            shutil.copytree(tree, os.path.join(root, tree))
        with open(os.path.join(root, name), encoding="utf-8") as file:
            code = file.read()
        if change[0] not in code:
            raise Failure("%s: %s is not in %s" % (path, change[0], name))
        with open(os.path.join(root, name), "w", encoding="utf-8") as file:
            file.write(code.replace(*change, 1))
        storm_build(path, kind, root, program)
    status, text = storm_run(program)
    if status == 0:
        raise Failure("not seen: %s instead of %s\n%s" % (change[1], change[0], text))


def storm_run(program):
    return run(["env", "TSAN_OPTIONS=halt_on_error=1", program], 200)


def storm(path, kind):
    """The code itself on four threads; then broken on purpose, which must be seen."""
    folder = "build/tests/storm/%s-%s" % (os.path.basename(path)[:-2], kind)
    os.makedirs(folder, exist_ok=True)
    storm_build(path, kind, ".", folder + "/good")
    status, text = storm_run(folder + "/good")
    if status != 0:
        raise Failure("status %d\n%s" % (status, text))
    with open(path, encoding="utf-8") as file:
        changes = re.findall(r"broken: (\w+) \| (\S+) \| (.*?) \| (.*?) \*/", file.read())
    for _, name, old, new in (change for change in changes if change[0] == kind):
        storm_broken(path, kind, name, (old, new), folder + "/broken")
    return "  " + text


def storms():
    for path in sorted(glob.glob("tests/storm/*.c")):
        with open(path, encoding="utf-8") as file:
            kinds = re.search(r"build: (.*?) \*/", file.read())[1].split()
        for kind in kinds:
            yield "%s-%s" % (os.path.basename(path)[:-2].replace("_", "/", 1), kind), \
                lambda path=path, kind=kind: storm(path, kind)


def tests():
    yield from storms()
    yield "check/worst-case", worst_case
    yield "check/worst-case-measured", worst_case_measured
    for path in sorted(glob.glob("tests/models/*.pml")):
        yield "model/" + os.path.basename(path)[:-4], lambda path=path: model(path)
