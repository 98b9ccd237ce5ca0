#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fuzz targets: tests/fuzz/fuzz_NAME.c, built with libFuzzer, ASan and UBSan.

Called by `./bulkhead fuzz`, and by tests/run.py for the replay of the corpora. docs/testing.md is
the manual. A comment at the top of a target names what is fuzzed (`sources:`, over which coverage
is measured) or included (`included:`, as well), what is linked besides (`helpers:`), and options of
the compiler (`flags:`) and of libFuzzer (`options:`).
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = "tests/fuzz"
OUT = "build/fuzz"
LIMIT = 90  # percent of lines that a corpus must reach
PLANTED_SECONDS = 60
DEFAULT_SECONDS = 300
INPUT_BYTES = 4096
COPIED = ("Makefile", "abi", "arch", "kernel", "lib", "scripts", "tests", "tool", "user", "boards",
          "systems", "guests")
VARIANTS = {
    "fuzz": "-O1 -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined "
            "-fno-sanitize-recover=all",
    "cover": "-O0 -fsanitize=fuzzer,address -fprofile-instr-generate -fcoverage-mapping",
}
build_lock = threading.Lock()


class Problem(Exception):
    """Why a target is not good."""


def targets():
    return sorted(name[5:-2] for name in os.listdir(HERE)
                  if name.startswith("fuzz_") and name.endswith(".c"))


def head(target):
    """What the comment at the top of a target says: {"sources": [...], ...}."""
    with open("%s/fuzz_%s.c" % (HERE, target), encoding="utf-8") as file:
        text = "".join(line for _, line in zip(range(30), file))
    found = {"sources": [], "helpers": [], "included": [], "flags": [], "options": []}
    for match in re.finditer(r"^[\s/*]*(sources|helpers|included|flags|options):((?:[^*]|\*(?!/))*?)"
                             r"(?=\n[\s/*]*(?:sources|helpers|included|flags|options):|\*/)",
                             text, re.MULTILINE):
        words = re.sub(r"\n[ \t]*\*", "\n", match[2]).split()
        found[match[1]] = [name for word in words for name in sorted(glob.glob(word)) or [word]]
    found["helpers"] = [name for name in found["helpers"] if name not in found["sources"]]
    return found


def measured(target):
    """The files over which coverage is measured: compiled beside the target, or included by it."""
    said = head(target)
    return said["sources"] + said["included"]


def about(target):
    """The first sentence of what the target says of itself."""
    with open("%s/fuzz_%s.c" % (HERE, target), encoding="utf-8") as file:
        text = file.read()
    for comment in re.findall(r"/\*(.*?)\*/", text, re.DOTALL):
        if re.search(r"SPDX|sources:|helpers:", comment):
            continue
        return re.sub(r"\s+\*?\s*", " ", comment).strip(" *").split(". ")[0].rstrip(".")
    return ""


def program(target, variant):
    return "%s/%s/%s/fuzz" % (OUT, variant, target)


def makefile(root):
    """One rule for each object: sources are compiled anew for each target, with its flags."""
    rules = ["include Makefile"]
    for variant, options in VARIANTS.items():
        for target in targets():
            said = head(target)
            folder = "%s/%s/%s" % (OUT, variant, target)
            objects = []
            for source in ["%s/fuzz_%s.c" % (HERE, target)] + said["sources"] + said["helpers"]:
                thing = "%s/%s.o" % (folder, source)
                objects.append(thing)
                rules.append("%s: %s\n\t@mkdir -p $(@D)\n\tclang-14 -std=gnu11 -g -I. -MMD -MP "
                             "$(WARNINGS) -fno-common %s %s -c -o $@ $<" % (
                                 thing, source, options, " ".join(said["flags"])))
            rules.append("%s: %s\n\tclang-14 -g %s -o $@ $^ -lfdt -lcmocka" % (
                program(target, variant), " ".join(objects), options))
    rules.append("-include $(shell find %s/fuzz %s/cover -name '*.d' 2>/dev/null)" % (OUT, OUT))
    os.makedirs(os.path.join(root, OUT), exist_ok=True)
    with open(os.path.join(root, OUT, "fuzz.mk"), "w", encoding="utf-8") as file:
        file.write("\n".join(rules) + "\n")


