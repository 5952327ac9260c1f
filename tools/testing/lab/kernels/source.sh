# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The kernel's source, for the scripts beside this. They run once inside a copy of a
# release's root of which the files are also those of the release's root: nothing may be
# written into one, only put in its place.
#
# Lines that begin with "L: " are shown to the person who waits.

lab=/usr/src/lab
tmp=/build/kernel
source=$(cat "$lab/kernel-source")

# fetch_source - Of the root's version, or the newest if the mirror has that no more; by
# apt, of which nothing stays in the root.
fetch_source()
{
	local version

	version=$(dpkg-query -W -f '${Version}' "$source")
	mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial"
	cat >"$tmp/apt.conf" <<-END
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Acquire::Retries "3";
		Acquire::Languages "none";
		Dir::Cache "$tmp/cache";
		Dir::State::Lists "$tmp/lists";
	END
	export APT_CONFIG="$tmp/apt.conf"
	echo "L:  fetching $source"
	apt-get -qq update
	cd "$tmp" || return
	apt-get -qq download "$source=$version" || apt-get -qq download "$source"
	echo "L:  unpacking $source"
	dpkg-deb --fsys-tarfile "$source"_*.deb |
		tar -xO "./usr/src/$source.tar.xz" >"$tmp/source.tar.xz"
}

# replace FILE COMMAND... - What COMMAND makes of FILE takes its place.
replace()
{
	local file=$1

	shift
	"$@" <"$file" >"$file.new"
	chmod --reference="$file" "$file.new"
	mv "$file.new" "$file"
}
