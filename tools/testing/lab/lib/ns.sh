# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Everything that mounts or that must not outlive us runs in name spaces of
# its own: a mount name space, so that no mount is ever left behind, and a PID
# name space whose first process dies with us, so that no process is.

# ns_check - Can this user have name spaces in which it is root? As root there
# is nothing to ask. As anyone else subordinate ids are needed, because a root
# file system has files of more than one owner.
ns_check()
{
	[ "$(id -u)" != 0 ] || return 0
	command -v newuidmap >/dev/null ||
		die "run as root, or install 'uidmap' (newuidmap is missing)"
	grep -qs "^$(id -un):" /etc/subuid ||
		die "run as root, or give $(id -un) subordinate ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
	unshare -U --map-root-user --map-auto -m true 2>/dev/null ||
		die "run as root, or allow user name spaces (kernel.unprivileged_userns_clone, apparmor_restrict_unprivileged_userns)"
}

# ns_exec CMD... - Become CMD as root in new mount and PID name spaces. SIGKILL
# of our parent reaches unshare by the parent-death signal, and by --kill-child
# everything below it; so the lab must be the direct parent.
ns_exec()
{
	local user=()

	[ "$(id -u)" = 0 ] || user=(-U --map-root-user --map-auto)
	exec {LOCK_FD}>&-
	# A shell starts background processes with SIGINT and SIGQUIT ignored.
	exec env --default-signal=INT,QUIT setpriv --pdeathsig KILL \
		unshare "${user[@]}" -m -p -f --kill-child --mount-proc "$@"
}

# ns_wait PID - Wait for a background ns_exec. NS_PID is what run_cleanup ends
# first when a signal comes in between.
ns_wait()
{
	local status=0

	NS_PID=$1
	wait "$1" || status=$?
	NS_PID=
	return "$status"
}

# ns_run CMD... - Run CMD so, and wait for it. It runs in the background since
# bash does not look at a signal before its foreground process has ended.
ns_run()
{
	ns_exec "$@" <&0 &
	ns_wait $!
}

# root_exec ROOT CMD... - Become CMD inside ROOT, with the source read-only at
# /src, the build folder at /build and what LAB_BINDS names (from:to). For use
# in a background process; root_run is for the foreground.
root_exec()
{
	local root=$1

	shift
	ns_exec bash "$LAB_DIR/lib/enter.sh" "$root" "$LAB_TOP" "$LAB_BUILD" \
		"${LAB_BINDS[*]}" "$@"
}

root_run()
{
	root_exec "$@" <&0 &
	ns_wait $!
}
