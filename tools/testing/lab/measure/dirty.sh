#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dirty.sh ROUNDS ["DRIVER..."] - In L1, with a kernel that offers DMA logging: what reports
# of pages that a VF wrote to cost, with each driver in turn, ours or upstream (both).
# Prints "DRIVER KIND METRIC VALUE" for each figure of mlx5_dirty_bench.

. "$(dirname "$0")/../tests/lib.sh"

declare -A MODULE=([ours]=mlx5_vfio_pci [upstream]="$UPSTREAM")

export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
rounds=$1
read -ra drivers <<<"${2:-ours upstream}"

for driver in "${drivers[@]}"; do
	if [ "$driver" = ours ]; then
		load_mlx5 || exit 1
	else
		load_upstream || exit 1
	fi
done
PF=$(pf 0)
make_vfs "$PF" 1 || exit 1

for driver in "${drivers[@]}"; do
	rebind "$(vf "$PF" 0)" "${MODULE[$driver]}" || exit 1
	"$SELFTESTS/mlx5_dirty_bench" "$rounds" "$(vf "$PF" 0)" | sed "s/^/$driver /"
	[ "${PIPESTATUS[0]}" = 0 ] || exit 1
done
