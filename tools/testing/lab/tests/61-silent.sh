#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Firmware that does not answer in time. Each test waits for mlx5_core to give up,
# a minute, in which the machine is idle.
#
# lab: pfs=1 vfs=1 mem=1536 release=13 soak-root=13-debug soak=1 timeout=900
# lab-model-prop: page-tracking=on

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 1)
[ ${#vfs[@]} = 1 ] || fatal "a VF binds to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
kselftest mlx5_silent_test

kept()
{
	dmesg | grep "${vfs[0]}: SAVE_VHCA_STATE got no answer: .* stay with the firmware for good"
}
check "the log tells of the memory that was kept" kept
finish
