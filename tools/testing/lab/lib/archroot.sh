# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Roots of other architectures. One of tools for each: Debian 13 on amd64 with
# the cross compiler and QEMU. From it one for each kernel, "ARCH-REL": the
# same files by hard links, and that kernel. So what the mirror lacks of one
# kernel concerns no other.

LAB_ARCHES="arm64 ppc64el"

# arch_roots - All roots of kernels, one per line. Backports come late on
# ppc64el, if at all, and the archive's list of them may be broken.
arch_roots()
{
	printf '%s\n' arm64-13 arm64-12 arm64-13-backports ppc64el-13 ppc64el-12
}

is_arch()
{
	case " $LAB_ARCHES " in
	*" ${1:-none} "*) return 0 ;;
	*) return 1 ;;
	esac
}

need_arch()
{
	is_arch "${1:-}" || die "unknown architecture '${1:-}': use one of $LAB_ARCHES"
}

is_arch_root()
{
	arch_roots | grep -qxF -- "$1"
}

arch_packages()
{
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' \
		"$LAB_DIR/packages/arch" "$LAB_DIR/packages/$1"
}

# arch_root_files NAME - What decides the content of a root of either kind.
arch_root_files()
{
	arch_packages "${1%%-*}"
	setting arch suite
	cat "$LAB_DIR/lib/archroot.sh"
	! is_arch "$1" || return 0
	echo "$1"
	sed -n '/^# [a-z-]*: /p' "$LAB_DIR/packages/${1#*-}"
	cat "$LAB_DIR/arch/fetch"
}

# arch_populate ARCH DIR LOG - The tools, as populate does it for a release.
arch_populate()
{
	local dir=$2 conf=$3.d suite

	suite=$(setting arch suite)
	rm -rf "$conf"
	mkdir -p "$conf"
	# As release 13 has them: its plug-in must fit the QEMU here.
	printf 'deb %s %s main\n' "$LAB_MIRROR" "$suite" \
		"$LAB_MIRROR" "$suite-updates" \
		"$LAB_SECURITY_MIRROR" "$suite-security" >"$conf/sources.list"
	ns_run mmdebstrap --mode=root --variant=apt --format=directory \
		--include="$(arch_packages "$1" | paste -sd,)" \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--dpkgopt=force-confold \
		--customize-hook="mkdir -p \"\$1\"/src \"\$1\"/build \"\$1\"/results \"\$1\"/usr/src/lab" \
		--customize-hook="touch \"\$1\"/etc/resolv.conf" \
		"$suite" "$dir" "$conf/sources.list" \
		>"$3" 2>&1 </dev/null
}

# arch_add_kernel NAME DIR LOG - What arch/fetch gets, and the tools' files.
arch_add_kernel()
{
	local arch=${1%%-*} rel=${1#*-} tools suite flavour source='' LAB_BUILD=$2
	local LAB_BINDS=(/etc/resolv.conf:/etc/resolv.conf)

	tools=$(root_path "$arch")
	suite=$(setting "$rel" suite)
	case $arch in
	arm64)		flavour=arm64 source=$(setting "$rel" kernel-source) ;;
	ppc64el)	flavour=powerpc64le ;;
	esac
	root_run "$tools" env ARCH="$arch" FLAVOUR="$flavour" SOURCE="$source" \
		SUITE="$suite" \
		KERNEL_SUITE="$suite$([ -z "$(setting "$rel" backports)" ] || echo -backports)" \
		MIRROR="$LAB_MIRROR" MIRROR_OPTIONS="${VFIO_MLX5_MIRROR_OPTIONS:-}" \
		${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} \
		${no_proxy:+no_proxy="$no_proxy"} \
		bash /src/tools/testing/lab/arch/fetch >"$3" 2>&1 </dev/null || return
	ns_run cp -al "$tools/." "$2/" >>"$3" 2>&1 </dev/null
}
