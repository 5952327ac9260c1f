# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Making a root file system of one Debian release and keeping it in the cache.
# The folder's name holds a hash of all that decides its content, it appears
# by one rename when it is complete, and only one process makes it.

# root_hash REL - Names the content: package lists and the scripts that act
# on them. Who builds it matters too, as the owners of the files differ.
root_hash()
{
	{
		if [ "$1" = "$ARCH_ROOT" ]; then
			arch_root_files
		else
			packages "$1"
			sed -n '/^# [a-z-]*: /p' "$LAB_DIR/packages/$1"
			cat "$LAB_DIR/lib/populate.sh" "$LAB_DIR"/root.d/*
		fi
		id -u
	} | sha256sum | cut -c1-12
}

root_path()
{
	printf '%s/roots/%s-%s' "$LAB_CACHE" "$1" "$(root_hash "$1")"
}

# install_tools - The lab needs one tool that Debian's base has not. As root
# it is installed, and said so; anyone else is told what to do.
install_tools()
{
	local missing=()

	command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		missing+=(debian-archive-keyring)
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "ask root for: apt-get install ${missing[*]}"
	command -v apt-get >/dev/null ||
		die "this is not Debian: install ${missing[*]} by hand"
	say "installing ${missing[*]} on this machine (apt-get)"
	{
		apt-get update &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y \
			--no-install-recommends "${missing[@]}"
	} >"$LAB_CACHE/install.log" 2>&1 </dev/null ||
		die "apt-get failed: $(tail -n 1 "$LAB_CACHE/install.log") (all of it: $LAB_CACHE/install.log)"
}

# remove_tree DIR - As ordinary user its files belong to subordinate ids. What
# was killed a moment ago may still write, hence more than one attempt.
remove_tree()
{
	local i user=()

	[ "$(id -u)" = 0 ] || user=(unshare -U --map-root-user --map-auto)
	for ((i = 0; i < 20; i++)); do
		[ -e "$1" ] || return 0
		! "${user[@]}" rm -rf --one-file-system "$1" 2>/dev/null || return 0
		sleep 0.2
	done
	"${user[@]}" rm -rf --one-file-system "$1"
}

# remove_partials REL - What a builder left that could not clean up (SIGKILL,
# power loss). Called under the lock, so nobody is at work on them.
remove_partials()
{
	local d

	for d in "$LAB_CACHE/roots/.partial-$1."*; do
		[ -e "$d" ] || continue
		say "removing $d, left by a build that was killed"
		remove_tree "$d"
	done
}

# show_progress LOG DIR - Phases as they come; on a terminal also a live line
# of time and size. Ends with the lab that started it.
show_progress()
{
	local log=$1 dir=$2 shown=0 lines start=$SECONDS
	local phase='^(I|L): (downl|extr|inst|clean|fetch|unpack)'

	while kill -0 "$$" 2>/dev/null; do
		lines=$(grep -cE "$phase" "$log" || :)
		if [ "$lines" -gt "$shown" ]; then
			[ ! -t 2 ] || printf '\r\033[K' >&2
			grep -E "$phase" "$log" | sed -n "$((shown + 1)),${lines}p" |
				sed -e "s/^.: */  [$(seconds "$start") s] /" >&2
			shown=$lines
		fi
		[ ! -t 2 ] || printf '\r  [%d s] %s MiB\033[K' "$(seconds "$start")" \
			"$(du -sm "$dir" 2>/dev/null | cut -f1)" >&2
		sleep 2
	done
}

# build_root REL - Make the root unless the cache has it.
build_root()
{
	local rel=$1 root partial log start=$SECONDS progress ret=0

	root=$(root_path "$rel")
	[ ! -e "$root" ] || return 0
	make_cache roots
	make_cache log
	lock "$LAB_CACHE/roots/.lock-$rel" "the root of release $rel"
	if [ -e "$root" ]; then
		unlock
		return 0
	fi
	ns_check
	install_tools
	remove_partials "$rel"

	partial=$LAB_CACHE/roots/.partial-$rel.$$
	log=$LAB_CACHE/log/root-$rel.log
	say "making the root of release $rel (about $([ "$rel" = "$ARCH_ROOT" ] && echo 6 minutes, 1 GB || echo 3 minutes, some hundred MB) to download; log: $log)"
	at_exit remove_tree "$partial"
	mkdir "$partial"
	chmod 755 "$partial"
	: >"$log"
	show_progress "$log" "$partial" &
	progress=$!
	at_exit end_process "$progress"
	if [ "$rel" = "$ARCH_ROOT" ]; then
		arch_populate "$partial" "$log" || ret=$?
	else
		populate "$rel" "$partial" "$log" || ret=$?
	fi
	end_process "$progress"
	[ ! -t 2 ] || printf '\r\033[K' >&2
	if [ "$ret" != 0 ]; then
		grep -E '^E: |rror|No space|Depends:' "$log" | tail -n 5 >&2 || :
		die "making the root of release $rel failed (log: $log)"
	fi
	mv "$partial" "$root"
	unlock
	say "root of release $rel made in $(seconds "$start") s, $(du -sm "$root" 2>/dev/null | cut -f1) MiB"
	remove_old_roots "$rel" "$root"
}

# use_root ROOT - Say that this process uses a root until it ends, so that
# nobody removes it: a shared lock beside it.
use_root()
{
	local fd

	[ "$(id -u)" = 0 ] || [ -w "$LAB_CACHE/roots" ] || return 0
	exec {fd}>>"$LAB_CACHE/roots/.use-${1##*/}"
	flock -s "$fd"
	USE_FDS+=("$fd")
}

# remove_old_roots REL KEEP - Roots of package lists that are gone, unless a
# lab still works in them.
remove_old_roots()
{
	local d

	for d in "$LAB_CACHE/roots/$1-"????????????; do
		if [ "$d" = "$2" ] || [ ! -e "$d" ]; then
			continue
		fi
		(
			flock -n -x 9 || exit 0
			say "removing $d, made from an older package list"
			remove_tree "$d"
		) 9>>"$LAB_CACHE/roots/.use-${d##*/}"
	done
}
