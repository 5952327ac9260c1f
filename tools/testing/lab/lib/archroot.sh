# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The root of the other architectures: Debian 13 with cross compilers, their
# QEMUs and kernels. It is apart from the others' so that only who tests on
# these architectures has to fetch it.

ARCH_ROOT=13-arch
LAB_ARCHES="arm64 ppc64el"

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

arch_packages()
{
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' \
		"$LAB_DIR/packages/$ARCH_ROOT"
}

# arch_root_files - What decides the root's content.
arch_root_files()
{
	arch_packages
	setting "$ARCH_ROOT" suite
	cat "$LAB_DIR/lib/archroot.sh" "$LAB_DIR/arch/finish"
}

# arch_populate DIR LOG - As populate does it for a release.
arch_populate()
{
	local dir=$1 conf=$2.d suite

	suite=$(setting "$ARCH_ROOT" suite)
	rm -rf "$conf"
	mkdir -p "$conf"
	# As release 13 has them: its plug-in must fit the QEMU here.
	printf 'deb %s %s main\n' "$LAB_MIRROR" "$suite" \
		"$LAB_MIRROR" "$suite-updates" \
		"$LAB_SECURITY_MIRROR" "$suite-security" >"$conf/sources.list"
	echo "$LAB_MIRROR" >"$conf/mirror"
	ns_run mmdebstrap --mode=root --variant=apt --format=directory \
		--include="$(arch_packages | paste -sd,)" \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--dpkgopt=force-confold \
		--customize-hook="mkdir -p \"\$1\"/src \"\$1\"/build \"\$1\"/results \"\$1\"/usr/src/lab" \
		--customize-hook="cp $conf/mirror $LAB_DIR/arch/finish \"\$1\"/usr/src/lab" \
		--customize-hook="chroot \"\$1\" bash /usr/src/lab/finish" \
		"$suite" "$dir" "$conf/sources.list" \
		>"$2" 2>&1 </dev/null
}
