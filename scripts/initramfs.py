#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""initramfs.py -o OUT ROOT FILES: the initramfs of the Linux guest.

ROOT is where the arm64 packages are unpacked (busybox, the kernel's modules), FILES holds our
own: `init`, the others go to /bin. The modules of MODULES and what they depend on go to
/lib/modules, and their names, in the order of loading, to /lib/modules/order. Written here rather than by cpio, because device nodes need root
there, and because the same contents must give the same bytes (sorted, no times, no owners).
"""
import argparse
import gzip
import os
import re
import stat

ALIGN = 4
# Debian has the drivers of virtio devices as modules.
MODULES = ("virtio_mmio", "virtio_blk", "virtio_net", "virtio_rng")


def entry(name, mode, data=b"", device=(0, 0), inode=0):
    """One newc record: Linux, Documentation/driver-api/early-userspace/buffer-format.rst."""
    fields = [inode, mode, 0, 0, 2 if stat.S_ISDIR(mode) else 1, 0, len(data), 0, 0,
              device[0], device[1], len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields)
    record = head + name.encode() + b"\0"
    record += b"\0" * (-len(record) % ALIGN)
    return record + data + b"\0" * (-len(data) % ALIGN)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def find_modules(root):
    """Name to path of all modules of the one kernel in root."""
    found = {}
    for folder, _, files in os.walk(os.path.join(root, "lib/modules")):
        for name in files:
            if name.endswith(".ko"):
                found[name[:-3].replace("-", "_")] = os.path.join(folder, name)
    return found


def add_module(name, found, order):
    """The module's file to order, behind those that its .modinfo says it depends on."""
    if any(name == known for known, _ in order):
        return
    data = read(found[name])
    depends = re.search(rb"\0depends=([^\0]*)\0", data)
    for other in depends[1].decode().split(",") if depends else ():
        if other:
            add_module(other.replace("-", "_"), found, order)
    order.append((name, data))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("root")
    parser.add_argument("files")
    options = parser.parse_args()

    entries = {}
    for name in ("bin", "dev", "etc", "proc", "root", "run", "sbin", "sys", "tmp"):
        entries[name] = (stat.S_IFDIR | 0o755, b"", (0, 0))
    entries["dev/console"] = (stat.S_IFCHR | 0o600, b"", (5, 1))
    entries["dev/null"] = (stat.S_IFCHR | 0o666, b"", (1, 3))
    entries["bin/busybox"] = (stat.S_IFREG | 0o755,
                              read(os.path.join(options.root, "bin/busybox")), (0, 0))
    entries["bin/sh"] = (stat.S_IFLNK | 0o777, b"busybox", (0, 0))
    for name in os.listdir(options.files):
        place = name if name == "init" else "bin/" + name
        entries[place] = (stat.S_IFREG | 0o755, read(os.path.join(options.files, name)), (0, 0))

    order = []
    found = find_modules(options.root)
    for name in MODULES:
        add_module(name, found, order)
    for name in ("lib", "lib/modules"):
        entries[name] = (stat.S_IFDIR | 0o755, b"", (0, 0))
    for name, data in order:
        entries["lib/modules/%s.ko" % name] = (stat.S_IFREG | 0o644, data, (0, 0))
    entries["lib/modules/order"] = (
        stat.S_IFREG | 0o644, "".join("%s\n" % name for name, _ in order).encode(), (0, 0))

    archive = b""
    for inode, name in enumerate(sorted(entries), 1):
        mode, data, device = entries[name]
        archive += entry(name, mode, data, device, inode)
    archive += entry("TRAILER!!!", 0)
    archive += b"\0" * (-len(archive) % 512)
    with open(options.out, "wb") as file:
        file.write(gzip.compress(archive, 6, mtime=0))


main()
