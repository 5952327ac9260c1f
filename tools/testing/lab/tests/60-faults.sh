#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Firmware that fails or is slow at each command of a migration. The faults are
# set in the running model by the monitor of its QEMU, which is a port of L1.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 timeout=500

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 2)
[ ${#vfs[@]} = 2 ] || fatal "two VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
kselftest mlx5_fault_test mlx5_precopy_fault_test mlx5_slow_test
finish
