# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# What lib.sh gives, for machines that have no more than busybox.

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

# check TEXT CMD... - ok when CMD succeeds; its output is shown when it fails.
# Not in a subshell, so that CMD may keep files open.
check()
{
	check_text=$1
	shift
	if "$@" >/tmp/check.out 2>&1; then
		ok "$check_text"
	else
		not_ok "$check_text"
		sed -e 's/^/# /' /tmp/check.out
	fi
}

# is HAVE WANT
is()
{
	[ "$1" = "$2" ] || { echo "have '$1', want '$2'"; return 1; }
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

# wait_for SECONDS CMD... - Until CMD succeeds; fails when it never does.
wait_for()
{
	wait_end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$wait_end" ] || return 1
		sleep 0.05
	done
}

# kselftest PROGRAM ARGS... - Run a harness program; its tests become our lines.
# One that ends without having said what it planned is a failure.
kselftest()
{
	prog=${1##*/}
	"$@" >/tmp/kselftest.log 2>&1
	kselftest_status=$?
	grep -E '^(not )?ok [0-9]+ ' /tmp/kselftest.log >/tmp/kselftest.lines
	while read -r line; do
		text="$prog: $(echo "$line" | sed -E 's/^(not )?ok [0-9]+ (- )?//')"
		case $line in
		*'# SKIP'*)	skip "${text%%' # SKIP'*}" "${line#*'# SKIP '}" ;;
		ok*)		ok "$text" ;;
		*)		not_ok "$text" ;;
		esac
	done </tmp/kselftest.lines
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' /tmp/kselftest.log)
	if [ "$(wc -l </tmp/kselftest.lines)" -lt "${planned:-1}" ]; then
		not_ok "$prog: ran to its end (status $kselftest_status)"
		kselftest_status=1
	fi
	[ "$kselftest_status" = 0 ] || [ "$kselftest_status" = 4 ] ||
		sed -e 's/^/# /' /tmp/kselftest.log
}
