#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Firmware that can do more or less, and firmware of each of the ways that drivers are
# known to provide for, one after the other in one machine; 60-faults has two of them.
# mlx5_stream_test damages images, mlx5_objects_test asks for what must be gone.
#
# lab: pfs=1 vfs=3 mem=1536 release=13 kernel-root=13,12,13-backports timeout=1500 soak=1
# lab-guest-error-allow: image refused|refused with status 0x5

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/firmware.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"

RUNNING_PROGRAMS=(mlx5_firmware_test precopy_test mlx5_precopy_test)

# 40 has the programs of MLX5_PROGRAMS on firmware with several loads and tracking.
on_firmware 3 -- mlx5_firmware_test "${MLX5_PROGRAMS[@]}"
on_firmware 2 multi-load -- mlx5_firmware_test
on_firmware 2 tracking -- mlx5_firmware_test
on_firmware 2 chunks -- mlx5_firmware_test image_test
on_firmware 2 multi-load tracking -- "${RUNNING_PROGRAMS[@]}"
on_firmware 2 multi-load chunks -- mlx5_firmware_test image_test mlx5_objects_test
on_firmware 2 multi-load tracking chunks -- "${RUNNING_PROGRAMS[@]}"
on_firmware 2 multi-load tracking migration-state -- "${RUNNING_PROGRAMS[@]}"
on_firmware 3 multi-load tracking chunks migration-state -- "${RUNNING_PROGRAMS[@]}" \
	"${MLX5_PROGRAMS[@]}"

for behaviour in "${BEHAVIOURS[@]}"; do
	on_firmware 2 multi-load tracking "$behaviour" -- mlx5_firmware_test mlx5_precopy_test
	on_firmware 2 multi-load tracking chunks migration-state "$behaviour" -- \
		"${RUNNING_PROGRAMS[@]}" concurrent_test
done
finish
