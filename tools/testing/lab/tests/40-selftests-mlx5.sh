#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The uAPI tests, and those of the mlx5 stream and objects, on VFs of the model:
# two of one PF and one of another, so that moves between PFs are among them.
# mlx5_stream_test damages images, mlx5_objects_test asks for what must be gone.
# Upstream's driver has a VF of its own: 42-interchange shows more of that.
#
# lab: pfs=2 vfs=2 mem=1536 release=13 kernel-root=13 soak-root=12,13-backports,13-debug timeout=900 upstream=1
# lab-guest-error-allow: image refused|refused with status 0x5

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PFs"
mapfile -t first < <(vfio_vfs "$(pf 0)" 2)
mapfile -t second < <(vfio_vfs "$(pf 1)" 2)
[ $((${#first[@]} + ${#second[@]})) = 4 ] ||
	fatal "four VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${first[*]} ${second[0]}"
kselftest "${MLX5_PROGRAMS[@]}" stats_test precopy_test mlx5_precopy_test

# The same moves from one PF's VF to the other's
export VFIO_BDFS="${first[0]} ${second[0]}"
echo "# from here on between two PFs"
kselftest image_test mlx5_objects_test

# To upstream's driver and back, five times
case $(uname -r) in
6.1.*)	skip "five moves to upstream's driver and back" "that of 6.1 writes no records"
	finish ;;
esac
export VFIO_BDFS="${first[0]} ${second[1]}"
check "upstream's driver loads" load_upstream
check "it takes a VF" rebind "${second[1]}" "$UPSTREAM"
echo "# from here on between two drivers"
kselftest_part mlx5_objects_test -t go_back_and_forth
finish
