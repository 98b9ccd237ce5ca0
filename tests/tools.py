# SPDX-License-Identifier: Apache-2.0
"""What tests call besides QEMU: the tools that the build made, programs, and their failures."""
import glob
import os
import shutil
import subprocess
import threading

from machine import Failure

BHC = "build/bhc"
images = {}
images_lock = threading.Lock()
built = set()


class Skip(Exception):
    """Why a test cannot run here."""


def run(line, seconds=120, **options):
    """Run a program: (status, what it printed)."""
    try:
        done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds, check=False, **options)
    except FileNotFoundError:
        raise Failure("%s is not there" % line[0]) from None
    except subprocess.TimeoutExpired as expired:
        raise Failure("%s did not end within %d s\n%s" % (
            " ".join(line), seconds, (expired.output or b"").decode("utf-8", "replace"))) from None
    return done.returncode, done.stdout.decode("utf-8", "replace")


def run_text(line, seconds=120, **options):
    """Run a program that must succeed; what it printed is shown only when it does not."""
    status, text = run(line, seconds, **options)
    if status != 0:
        raise Failure("%s: status %d\n%s" % (" ".join(line), status, text))
    return ""


def programs_folder(name, programs):
    """A build folder as bhc's -B takes it, in which some programs are replaced by others."""
    folder = "build/tests/programs/" + name
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder + "/user")
    os.symlink(os.path.abspath("build/kernel.elf"), folder + "/kernel.elf")
    for file in glob.glob("build/user/*.elf"):
        program = os.path.basename(file)[:-4]
        os.symlink(os.path.abspath("build/user/%s.elf" % programs.get(program, program)),
                   "%s/user/%s.elf" % (folder, program))
    return folder


def bhc_build(system, image, programs=None):
    """
    Compile a system description and have its separation proved, once per run and image.
    programs: {NAME: OTHER}, programs that others stand in for.
    """
    with images_lock:
        lock = images.setdefault(image, threading.Lock())
    with lock:
        if image not in built:
            if programs:
                os.makedirs(os.path.dirname(image), exist_ok=True)
                folder = programs_folder(os.path.basename(image)[:-4], programs)
                run_text([BHC, "build", "-I", "build/guests", "-B", folder, system, "-o", image])
                run_text([BHC + "-verify", image])
            else:
                run_text(["./bulkhead", "build", "--no-make", system, "-o", image])
            built.add(image)


def bhc_info(system):
    """`bhc info`: its lines NAME=VALUE."""
    status, text = run([BHC, "info", system])
    if status != 0:
        raise Failure(text)
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
