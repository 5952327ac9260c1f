# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Roots around our Debian packages: "deb-REL" has what builds them, "host-REL" is
# a host without them. "installed-REL" is that host after apt has installed them:
# it is made of our source, so it lies in the build folder, and is made anew with
# each change. A test boots it as kernel-root=installed-REL.

is_deb_root()
{
	case $1 in
	deb-*|host-*)	is_release "${1#*-}" ;;
	*)		return 1 ;;
	esac
}

is_installed_root()
{
	[ "$1" != "${1#installed-}" ] && is_release "${1#installed-}"
}

deb_root_packages()
{
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$LAB_DIR/packages/${1%%-*}"
}

# deb_root_files NAME - What decides the content of a root.
deb_root_files()
{
	echo "$1"
	deb_root_packages "$1"
	sed -n '/^# [a-z-]*: /p' "$LAB_DIR/packages/${1#*-}"
	cat "$LAB_DIR/lib/debroot.sh"
}

# deb_populate NAME DIR LOG - As populate does it for a release.
deb_populate()
{
	local rel=${1#*-} dir=$2 log=$3 conf=$3.d suite

	suite=$(setting "$rel" suite)
	rm -rf "$conf"
	mkdir -p "$conf"
	: >"$conf/preferences"
	[ -z "$(setting "$rel" backports)" ] ||
		printf 'Package: %s\nPin: release n=%s-backports\nPin-Priority: 900\n' \
			"$(setting "$rel" backports)" "$suite" >"$conf/preferences"
	sources_list "$rel" | grep '^deb ' >"$conf/sources.list"
	ns_run mmdebstrap --mode=root --variant=apt --format=directory \
		--include="$(deb_root_packages "$1" | paste -sd,)" \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--dpkgopt=force-confold \
		--setup-hook="mkdir -p \"\$1\"/etc/apt/preferences.d && cp $conf/preferences \"\$1\"/etc/apt/preferences.d/lab" \
		--essential-hook="mkdir -p \"\$1\"/etc/initramfs-tools && echo update_initramfs=no >\"\$1\"/etc/initramfs-tools/update-initramfs.conf" \
		--customize-hook="mkdir -p \"\$1\"/src \"\$1\"/build \"\$1\"/results \"\$1\"/usr/src/lab" \
		--customize-hook="touch \"\$1\"/etc/resolv.conf" \
		--customize-hook="cd \"\$1\"; ls lib/modules >usr/src/lab/kver 2>/dev/null || :" \
		"$suite" "$dir" "$conf/sources.list" \
		>"$log" 2>&1 </dev/null
}
