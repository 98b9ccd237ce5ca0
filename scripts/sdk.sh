#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sdk.sh ROOT BUILD DIR: lays out in DIR what is needed to build native tasks, drivers and virtual devices
# outside this tree (docs/sdk.md). Called by `./bulkhead sdk`, which has built everything; DIR is
# new or empty.
set -eu

root=$1
build=$2
sdk=$3

mkdir -p "$sdk/bin" "$sdk/lib" "$sdk/build/user" "$sdk/include/abi" "$sdk/include/user/lib" "$sdk/include/user/vmm/virtio"
cp "$root"/abi/*.h "$root"/abi/*.def "$sdk/include/abi/"
cp "$root"/user/lib/*.h "$sdk/include/user/lib/"
cp "$root/user/vmm/device.h" "$root/user/vmm/lock.h" "$root/user/vmm/machine.h" "$sdk/include/user/vmm/"
cp "$root"/user/vmm/virtio/*.h "$sdk/include/user/vmm/virtio/"
cp "$build/bhc" "$build/bhc-verify" "$sdk/bin/"
cp "$build/el0/lib.a" "$build/user/vmm.o" "$root/user/lib/program.ld" "$root/scripts/no-fp.sh" "$sdk/lib/"
cp "$build/kernel.elf" "$sdk/build/"
cp "$build"/user/*.elf "$sdk/build/user/"
cp -R "$root/boards" "$root/sdk/examples" "$root/sdk/Makefile" "$sdk/"
cp "$root/docs/sdk.md" "$sdk/README.md"
