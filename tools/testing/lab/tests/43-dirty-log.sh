#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the card tells of pages that VFs wrote to, by VFIO's DMA logging: offered where the
# kernel can pass it on, which Debian's later ones cannot (13-iommufd can). The card has
# little room for what it remembers, and sends messages that are so small that reports are
# of many. What cannot be destroyed keeps its event queue and its doorbell page when the
# PF's driver goes; the faults are made twice, as nothing of the first time may be left.
#
# lab: pfs=1 vfs=8 mem=1536 release=13 kernel-root=12 soak-root=13-iommufd,13-debug timeout=600
# lab-model-prop: page-tracking=on,track-kib=64,track-log-msg-max=14
# lab-guest-error-allow: fn 0: destroying (EQ|CQ|UAR) .* in use by

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 8)
[ ${#vfs[@]} = 8 ] || fatal "eight VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
by_iommufd mlx5_dirty_log_test mlx5_dirty_copy_test mlx5_dirty_fault_test
kselftest mlx5_dirty_log_test mlx5_dirty_copy_test mlx5_dirty_fault_test
finish
