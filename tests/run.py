#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py [--repeat N] [PATTERN]: every test, or those whose name matches the regular expression;
N rounds of them.

Called by `./bulkhead test`, which has built everything. Prints a line per test, the ten
slowest, and as its last line `N passed, N failed`. Exit status 1 when something failed; with
CI=true in the environment a skipped test is a failure. docs/testing.md is the manual.
"""
import concurrent.futures
import difflib
import glob
import os
import re
import subprocess
import sys
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)
sys.dont_write_bytecode = True
sys.path[:0] = ["tests", "tests/target", "tests/fuzz", "bench"]

import checks
import fuzz
import model_tests
import mutants
import rule_messages
import static
import diff_tests
import disk_tests
import new_tests
import sdk_tests
import storm_tests
import tools_tests
from bench_tests import bench_tests
from boot import boot
from machine import TAIL_LINES, Failure
from table import TARGETS
from tools import Skip, run_text
from verify_tests import verify_tests

JOBS = min(2, os.cpu_count() or 1)
SLOWEST = 10


def unit_tests():
    for name in sorted(os.listdir("tests/unit")):
        if name.startswith("test_") and name.endswith(".c"):
            yield "unit/" + name[len("test_"):-2], lambda path="build/tests/unit/" + name[:-2]: \
                run_text([path], 120)


def rule_examples():
    if not os.path.isdir("tests/rules"):
        return
    examples = [path for path in sorted(glob.glob("tests/rules/*.dts")) if checks.is_system(path)]
    for path in examples:
        yield "rule/" + os.path.basename(path)[:-4], lambda path=path: checks.rule_refused(path)
    yield "rule/messages", lambda: rule_messages.every_message_has_its_example(examples)


def fuzz_corpora():
    for target in fuzz.targets():
        yield "fuzz/" + target, lambda target=target: replay(target)


def replay(target):
    try:
        return "  %d inputs\n" % fuzz.replay(target)
    except fuzz.Problem as problem:
        raise Failure(str(problem)) from None


def doc_blocks():
    for path in checks.documents():
        for number, (line, block) in enumerate(checks.tested_blocks(path), 1):
            yield "docs/%s/%d" % (os.path.basename(path)[:-3], number), \
                lambda block=block, at="%s:%d" % (path, line): checks.run_block(block, at)


def mutants_apply():
    known = {name for source in SOURCES for name, _ in source()}
    checks.fail(mutants.problems(known))


def mutant_check():
    yield "check/mutants", mutants_apply


def target_tests():
    for entry in TARGETS:
        yield "target/" + entry["name"], lambda entry=entry: run_target(entry)


def run_target(entry):
    console = boot(entry)
    wrong = entry["judge"] and entry["judge"](console)
    if wrong:
        raise Failure(wrong)
    if entry["same_log"]:
        compare_logs(entry, console)
    shown = []
    for pattern in entry["show"]:
        shown += pattern(console) if callable(pattern) else \
            [match[0] for match in re.finditer(pattern, console, re.MULTILINE)]
    return "".join("  %s\n" % line for line in shown)


def compare_logs(entry, console):
    """The lines of the log (group 1) are those of the other target test, in the same order."""
    name, pattern = entry["same_log"]
    other = next(test for test in TARGETS if test["name"] == name)
    mine, theirs = ([match[1] for match in re.finditer(pattern, text, re.MULTILINE)]
                    for text in (console, boot(other)))
    if not mine:
        raise Failure("no line matches %s" % pattern)
    difference = list(difflib.unified_diff(theirs, mine, name, entry["name"], lineterm=""))
    if difference:
        raise Failure("the logs differ:\n" + "\n".join(difference[:TAIL_LINES]))


def run_one(name, function):
    """(name, state, seconds, text); state is "ok", "FAILED" or "skipped"."""
    start = time.monotonic()
    try:
        text, state = function() or "", "ok"
    except Skip as skip:
        text, state = "  %s\n" % skip, "skipped"
    except Failure as failure:
        text, state = "  %s\n" % str(failure).rstrip("\n"), "FAILED"
    except Exception:  # the runner's own mistake fails the one test, not the run
        text, state = traceback.format_exc(), "FAILED"
    seconds = time.monotonic() - start
    print("%-8s%s  %.1f s\n%s" % (state, name, seconds, text), end="", flush=True)
    return name, state, seconds


SOURCES = (checks.static_tests, static.static_analysis, mutant_check, model_tests.tests, unit_tests,
           verify_tests, fuzz_corpora, rule_examples, target_tests, disk_tests.tests, new_tests.tests, tools_tests.tests,
           diff_tests.tests, sdk_tests.tests, storm_tests.tests,
           bench_tests, doc_blocks)


def repeat(rounds, words):
    """Each round is a process of its own: steps of tests keep what they have seen."""
    failed = sum(subprocess.run([sys.executable, __file__, *words], check=False).returncode != 0
                 for _ in range(rounds))
    print("%d rounds, %d with a failure" % (rounds, failed))
    return 1 if failed else 0


def main():
    words = sys.argv[1:]
    if len(words) > 1 and words[0] == "--repeat" and words[1].isdigit():
        return repeat(int(words[1]), words[2:])
    if len(words) > 1:
        print("usage: run.py [--repeat N] [PATTERN]", file=sys.stderr)
        return 3
    pattern = re.compile(words[0] if words else "")
    tests = []
    for source in SOURCES:
        tests += [test for test in source() if pattern.search(test[0])]
    # The long ones first, so that the last one does not run alone.
    tests.sort(key=lambda test: not test[0].startswith(("target/", "verify/mutate")))
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        results = [future.result() for future in
                   [pool.submit(run_one, *test) for test in tests]]

    slowest = sorted(results, key=lambda result: -result[2])[:SLOWEST]
    print("\nslowest:")
    for name, _, seconds in slowest:
        print("%7.1f s  %s" % (seconds, name))
    states = [state for _, state, _ in results]
    failed = states.count("FAILED")
    skipped = states.count("skipped")
    if skipped:
        print("%d skipped%s" % (skipped, ", which counts as failed here"
                                if os.environ.get("CI") == "true" else ""))
        if os.environ.get("CI") == "true":
            failed += skipped
    if failed:
        print("failed: %s" % " ".join(name for name, state, _ in results if state == "FAILED"))
    if not tests:
        print("no test matches")
        failed = 1
    print("%d passed, %d failed" % (states.count("ok"), failed))
    return 1 if failed else 0


sys.exit(main())
