#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Firmware that fails or is slow at each command of a migration, and firmware that can do
# less, or more. Faults and capabilities are set in the running model by the monitor of its
# QEMU, which is a port of L1. 62-firmware has all kinds of firmware.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 kernel-root=13 soak-root=12,13-backports,13-debug timeout=900
# mlx5_objects_test asks for what must be gone
# lab-guest-error-allow: refused with status 0x5

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/firmware.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"

on_firmware 2 multi-load tracking -- mlx5_firmware_test mlx5_fault_test \
	mlx5_precopy_fault_test mlx5_slow_test mlx5_stream_end_test mlx5_vhca_id_test
on_firmware 2 -- mlx5_firmware_test mlx5_objects_test
on_firmware 2 multi-load tracking chunks migration-state -- mlx5_firmware_test \
	mlx5_objects_test mlx5_precopy_test
finish
