#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# profile.sh KIND - In L1: where the time of one save or load by our driver goes.
# Prints "FUNCTION CALLS NS" of two, one to warm up, the time with that of what it
# calls, for the functions of FUNCTIONS; the tracer itself makes them some percent longer.

. "$(dirname "$0")/../tests/lib.sh"

TRACING=/sys/kernel/tracing
FUNCTIONS=(vpv_buf_grow vpv_buf_seal vpv_buf_free vpv_slice_read vpv_slice_write
	vpv_save_read vpv_load_write vpv_mig_free_work vpv_session_work vpv_session_end
	vpv_walk_to_state vpv_v2_set_state
	mlx5vf_map_buf mlx5vf_buf_release mlx5vf_save_image mlx5vf_load_image
	mlx5vf_untrack vhca_buf_create_mkey vhca_image_work vhca_image_saved
	dma_map_sgtable mlx5_core_create_mkey mlx5_core_destroy_mkey mlx5_cmd_do
	dma_sync_sg_for_cpu dma_sync_sg_for_device vhca_image_post
	mlx5_vhca_suspend mlx5_vhca_resume mlx5_vhca_query_size)

load_mlx5 || exit 1
pf=$(pf 0)
echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
make_vfs "$pf" 1 && rebind "$(vf "$pf" 0)" mlx5_vfio_pci || exit 1
bdf=$(vf "$pf" 0)
echo 1 >/proc/sys/vm/nr_hugepages

for f in "${FUNCTIONS[@]}"; do
	echo "$f" >>"$TRACING/set_ftrace_filter" 2>/dev/null
done
echo 0 >"$TRACING/options/sleep-time"
echo 1 >"$TRACING/options/funcgraph-tail"
echo 16384 >"$TRACING/buffer_size_kb"
echo function_graph >"$TRACING/current_tracer"
"$SELFTESTS/migration_bench" --only "$1" 1 "$bdf"
echo 0 >"$TRACING/tracing_on"
awk '$0 ~ /[0-9.]+ us/ {
	match($0, /[0-9.]+ us/)
	us = substr($0, RSTART, RLENGTH - 3)
	name = $0
	if (name ~ /\/\*/)
		sub(/.*\/\* */, "", name)
	else
		sub(/.*\| */, "", name)
	sub(/[ (;].*/, "", name)
	calls[name]++
	sum[name] += us
}
END { for (f in sum) printf "%s %d %d\n", f, calls[f], sum[f] * 1000 }' "$TRACING/trace" |
	sort -k3,3nr
