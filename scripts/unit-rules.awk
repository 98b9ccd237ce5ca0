# SPDX-License-Identifier: Apache-2.0
#
# From the unit tests: one make rule each. A comment at the top of tests/unit/test_X.c,
#	/* sources: kernel/timer.c arch/host/clock.c */
# names what is linked with it (over several lines if need be), `flags:` in the same way
# what its compiler is given besides.
FNR == 1 { finish(); name = FILENAME; sub(/.*\//, "", name); sub(/\.c$/, "", name) }
FNR > 20 { want = "" }
FNR <= 20 {
	line = $0
	if (match(line, /^[ \t\/*]*(sources|flags):/)) {
		want = line ~ /sources:/ ? "sources" : "flags"
		line = substr(line, RSTART + RLENGTH)
	}
	if (want == "")
		next
	last = sub(/\*\/.*/, "", line)
	count = split(line, words, /[ \t*,]+/)
	for (i = 1; i <= count; i++) {
		if (words[i] == "")
			continue
		if (want == "sources")
			sources = sources " " words[i]
		else
			flags = flags " " words[i]
	}
	if (last)
		want = ""
}
END { finish() }

function finish(    count, words, i, out)
{
	if (name == "")
		return
	count = split(sources, words, " ")
	for (i = 1; i <= count; i++) {
		sub(/\.[cS]$/, ".o", words[i])
		out = out " build/unit/" words[i]
	}
	printf "build/tests/unit/%s: build/unit/tests/unit/%s.o%s\n", name, name, out
	if (flags != "")
		printf "flags_tests/unit/%s :=%s\n", name, flags
	sources = flags = want = ""
}
