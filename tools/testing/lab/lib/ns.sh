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

# ns_run CMD... - Run CMD as root in new mount and PID name spaces. SIGKILL of
# this shell reaches unshare by its parent-death signal, and by --kill-child
# everything below it.
ns_run()
{
	local user=()

	[ "$(id -u)" = 0 ] || user=(-U --map-root-user --map-auto)
	(
		exec {LOCK_FD}>&-
		exec setpriv --pdeathsig KILL unshare "${user[@]}" \
			-m -p -f --kill-child --mount-proc "$@"
	)
}

# root_run ROOT CMD... - Run CMD inside ROOT, with the source read-only at
# /src, the build folder at /build and whatever LAB_BINDS names (from:to).
root_run()
{
	local root=$1

	shift
	ns_run bash "$LAB_DIR/lib/enter.sh" "$root" "$LAB_TOP" "$LAB_BUILD" \
		"${LAB_BINDS[*]}" "$@"
}
