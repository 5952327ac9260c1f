# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The VM tests: each script of tests/ runs in an L1 of its own. Its header
# says what machine it needs:
#
#   # lab: pfs=2 vfs=8 mem=2048 cpus=1 timeout=300 release=13 kernel-root=12
#   # lab-model-prop: k=v,k=v         properties of every PF
#   # lab-qemu-arg: ARG               one more argument of QEMU, repeatable
#   # lab-dmesg-allow: REGEX          kernel messages that the test provokes

# test_options FILE - Fills TEST_RELEASE, TEST_OPTIONS from the header.
test_options()
{
	local word value line

	TEST_RELEASE=13
	TEST_OPTIONS=()
	while read -r word; do
		value=${word#*=}
		case $word in
		release=*)	TEST_RELEASE=$value ;;
		pfs=*|vfs=*|mem=*|cpus=*|timeout=*|kernel-root=*)
				TEST_OPTIONS+=("--${word%%=*}" "$value") ;;
		*)		say "${1##*/}: unknown word '$word' in its header"
				return 1 ;;
		esac
	done < <(sed -n 's/^# lab: *//p' "$1" | xargs -n 1)
	while read -r line; do
		TEST_OPTIONS+=(--qemu-arg "$line")
	done < <(sed -n 's/^# lab-qemu-arg: *//p' "$1")
	for word in model-prop dmesg-allow; do
		line=$(sed -n "s/^# lab-$word: *//p" "$1" | paste -sd'|')
		[ -z "$line" ] || TEST_OPTIONS+=("--$word" "$line")
	done
}

# status_text STATUS - What a status of "lab run" means, as a TAP claim fails.
status_text()
{
	case $1 in
	"$STATUS_DMESG")	echo "kernel log has complaints" ;;
	"$STATUS_BOOT")		echo "the VM died" ;;
	"$STATUS_STALL")	echo "the VM stalled" ;;
	"$STATUS_TIMEOUT")	echo "did not end in time" ;;
	125)			echo "could not be run" ;;
	*)			echo "exit status $1" ;;
	esac
}

# plan_kept LOG - Did as many tests report as the plan line promised?
plan_kept()
{
	local plan

	plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1" | tail -n 1)
	[ -z "$plan" ] ||
		[ "$(grep -E '^(not )?ok\b' "$1" | grep -cvE 'modules unload')" -ge "$plan" ]
}

# one_test FILE DIR - Run one script; leaves DIR/tap, with a line of our own
# about what the script cannot see.
one_test()
{
	local name dir=$2 status=0 start=$SECONDS try what=''

	name=$(basename "$1" .sh)
	mkdir -p "$dir"
	: >"$dir/retries"
	: >"$dir/out"
	if ! test_options "$1" 2>"$dir/lab.err"; then
		{ cat "$dir/lab.err"; echo "not ok - $name: bad header"; } >"$dir/tap"
		return
	fi
	for try in 1 2; do
		status=0
		"$LAB_DIR/lab" run "$TEST_RELEASE" "${TEST_OPTIONS[@]}" --dir "$dir" -- \
			/src/tools/testing/lab/l1/test \
			"/src/tools/testing/lab/tests/$name.sh" \
			>"$dir/out" 2>"$dir/lab.err" </dev/null || status=$?
		# The machine's own faults get a second attempt, and are told.
		if [ "$status" = "$STATUS_STALL" ]; then
			echo "# $name: the VM stalled in attempt $try" >>"$dir/retries"
		elif [ "$status" = "$STATUS_BOOT" ] && [ ! -e "$dir/boot-seconds" ]; then
			echo "# $name: the VM did not boot in attempt $try" >>"$dir/retries"
		else
			break
		fi
	done
	{
		echo "# $name ($((SECONDS - start)) s)"
		cat "$dir/retries" "$dir/out"
		sed -e 's/^/# /' "$dir/lab.err"
		# Not "grep -q": under pipefail it would fail the grep before it.
		if [ "$status" = 0 ] &&
		   [ "$(grep -E '^ok\b' "$dir/out" | grep -cv 'modules unload')" = 0 ]; then
			what="no test reported"
		elif [ "$status" = 0 ] && grep -qE '^not ok\b' "$dir/out"; then
			what="exit status 0 though a test failed"
		elif ! plan_kept "$dir/out"; then
			what="fewer tests than planned"
		elif [ "$status" != 0 ]; then
			what=$(status_text "$status")
		fi
		if [ -z "$what" ]; then
			echo "ok - $name: machine and kernel log are fine"
		else
			echo "not ok - $name: $what"
		fi
	} >"$dir/tap.new"
	mv "$dir/tap.new" "$dir/tap"
}

