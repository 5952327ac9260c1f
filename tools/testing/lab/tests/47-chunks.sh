#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Firmware that saves in pieces, with images of many of them, of stopped VFs and
# of VFs that run. mlx5_objects_test asks for what must be gone.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 timeout=600 soak=1
# lab-model-prop: chunks=on,image-pad=18874368
# lab-guest-error-allow: refused with status 0x5

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 2)
[ ${#vfs[@]} = 2 ] || fatal "two VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}" VFIO_MODEL_FIRMWARE="multi-load tracking chunks"
kselftest image_test mlx5_objects_test precopy_test mlx5_precopy_test
finish
