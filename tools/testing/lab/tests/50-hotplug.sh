#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The PF, SR-IOV or the VF goes away in the middle of a save or load, with eight
# VFs bound to our driver; and the VF is reset behind its user's back.
#
# lab: pfs=1 vfs=8 mem=1536 release=13 timeout=240

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 8)
[ ${#vfs[@]} = 8 ] || fatal "eight VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
kselftest hotplug_test
finish
