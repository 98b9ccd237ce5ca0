#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rootfs.py -o FOLDER ROOT ETC: lays out the root file system of the Linux guest.

ROOT is where the arm64 packages of scripts/rootfs.packages are unpacked. FOLDER, made anew, gets
the programs of PROGRAMS, each shared library that these and their libraries name (DT_NEEDED, System V
ABI, "Dynamic Section"), busybox for all other tools, and the files of ETC. Called by the Makefile,
which makes an ext4 file system of FOLDER.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

PROGRAMS = ("sbin/e2fsck", "sbin/mke2fs", "sbin/ethtool", "usr/bin/fio", "usr/bin/iperf3")
LOADER = "ld-linux-aarch64.so.1"  # where the programs say: /lib
FOLDERS = ("bin", "dev", "etc", "lib", "mnt", "proc", "root", "run", "sbin", "sys", "tmp", "usr/bin", "usr/sbin")


def find_libraries(root):
    """File name to path of all shared objects of the packages."""
    found = {}
    for folder, _, files in os.walk(root):
        for name in files:
            if ".so" in name:
                found.setdefault(name, os.path.join(folder, name))
    return found


def needed(path):
    shown = subprocess.run(["aarch64-linux-gnu-readelf", "-d", path], stdout=subprocess.PIPE, check=True)
    return re.findall(r"\(NEEDED\).*\[(.+)\]", shown.stdout.decode())


def closure(root):
    """Name to path of all libraries that the programs need, at first or second hand."""
    found = find_libraries(root)
    libraries, todo = {LOADER: found[LOADER]}, [os.path.join(root, name) for name in PROGRAMS]
    while todo:
        path = todo.pop()
        for name in needed(path):
            if name not in found:
                sys.exit("rootfs: %s needs %s, which no package of scripts/rootfs.packages has" % (
                    os.path.basename(path), name))
            if name not in libraries:
                libraries[name] = found[name]
                todo.append(found[name])
    return libraries


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("root")
    parser.add_argument("etc")
    options = parser.parse_args()

    shutil.rmtree(options.out, ignore_errors=True)
    for name in FOLDERS:
        os.makedirs(os.path.join(options.out, name))
    for name in PROGRAMS + ("bin/busybox",):
        shutil.copy(os.path.join(options.root, name), os.path.join(options.out, name))
    for name, path in closure(options.root).items():
        shutil.copy(path, os.path.join(options.out, "lib", name))
    for name in os.listdir(options.etc):
        shutil.copy(os.path.join(options.etc, name), os.path.join(options.out, "etc"))
    for name in ("bin/sh", "sbin/init"):
        os.symlink("/bin/busybox", os.path.join(options.out, name))


main()
