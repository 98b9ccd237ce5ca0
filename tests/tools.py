# SPDX-License-Identifier: Apache-2.0
"""What tests call besides QEMU: the tools that the build made, programs, and their failures."""
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


def bhc_build(system, image):
    """Compile a system description and have its separation proved, once per run and image."""
    with images_lock:
        lock = images.setdefault(image, threading.Lock())
    with lock:
        if image not in built:
            run_text(["./bulkhead", "build", "--no-make", system, "-o", image])
            built.add(image)


def bhc_info(system):
    """`bhc info`: its lines NAME=VALUE."""
    status, text = run([BHC, "info", system])
    if status != 0:
        raise Failure(text)
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
