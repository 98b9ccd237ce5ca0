# SPDX-License-Identifier: Apache-2.0
"""Tests of bhc-verify on real images: every small change of a good image (verify/mutate-X), and
compilers that are wrong on purpose (verify/wrong-X). tests/run.py calls them. REQ-SPACE-011,
REQ-SPACE-015, REQ-SPACE-016, REQ-SPACE-017, REQ-SPACE-012, REQ-IMG-004, REQ-IMG-006, REQ-RULE-008,
REQ-RULE-009, REQ-CLI-004."""
import glob
import os
import re
import shutil

from machine import Failure
from tools import bhc_build, run, run_text

# Image -> options of verify_mutate: small ones exhaustively, of large ones every Nth empty entry.
MUTATED = {
    "tests/systems/hello.dts": (),
    "tests/systems/one-cpu.dts": (),
    "systems/default.dts": ("-e", "199"),
    "tests/systems/fp-share.dts": ("-e", "199"),
    "tests/systems/banks.dts": ("-e", "499"),
    "tests/systems/passed.dts": ("-e", "499"),
    "tests/verify/everything.dts": ("-e", "499"),
}
FOLDERS = ["-I", "build/guests", "-I", "boards", "-B", "build"]
WRONG = "tests/wrong-compilers"
COPY = "build/tests/wrong"


def mutate(system, options):
    """Every change of the image of a system is refused, with party and page."""
    image = "build/tests/images/mutate-%s.img" % os.path.basename(system)[:-4]
    bhc_build(system, image)
    status, text = run(["build/tests/verify_mutate", *options, *FOLDERS, image, system], 600)
    if status != 0:
        raise Failure("status %d\n%s" % (status, text))
    return "".join("  %s\n" % line for line in text.splitlines())


def damage():
    """Random damage is refused, and never makes the verifier read where it may not."""
    system = "tests/verify/everything.dts"
    image = "build/tests/images/mutate-everything.img"
    bhc_build(system, image)
    status, text = run(["build/tests/verify_damage", "-r", "3000", *FOLDERS, image, system], 300)
    if status != 0:
        raise Failure("status %d\n%s" % (status, text))
    return "  %s\n" % text.strip()


def bad_descriptions():
    """Descriptions that are refused by a rule do not crash the verifier's reader either."""
    image = "build/tests/images/mutate-hello.img"
    bhc_build("tests/systems/hello.dts", image)
    problems = []
    for path in sorted(glob.glob("tests/rules/*.dts")):
        status, text = run(["build/tests/verify_damage", "-r", "1", *FOLDERS, image, path],
                           env={**os.environ, "ASAN_OPTIONS": "exitcode=99"})
        if status != 1 or "runtime error" in text:
            problems.append("%s: status %d\n%s" % (path, status, text))
    if problems:
        raise Failure("\n".join(problems))


def header(patch):
    """The lines `name: value` above a patch."""
    with open(patch, encoding="utf-8") as file:
        head = file.read().split("\n--- ", 1)[0]
    return dict(re.findall(r"^(claim|system|says): (.*)$", head, re.MULTILINE))


def wrong_compiler(patch):
    """A patched compiler makes an image without complaint, and bhc-verify refuses it by name."""
    head = header(patch)
    name = os.path.basename(patch)[:-6]
    folder = os.path.join(COPY, name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree("tool", folder + "/tool", ignore=shutil.ignore_patterns("verify*"))
    run_text(["patch", "-s", "-p1", "--fuzz=0", "-d", folder, "-i", os.path.abspath(patch)])
    compile_wrong(folder)
    image = folder + "/image"
    system = head["system"]
    run_text([folder + "/bhc", "build", system, "-o", image, *FOLDERS])
    status, text = run(["build/bhc-verify", image, system, *FOLDERS])
    wanted = [part.strip() for part in head["says"].split("&")]
    missing = [part for part in wanted if not re.search(part, text)]
    if status != 1 or missing:
        raise Failure("%s\n  bhc-verify: status %d, says nothing of %s:\n%s"
                      % (head["claim"], status, missing, text))
    # the verifier has no prejudice: what the compiler makes without the patch passes
    right = "build/tests/images/right-%s.img" % os.path.basename(system)[:-4]
    bhc_build(system, right)
    first = next(line for line in text.splitlines() if re.search(wanted[0], line))
    shutil.rmtree(folder)
    return "  %s\n    %s\n" % (head["claim"], first)


def compile_wrong(folder):
    """Compile what the patch changed (and all that includes a changed header); link."""
    changed = [path for path in sorted(os.listdir(folder + "/tool"))
               if path.endswith((".c", ".h"))
               and not same(os.path.join(folder, "tool", path), os.path.join("tool", path))]
    objects = []
    for path in sorted(glob.glob("tool/*.c")):
        name = os.path.basename(path)
        if name.startswith("verify"):
            continue
        if name in changed or any(change.endswith(".h") for change in changed):
            objects.append("%s/%s.o" % (folder, name[:-2]))
            run_text(["gcc", "-std=gnu11", "-O1", "-I", folder, "-I.", "-c", "-o", objects[-1],
                      "%s/tool/%s" % (folder, name)])
        else:
            objects.append("build/host/tool/%s.o" % name[:-2])
    if not changed:
        raise Failure("the patch changes nothing")
    run_text(["gcc", "-o", folder + "/bhc", *objects, "-lfdt"])


def same(one, other):
    with open(one, "rb") as a, open(other, "rb") as b:
        return a.read() == b.read()


def verify_tests():
    for system, options in MUTATED.items():
        yield "verify/mutate-%s" % os.path.basename(system)[:-4], \
            lambda system=system, options=options: mutate(system, options)
    yield "verify/damage", damage
    yield "verify/bad-descriptions", bad_descriptions
    for patch in sorted(glob.glob(WRONG + "/*.patch")):
        yield "verify/wrong-%s" % os.path.basename(patch)[:-6], \
            lambda patch=patch: wrong_compiler(patch)
