# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Our Debian packages: built in a root of their own, and installed by apt in a copy
# of a host's root. Nothing of either is installed on this machine.

# debs_release REL - The release whose packages a host takes.
debs_release()
{
	echo "${1%-backports}"
}

# debs_stamp - What goes into the packages.
debs_stamp()
{
	(cd "$LAB_TOP" && scripts/files |
		grep -E '^(Kbuild|Makefile|(compat|debian|drivers|include|tools/vfio|tools/testing/selftests)/)' |
		tr '\n' '\0' | xargs -0 sha256sum | sha256sum)
	(cd "$LAB_TOP" && sha256sum <"$LAB_DIR/lib/debs.sh")
	basename "$LAB_ROOT"
}

# build_debs REL - Into /build/debs of the root deb-REL. A complaint of lintian
# is an error. The selftests are static and serve all releases, but the uAPI headers
# of one alone know all that they ask for.
build_debs()
{
	local rel stamp selftests='' profiles=''

	is_release "${1:-}" || die "unknown release '${1:-}': use one of $LAB_RELEASES"
	rel=$(debs_release "$1")
	if [ "$rel" != "$SELFTESTS_RELEASE" ]; then
		selftests=$(build_debs "$SELFTESTS_RELEASE" | grep '/vfio-mlx5-selftests_')
		profiles=pkg.vfio-mlx5.noselftests
	fi
	enter "deb-$rel"
	build_lock
	stamp=$(debs_stamp)
	if [ "$(cat "$LAB_BUILD/debs/stamp" 2>/dev/null)" != "$stamp" ]; then
		(cd "$LAB_TOP" && scripts/files) >"$LAB_BUILD/files"
		in_lab "export DEB_BUILD_PROFILES=$profiles"'
		rm -rf /build/debs /build/debs.new /build/source
		mkdir -p /build/source /build/debs.new
		tar -C /src -cf - -T /build/files | tar -C /build/source -xf -
		cd /build/source
		echo "building the packages (log: build.log)"
		dpkg-buildpackage -b -us -uc >/build/debs.new/build.log 2>&1 ||
			{ tail -n 30 /build/debs.new/build.log; exit 1; }
		mv ../vfio*.deb ../vfio*.changes ../vfio*.buildinfo /build/debs.new/
		lintian --allow-root --fail-on error,warning --info /build/debs.new/*.changes
		mv /build/debs.new /build/debs'
		[ -z "$selftests" ] || cp "$selftests" "$LAB_BUILD/debs/"
		echo "$stamp" >"$LAB_BUILD/debs/stamp"
	fi
	unlock
	printf '%s\n' "$LAB_BUILD"/debs/*.deb
}

# host_run ROOT CMD... - In a copy of a host's root that may be changed, and with
# the network, as apt is to fetch what the packages need.
host_run()
{
	local LAB_BINDS=(/etc/resolv.conf:/etc/resolv.conf)

	LAB_WRITABLE=y root_run "$1" env \
		${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} \
		${no_proxy:+no_proxy="$no_proxy"} "${@:2}"
}

# try_part PART - One of the scripts of debs/ in a fresh copy of the host's root,
# of which $dir/root is what it leaves if it is the one that is booted.
try_part()
{
	remove_tree "$new"
	ns_run cp -a "$host/." "$new"
	host_run "$new" "/build/scripts/$1" >"$dir/$1.log" 2>&1 </dev/null ||
		die "$1: $(tail -n 3 "$dir/$1.log") (log: $dir/$1.log)"
	mv "$dir/tap" "$dir/tap-$1"
	[ "$1" = installed ] || return 0
	remove_tree "$dir/root"
	mv "$new" "$dir/root"
}

# build_installed REL - A host in which apt has installed the packages: the root
# installed-REL. What there was to see meanwhile is TAP in its /usr/src/lab/tap.
build_installed()
{
	local rel=${1:-} stamp debs host new dir part

	build_debs "$rel" >/dev/null
	debs=$LAB_BUILD/debs
	enter "host-$rel"
	host=$LAB_ROOT
	dir=$(dirname "$(root_path "installed-$rel")")
	new=$dir/new
	mkdir -p "$dir"
	LAB_BUILD=$dir
	build_lock
	stamp="$(cat "$debs/stamp" "$LAB_DIR"/debs/* | sha256sum) $host"
	# A script that is edited while it runs would run on in the middle.
	rm -rf "$dir/debs" "$dir/scripts"
	cp -r "$debs" "$dir/debs"
	cp -r "$LAB_DIR/debs" "$dir/scripts"
	for part in installed refused; do
		[ "$(cat "$dir/stamp-$part" 2>/dev/null)" != "$stamp" ] || continue
		rm -f "$dir/stamp-$part"
		try_part "$part"
		echo "$stamp" >"$dir/stamp-$part"
	done
	remove_tree "$new"
	cat "$dir"/tap-* >"$dir/root/usr/src/lab/tap"
	unlock
}
