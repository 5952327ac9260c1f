#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# enter.sh ROOT SRC BUILD BINDS CMD... - run by root_run inside fresh mount
# and PID name spaces: mounts what a command needs below ROOT and enters it.
set -euo pipefail

root=$1 src=$2 build=$3 binds=$4
shift 4

# read_only DIR - Make the bind mount at DIR read-only. In a user name space
# the flags that it has already may not be dropped, so they are named again.
read_only()
{
	local flags

	flags=$(findmnt -no VFS-OPTIONS "$1" | tail -n 1 | tr , '\n' |
		grep -xE 'nosuid|nodev|noexec|noatime|nodiratime|relatime' | paste -sd, || :)
	mount -o "remount,bind,ro${flags:+,$flags}" "$1"
}

# L1 must see the root as it is, without what is mounted below: such binds
# come first.
for b in $binds; do
	case $b in
	*:/mnt) mount --bind "${b%%:*}" "$root/mnt" ;;
	esac
done
# Nothing that runs here may change the cached root; a copy of one may be.
mount --rbind "$root" "$root"
[ -n "${LAB_WRITABLE:-}" ] || read_only "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

mount --bind "$src" "$root/src"
read_only "$root/src"
mount --bind "$build" "$root/build"
for b in $binds; do
	case $b in
	*:/mnt) ;;
	*:/run/*) mkdir -p "$root/${b#*:}" && mount --bind "${b%%:*}" "$root/${b#*:}" ;;
	*) mount --bind "${b%%:*}" "$root/${b#*:}" ;;
	esac
done

# A root of tools for another architecture has no kernel, and not every host headers.
kver=$(cat "$root/usr/src/lab/kver" 2>/dev/null || :)
common=${kver:+$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' \
	"$root/usr/src/linux-headers-$kver/Makefile" 2>/dev/null || :)}
exec env -i TERM="${TERM:-dumb}" HOME=/tmp LANG=C.UTF-8 \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	LAB_RELEASE="${LAB_RELEASE:-}" LAB_CWD="${LAB_CWD:-/src}" \
	${CI:+CI="$CI"} ${V:+V="$V"} ${MAKEFLAGS:+MAKEFLAGS="$MAKEFLAGS"} \
	KVER="$kver" KDIR="/lib/modules/$kver/build" \
	MLX5_IFC="$common/include/linux/mlx5/mlx5_ifc.h" \
	KSELFTEST_INC=/usr/src/lab/linux/tools/testing/selftests \
	LINUX_SRC=/usr/src/lab/linux QEMU_SRC=/usr/src/lab/qemu \
	QEMU_BUILD=/usr/src/lab/qemu-build \
	chroot "$root" /bin/sh -c 'cd "$LAB_CWD" && exec "$@"' sh "$@"