def build(names, variant, root="."):
    with build_lock:
        makefile(root)
        done = subprocess.run(
            ["make", "-s", "-k", "-j%d" % (os.cpu_count() or 1), "-f", OUT + "/fuzz.mk"] +
            [program(name, variant) for name in names], cwd=root, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Problem(done.stdout.decode("utf-8", "replace"))


def corpus(target):
    return "%s/corpus/%s" % (HERE, target)


def seeds(target):
    """Folders of inputs to begin with: the corpus, and what the target's seeds.py line makes."""
    folder = corpus(target)
    if not os.path.isdir(folder) or not os.listdir(folder):
        raise Problem("%s: there is no corpus" % folder)
    return [folder]


def environment(target):
    return dict(os.environ, ASAN_OPTIONS="detect_leaks=0:abort_on_error=0:allocator_may_return_null=1",
                UBSAN_OPTIONS="print_stacktrace=1",
                LLVM_PROFILE_FILE="%s/cover/%s/raw.profraw" % (OUT, target))


def options(target):
    return ["-timeout=300", "-rss_limit_mb=1024", "-max_len=%d" % INPUT_BYTES] + head(target)["options"]


def call(line, target, seconds, root="."):
    """Run a fuzz program: (status, output)."""
    done = subprocess.run(line, cwd=root, env=environment(target), timeout=seconds, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def replay(target):
    """The corpus once through the target; raises a Problem, returns how many inputs there were."""
    folders = seeds(target)
    build([target], "fuzz")
    status, text = call([program(target, "fuzz"), "-runs=0", "-close_fd_mask=1"] + options(target) + folders,
                        target, 120)
    if status != 0:
        raise Problem(text[-4000:])
    return sum(len(os.listdir(folder)) for folder in folders)


def run(target, seconds):
    """Fuzz; new inputs go to build/fuzz/found/TARGET, what crashes to build/fuzz/crash/TARGET."""
    build([target], "fuzz")
    found, crash = "%s/found/%s" % (OUT, target), "%s/crash/%s/" % (OUT, target)
    for folder in (found, crash):
        os.makedirs(folder, exist_ok=True)
    first = [corpus(target)] if os.path.isdir(corpus(target)) else []
    line = [program(target, "fuzz"), "-max_total_time=%d" % seconds, "-close_fd_mask=1",
            "-print_final_stats=1", "-artifact_prefix=" + crash] + options(target) + [found] + first
    os.execve(line[0], line, environment(target))


def minimise(target):
    """The corpus again, as small as it reaches the same, out of it and of what was found."""
    build([target], "cover")
    build([target], "fuzz")
    fresh = "%s/fresh/%s" % (OUT, target)
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    old = [folder for folder in (corpus(target), "%s/found/%s" % (OUT, target)) if os.path.isdir(folder)]
    status, text = call([program(target, "cover"), "-merge=1", "-use_counters=0"] + options(target) + [fresh] + old,
                        target, 600)
    if status != 0:
        raise Problem(text[-4000:])
    shutil.rmtree(corpus(target), ignore_errors=True)
    os.makedirs(corpus(target))
    for number, name in enumerate(sorted(os.listdir(fresh), key=lambda name: (
            os.path.getsize(fresh + "/" + name), name))):
        shutil.copyfile("%s/%s" % (fresh, name), "%s/%03d" % (corpus(target), number))
    sizes = [os.path.getsize("%s/%s" % (corpus(target), name)) for name in os.listdir(corpus(target))]
    return "%d inputs, %d bytes" % (len(sizes), sum(sizes))


def coverage(target):
    """(lines, reached, [(file, lines, reached)]) of the target's sources, over its corpus."""
    folders = seeds(target)
    build([target], "cover")
    raw = "%s/cover/%s/raw.profraw" % (OUT, target)
    status, text = call([program(target, "cover"), "-runs=0", "-close_fd_mask=1"] + options(target) + folders,
                        target, 300)
    if status != 0:
        raise Problem(text[-4000:])
    data = raw.replace(".profraw", ".profdata")
    subprocess.run(["llvm-profdata-14", "merge", "-sparse", "-o", data, raw], check=True)
    shown = subprocess.run(
        ["llvm-cov-14", "export", "-summary-only", "-instr-profile=" + data, program(target, "cover")] +
        measured(target), check=True, stdout=subprocess.PIPE)
    files = [(os.path.relpath(entry["filename"], os.getcwd()), entry["summary"]["lines"]["count"],
              entry["summary"]["lines"]["covered"])
             for entry in json.loads(shown.stdout)["data"][0]["files"]]
    return sum(file[1] for file in files), sum(file[2] for file in files), files


def show_missed(target):
    """The lines that the corpus does not reach."""
    shown = subprocess.run(
        ["llvm-cov-14", "show", "-instr-profile=%s/cover/%s/raw.profdata" % (OUT, target),
         program(target, "cover")] + measured(target), check=True, stdout=subprocess.PIPE)
    for line in shown.stdout.decode("utf-8", "replace").splitlines():
        if re.match(r"\s*\d+\|\s*0\|", line) or line.startswith(("/", os.getcwd())):
            print(line)


def planted(target):
    """Seconds until the target's planted bug was found in a copy of the tree."""
    patch = os.path.abspath("%s/planted/%s.patch" % (HERE, target))
    if not os.path.exists(patch):
        raise Problem("%s is not there" % patch)
    root = os.path.abspath("%s/planted/%s" % (OUT, target))
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    for name in COPIED:
        if os.path.isdir(name):
            shutil.copytree(name, os.path.join(root, name))
        elif os.path.exists(name):
            shutil.copyfile(name, os.path.join(root, name))
    with open(patch, "rb") as file:
        done = subprocess.run(["patch", "-p1", "-s", "-d", root], stdin=file, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Problem(done.stdout.decode("utf-8", "replace"))
    build([target], "fuzz", root)
    os.mkdir(root + "/new")
    start = time.monotonic()
    status, text = call(["./" + program(target, "fuzz"), "-max_total_time=%d" % PLANTED_SECONDS, "-seed=1",
                         "-close_fd_mask=1", "-artifact_prefix=new/"] + options(target) + ["new", corpus(target)],
                        target, PLANTED_SECONDS + 60, root)
    seconds = time.monotonic() - start
    if status == 0 or "ERROR: " not in text and "runtime error" not in text and "not so" not in text:
        raise Problem("the planted bug was not found in %.0f s (status %d)\n%s" % (seconds, status, text[-600:]))
    why = re.search(r"not so: .*|runtime error: .*|ERROR: \w+Sanitizer: [\w-]+|ERROR: libFuzzer: .*", text)
    return seconds, why[0] if why else ""


def each(names, function):
    """Call the function for each name; 1 if one raised a Problem."""
    status = 0
    for name in names:
        try:
            function(name)
        except Problem as problem:
            print("%s: %s" % (name, str(problem).rstrip()))
            status = 1
    return status


def print_coverage(missed):
    def one(name):
        lines, reached, files = coverage(name)
        for path, count, covered in files:
            print("%-12s %-40s %5d %5d %6.1f %%" % (name, path, count, covered, 100 * covered / max(count, 1)))
        print("%-12s %-40s %5d %5d %6.1f %%" % (name, "all", lines, reached, 100 * reached / max(lines, 1)), flush=True)
        if missed:
            show_missed(name)
        if 100 * reached < LIMIT * lines:
            raise Problem("less than %d %% of the lines" % LIMIT)
    return one


def print_planted(name):
    seconds, why = planted(name)
    print("%-12s found after %4.1f s: %s" % (name, seconds, why), flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./bulkhead fuzz", description="without a TARGET: lists them")
    parser.add_argument("target", nargs="?")
    parser.add_argument("seconds", nargs="?", type=int, default=DEFAULT_SECONDS)
    parser.add_argument("--coverage", action="store_true", help="lines that the corpora reach")
    parser.add_argument("--missed", action="store_true", help="with --coverage: those that they do not")
    parser.add_argument("--planted", action="store_true", help="show that planted bugs are found")
    parser.add_argument("--replay", action="store_true", help="the corpora only")
    parser.add_argument("--minimise", action="store_true", help="merge what was found into the corpora")
    said = parser.parse_args()
    os.chdir(ROOT)
    if said.target is not None and said.target not in targets():
        print("there is no target %s: %s" % (said.target, " ".join(targets())), file=sys.stderr)
        return 3
    names = [said.target] if said.target else targets()
    if said.coverage:
        print("%-12s %-40s %5s %5s" % ("target", "file", "lines", "reached"))
        return each(names, print_coverage(said.missed))
    if said.planted:
        return each(names, print_planted)
    if said.replay:
        return each(names, lambda name: print("%-12s %d inputs" % (name, replay(name)), flush=True))
    if said.minimise:
        return each(names, lambda name: print("%-12s %s" % (name, minimise(name)), flush=True))
    if said.target is None:
        for name in names:
            print("%-12s %s" % (name, about(name)))
        return 0
    return each(names, lambda name: run(name, said.seconds))


if __name__ == "__main__":
    sys.exit(main())
