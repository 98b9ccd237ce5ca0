#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# fetch-arm64.sh CACHE [PACKAGE...]: puts Debian's arm64 packages into CACHE/root, unpacked: a
# kernel, static busybox and U-Boot when none are named. Called by the Makefile and by
# bench/peers.py, as root or as any user, on any Debian machine: apt runs on a state of its own
# in the cache, so the machine's own packages stay as they are. What was downloaded stays in
# CACHE/debs; with that, no network is needed.
set -eu

packages="linux-image-cloud-arm64 busybox-static u-boot-qemu"

die() {
	echo "fetch-arm64: $*" >&2
	exit 2
}

# The machine's package sources without any architecture restriction: one-line style, then
# deb822 style. Sources of source code are left out.
copy_sources() {
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -r "$list" ] || continue
		sed -n -e '/^[[:space:]]*deb[[:space:]]/ {
			s/[[:space:]]*\barch[-+]\{0,1\}=[^]	 ]*//g
			s/\[[[:space:]]*\]//
			p
		}' "$list" >"$1/$(basename "$list")"
	done
	for list in /etc/apt/sources.list.d/*.sources; do
		[ -r "$list" ] || continue
		awk '
			/^[^ \t#]/ { skip = 0 }
			/^#/ { next }
			tolower($0) ~ /^architectures(-add|-remove)?:/ { skip = 1 }
			tolower($0) ~ /^types:/ { $0 = /[ \t]deb([ \t]|$)/ ? "Types: deb" : "Types: deb\nEnabled: no" }
			!skip { print }
		' "$list" >"$1/$(basename "$list")"
	done
}

write_configuration() {
	cat >"$apt/apt.conf" <<-END
	APT::Architecture "arm64";
	#clear APT::Architectures;
	APT::Architectures { "arm64"; };
	APT::Sandbox::User "$(id -un)";
	Dir::State "$apt/state";
	Dir::State::status "$apt/status";
	Dir::State::lists "$apt/lists";
	Dir::Cache "$apt/cache";
	Dir::Cache::archives "$apt/archives";
	Dir::Cache::pkgcache "$apt/cache/pkgcache.bin";
	Dir::Etc::sourcelist "/dev/null";
	Dir::Etc::sourceparts "$apt/sources";
	Dir::Etc::preferences "$apt/preferences";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::Log "$apt";
	Acquire::Languages "none";
	Acquire::Retries "2";
	#clear APT::Update::Pre-Invoke;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear Acquire::IndexTargets::deb::DEP-11;
	#clear Acquire::IndexTargets::deb::DEP-11-icons;
	#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
	#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
	#clear Acquire::IndexTargets::deb::DEP-11-icons-hidpi;
	#clear Acquire::IndexTargets::deb::DEP-11-icons-large-hidpi;
	END
	# Debian's own packages before anybody else's, whatever the version.
	printf 'Package: *\nPin: release o=Debian\nPin-Priority: 990\n\n' >"$apt/preferences"
	printf 'Package: *\nPin: release *\nPin-Priority: 1\n' >>"$apt/preferences"
}

# name of the package that a metapackage stands for; itself when it is no metapackage
resolve() {
	real=$(apt-cache -c "$apt/apt.conf" depends --important "$1" 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
	echo "${real:-$1}"
}

download() {
	apt=$cache/apt
	rm -rf "$apt"
	mkdir -p "$apt/state" "$apt/lists/partial" "$apt/cache" "$apt/archives/partial" \
		"$apt/sources" "$apt/debs"
	: >"$apt/status"
	copy_sources "$apt/sources"
	write_configuration
	echo "reading Debian's arm64 package lists ..."
	# A dead third-party repository is no reason to stop: what counts is what is found.
	apt-get -qq -c "$apt/apt.conf" update >"$apt/update.log" 2>&1 || true
	names=
	for package in $packages; do
		name=$(resolve "$package")
		apt-cache -c "$apt/apt.conf" show "$name" >/dev/null 2>&1 || {
			cat "$apt/update.log" >&2
			die "no arm64 package '$name' in this machine's package sources (see above)"
		}
		names="$names $name"
	done
	echo "downloading$names ..."
	# shellcheck disable=SC2086 # a list of package names
	(cd "$apt/debs" && apt-get -qq -c "$apt/apt.conf" download $names) >"$apt/download.log" 2>&1 || {
		cat "$apt/download.log" >&2
		die "cannot download$names"
	}
	rm -rf "$cache/debs"
	echo "$packages" >"$apt/debs/list"
	mv "$apt/debs" "$cache/debs"
	rm -rf "$apt"
}

[ $# -ge 1 ] || {
	echo "usage: fetch-arm64.sh CACHE [PACKAGE...]" >&2
	exit 3
}
mkdir -p "$1"
cache=$(cd "$1" && pwd)
shift
kernel=
[ $# -gt 0 ] || kernel=wanted
[ $# -eq 0 ] || packages=$*
# Another list than the last time means other packages.
[ "$(cat "$cache/debs/list" 2>/dev/null)" = "$packages" ] || download
rm -rf "$cache/root" "$cache/root.new"
mkdir "$cache/root.new"
for deb in "$cache"/debs/*.deb; do
	dpkg-deb -x "$deb" "$cache/root.new" || {
		rm -rf "$cache/debs"
		die "a damaged package was removed; please call again"
	}
done
set -- "$cache"/root.new/boot/vmlinuz-*
if [ -n "$kernel" ] && { [ $# != 1 ] || [ ! -r "$1" ]; }; then
	die "expected one kernel in the packages"
fi
mv "$cache/root.new" "$cache/root"
