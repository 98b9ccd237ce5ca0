# SPDX-License-Identifier: Apache-2.0
"""target/disk-...: Linux VMs on one physical disk (tests/systems/disk.dts), a GPT partition each, with
ext4 on it. What is on the disk afterwards is judged here: e2fsck, and that nobody wrote into what
is another's. Called by tests/run.py."""
import hashlib
import os
import shutil
import subprocess

from boot import boot
from machine import Failure, expect, expect_all, send
from table import OPTIONS

FOLDER = "build/tests/disk"
MIB = 1 << 20
PARTITIONS = ((1, 32), (33, 32))  # start and length in MiB
SPARE = 8  # behind the last partition: the second copy of the table
SUPERVISOR, ONE, TWO = "\x1d0", "\x1d3", "\x1d4"
PROMPT = r"linux# "
READY = expect_all(r"disk: one has 65536 sectors from 2048", r"disk: two has 65536 sectors from 67584",
                   PROMPT, r"(one|two)\| linux# ")
# Written, and read again from the disk: 20 MiB that nobody knows before.
CHECK = ("mkdir -p /mnt; mount /dev/vda /mnt; dd if=/dev/urandom of=/mnt/f bs=64k count=320 2>/dev/null;"
         " a=$(sha256sum /mnt/f); sync; echo 3 >/proc/sys/vm/drop_caches; b=$(sha256sum /mnt/f);"
         " umount /mnt; [ \"$a\" = \"$b\" ] && echo $(cat /sys/block/vda/serial) data sa\"\"me\n")
WRITE = ("mkdir -p /mnt; mount /dev/vda /mnt; while :; do dd if=/dev/urandom of=/mnt/g bs=64k count=50"
         " conv=fsync 2>/dev/null; echo rou\"\"nd; done\n")
RESTART = [send("restart disk\n"), expect(r"disk stopped"), expect(r"disk: two has")]
AGAIN = "mkdir -p /mnt; mount /dev/vda /mnt && ls /mnt; umount /mnt; dmesg | grep EXT4; echo do\"\"ne\n"


def run(line, text=None):
    done = subprocess.run(line, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise Failure("%s: status %d\n%s" % (" ".join(line), done.returncode, done.stdout.decode()))


def make(path, partitions=PARTITIONS, files=()):
    """A disk with partitions, ext4 with the same files in each."""
    root = path + ".root"
    os.makedirs(root, exist_ok=True)
    with open(root + "/hello", "w", encoding="ascii") as file:
        file.write("hello from the disk\n")
    for name in files:
        shutil.copy(name, root)
    empty(path, partitions)
    for start, size in partitions:
        # what mke2fs writes is sparse, and no two file systems have the same identity
        part = path + ".part"
        if os.path.exists(part):
            os.remove(part)
        run(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", root, part, "%dM" % size])
        fill(path, start, part)


def empty(path, partitions):
    """A disk with a table of partitions, and nothing in them."""
    with open(path, "wb") as file:
        file.truncate((sum(partitions[-1]) + SPARE) * MIB)
    table = "label: gpt\n" + "".join("start=%d,size=%d\n" % (start * 2048, size * 2048)
                                     for start, size in partitions)
    run(["/sbin/sfdisk", "--quiet", path], table.encode())


def fill(path, start, part):
    """Copies a file system to the partition that begins at so many MiB."""
    with open(part, "rb") as source, open(path, "r+b") as disk:
        disk.seek(start * MIB)
        shutil.copyfileobj(source, disk, MIB)


def partition(path, number, partitions=PARTITIONS):
    start, size = partitions[number]
    with open(path, "rb") as disk:
        disk.seek(start * MIB)
        return disk.read(size * MIB)


def check_files(path, number, partitions=PARTITIONS):
    """The file system of a partition has no fault."""
    part = "%s.%d" % (path, number + 1)
    with open(part, "wb") as file:
        file.write(partition(path, number, partitions))
    run(["/sbin/e2fsck", "-fn", part])


def start(system, name, path, steps, **options):
    return boot(dict(OPTIONS, name=name, system="tests/systems/%s.dts" % system, steps=steps, **{"seconds": 150, **options}, arguments=(
        "-global", "virtio-mmio.force-legacy=false", "-device",
        "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.31", "-drive",
        "if=none,id=disk,format=raw,file=" + path)))


def machine(name, steps):
    """Boots tests/systems/disk.dts with a fresh disk; its path, and what was on its second partition."""
    os.makedirs(FOLDER, exist_ok=True)
    path = "%s/%s.img" % (FOLDER, name)
    make(path)
    second = hashlib.sha256(partition(path, 1)).hexdigest()
    start("disk", name, path, steps)
    return path, second


def both():
    """Two VMs at once, and the driver is started again under them."""
    path, _ = machine("disk-both", [
        READY, send(ONE + CHECK), send(TWO + CHECK), send(SUPERVISOR)] + RESTART * 5 + [
            expect_all(r"one data same", r"two data same")])
    for number in range(len(PARTITIONS)):
        check_files(path, number)
    return "  two file systems clean\n"


def killed():
    """A VM stopped while it writes, and started again, recovers its journal; nothing else changes."""
    path, second = machine("disk-killed", [
        READY, send(ONE + WRITE), expect(r"round"), expect(r"round"),
        send(SUPERVISOR + "restart one\n"), expect(r"one stopped"), expect(r"one\| linux# "),
        send(ONE + AGAIN), expect(r"recovery complete"), expect(r"done")])
    check_files(path, 0)
    if hashlib.sha256(partition(path, 1)).hexdigest() != second:
        raise Failure("the partition of the VM that did nothing has changed")
    return "  recovered; the other partition is as it was\n"


def u_boot():
    """Debian's U-Boot finds the disk, loads a kernel from it, and boots it."""
    os.makedirs(FOLDER, exist_ok=True)
    path = FOLDER + "/u-boot.img"
    make(path, ((1, 96),), ("build/guests/vmlinuz", "build/guests/initrd.img"))
    prompt = expect(r"^=> ")
    start("uboot-disk", "disk-u-boot", path, [
        expect(r"Hit any key to stop autoboot"), send("\r"), prompt,
        send("virtio scan\r"), prompt, send("virtio info\r"), expect(r"Device 0: .*VirtIO"), prompt,
        send("ext4load virtio 0 ${kernel_addr_r} vmlinuz\r"), expect(r"\d+ bytes read"), prompt,
        send("ext4load virtio 0 ${ramdisk_addr_r} initrd.img\r"), expect(r"\d+ bytes read"), prompt,
        send("setenv bootargs console=ttyAMA0 quiet\r"), prompt,
        send("booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt_addr}\r"),
        expect(r"Starting kernel"), expect(PROMPT),
        send("cat /sys/block/vda/serial\n"), expect(r"^boot"), expect(PROMPT)])


def tests():
    yield "target/disk-u-boot", u_boot
    yield "target/disk-both", both
    yield "target/disk-killed", killed
