#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Eight VFs of one PF saved and loaded at the same time, with images large
# enough that the saves really overlap; and what depends on the size of images.
#
# lab: pfs=1 vfs=8 mem=2048 release=13 timeout=240
# lab-model-prop: image-pad=1048576

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 8)
[ ${#vfs[@]} = 8 ] || fatal "eight VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
kselftest parallel_test image_test data_fd_test
finish
