#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mutants.py [PATTERN]: for each claim a small wrong change, tests/mutants/NAME.patch, which the
test that it names must catch: the test passes without the patch and fails with it.

`./bulkhead test --mutants [PATTERN]` calls it; `./bulkhead test` only checks that every patch still
applies (check/mutants). The tree itself is not touched: each of two workers has a copy of it in
build/mutants, where it applies a patch, builds what changed, runs the one test, and takes the patch
back. Its last line is `N passed, N failed`. docs/testing.md says how to add one."""
import os
import queue
import re
import shutil
import sys
import threading
import time

FOLDER = "tests/mutants"
COPIES = "build/mutants"
WORKERS = min(2, os.cpu_count() or 1)
BUILD_SECONDS = 900
TEST_SECONDS = 600


class Bad(Exception):
    """Why a patch is of no use."""


class Mutant:
    """A patch: what it claims, the test that catches it, and (path, old text, new text)s."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.name = os.path.basename(path)[:-len(".patch")]
        found = re.search(r"^caught-by: (\S+)$", text, re.MULTILINE)
        if not found:
            raise Bad("%s: no line `caught-by: TEST`" % path)
        self.test = found[1]
        self.changes = []
        for part in re.split(r"^--- \S+\n(?=\+\+\+ )", text, flags=re.MULTILINE)[1:]:
            target = re.match(r"\+\+\+ b/(\S+)\n", part)
            for hunk in re.split(r"^@@.*\n", part, flags=re.MULTILINE)[1:]:
                lines = hunk.splitlines(keepends=True)
                old = "".join(line[1:] for line in lines if line[0] in " -")
                new = "".join(line[1:] for line in lines if line[0] in " +")
                self.changes.append((target[1], old, new))
        if not self.changes:
            raise Bad("%s: changes nothing" % path)

    def apply(self, root):
        """Line numbers do not count: what a hunk replaces must stand in the file exactly once.
        The contents before, to put back."""
        before = {}
        after = {}
        for path, old, new in self.changes:
            if path not in after:
                try:
                    with open(os.path.join(root, path), encoding="utf-8") as file:
                        before[path] = after[path] = file.read()
                except FileNotFoundError:
                    raise Bad("%s.patch: %s is not there" % (self.name, path)) from None
            count = after[path].count(old)
            if count != 1:
                raise Bad("%s.patch does not apply: %s has its lines %d times, not once"
                          % (self.name, path, count))
            after[path] = after[path].replace(old, new)
        return before, after

    def make_targets(self):
        kind, name = self.test.split("/", 1)
        return {"unit": ["build/tests/unit/test_" + name], "rule": ["tools"]}.get(
            kind, ["all", "linux", "bench"])


def mutants(pattern=""):
    return [Mutant(os.path.join(FOLDER, name)) for name in sorted(os.listdir(FOLDER))
            if name.endswith(".patch") and re.search(pattern, name[:-len(".patch")])]


def problems(known):
    """What is wrong with the patches, without building anything; known: the names of all tests."""
    found = []
    for name in sorted(os.listdir(FOLDER)):
        try:
            mutant = Mutant(os.path.join(FOLDER, name))
            mutant.apply(".")
            if mutant.test not in known:
                found.append("%s: there is no test %s" % (name, mutant.test))
        except Bad as bad:
            found.append(str(bad))
    return found


def write(root, texts):
    for path, text in texts.items():
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def build(root, targets):
    status, text = run(["make", "-s", "-C", root, "--no-print-directory"] + targets, BUILD_SECONDS)
    if status != 0:
        raise Bad("does not build\n" + text)


def passes(root, test):
    status, text = run(["python3", "tests/run.py", "^%s$" % re.escape(test)], TEST_SECONDS, cwd=root)
    last = text.rstrip("\n").split("\n")[-1]
    if last not in ("1 passed, 0 failed", "0 passed, 1 failed") or status not in (0, 1):
        raise Bad("%s gave no result\n%s" % (test, text))
    return status == 0, text


def copy(root):
    """Fresh each time: an object of a mutant must never look newer than its true source."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(".", root, ignore=shutil.ignore_patterns("build", ".git"))
    os.mkdir(root + "/build")
    os.symlink(os.path.abspath("build/cache"), root + "/build/cache")


def good_test(root, test, mutant):
    build(root, mutant.make_targets())
    good, text = passes(root, test)
    if not good:
        raise Bad("%s fails without any patch, too\n%s" % (test, text))


def caught(root, mutant):
    before, after = mutant.apply(root)
    try:
        write(root, after)
        build(root, mutant.make_targets())
        good, _ = passes(root, mutant.test)
    finally:
        write(root, before)
    if good:
        raise Bad("survives: %s passes with it" % mutant.test)


class Run:
    """The work of all workers: first each test as it is, then each mutant."""

    def __init__(self, chosen):
        self.jobs = queue.Queue()
        self.lock = threading.Lock()
        self.failed = []
        self.passed = 0
        self.bad_tests = set()
        self.ready = threading.Barrier(WORKERS)
        tests = {mutant.test: mutant for mutant in chosen}
        self.tests = queue.Queue()
        for item in sorted(tests.items(), key=lambda item: not item[0].startswith("target/")):
            self.tests.put(item)
        for mutant in sorted(chosen, key=lambda mutant: not mutant.test.startswith("target/")):
            self.jobs.put(mutant)

    def say(self, state, name, start, text=""):
        with self.lock:
            print("%-8s%s  %.1f s\n%s" % (state, name, time.monotonic() - start, text), end="", flush=True)

    def tests_as_they_are(self, root):
        while True:
            try:
                test, mutant = self.tests.get_nowait()
            except queue.Empty:
                return
            start = time.monotonic()
            try:
                good_test(root, test, mutant)
                self.say("ok", test + " without a patch", start)
            except (Bad, Failure) as bad:
                self.bad_tests.add(test)
                self.say("FAILED", test + " without a patch", start, "  %s\n" % bad)

    def each_mutant(self, root):
        while True:
            try:
                mutant = self.jobs.get_nowait()
            except queue.Empty:
                return
            start = time.monotonic()
            try:
                if mutant.test in self.bad_tests:
                    raise Bad("%s fails without the patch" % mutant.test)
                caught(root, mutant)
                self.passed += 1
                self.say("ok", "mutant/%s, caught by %s" % (mutant.name, mutant.test), start)
            except (Bad, Failure) as bad:
                self.failed.append(mutant.name)
                self.say("FAILED", "mutant/" + mutant.name, start, "  %s\n" % bad)

    def work(self, number):
        root = os.path.join(COPIES, str(number))
        copy(root)
        self.tests_as_they_are(root)
        self.ready.wait()
        self.each_mutant(root)


def main():
    chosen = mutants(sys.argv[1] if len(sys.argv) > 1 else "")
    work = Run(chosen)
    workers = [threading.Thread(target=work.work, args=(number,)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    unfinished = len(chosen) - work.passed - len(work.failed)
    if work.failed:
        print("failed: %s" % " ".join(sorted(work.failed)))
    if not chosen:
        print("no mutant matches")
    print("%d passed, %d failed" % (work.passed, len(work.failed) + unfinished))
    return 0 if chosen and work.passed == len(chosen) else 1


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.dont_write_bytecode = True
    sys.path[:0] = ["tests", "tests/target"]

from machine import Failure
from tools import run

if __name__ == "__main__":
    sys.exit(main())
