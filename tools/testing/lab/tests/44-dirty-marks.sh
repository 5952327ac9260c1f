#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the card tells of pages that VFs wrote to, by the dirty pages of type1 containers: on
# every kernel, also where it cannot pass reports of DMA logging on. The card has little room for
# what it remembers.
#
# lab: pfs=1 vfs=8 mem=2048 release=13 kernel-root=13 soak-root=12,13-backports timeout=500
# lab-model-prop: page-tracking=on,track-kib=64

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 8)
[ ${#vfs[@]} = 8 ] || fatal "eight VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
kselftest mlx5_dirty_marks_test
finish
