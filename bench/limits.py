# SPDX-License-Identifier: Apache-2.0
"""The file bench/limits: what no row may exceed, and that a limit only falls."""
import math
import os
import subprocess

PATH = "bench/limits"
HEAD = """\
# What no row of ./bulkhead bench may exceed: its name, its figure (the mean; for a latency the
# worst), and the largest single measurement ("-": of a ratio there is none). ./bulkhead test measures the rows anew and fails
# above these, and when a limit is higher than in any earlier commit: A LIMIT MAY ONLY FALL.
# After a gain, `./bulkhead bench --lower` lowers them to what is measured and a few instructions.
"""
SMALL = 10000  # figures up to here have a few instructions to spare, those above a hundredth
SPARE = 3


def parse(text):
    """{row: (figure, maximum or None)} of the file's text."""
    limits = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, figure, largest = line.split()
            limits[name] = (float(figure), None if largest == "-" else float(largest))
    return limits


def read():
    if not os.path.exists(PATH):
        return {}
    with open(PATH, encoding="utf-8") as file:
        return parse(file.read())


def roomy(value, sampled=False):
    """A limit for a measured value. The worst of samples, or of what others interrupt, moves with
    their phase: a tenth more."""
    if sampled:
        return math.ceil(value * 1.1)
    if value < 2:  # a ratio
        return math.ceil(value * 10000 + 5) / 10000
    return math.ceil(value) + SPARE if value < SMALL else math.ceil(value * 1.01)


def lower(entries):
    """Write the file anew: each limit what it was, or what was measured now if that is less."""
    limits = read()
    for entry in entries:
        new = (roomy(entry["figure"], entry["sampled"]),
               roomy(entry["max"], entry["sampled"] or entry["shared"]) if entry["bounded"] else None)
        old = limits.get(entry["name"], new)
        limits[entry["name"]] = tuple(None if a is None else min(a, b) for a, b in zip(old, new))
    with open(PATH, "w", encoding="utf-8") as file:
        file.write(HEAD)
        for name, (figure, largest) in limits.items():
            file.write("%-16s %10s %10s\n" % (name, "%g" % figure if figure < 2 else "%d" % figure,
                                              "-" if largest is None else "%d" % largest))


def exceeded(entries):
    """What is above its limit, in words."""
    limits = read()
    problems = []
    for entry in entries:
        name = entry["name"]
        if name not in limits:
            problems.append("%s has no limit in %s" % (name, PATH))
            continue
        figure, largest = limits[name]
        if entry["figure"] > figure:
            problems.append("%s: %.10g, above its limit of %.10g" % (name, entry["figure"], figure))
        if largest is not None and entry["max"] > largest:
            problems.append("%s: %.10g at most, above its limit of %.10g"
                            % (name, entry["max"], largest))
    return problems


def git(*arguments):
    done = subprocess.run(["git", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def raised():
    """Limits that are higher than in an earlier commit, in words; None: there is no history."""
    versions = git("log", "--format=%h", "--", PATH)
    if versions is None:
        return None
    limits = read()
    problems = []
    for version in versions.split():
        earlier = parse(git("show", "%s:%s" % (version, PATH)) or "")
        for name, was in earlier.items():
            now = limits.get(name)
            if now is None:
                problems.append("%s had a limit in %s and has none" % (name, version))
            elif any(a is not None and b is not None and a > b for a, b in zip(now, was)):
                problems.append("%s: %s is above %s, its limit in %s" % (name, now, was, version))
    return problems
