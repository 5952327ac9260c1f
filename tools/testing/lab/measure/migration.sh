#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migration.sh ROUNDS "VFS:LATENCY..." ["DRIVER..." [OPTION...]] - In L1: what it costs to
# save and load the state of so many VFs at once, with each driver in turn. In each
# turn there are ROUNDS rounds; the turns go once there and once back, so that
# what changes in the machine with time does not favour one driver.
#
# LATENCY is none or card, what the model's commands take; DRIVER is ours or upstream
# (both). OPTIONs are those of migration_bench. Prints "DRIVER VFS LATENCY KIND METRIC
# VALUE" for each figure of it.

. "$(dirname "$0")/../tests/lib.sh"

# Nobody outside of the maker knows what a card takes. That images come and go at
# 1 GiB/s and that no command is free is an assumption; it is the same for all.
CARD=SUSPEND_VHCA=2:RESUME_VHCA=2:QUERY_VHCA_MIGRATION_STATE=1:SAVE_VHCA_STATE=2+1:LOAD_VHCA_STATE=2+1

declare -A MODULE=([ours]=mlx5_vfio_pci [upstream]="$UPSTREAM")

# monitor REQUEST - Have QEMU's monitor do it.
monitor()
{
	local line

	echo "{\"execute\": $1}" >&"$QMP"
	while read -r -t 30 -u "$QMP" line; do
		case $line in
		*'"return"'*)	return 0 ;;
		*'"error"'*)	echo "$line" >&2; return 1 ;;
		esac
	done
	return 1
}

# latency NAME - What the model's commands take from here on.
latency()
{
	local value=

	[ "$1" != card ] || value=$CARD
	monitor "\"qom-set\", \"arguments\": {\"path\": \"/machine/peripheral/pf0\", \"property\": \"x-latency\", \"value\": \"$value\"}"
}

# turn DRIVER VFS LATENCY ARG... - The first VFs are the driver's for one run.
turn()
{
	local bdfs=() i

	for ((i = 0; i < $2; i++)); do
		rebind "$(vf "$PF" "$i")" "${MODULE[$1]}" || return 1
		bdfs+=("$(vf "$PF" "$i")")
	done
	"$SELFTESTS/migration_bench" "${@:4}" "${bdfs[@]}" | sed "s/^/$1 $2 $3 /"
	[ "${PIPESTATUS[0]}" = 0 ]
}

rounds=$1
read -ra counts <<<"$2"
read -ra drivers <<<"${3:-ours upstream}"
options=("${@:4}")

echo 1 >/proc/sys/vm/nr_hugepages
exec {QMP}<>/dev/virtio-ports/lab.qmp
monitor '"qmp_capabilities"' || exit 1
for driver in "${drivers[@]}"; do
	if [ "$driver" = ours ]; then
		load_mlx5 || exit 1
	else
		load_upstream || exit 1
	fi
done
PF=$(pf 0)
make_vfs "$PF" "$(printf '%s\n' "${counts[@]%:*}" | sort -n | tail -n 1)" || exit 1

turns=("${drivers[@]}")
for ((i = ${#drivers[@]} - 1; i >= 0; i--)); do
	turns+=("${drivers[i]}")
done
for count in "${counts[@]}"; do
	latency "${count#*:}" || exit 1
	for i in "${!turns[@]}"; do
		# Memory is counted once, as it is the same each time
		memory=()
		[ "$i" -ge ${#drivers[@]} ] || memory=(--memory)
		turn "${turns[i]}" "${count%:*}" "${count#*:}" "$rounds" "${memory[@]}" \
			"${options[@]}" || exit 1
	done
done
