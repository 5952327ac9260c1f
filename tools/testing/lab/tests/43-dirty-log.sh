#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the card tells of pages that a VF wrote to, by VFIO's DMA logging: offered where the
# kernel can pass it on, which Debian's later ones cannot.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 kernel-root=12 timeout=400
# lab-model-prop: page-tracking=on

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 2)
[ ${#vfs[@]} = 2 ] || fatal "two VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
kselftest mlx5_dirty_log_test
finish
