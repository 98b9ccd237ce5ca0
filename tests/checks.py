# SPDX-License-Identifier: Apache-2.0
"""Tests that start no QEMU: the rules of the source tree, size, reproducible builds, the rule
examples and the command blocks of the docs. tests/run.py calls them."""
import filecmp
import glob
import os
import re
import shutil
import tempfile

from machine import Failure
from table import TARGETS
from tools import Skip, bhc_build, run, run_text

# Folder -> folders that it may include besides itself (docs/architecture.md). The longest prefix wins.
LAYERS = {
    "abi": (),
    "lib": ("abi",),
    "kernel": ("lib", "abi"),
    "arch/arm64": ("kernel", "lib", "abi"),
    "arch/host": ("kernel", "lib", "abi"),
    "user/lib": ("lib", "abi"),
    "user/vmm": ("user/lib", "lib", "abi"),
    "user/vmm/dev": ("user/vmm", "user/lib", "lib", "abi"),
    "user/drivers": ("user/lib", "lib", "abi"),
    "user/services": ("user/lib", "lib", "abi"),
    "user/tasks": ("user/lib", "lib", "abi"),
    "tool": ("lib", "abi"),
    "guests": ("lib", "abi"),
    "bench": ("abi",),
}
ONE_FILE_EACH = ("user/vmm/dev", "user/drivers", "user/tasks")  # nothing includes a sibling
FREESTANDING = {"float.h", "limits.h", "stdarg.h", "stdalign.h", "stdbool.h", "stddef.h",
                "stdint.h", "stdnoreturn.h"}
HOSTED = ("tool", "tests", "arch/host", "bench")
CODE = (".c", ".h", ".S", ".ld", ".def")
SCRIPT = (".py", ".sh", ".awk", ".dts", ".dtsi", ".mk")
COLUMNS = 110  # clang-format aims at 100; a table may go a little beyond
EL2_LINES = 6000
EL2_TEXT_BYTES = 48 * 1024


def sources(*suffixes):
    """Every file of ours with one of the suffixes."""
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(name for name in folders if name not in (".git", "build", ".cache"))
        for name in sorted(names):
            if name.endswith(suffixes):
                yield os.path.normpath(os.path.join(folder, name))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def layer(path):
    folder = os.path.dirname(path)
    fits = [name for name in LAYERS if folder == name or folder.startswith(name + "/")]
    return max(fits, key=len) if fits else folder.split("/")[0]


def fail(problems):
    if problems:
        raise Failure("\n  ".join(problems))


def include_problem(path, angle, name):
    own = layer(path)
    if own not in LAYERS:
        return None
    if angle:
        if own in HOSTED or name in FREESTANDING:
            return None
        return "includes <%s>, which is not freestanding" % name
    if not os.path.exists(name):
        return "includes \"%s\", which is not a path from the root" % name
    other = layer(name)
    if other != own and other not in LAYERS[own]:
        return "includes %s: %s may include only %s" % (
            name, own, ", ".join((own,) + LAYERS[own]))
    stem = os.path.splitext(path)[0]
    if own in ONE_FILE_EACH and other == own and os.path.splitext(name)[0] != stem:
        return "includes its sibling %s" % name
    if own == "tool":
        mine, theirs = (os.path.basename(x).startswith("verify") for x in (path, name))
        if other == "tool" and mine != theirs:
            return "includes %s: compiler and verifier share nothing but abi/" % name
        if mine and other == "lib":
            return "includes %s: the verifier shares nothing but abi/" % name
    return None


