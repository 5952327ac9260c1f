#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The PF, SR-IOV or the VF goes away in the middle of a save or load, with eight
# VFs bound to our driver; and the VF is reset behind its user's back. Then a PF
# that vfio-pci has, whose VFs ask for a token. The firmware asks for pages, which
# a driver that comes and goes must neither keep nor free early. A user who does
# not care that the device goes begins an image in the midst of another.
#
# lab: pfs=1 vfs=8 mem=1536 release=13 timeout=400
# lab-model-prop: fw-pages=64
# lab-guest-error-allow: image refused: CRC|QUERY_VHCA_MIGRATION_STATE .* refused with status 0x9

. "$(dirname "$0")/lib.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
mapfile -t vfs < <(vfio_vfs "$(pf 0)" 8)
[ ${#vfs[@]} = 8 ] || fatal "eight VFs bind to mlx5_vfio_pci"

export VFIO_BDFS="${vfs[*]}"
kselftest hotplug_test

# The PF for a user of its own, who has the say of its VFs
pf=$(pf 0)
check "the PF gives up its VFs" make_vfs "$pf" 0
check "vfio-pci may make VFs" modprobe vfio_pci enable_sriov=1
check "vfio-pci takes the PF" rebind "$pf" vfio-pci
check "and makes a VF" make_vfs "$pf" 1
check "which mlx5_vfio_pci takes" rebind "$(vf "$pf" 0)" mlx5_vfio_pci
VFIO_BDFS="$pf $(vf "$pf" 0)"
kselftest vf_token_test
check "vfio-pci gives up the VF" make_vfs "$pf" 0
check "mlx5_core takes the PF back" rebind "$pf" mlx5_core
finish
