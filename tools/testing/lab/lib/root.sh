# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Making a root file system of one Debian release and keeping it in the cache.
# The folder's name holds a hash of all that decides its content, it appears
# by one rename when it is complete, and only one process makes it.

#
# A root's name is that of a release (13), of an architecture (arm64, its tools)
# or of both (arm64-13); archroot.sh has the latter two. debroot.sh has those for
# our Debian packages (deb-13, host-13, installed-13), toolroot.sh those of one tool
# (docs-13), kernelroot.sh those of a kernel that Debian has not (13-iommufd, 13-debug).

# root_hash NAME - Names the content: package lists and the scripts that act
# on them. Who builds it matters too, as the owners of the files differ.
root_hash()
{
	{
		if is_release "$1"; then
			packages "$1"
			sed -n '/^# [a-z-]*: /p' "$LAB_DIR/packages/$1"
			cat "$LAB_DIR/lib/populate.sh" "$LAB_DIR"/root.d/*
		elif is_deb_root "$1" || is_tool_root "$1"; then
			deb_root_files "$1"
		elif is_kernel_root "$1"; then
			kernel_root_files "$1"
		else
			arch_root_files "$1"
		fi
		id -u
	} | sha256sum | cut -c1-12
}

root_path()
{
	if is_installed_root "$1"; then
		printf '%s/%s/root' "${VFIO_MLX5_BUILD:-$LAB_CACHE/build}" "$1"
	else
		printf '%s/roots/%s-%s' "$LAB_CACHE" "$1" "$(root_hash "$1")"
	fi
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

# remove_partials NAME - What a builder left that could not clean up (SIGKILL,
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
	local phase='^(I|L): +(downl|extr|inst|clean|fetch|unpack|compil)'

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

# root_title NAME - As people call it.
root_title()
{
	if is_release "$1"; then
		echo "release $1"
	elif is_arch "$1"; then
		echo "tools for $1"
	elif is_deb_root "$1"; then
		echo "release ${1#*-} for our packages ($1)"
	elif is_tool_root "$1"; then
		echo "release ${1#*-} for one tool ($1)"
	elif is_kernel_root "$1"; then
		echo "release ${1%-*} with another kernel ($1)"
	else
		echo "release ${1#*-} for ${1%%-*}"
	fi
}

# root_costs NAME - What making it takes.
root_costs()
{
	if is_release "$1"; then
		echo "3 minutes, 400 MB to download"
	elif [ "$1" = 13-debug ]; then
		echo "half an hour of CPU time, 150 MB to download"
	else
		echo "one minute, up to 300 MB to download"
	fi
}

# What became of a root that could not be made, for one run of "make check" or
# "lab check": $LAB_VERDICTS is a folder with a file for each, which has the
# exit status and the reason. Nobody tries again before the next run.

# give_up NAME STATUS REASON - Write the verdict, and end.
give_up()
{
	if [ -n "${LAB_VERDICTS:-}" ]; then
		mkdir -p "$LAB_VERDICTS"
		printf '%s\n' "$2" "$3" >"$LAB_VERDICTS/.$1.$$"
		mv "$LAB_VERDICTS/.$1.$$" "$LAB_VERDICTS/$1"
	fi
	say "$3"
	exit "$2"
}

# heed_verdict NAME - End as the one who tried did.
heed_verdict()
{
	local status reason

	[ -e "${LAB_VERDICTS:-}/$1" ] || return 0
	{ read -r status; read -r reason; } <"$LAB_VERDICTS/$1"
	say "$reason"
	exit "$status"
}

# lacking NAME - Prints why, if the verdict is that the mirror lacks something.
lacking()
{
	local status reason

	[ -e "${LAB_VERDICTS:-}/$1" ] || return 1
	{ read -r status; read -r reason; } <"$LAB_VERDICTS/$1"
	[ "$status" = "$STATUS_LACKS" ] && echo "$reason"
}

# populate_root NAME DIR LOG
populate_root()
{
	if is_release "$1"; then
		populate "$@"
	elif is_deb_root "$1" || is_tool_root "$1"; then
		deb_populate "$@"
	elif is_arch "$1"; then
		arch_populate "$@"
	elif is_kernel_root "$1"; then
		kernel_populate "$@"
	else
		arch_add_kernel "$@"
	fi
}

# root_failed NAME LOG STATUS - Why, with the errors of the log.
root_failed()
{
	local lacks

	lacks=$(sed -n 's/^M: //p' "$2" | tail -n 1)
	if [ "$3" = "$STATUS_LACKS" ] && [ -n "$lacks" ]; then
		give_up "$1" "$STATUS_LACKS" "$(root_title "$1"): the mirror lacks $lacks"
	fi
	grep -E '^E: |rror|No space|Depends:' "$2" | tail -n 5 >&2 || :
	give_up "$1" 125 "making the root of $(root_title "$1") failed (log: $2)"
}

# build_root NAME - Make the root unless the cache has it.
build_root()
{
	local name=$1 root partial log start progress ret=0

	root=$(root_path "$name")
	[ ! -e "$root" ] || return 0
	! is_installed_root "$name" || die "no root '$name' yet: run 'lab installed ${name#*-}' first"
	heed_verdict "$name"
	make_cache roots
	make_cache log
	! is_arch_root "$name" || build_root "${name%%-*}"
	! is_kernel_root "$name" || build_root "${name%-*}"
	start=$SECONDS
	lock "$LAB_CACHE/roots/.lock-$name" "the root of $(root_title "$name")"
	if [ -e "$root" ]; then
		unlock
		return 0
	fi
	heed_verdict "$name"
	ns_check
	install_tools
	remove_partials "$name"

	partial=$LAB_CACHE/roots/.partial-$name.$$
	log=$LAB_CACHE/log/root-$name.log
	say "making the root of $(root_title "$name") ($(root_costs "$name"); log: $log)"
	at_exit remove_tree "$partial"
	mkdir "$partial"
	chmod 755 "$partial"
	: >"$log"
	show_progress "$log" "$partial" &
	progress=$!
	at_exit end_process "$progress"
	populate_root "$name" "$partial" "$log" || ret=$?
	end_process "$progress"
	[ ! -t 2 ] || printf '\r\033[K' >&2
	[ "$ret" = 0 ] || root_failed "$name" "$log" "$ret"
	mv "$partial" "$root"
	unlock
	say "root of $(root_title "$name") made in $(seconds "$start") s, $(du -sm "$root" 2>/dev/null | cut -f1) MiB"
	remove_old_roots "$name" "$root"
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

# remove_old_roots NAME KEEP - Roots of package lists that are gone, unless a
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
