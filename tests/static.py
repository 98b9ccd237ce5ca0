# SPDX-License-Identifier: Apache-2.0
"""Static analysis: two compilers, the form of the sources, clang-tidy, cppcheck and its MISRA addon,
the scripts. tests/run.py calls it; what each test reports as passed is kept by content in
build/tests/static, so that a second run looks only at what changed. docs/testing.md has the list."""
import concurrent.futures
import hashlib
import os
import re
import shlex
import shutil
import threading

from checks import HOSTED, compile_each, fail, flags, read, sources
from machine import Failure
from tools import Skip, run

CACHE = "build/tests/static"
JOBS = min(2, os.cpu_count() or 1)
MISRA_FOLDERS = ("kernel", "arch/arm64", "lib", "user")
DEVIATIONS = "docs/misra.md"
# The analyzer's effort per function: a run over the whole tree takes half a minute of CPU time.
ANALYZER = ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=30000")
LISTED = "tests/tidy.txt"
FINDING = r"^(\S+?):(\d+):\d+: (?:warning|error): (.*) \[([\w.,-]+)\]\n(.*)$"
# GCC's option -> clang's. What only GCC knows: the attribute `optimize`, in arch/arm64/runtime.c
# (clang leaves those functions alone in freestanding code).
CLANG_OPTIONS = {"-mstrict-align": ("-mno-unaligned-access",),
                 "-mcpu=generic": ("-march=armv8-a", "-Wno-unknown-attributes"),
                 "-ffixed-x8": (), "-ffixed-x16": (), "-ffixed-x17": (),
                 "-fno-move-loop-invariants": ()}  # clang has no such
WANTED = """-std=gnu11 -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wundef -Wcast-qual -Wpointer-arith -Wwrite-strings -Wvla
    -Wimplicit-fallthrough -Werror""".split()
WANTED_EL2 = "-ffreestanding -mgeneral-regs-only -mstrict-align -fno-common".split()
# Sources that the Makefile does not compile: what bench/bench.mk makes; fuzz targets, which
# tests/fuzz/fuzz.py has clang compile, all of them
NOT_BY_MAKE = ("bench/", "tests/fuzz/", "tests/storm/")


class Compile:
    """One line of the Makefile that compiles a source."""

    def __init__(self, line):
        words = shlex.split(line)
        at = words.index("-o")
        self.compiler = words[0]
        self.object = words[at + 1]
        self.source = words[-1]
        del words[at:at + 2]
        self.options = [word for word in words[1:-1] if word not in ("-c", "-MMD", "-MP")]
        self.target = self.compiler.startswith("aarch64-")

    def clang_options(self):
        options = ["--target=aarch64-linux-gnu"] if self.target else []
        for option in self.options:
            options += CLANG_OPTIONS.get(option, (option,))
        return options


def compiles():
    """What `make` would do to build everything from nothing."""
    status, text = run(["make", "-nB", "--no-print-directory", "sdk", "units"])
    if status != 0:
        raise Failure(text)
    lines = {line for line in text.splitlines() if re.search(r" -c -o \S+ \S+\.[cS]$", line)}
    return [Compile(line) for line in sorted(lines)]


def version(program):
    if not shutil.which(program):
        raise Skip("%s is not installed" % program)
    return run([program, "--version"])[1]


def preprocessed(compile_line, options):
    status, text = run([compile_line.compiler] + options + ["-E", compile_line.source])
    return text if status == 0 else None


