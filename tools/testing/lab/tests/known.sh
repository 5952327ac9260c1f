# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The kselftest programs on a driver that is not ours: what is known to fail is
# said beforehand, test by test and with the reason. A listed test that passes or
# does not run fails the script, as an unlisted one that fails does. After lib.sh.

# Reasons by "PROGRAM: TEST", and the tests that have been seen
declare -A KNOWN=() KNOWN_SEEN=()

# By program: the harness's options that leave tests out, and how that is said
declare -A UNSAFE=() UNSAFE_LINES=()

# unsafe PROGRAM REASON TEST... - Those tests, named without their fixture, must
# not run: they leave a kernel in which nothing after them means anything.
unsafe()
{
	local program=$1 reason=$2 test
	shift 2

	for test in "$@"; do
		UNSAFE[$program]+=" -T $test"
		UNSAFE_LINES[$program]+="ok 0 $test # SKIP $reason"$'\n'
	done
}

# known PROGRAM REASON TEST... - Those tests are going to fail.
known()
{
	local program=$1 reason=$2 test
	shift 2

	for test in "$@"; do
		KNOWN["$program: $test"]=$reason
	done
}

# kselftest_known PROGRAM... - As kselftest does it.
kselftest_known()
{
	local program log status

	for program in "$@"; do
		log=/tmp/$program.log
		status=0
		# shellcheck disable=SC2086 # words of a command
		"$SELFTESTS/$program" ${UNSAFE[$program]:-} >"$log" 2>&1 || status=$?
		printf '%s' "${UNSAFE_LINES[$program]:-}" >>"$log"
		known_lines "$program" "$log" >"$log.known"
		# It ended with 1 for what was known, and for nothing else.
		if [ "$status" = 1 ] && ! grep -q '^not ok ' "$log.known"; then
			status=0
		fi
		harness_lines "$program" "$log.known" "$status" || show_failures "$log"
	done
}

# known_lines PROGRAM LOG - The log, with the results of listed tests turned round.
known_lines()
{
	local line name reason

	while IFS= read -r line; do
		case $line in
		*'# SKIP'*)
			reason='' ;;
		'ok '*|'not ok '*)
			name="$1: $(sed -E 's/^(not )?ok [0-9]+ (- )?//; s/ *#.*//' <<<"$line")"
			reason=${KNOWN[$name]:-} ;;
		*)	reason='' ;;
		esac
		if [ -n "$reason" ]; then
			KNOWN_SEEN[$name]=y
			case $line in
			not*)	line="${line#not } fails: $reason" ;;
			*)	line="not $line does not fail: $reason" ;;
			esac
		fi
		printf '%s\n' "$line"
	done <"$2"
}

# known_end - Every listed test has been there.
known_end()
{
	local name

	for name in "${!KNOWN[@]}"; do
		[ -n "${KNOWN_SEEN[$name]:-}" ] ||
			not_ok "$name: is listed as known to fail, and did not run"
	done
}