# by_timeout FILE... - The longest first, so that nothing waits for it in the
# end; a test without a timeout has that of "lab run".
by_timeout()
{
	local f seconds

	for f in "$@"; do
		seconds=$(sed -n 's/^# lab:.*timeout=\([0-9]*\).*/\1/p' "$f" | head -n 1)
		printf '%s %s\n' "${seconds:-300}" "$f"
	done | sort -k1,1nr -k2 | cut -d' ' -f2-
}

# test_files - The scripts to run: all, or those that $TESTS names.
test_files()
{
	local name

	if [ -z "${TESTS:-}" ]; then
		ls "$LAB_DIR"/tests/[0-9]*.sh 2>/dev/null || :
		return
	fi
	for name in $TESTS; do
		ls "$LAB_DIR"/tests/"${name%.sh}".sh 2>/dev/null ||
			ls "$LAB_DIR"/tests/"$name"*.sh 2>/dev/null ||
			say "no test '$name'"
	done
}

# build_one WHAT REL - Build one thing; a failure is a failed test.
build_one()
{
	local log=$CHECK_DIR/$1-$2

	"$LAB_DIR/lab" "$1" "$2" >"$log" 2>&1 && return
	echo "not ok - vm: building $1 for release $2"
	tail -n 30 "$log" | sed -e 's/^/# /'
	CHECK_FAILED=1
}

# build_for_tests FILE... - What the tests need. A release of which only the
# kernel is used (kernel-root=) needs its modules alone.
build_for_tests()
{
	local f rel what full=() kernels=()

	for f in "$@"; do
		test_options "$f" 2>/dev/null || continue
		full+=("$TEST_RELEASE")
		rel=$(printf '%s\n' "${TEST_OPTIONS[@]}" | sed -n '/^--kernel-root$/{n;p}')
		kernels+=("${rel:-$TEST_RELEASE}")
	done
	for rel in $(printf '%s\n' "${full[@]}" | sort -u); do
		for what in plugin selftests guest; do
			build_one "$what" "$rel"
		done
	done
	for rel in $(printf '%s\n' "${kernels[@]}" | sort -u); do
		build_one modules "$rel"
	done
}

# check_jobs - Two VMs at a time need two CPUs; more have shown no use.
check_jobs()
{
	local cpus

	cpus=$(nproc)
	echo "${LAB_JOBS:-$((cpus >= 2 ? 2 : 1))}"
}

cmd_check()
{
	local files f name jobs

	mapfile -t files < <(test_files)
	if [ ${#files[@]} = 0 ]; then
		echo "not ok - vm: there are no tests to run"
		return 1
	fi
	CHECK_FAILED=0
	CHECK_DIR=${LAB_CHECK_DIR:-$LAB_CACHE/check}
	rm -rf "$CHECK_DIR"
	mkdir -p "$CHECK_DIR"
	build_for_tests "${files[@]}"
	# Decided and made once, before tests run side by side.
	"$LAB_DIR/lab" run 13 -- true || CHECK_FAILED=1

	mapfile -t files < <(by_timeout "${files[@]}")
	jobs=$(check_jobs)
	for f in "${files[@]}"; do
		while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
			wait -n || :
			show_finished "${files[@]}"
		done
		name=$(basename "$f" .sh)
		one_test "$f" "$CHECK_DIR/$name" &
	done
	wait
	show_finished "${files[@]}"
	for f in "${files[@]}"; do
		name=$(basename "$f" .sh)
		[ ! -e "$CHECK_DIR/$name/shown" ] || continue
		echo "not ok - $name: gave no result"
		CHECK_FAILED=1
	done
	return "$CHECK_FAILED"
}

# show_finished FILE... - Print results as they come, each test's together.
show_finished()
{
	local f dir

	for f in "$@"; do
		dir=$CHECK_DIR/$(basename "$f" .sh)
		if [ ! -s "$dir/tap" ] || [ -e "$dir/shown" ]; then
			continue
		fi
		cat "$dir/tap"
		touch "$dir/shown"
		! grep -qE '^not ok\b' "$dir/tap" || CHECK_FAILED=1
	done
}
