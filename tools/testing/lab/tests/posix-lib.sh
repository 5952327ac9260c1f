# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# What lib.sh gives, for machines that have no more than busybox.

# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"

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

# kselftest PROGRAM ARGS... - Run a harness program; its tests become our lines.
kselftest()
{
	"$@" >/tmp/kselftest.log 2>&1
	harness_lines "${1##*/}" /tmp/kselftest.log $? ||
		sed -e 's/^/# /' /tmp/kselftest.log
}
