# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# TAP lines of a test script, for bash and busybox: sourced by lib.sh, posix-lib.sh.

TAP_COUNT=0
TAP_FAILED=0

# ok TEXT / not_ok TEXT / skip TEXT REASON - One TAP line each.
ok()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $*"
}

not_ok()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	echo "not ok $TAP_COUNT - $*"
}

skip()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1 # SKIP $2"
}

# refuse TEXT CMD... - ok when CMD fails.
refuse()
{
	local text=$1

	shift
	if "$@" >/dev/null 2>&1; then
		not_ok "$text"
	else
		ok "$text"
	fi
}

# fatal TEXT - Without this nothing after it makes sense.
fatal()
{
	not_ok "$*"
	finish
}

# finish - The plan, and the script's end.
finish()
{
	echo "1..$TAP_COUNT"
	exit $((TAP_FAILED > 0))
}

# wait_for SECONDS CMD... - Until CMD succeeds; fails when it never does. A machine
# whose kernel is a slow one has more of them.
wait_for()
{
	local end=$(($(date +%s) + $1 * ${LAB_SLOWNESS:-1}))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# harness_lines PROGRAM LOG STATUS - The tests of a harness program become our
# lines. One that ended without having said what it planned, or that did not end
# well although no test of it has failed, is a failure; one that skips all of
# itself says why. False when what it said should be seen.
harness_lines()
{
	local line text planned failed=$TAP_FAILED

	grep -E '^(not )?ok [0-9]+ ' "$2" >/tmp/harness.lines
	while read -r line; do
		text="$1: $(echo "$line" | sed -E 's/^(not )?ok [0-9]+ (- )?//')"
		case $line in
		*'# SKIP'*)	skip "${text%%' # SKIP'*}" "${line#*'# SKIP '}" ;;
		ok*)		ok "$text" ;;
		*)		not_ok "$text" ;;
		esac
	done </tmp/harness.lines
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$2")
	if [ "$planned" = 0 ]; then
		text=$(sed -n 's/^1\.\.0 *# *SKIP  *//p' "$2")
		[ -z "$text" ] || [ "$3" != 4 ] || { skip "$1" "$text"; return 0; }
		not_ok "$1: has a test, or says why not (status $3)"
		return 1
	fi
	if [ -z "$planned" ] || [ "$(wc -l </tmp/harness.lines)" -lt "$planned" ]; then
		not_ok "$1: ran to its end (status $3)"
		return 1
	fi
	case $3 in
	0|4) return 0 ;;
	esac
	[ "$TAP_FAILED" -gt "$failed" ] || not_ok "$1: ended well (status $3)"
	return 1
}
