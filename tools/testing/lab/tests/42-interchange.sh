#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest's function goes from our driver to upstream's of the same kernel and
# back, and the other way round: what one saves the other loads, stopped or while it
# ran, under one PF and between two.
#
# lab: pfs=2 vfs=2 mem=1536 kernel-root=13,13-backports timeout=900 soak=1 upstream=1
# lab-guest-error-allow: refused with status 0x5

. "$(dirname "$0")/lib.sh"

# moves FROM TO - All that there is of moves, from FROM, and back to it.
moves()
{
	export VFIO_BDFS="$1 $2"

	echo "# $(driver_of "$1") of $1 -> $(driver_of "$2") of $2"
	# Our stream says of what card it is, theirs does not
	kselftest_part mlx5_objects_test -T image_is_the_same_from_both_functions
	kselftest mlx5_precopy_test
}

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PFs"
load_upstream || fatal "upstream's driver loads beside it"
for n in 0 1; do
	make_vfs "$(pf $n)" 2 || fatal "PF $n makes its VFs"
	check "one is ours" rebind "$(vf "$(pf $n)" 0)" mlx5_vfio_pci
	check "one is upstream's" rebind "$(vf "$(pf $n)" 1)" "$UPSTREAM"
done
[ "$TAP_FAILED" = 0 ] || fatal "there are two functions of either driver"

ours=("$(vf "$(pf 0)" 0)" "$(vf "$(pf 1)" 0)")
theirs=("$(vf "$(pf 0)" 1)" "$(vf "$(pf 1)" 1)")
moves "${ours[0]}" "${theirs[0]}"
moves "${theirs[0]}" "${ours[0]}"
moves "${ours[0]}" "${theirs[1]}"
moves "${theirs[0]}" "${ours[1]}"
finish
