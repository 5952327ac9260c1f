#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Images of more than 4 GiB, three times the machine's memory, in pieces; and, of
# firmware that does not save in pieces, one that is larger than its memory.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 kernel-root=13,12 timeout=1500 soak=1

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/firmware.sh"

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
on_firmware 2 multi-load tracking chunks -- mlx5_huge_image_test
# What it was that stayed below the bound
grep -h "less of memory" /tmp/mlx5_huge_image_test.log
on_firmware 2 multi-load tracking -- mlx5_huge_image_test
finish
