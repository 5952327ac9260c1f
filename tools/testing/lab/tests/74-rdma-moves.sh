#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# VFs that move amid RDMA, and their driver in user space goes on at the other one.
#
# lab: pfs=1 vfs=2 mem=1024 release=13 kernel-root=13 soak-root=12,13-backports timeout=300
# lab-model-prop: rdma=on

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 2)
[ ${#vfs[@]} = 2 ] || fatal "two VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
kselftest mlx5_rdma_test
finish
