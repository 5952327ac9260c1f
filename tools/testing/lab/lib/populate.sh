# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a root consists of: package list, archive and the mmdebstrap call. This
# file is part of a root's hash, so a change here makes every root anew.

# packages REL - The packages of a release, comments stripped, one per line.
packages()
{
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' \
		"$LAB_DIR/packages/common" "$LAB_DIR/packages/$1"
}

# setting REL KEY - The value of a "# KEY: value" line of the package list.
setting()
{
	sed -n "s/^# $2: //p" "$LAB_DIR/packages/$1"
}

sources_list()
{
	local rel=$1 suite backports type

	suite=$(setting "$rel" suite)
	backports=$(setting "$rel" backports)
	for type in deb deb-src; do
		echo "$type $LAB_MIRROR $suite main"
		echo "$type $LAB_MIRROR $suite-updates main"
		echo "$type $LAB_SECURITY_MIRROR $suite-security main"
		[ -z "$backports" ] || echo "$type $LAB_MIRROR $suite-backports main"
	done
}

# populate REL DIR LOG - Run mmdebstrap, then root.d/finish inside the result.
populate()
{
	local rel=$1 dir=$2 log=$3 include conf=$3.d

	include=$(packages "$rel" | paste -sd,)
	rm -rf "$conf"
	mkdir -p "$conf"
	: >"$conf/preferences"
	if [ -n "$(setting "$rel" backports)" ]; then
		printf 'Package: %s\nPin: release n=%s-backports\nPin-Priority: 900\n' \
			"$(setting "$rel" backports)" "$(setting "$rel" suite)" \
			>"$conf/preferences"
	fi
	sources_list "$rel" >"$conf/sources.list"
	setting "$rel" kernel-source >"$conf/kernel-source"
	ns_run mmdebstrap --mode=root --variant=apt --format=directory \
		--include="$include" \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--dpkgopt=force-confold \
		--setup-hook="mkdir -p \"\$1\"/etc/apt/preferences.d && cp $conf/preferences \"\$1\"/etc/apt/preferences.d/lab" \
		--essential-hook="mkdir -p \"\$1\"/etc/initramfs-tools && echo update_initramfs=no >\"\$1\"/etc/initramfs-tools/update-initramfs.conf" \
		--customize-hook="mkdir -p \"\$1\"/src \"\$1\"/build \"\$1\"/results \"\$1\"/usr/src/lab" \
		--customize-hook="cp $conf/kernel-source $LAB_DIR/root.d/* \"\$1\"/usr/src/lab" \
		--customize-hook="chroot \"\$1\" sh /usr/src/lab/finish" \
		"$(setting "$rel" suite)" "$dir" "$conf/sources.list" \
		>"$log" 2>&1 </dev/null
}
