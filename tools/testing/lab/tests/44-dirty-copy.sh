#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory copied by what DMA logging tells, while one, two and eight VFs make a few million
# writes to it.
#
# lab: pfs=1 vfs=8 mem=1536 release=13 kernel-root=12 timeout=1200 soak=1
# lab-model-prop: page-tracking=on,track-log-msg-max=14

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 8)
[ ${#vfs[@]} = 8 ] || fatal "eight VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
VFIO_DIRTY_WRITES=200000 kselftest mlx5_dirty_copy_test
finish
