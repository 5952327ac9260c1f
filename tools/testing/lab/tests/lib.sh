# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the test scripts: TAP lines, the kselftest programs, PCI functions
# and their drivers, and the model's fault properties.

SELFTESTS=/build/selftests
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
check()
{
	local text=$1 output
	shift

	if output=$("$@" 2>&1); then
		ok "$text"
	else
		not_ok "$text"
		[ -z "$output" ] || echo "# ${output//$'\n'/$'\n'# }"
	fi
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

# wait_for SECONDS CMD... - Until CMD succeeds; fails when it never does.
wait_for()
{
	local end=$((SECONDS + $1))
	shift

	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# host_says WORD - With hosts=2: tell the other machine that this one has come
# to a point. host_said WORD - Has the other one? (for wait_for)
host_says()
{
	touch "/run/link/$LAB_HOST-$1"
}

host_said()
{
	[ -e "/run/link/$((1 - LAB_HOST))-$1" ]
}

# kselftest PROGRAM... - Run harness programs; their tests become our lines.
# A program that ends without having said what it planned is a failure.
kselftest()
{
	local program log status start line text

	for program in "$@"; do
		log=/tmp/$program.log
		start=$SECONDS
		"$SELFTESTS/$program" >"$log" 2>&1
		status=$?
		while read -r line; do
			text="$program: $(sed -E 's/^(not )?ok [0-9]+ (- )?//' <<<"$line")"
			case $line in
			*'# SKIP'*)	skip "${text%%' # SKIP'*}" "${line#*'# SKIP '}" ;;
			ok*)		ok "$text" ;;
			*)		not_ok "$text" ;;
			esac
		done < <(grep -E '^(not )?ok [0-9]+ ' "$log")
		if ! plan_kept "$log"; then
			not_ok "$program: ran to its end (status $status)"
			status=1
		fi
		[ "$status" = 0 ] || [ "$status" = 4 ] || show_failures "$log"
		echo "# $program took $((SECONDS - start)) s"
	done
}

# plan_kept LOG - Are there as many results as the plan said?
plan_kept()
{
	local planned

	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1")
	[ -n "$planned" ] &&
		[ "$(grep -cE '^(not )?ok [0-9]+ ' "$1")" -ge "$planned" ]
}

# show_failures LOG - What the failed tests of a program said.
show_failures()
{
	awk '/^# +RUN /	{ text = ""; next }
		/^not ok /	{ printf "%s# %s\n", text, $0; next }
		/^ok /		{ text = ""; next }
				{ text = text "# " $0 "\n" }' "$1" | head -n 200
}

# pf N - Address of the N-th PF (0, 1...) of the model.
pf()
{
	local dev

	for dev in /sys/bus/pci/devices/*; do
		[ "$(cat "$dev/vendor" "$dev/device")" = $'0x15b3\n0x101d' ] ||
			continue
		echo "${dev##*/}"
	done | sed -n "$(($1 + 1))p"
}

# vf PF N - Address of the PF's N-th VF (0, 1...).
vf()
{
	basename "$(readlink "/sys/bus/pci/devices/$1/virtfn$2")"
}

driver_of()
{
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")" 2>/dev/null
}

# is_bound BDF DRIVER
is_bound()
{
	[ "$(driver_of "$1")" = "$2" ]
}

# unbind BDF - From whatever driver it has, if any.
unbind()
{
	local driver
	driver=$(driver_of "$1")

	[ -z "$driver" ] || echo "$1" >"/sys/bus/pci/drivers/$driver/unbind"
}

# rebind BDF DRIVER - By driver_override; fails when the driver refuses.
rebind()
{
	unbind "$1" || return 1
	echo "$2" >"/sys/bus/pci/devices/$1/driver_override"
	# Probing an unbound device reports nothing; the result is the link.
	echo "$1" >/sys/bus/pci/drivers_probe
	is_bound "$1" "$2"
}

# make_vfs PF N - N VFs without a driver.
make_vfs()
{
	local dev=/sys/bus/pci/devices/$1

	echo 0 >"$dev/sriov_drivers_autoprobe" &&
		echo "$2" >"$dev/sriov_numvfs"
}

# vfio_vfs PF N - N VFs bound to mlx5_vfio_pci; prints their addresses.
vfio_vfs()
{
	local i

	make_vfs "$1" "$2" || return 1
	for ((i = 0; i < $2; i++)); do
		rebind "$(vf "$1" "$i")" mlx5_vfio_pci || return 1
		vf "$1" "$i"
	done
}

# load_mlx5 - Our driver and all that it needs, and the PFs probed by it.
load_mlx5()
{
	local n=0

	modprobe mlx5_vfio_pci || return 1
	while [ -n "$(pf $n)" ]; do
		wait_for 60 is_bound "$(pf $n)" mlx5_core || return 1
		n=$((n + 1))
	done
	[ $n -gt 0 ]
}
