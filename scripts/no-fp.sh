#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# no-fp.sh ELF...: fails when the code of a program or object names an FP or SIMD register. In
# a vCPU thread they belong to the guest even while its VM process runs. Called after linking.
set -u
status=0
for elf; do
	found=$(aarch64-linux-gnu-objdump -d --no-show-raw-insn "$elf" |
		grep -E '[[:space:]{,](v[0-9]+(\.[0-9]*[bhsdq])?|[qdshb][0-9]+)([],} ]|$)' |
		grep -vE '	(b|b\.[a-z]+|bl|cbn?z|tbn?z|adrp?|dsb|dmb|isb)	|^[^	]*$' | head -3)
	if [ -n "$found" ]; then
		echo "$elf: uses FP registers, which are not its own:" >&2
		echo "$found" >&2
		status=1
	fi
done
exit $status
