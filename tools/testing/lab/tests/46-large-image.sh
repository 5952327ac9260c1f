#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What takes an image of many MiB to be seen: a user with little memory, and
# what sessions that are over have left. The card is a ConnectX-7.
#
# lab: pfs=1 vfs=1 mem=1536 release=13 timeout=400 soak=1
# lab-model-prop: image-pad=67108864,identity=connectx-7

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 1)
[ ${#vfs[@]} = 1 ] || fatal "a VF binds to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
check "mlx5_core drives a ConnectX-7" is_device "$(pf 0)" 0x1021
kselftest memory_test throttled_user_test
finish
