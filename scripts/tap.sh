# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP for checks that are a command each: sourced by scripts/style, static.

TAP_COUNT=0
TAP_FAILED=0
TAP_LOG=$(mktemp)
trap 'rm -f "$TAP_LOG"' EXIT

# tap NAME CMD... - Run CMD quietly; its output is shown only when it fails.
tap()
{
	local name=$1 status=0

	shift
	TAP_COUNT=$((TAP_COUNT + 1))
	"$@" >"$TAP_LOG" 2>&1 </dev/null || status=$?
	if [ "$status" = 0 ]; then
		echo "ok $TAP_COUNT - $name"
		return 0
	fi
	echo "not ok $TAP_COUNT - $name"
	head -n 60 "$TAP_LOG" | sed -e 's/^/# /'
	TAP_FAILED=$((TAP_FAILED + 1))
	return 0
}

tap_end()
{
	echo "1..$TAP_COUNT"
	[ "$TAP_COUNT" -gt 0 ] && [ "$TAP_FAILED" = 0 ]
}
