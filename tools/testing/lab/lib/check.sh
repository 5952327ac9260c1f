# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The VM tests: each run of a script of tests/ (see header.sh) gets a machine
# of its own, or two.

# status_text STATUS - What a status of "lab run" means, as a TAP claim fails.
status_text()
{
	case $1 in
	"$STATUS_GUEST_ERROR")	echo "a driver did what no card allows" ;;
	"$STATUS_DMESG")	echo "kernel log has complaints" ;;
	"$STATUS_BOOT")		echo "the VM died" ;;
	"$STATUS_STALL")	echo "the VM stalled" ;;
	"$STATUS_TIMEOUT")	echo "did not end in time" ;;
	125)			echo "could not be run" ;;
	*)			echo "exit status $1" ;;
	esac
}

# MACHINE_CLAIMS - What l1/test says of a machine, whatever the script in it plans.
MACHINE_CLAIMS='modules unload|no memory is left behind'

# plan_kept LOG - Did as many tests report as the plan line promised?
plan_kept()
{
	local plan

	plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1" | tail -n 1)
	[ -z "$plan" ] ||
		[ "$(grep -E '^(not )?ok\b' "$1" | grep -cvE "$MACHINE_CLAIMS")" -ge "$plan" ]
}

# machine RUN DIR [OPTION...] - One attempt of a run in one machine: its TAP is
# DIR/out, what the lab says DIR/lab.err.
machine()
{
	local run=$1 dir=$2 verb=(run "$RUN_RELEASE") init=l1/test

	shift 2
	[ -z "$RUN_ARCH" ] || verb=(arch-run "$RUN_ARCH") init=arch/test
	"$LAB_DIR/lab" "${verb[@]}" "${RUN_OPTIONS[@]}" "$@" --dir "$dir" -- \
		"/src/tools/testing/lab/$init" \
		"/src/tools/testing/lab/$TESTS_DIR/${run%@*}.sh" \
		>"$dir/out" 2>"$dir/lab.err" </dev/null
}

# machine_failed STATUS DIR - Was it the machine's own fault, not the test's?
machine_failed()
{
	[ "$1" = "$STATUS_STALL" ] ||
		{ [ "$1" = "$STATUS_BOOT" ] && [ ! -e "$2/boot-seconds" ]; }
}

