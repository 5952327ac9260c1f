# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Roots of a release, by hard links, in which all of the kernel or a part of it is
# another: built from the release's own source with what Debian leaves out. The script
# that does it has the name's last part, in kernels/. No test takes one for a release: a
# header names it (soak-root=13-iommufd), or LAB_KERNEL_ROOT does for all.

is_kernel_root()
{
	case " $LAB_KERNEL_ROOTS " in
	*" ${1:-none} "*) return 0 ;;
	*) return 1 ;;
	esac
}

# kernel_root_files NAME - What decides the content.
kernel_root_files()
{
	root_hash "${1%-*}"
	cat "$LAB_DIR/lib/kernelroot.sh" "$LAB_DIR"/kernels/{source.sh,"${1##*-}"*}
}

# kernel_populate NAME DIR LOG - As populate does it for a release.
kernel_populate()
{
	local LAB_BUILD=$2/build LAB_BINDS=(/etc/resolv.conf:/etc/resolv.conf)

	ns_run cp -al "$(root_path "${1%-*}")/." "$2/" >"$3" 2>&1 </dev/null || return
	LAB_WRITABLE=y root_run "$2" env \
		${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} \
		${no_proxy:+no_proxy="$no_proxy"} \
		"/src/tools/testing/lab/kernels/${1##*-}" >"$3" 2>&1 </dev/null
}