def includes():
    problems = []
    for path in sources(".c", ".h", ".S", ".def"):
        for number, line in enumerate(read(path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            wrong = match and include_problem(path, match[1] == "<", match[2])
            if wrong:
                problems.append("%s:%d: %s" % (path, number, wrong))
    fail(problems)


def tree():
    """File names unique, licences, no conditional compilation in kernel/, no build leftovers."""
    problems = []
    seen = {}
    for path in sources(*CODE, *SCRIPT):
        name = os.path.basename(path)
        # abi/process.h is the contract that kernel/process.h keeps: they share a name on purpose
        if not path.startswith(("abi/", "boards/")):
            if name in seen:
                problems.append("%s and %s have one name" % (seen[name], path))
            seen[name] = path
        if "SPDX-License-Identifier: Apache-2.0" not in "".join(read(path).split("\n")[:2]):
            problems.append("%s: no SPDX line" % path)
    for path in sources(".c", ".h", ".S"):
        for number, line in enumerate(read(path).splitlines(), 1):
            if path.startswith("kernel/") and re.match(r"\s*#\s*(if|elif)", line) and \
                    not re.match(r"#ifndef BULKHEAD_\w+_H$", line):
                problems.append("%s:%d: conditional compilation" % (path, number))
            if not path.startswith("tests/") and len(line.replace("\t", " " * 8)) > COLUMNS:
                problems.append("%s:%d: over %d columns" % (path, number, COLUMNS))
            if line != line.rstrip():
                problems.append("%s:%d: blanks at the end" % (path, number))
    fail(problems)


def flags(name):
    """A variable of the Makefile, as words."""
    status, text = run(["make", "-s", "--no-print-directory", "print-" + name])
    if status != 0:
        raise Failure(text)
    return [flag for flag in text.split() if flag not in ("-MMD", "-MP")]


def compile_each(compiler, options, paths, language=()):
    problems = []
    for path in paths:
        status, text = run(compiler + options + ["-fsyntax-only", *language, path])
        if status != 0:
            problems.append("%s:\n%s" % (path, text))
    fail(problems)


def headers():
    """Each header compiles alone: on the target, or on the host where it belongs there."""
    language = ("-x", "c", "-Wno-unused-macros")
    paths = [path for path in sources(".h")]
    host = [path for path in paths if path.startswith(HOSTED)]
    compile_each(["gcc"], flags("HOST_FLAGS"), host, language)
    compile_each(["aarch64-linux-gnu-gcc"], flags("EL2_FLAGS"),
                 [path for path in paths if path not in host], language)


def size():
    status, text = run(["scripts/size.sh"])
    if status != 0:
        raise Failure(text)
    values = dict(line.split("=") for line in text.splitlines())
    lines, text_bytes = int(values["lines"]), int(values["text_bytes"])
    if lines > EL2_LINES or text_bytes > EL2_TEXT_BYTES:
        raise Failure("EL2 has %d lines (limit %d), %d bytes of text (limit %d)"
                      % (lines, EL2_LINES, text_bytes, EL2_TEXT_BYTES))
    return "  EL2: %d lines of code (limit %d), %.1f KiB of text (limit %d)\n" % (
        lines, EL2_LINES, text_bytes / 1024, EL2_TEXT_BYTES // 1024)


def no_fp():
    """No FP register in the kernel's C code, nor in programs whose threads have vCPUs."""
    own_fp = flags("fp_programs")
    objects = ["build/el2/%s.o" % path[:-2] for path in sources(".c")
               if path.startswith(("kernel/", "arch/arm64/", "lib/"))]
    programs = [path for path in sorted(glob.glob("build/user/*.elf"))
                if os.path.basename(path)[:-4] not in own_fp]
    run_text(["scripts/no-fp.sh"] + objects + programs)


def high_registers():
    """Entry leaves x8 to x18 in the CPU (arch/arm64/vectors.S): no code of the kernel names them, but
    for the functions that move them and the call of the firmware."""
    problems = []
    for path in sources(".c"):
        if not path.startswith(("kernel/", "arch/arm64/", "lib/")) or \
                path == "arch/arm64/registers.c":
            continue
        status, text = run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn",
                            "build/el2/%s.o" % path[:-2]])
        if status != 0:
            raise Failure(text)
        problems += ["%s: %s" % (path, line.strip()) for line in text.splitlines()
                     if re.search(r"[\s\[,{][xw](8|9|1[0-8])\b", line.partition("\t")[2])]
    fail(problems)


def reproducible():
    """The same tree in another folder gives the same bytes."""
    other = os.path.abspath("build/tests/again")
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(".", other, ignore=shutil.ignore_patterns("build", ".git"))
    os.mkdir(other + "/build")
    os.symlink(os.path.abspath("build/cache"), other + "/build/cache")
    run_text(["make", "-s", "-C", other, "kernel", "user", "guests", "tools", "linux"], 600)
    run_text(["./bulkhead", "build", "--no-make", "systems/default.dts", "-o", "build/a.img"], 120,
             cwd=other)
    bhc_build("systems/default.dts", "build/tests/images/reproducible.img")
    for mine, theirs in (("build/kernel.elf", "build/kernel.elf"),
                         ("build/guests/initrd.img", "build/guests/initrd.img"),
                         ("build/tests/images/reproducible.img", "build/a.img")):
        if not filecmp.cmp(mine, os.path.join(other, theirs), shallow=False):
            raise Failure("%s differs when it is built in another folder" % mine)
    shutil.rmtree(other)


def requirements():
    """Every requirement that a test names is in docs/requirements.md; says which no test names."""
    path = "docs/requirements.md"
    known = set(re.findall(r"REQ-[A-Z0-9]+-\d+", read(path))) if os.path.exists(path) else set()
    problems = []
    named = set()
    for entry in TARGETS:
        named.update(entry["requires"])
        for name in entry["requires"]:
            if name not in known:
                problems.append("target/%s: %s is not in %s" % (entry["name"], name, path))
    for test in glob.glob("tests/unit/*.c") + glob.glob("tests/rules/*.dts") + \
            glob.glob("tests/*_tests.py"):
        for name in re.findall(r"REQ-[A-Z0-9]+-\d+", read(test)):
            named.add(name)
            if name not in known:
                problems.append("%s: %s is not in %s" % (test, name, path))
    fail(problems)
    return "  %d of %d requirements are named by a target or unit test; not: %s\n" % (
        len(named & known), len(known), " ".join(sorted(name[4:] for name in known - named)))


def links():
    """Every relative link in the docs leads to a file."""
    problems = []
    for path in documents():
        for link in re.findall(r"\]\(([^)#\s]+)", read(path)):
            if "://" not in link and not os.path.exists(
                    os.path.join(os.path.dirname(path), link)):
                problems.append("%s: link to %s, which is not there" % (path, link))
    fail(problems)


def setup():
    """An ordinary user without the tools gets the one line that helps; exit statuses."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("sh", "dirname", "tr", "sed"):
            os.symlink(shutil.which(name), os.path.join(folder, name))
        for name, text in (("id", "echo 1000"), ("apt-get", "exit 1")):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n%s\n" % text)
            os.chmod(path, 0o755)
        status, text = run(["./bulkhead", "run"], env={"PATH": folder})
    wanted = r"^apt-get install --no-install-recommends .*gcc-aarch64-linux-gnu.*qemu-system-arm"
    if status != 2 or len(re.findall(wanted, text, re.MULTILINE)) != 1:
        raise Failure("without tools: status %d\n%s" % (status, text))
    for arguments, want in ((["help"], 0), (["--version"], 0), ([], 3), (["nonsense"], 3),
                            (["bench", "--nonsense"], 3), (["check"], 3), (["check", "nowhere.dts"], 3),
                            (["run", "--nonsense"], 3)):
        status, text = run(["./bulkhead"] + arguments)
        if status != want:
            raise Failure("./bulkhead %s: status %d, not %d\n%s"
                          % (" ".join(arguments), status, want, text))


def static_tests():
    for check in (setup, includes, tree, headers, size, no_fp, high_registers,
                  reproducible, requirements, links):
        yield "check/" + check.__name__.replace("_", "-"), check


# ---- the rules of system descriptions: one bad example each -----------------------------------

def is_system(path):
    """Is it a system description? Guests' trees that the examples use lie beside them."""
    return "bulkhead,system-1" in read(path) or "expect:" in read(path)


def rule_refused(path):
    match = re.search(r"expect: *([a-z0-9-]+)", "\n".join(read(path).split("\n")[:3]))
    if not match:
        raise Failure("%s: no `expect: rule-name` in its first lines" % path)
    status, text = run(["./bulkhead", "check", "--no-make", path])
    rule = match[1]
    if status != 1:
        raise Failure("expected rule %s, but the status is %d\n%s" % (rule, status, text))
    # not the bare name, which is in the path of the example too
    if not re.search(r"^[\w./-]+\.dtsi?:\d+: %s: " % re.escape(rule), text, re.MULTILINE):
        raise Failure("expected FILE:LINE: %s: ..., got:\n%s" % (rule, text))


# ---- docs ---------------------------------------------------------------------------------------

def documents():
    return sorted(glob.glob("*.md") + glob.glob("docs/*.md") + glob.glob("docs/adr/*.md"))


def tested_blocks(path):
    """(line, commands) of each ```sh block right behind a line `<!-- test -->`."""
    lines = read(path).splitlines()
    for number, line in enumerate(lines):
        if line.strip() != "<!-- test -->" or lines[number + 1].strip() != "```sh":
            continue
        end = lines.index("```", number + 2)
        yield number + 3, "\n".join(lines[number + 2:end])


def run_block(block, at):
    try:
        run_text(["sh", "-eu", "-c", block], 300)
    except Failure as failure:
        raise Failure("%s: %s" % (at, failure)) from None
