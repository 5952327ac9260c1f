# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Messages, paths, locks and cleaning up: what every part of the lab uses.

LAB_RELEASES="13 12 13-backports"
# Of which there are roots, too, for the tests that name them
LAB_MORE_RELEASES="12-backports"
# 13-iommufd has VFIO's modules with IOMMUFD, 13-debug a kernel that looks for mistakes
LAB_KERNEL_ROOTS="13-iommufd 13-debug"
LAB_TOP=$(realpath "$LAB_DIR/../../..")
LAB_CACHE=${VFIO_MLX5_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vfio-mlx5}
LAB_MIRROR=${VFIO_MLX5_MIRROR:-http://deb.debian.org/debian}
LAB_SECURITY_MIRROR=${VFIO_MLX5_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

# How the lab ends when a mirror does not have what a root needs.
STATUS_LACKS=123

say()
{
	printf 'lab: %s\n' "$*" >&2
}

die()
{
	say "$*"
	exit 125
}

# Actions to undo what this process made, run last first, once, on any exit.
CLEANUP=()
NS_PID=

at_exit()
{
	CLEANUP+=("$(printf '%q ' "$@")")
}

run_cleanup()
{
	local i

	trap '' INT TERM HUP
	[ -z "$NS_PID" ] || kill -KILL "$NS_PID" 2>/dev/null || :
	for ((i = ${#CLEANUP[@]} - 1; i >= 0; i--)); do
		eval "${CLEANUP[i]}" || :
	done
	CLEANUP=()
}

trap run_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# lock FILE [WHAT] - Hold FILE locked until unlock or the end of this process.
# ns_run closes the descriptor for its children: a lock is ours alone.
exec {LOCK_FD}</dev/null
USE_FDS=()

lock()
{
	exec {LOCK_FD}>>"$1"
	if ! flock -n "$LOCK_FD"; then
		say "waiting for another lab that is busy with ${2:-$1}"
		flock "$LOCK_FD"
	fi
}

unlock()
{
	exec {LOCK_FD}>&-
	exec {LOCK_FD}</dev/null
}

# end_process PID - End a child of ours, if it still runs.
end_process()
{
	kill "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
}

make_cache()
{
	mkdir -p "$LAB_CACHE/$1" 2>/dev/null ||
		die "cannot create $LAB_CACHE/$1: set VFIO_MLX5_CACHE to a folder you may write"
}

seconds()
{
	printf '%d' $((SECONDS - $1))
}

is_release()
{
	local r

	for r in $LAB_RELEASES $LAB_MORE_RELEASES; do
		[ "$r" != "$1" ] || return 0
	done
	return 1
}

need_release()
{
	is_release "${1:-}" || is_arch "${1:-}" || is_arch_root "${1:-}" ||
		is_deb_root "${1:-}" || is_tool_root "${1:-}" || is_installed_root "${1:-}" ||
		is_kernel_root "${1:-}" ||
		die "unknown release '${1:-}': use one of $LAB_RELEASES"
}