# attempt RUN DIR... - Run it in as many machines as there are folders, until
# all have ended. Fills STATUS, an array in their order.
attempt()
{
	local run=$1 n pids=() link other=()

	shift
	STATUS=()
	if [ $# = 1 ]; then
		machine "$run" "$1" && STATUS=(0) || STATUS=($?)
		return
	fi
	link=$(dirname "$1")/link
	rm -rf "$link"
	mkdir -p "$link"
	for ((n = 0; n < $#; n++)); do
		[ "$n" = 0 ] || other=(--kernel-root "$RUN_OTHER")
		machine "$run" "${@:n + 1:1}" --host "$n" --link "$link" "${other[@]}" &
		pids+=($!)
	done
	for n in "${!pids[@]}"; do
		wait "${pids[n]}" && STATUS[n]=0 || STATUS[n]=$?
	done
}

# verdict DIR STATUS - What is wrong with a machine's result that its script
# cannot see; nothing when all is fine.
verdict()
{
	local dir=$1 status=$2

	if [ "$status" = 0 ] && grep -qE '^not ok\b' "$dir/out"; then
		echo "exit status 0 though a test failed"
	# Not "grep -q": under pipefail it would fail the grep before it.
	elif [ "$status" = 0 ] &&
	     [ "$(grep -E '^ok\b' "$dir/out" | grep -cvE "$MACHINE_CLAIMS")" = 0 ]; then
		echo "no test reported"
	elif ! plan_kept "$dir/out"; then
		echo "fewer tests than planned"
	elif [ "$status" != 0 ]; then
		status_text "$status"
	fi
}

# machine_result DIR STATUS NAME PREFIX - Its TAP, and a line of our own about
# what the script cannot see. The numbers and plans of two machines would
# clash, so with a prefix they go.
machine_result()
{
	local what

	if [ -z "$4" ]; then
		cat "$1/out"
	else
		sed -E -e "s/^((not )?ok)( [0-9]+)?( -)? /\\1 - $4/" \
			-e 's/^1\.\.[0-9]+/# &/' "$1/out"
	fi
	sed -e 's/^/# /' "$1/lab.err"
	what=$(verdict "$1" "$2")
	if [ -z "$what" ]; then
		echo "ok - $3: ${4}machine, kernel log and use of the card are fine"
	else
		echo "not ok - $3: $4$what"
	fi
}

# cpu_seconds FILE - What the children of a process have used, of its "times":
# unlike the clock it does not depend on what else the machine does.
cpu_seconds()
{
	awk 'NR == 2 {
		for (i = 1; i <= 2; i++) {
			split($i, t, /[ms]/)
			sum += t[1] * 60 + t[2]
		}
		printf "%d\n", sum
	}' "$1"
}

# one_run RUN DIR - Do a run; leaves DIR/tap. With two machines their folders
# are host0 and host1 in it.
one_run()
{
	local run=$1 dir=$2 start=$SECONDS try n failed cpu why dirs=("$2") STATUS

	mkdir -p "$dir"
	: >"$dir/retries"
	if ! run_options_of "$run" 2>"$dir/lab.err"; then
		{ cat "$dir/lab.err"; echo "not ok - $run: bad header"; } >"$dir/tap"
		return
	fi
	if [ -n "$RUN_ARCH" ] && why=$(lacking "$RUN_ARCH-$RUN_KERNEL"); then
		echo "ok - $run # SKIP $why" >"$dir/tap"
		return
	fi
	[ "$RUN_HOSTS" = 1 ] || dirs=("$dir/host0" "$dir/host1")
	mkdir -p "${dirs[@]}"
	for try in 1 2; do
		attempt "$run" "${dirs[@]}"
		# The machine's own faults get a second attempt, and are told.
		failed=
		for n in "${!dirs[@]}"; do
			! machine_failed "${STATUS[n]}" "${dirs[n]}" ||
				failed=$(status_text "${STATUS[n]}")
		done
		[ -n "$failed" ] || break
		echo "# $run: $failed in attempt $try" >>"$dir/retries"
	done
	times >"$dir/times"
	cpu=$(cpu_seconds "$dir/times")
	{
		echo "# $run ($((SECONDS - start)) s, $cpu s of CPU)"
		cat "$dir/retries"
		for n in "${!dirs[@]}"; do
			machine_result "${dirs[n]}" "${STATUS[n]}" "$run" \
				"$([ ${#dirs[@]} = 1 ] || echo "host $n: ")"
		done
	} >"$dir/tap.new"
	mv "$dir/tap.new" "$dir/tap"
}

# build_one COMMAND ARGUMENT... - Build one thing; a failure is a failed test.
# What the mirror lacks is not: the runs that need it are skipped.
build_one()
{
	local log status=0

	log=$CHECK_DIR/$(tr ' ' '-' <<<"$*")
	"$LAB_DIR/lab" "$@" >"$log" 2>&1 || status=$?
	case $status in
	0|"$STATUS_LACKS") return ;;
	esac
	echo "not ok - vm: building $*"
	tail -n 30 "$log" | sed -e 's/^/# /'
	CHECK_FAILED=1
}

# build_for_runs RUN... - What the runs need. The QEMU and the model are those
# of release=, all that runs in the machine those of kernel-root=.
build_for_runs()
{
	local run root line wanted=()

	for run in "$@"; do
		run_options_of "$run" 2>/dev/null || continue
		if [ -n "$RUN_ARCH" ]; then
			wanted+=("arch-modules $RUN_ARCH $RUN_KERNEL" "plugin 13")
			continue
		fi
		if is_installed_root "$RUN_KERNEL"; then
			wanted+=("installed ${RUN_KERNEL#installed-}" "plugin $RUN_RELEASE")
			continue
		fi
		wanted+=("plugin $RUN_RELEASE")
		for root in "$RUN_KERNEL" "$RUN_OTHER"; do
			wanted+=("modules $root" "selftests $root" "tools $root")
		done
		[ "$(header_value "$(run_file "$run")" saved-guest 0)" = 0 ] ||
			wanted+=("saved-guest $RUN_KERNEL")
		[ "$(header_value "$(run_file "$run")" upstream 0)" = 0 ] ||
			wanted+=("upstream $RUN_KERNEL")
		if [ "$(header_value "$(run_file "$run")" guest 0)" = rdma ]; then
			wanted+=("guest $RUN_KERNEL rdma")
			continue
		fi
		# Where the machine is of another release than its QEMU, few have guests.
		if [ "$RUN_KERNEL" = "$RUN_RELEASE" ] || is_kernel_root "$RUN_KERNEL" ||
			[ "$(header_value "$(run_file "$run")" guest 0)" = 1 ]; then
			wanted+=("guest $RUN_KERNEL")
		fi
	done
	while read -r line; do
		# shellcheck disable=SC2086 # words of a command
		[ -z "$line" ] || build_one $line
	done < <(printf '%s\n' "${wanted[@]}" | sort -u)
	# Decided and made once, before tests run side by side.
	printf '%s\n' "${wanted[@]}" | grep -q '^modules' || return 0
	"$LAB_DIR/lab" run 13 -- true || CHECK_FAILED=1
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
	local runs run jobs

	mapfile -t runs < <(chosen_runs)
	if [ ${#runs[@]} = 0 ]; then
		echo "not ok - vm: there are no tests to run"
		return 1
	fi
	CHECK_FAILED=0
	# Beside what was built: who has a build folder of his own is alone in it.
	CHECK_DIR=${LAB_CHECK_DIR:-${VFIO_MLX5_BUILD:-$LAB_CACHE}/check}
	rm -rf "$CHECK_DIR"
	mkdir -p "$CHECK_DIR"
	export LAB_VERDICTS=${LAB_VERDICTS:-$CHECK_DIR/verdicts}
	build_for_runs "${runs[@]}"

	mapfile -t runs < <(by_timeout "${runs[@]}")
	jobs=$(check_jobs)
	for run in "${runs[@]}"; do
		while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
			wait -n || :
			show_finished "${runs[@]}"
		done
		one_run "$run" "$CHECK_DIR/$run" &
	done
	wait
	show_finished "${runs[@]}"
	for run in "${runs[@]}"; do
		[ ! -e "$CHECK_DIR/$run/shown" ] || continue
		echo "not ok - $run: gave no result"
		CHECK_FAILED=1
	done
	return "$CHECK_FAILED"
}

# show_finished RUN... - Print results as they come, each run's together.
show_finished()
{
	local run dir

	for run in "$@"; do
		dir=$CHECK_DIR/$run
		if [ ! -s "$dir/tap" ] || [ -e "$dir/shown" ]; then
			continue
		fi
		cat "$dir/tap"
		touch "$dir/shown"
		! grep -qE '^not ok\b' "$dir/tap" || CHECK_FAILED=1
	done
}
