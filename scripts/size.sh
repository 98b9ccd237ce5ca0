#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# size.sh: how large is what runs at EL2? Prints lines=N (code of kernel/, arch/arm64/ and
# what is linked from lib/, preprocessed, without blanks and comments; a header counts once)
# and text_bytes=N (code and read-only data, as `size` counts). Needs build/kernel.elf.
set -eu
cd "$(dirname "$0")/.."
[ -r build/kernel.elf ] || {
	echo "size.sh: build/kernel.elf is not built" >&2
	exit 2
}

linked=$(sed -n 's,^build/el2/lib\.a(\(.*\)\.o).*,\1,p' build/kernel.elf.map | sort -u)
set -- kernel/*.c arch/arm64/*.c arch/arm64/*.S
for name in $linked; do
	for path in lib/"$name".[cS]; do
		[ -e "$path" ] && set -- "$@" "$path"
	done
done

# Line markers say which file a line comes from; only our own count.
lines=$(for source; do
	aarch64-linux-gnu-gcc -std=gnu11 -ffreestanding -I. -E "$source"
	echo '# 0 "end of source"'
done | awk '
	/^# [0-9]+ "/ {
		split($0, part, "\"")
		file = part[2]
		if (file == "end of source") {
			for (name in fresh)
				seen[name] = 1
			split("", fresh)
		}
		ours = file ~ /^(kernel|lib|arch\/arm64)\// && !(file in seen)
		if (ours)
			fresh[file] = 1
		next
	}
	ours && /[^ \t]/ { count++ }
	END { print count + 0 }')
echo "lines=$lines"
echo "text_bytes=$(aarch64-linux-gnu-size build/kernel.elf | awk 'NR == 2 { print $1 }')"