def kept(key, look, good=lambda text: True):
    """What look() found, or what it found the last time for the same key, if that was good. A key
    is complete: a source that cannot be preprocessed (None in the key) is looked at every time."""
    if None in key:
        return look()
    path = os.path.join(CACHE, hashlib.sha256("\0".join(key).encode()).hexdigest())
    if os.path.exists(path):
        return read(path)
    text = look()
    if not good(text):
        return text
    with open("%s.%d" % (path, threading.get_ident()), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(file.name, path)
    return text


def look_at_each(work):
    """work: (key, function that returns what it found). What was found."""
    os.makedirs(CACHE, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        texts = list(pool.map(lambda item: kept(*item), work))
    return sorted({text for text in texts if text})


def compiler_problem(line, name):
    status, text = run(line)
    return "" if status == 0 else "%s:\n%s" % (name, text)


def gcc():
    """The build compiles every source of the tree with every flag of the style, and has passed."""
    problems = []
    lines = compiles()
    for line in lines:
        wanted = WANTED + (WANTED_EL2 if line.object.startswith("build/el2/") else [])
        problems += ["%s: compiled without %s" % (line.object, flag)
                     for flag in wanted if flag not in line.options]
    problems += ["%s: warnings are switched off in the Makefile" % option for option in
                 sorted({option for line in lines for option in line.options})
                 if option == "-w" or option.startswith("-Wno-")]
    compiled = {line.source for line in lines}
    problems += ["%s: nothing compiles it" % path for path in sources(".c", ".S")
                 if path not in compiled and not path.startswith(NOT_BY_MAKE)]
    fail(problems)
    return "  %d objects from %d sources\n" % (len(lines), len(compiled))


def clang():
    """The second compiler builds it all too, assembly as well, with the same flags."""
    release = version("clang")
    work = []
    for line in compiles():
        options = line.clang_options()
        command = ["clang"] + options + ["-c", "-o", "/dev/null", line.source]
        text = preprocessed(line, line.options)
        work.append((("clang", release, " ".join(command), text),
                     lambda command=command, line=line: compiler_problem(command, line.source)))
    fail(look_at_each(work))


def clang_headers():
    """Each header stands by itself for the second compiler, too (check/headers: for the first)."""
    version("clang")
    language = ("-x", "c", "-Wno-unused-macros", "-Wno-unused-function")
    paths = list(sources(".h"))
    host = [path for path in paths if path.startswith(HOSTED)]
    compile_each(["clang"], flags("HOST_FLAGS"), host, language)
    options = ["--target=aarch64-linux-gnu"]
    for option in flags("EL2_FLAGS"):
        options += CLANG_OPTIONS.get(option, (option,))
    compile_each(["clang"], options, [path for path in paths if path not in host], language)


def form():
    """Every source is as clang-format writes it."""
    release = version("clang-format")
    work = []
    for path in sources(".c", ".h"):
        command = ["clang-format", "--dry-run", "--Werror", path]
        work.append((("format", release, read(".clang-format"), path, read(path)),
                     lambda command=command: run(command)[1]))
    fail(look_at_each(work))


# ---- clang-tidy ---------------------------------------------------------------------------------

def tidy_findings(command):
    status, text = run(command, 300)
    if status != 0 and ": error: " not in text and ": warning: " not in text:
        raise Failure(text)
    return text


def judge_findings(texts):
    """Fails on what tests/tidy.txt does not list, and on what it lists without need."""
    listed = [tuple(part.strip() for part in line.split("|")) for line in read(LISTED).splitlines()
              if line and not line.startswith("#")]
    used = set()
    problems = set()
    for text in texts:
        for path, number, what, check, code in re.findall(FINDING, text, re.MULTILINE):
            path = os.path.normpath(os.path.relpath(path))
            fits = [entry for entry in listed
                    if entry[0] == path and entry[1] in check.split(",") and entry[2] in code]
            used.update(fits)
            if not fits:
                problems.add("%s:%s: %s [%s]\n    %s" % (path, number, what, check, code.strip()))
    problems.update("%s: not found any more: %s" % (LISTED, " | ".join(entry))
                    for entry in listed if entry not in used)
    fail(sorted(problems))


def tidy():
    """clang-tidy with the checks of .clang-tidy has nothing to say, about headers neither."""
    release = version("clang-tidy")
    work = []
    seen = set()
    for line in compiles():
        # what is compiled for a unit test as well is looked at as it is in the product
        if line.source in seen or not line.source.endswith(".c"):
            continue
        again = line.object.startswith("build/unit/") and not line.source.startswith(HOSTED)
        if again:
            continue
        seen.add(line.source)
        options = line.clang_options() + list(ANALYZER)
        command = ["clang-tidy", "--quiet", line.source, "--"] + options
        text = preprocessed(line, line.options + ["-C"])
        work.append((("tidy", release, " ".join(command), read(".clang-tidy"), text),
                     lambda command=command: tidy_findings(command)))
    judge_findings(look_at_each(work))
    return "  %d sources\n" % len(work)


# ---- cppcheck and its MISRA addon ---------------------------------------------------------------

CPPCHECK = ["cppcheck", "--quiet", "-I.", "--std=c11", "--platform=unix64",
            "--suppressions-list=" + os.path.abspath("tests/cppcheck.txt"),
            "--template={file}:{line}: {id}: {message}", "--suppress=missingIncludeSystem"]


def cppcheck_judged(arguments, folders, judge):
    """The problems that judge() sees in what cppcheck prints about the folders. cppcheck works in a
    copy, as an addon's files come and go beside the sources."""
    folders = [folder for folder in folders if os.path.isdir(folder)]
    copy = os.path.join(CACHE, "tree-" + hashlib.sha256(" ".join(arguments).encode()).hexdigest()[:8])

    def look():
        shutil.rmtree(copy, ignore_errors=True)
        for folder in folders + ["abi"]:
            shutil.copytree(folder, os.path.join(copy, folder))
        status, text = run(CPPCHECK + arguments + folders, 900, cwd=copy)
        shutil.rmtree(copy)
        if status != 0:
            raise Failure("cppcheck: status %d\n%s" % (status, text))
        return text

    os.makedirs(CACHE, exist_ok=True)
    key = ["cppcheck", version("cppcheck"), read("tests/cppcheck.txt"), read("tests/cppcheck.cfg"),
           " ".join(CPPCHECK + arguments)]
    for path in sources(".c", ".h", ".def"):
        if path.startswith(tuple(name + "/" for name in folders + ["abi"])):
            key += [path, read(path)]
    return judge(kept(key, look, lambda text: not judge(text)))


def cppcheck():
    """cppcheck itself, on the compilers, the unit tests and the guests too."""
    fail(cppcheck_judged(["--enable=warning,performance,portability", "-j%d" % JOBS,
                          "--library=" + os.path.abspath("tests/cppcheck.cfg")],
                         ("kernel", "arch", "lib", "user", "tool", "guests"),
                         lambda text: sorted(set(text.splitlines()))))


def misra_listed():
    """Rule -> the folders in which deviations from it are listed."""
    listed = {}
    for rule, folders in re.findall(r"^\| (\d+\.\d+) \| ([^|]*) \|", read(DEVIATIONS), re.MULTILINE):
        if rule in listed:
            raise Failure("%s: rule %s is listed twice" % (DEVIATIONS, rule))
        listed[rule] = set(folders.replace(",", " ").split())
    return listed


def misra_problems(text):
    listed = misra_listed()
    unused = {(rule, folder) for rule, folders in listed.items() for folder in folders}
    problems = []
    for line in sorted(set(text.splitlines())):
        match = re.match(r"(\S+?):\d+: misra-c2012-(\d+\.\d+):", line)
        if not match:
            problems.append(line)  # what cannot be parsed is not analysed
            continue
        folder = next(name for name in MISRA_FOLDERS + ("abi",) if match[1].startswith(name + "/"))
        unused.discard((match[2], folder))
        if folder not in listed.get(match[2], ()):
            problems.append("%s (not listed for %s in %s)" % (line, folder, DEVIATIONS))
    return problems + ["%s: rule %s is listed for %s, where nothing deviates from it any more"
                       % ((DEVIATIONS,) + entry) for entry in sorted(unused)]


def misra():
    """Every MISRA C:2012 finding is of a rule that docs/misra.md lists, in the folders that it lists;
    what is listed is still found."""
    fail(cppcheck_judged(["--addon=misra", "-D__aarch64__", "-D__ELF__"], MISRA_FOLDERS,
                         misra_problems))
    return "  deviations from %d rules, all listed in %s\n" % (len(misra_listed()), DEVIATIONS)


# ---- scripts ------------------------------------------------------------------------------------

def shell():
    """shellcheck has nothing to say about the shell scripts."""
    version("shellcheck")
    paths = [path for path in sources("") if is_shell(path)]
    status, text = run(["shellcheck", "-s", "sh"] + paths)
    if status != 0:
        raise Failure(text)
    return "  %d scripts\n" % len(paths)


def is_shell(path):
    if os.path.islink(path):
        return False
    with open(path, "rb") as file:
        return re.match(rb"#! ?/bin/(sh|busybox sh)\b", file.readline()) is not None


def python():
    """Each Python source compiles, without a warning."""
    problems = []
    for path in sources(".py"):
        line = ["python3", "-W", "error", "-c",
                "import sys, tokenize\nwith tokenize.open(sys.argv[1]) as file:\n"
                "    compile(file.read(), sys.argv[1], 'exec')", path]
        status, text = run(line)
        if status != 0:
            problems.append(text)
    fail(problems)


def static_analysis():
    for check in (gcc, clang, clang_headers, form, tidy, cppcheck, misra, shell, python):
        yield "static/" + {"form": "format"}.get(check.__name__, check.__name__.replace("_", "-")), check
