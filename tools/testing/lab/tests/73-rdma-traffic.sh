#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# RDMA between PF and VF and between two VFs, by the stock mlx5_ib and rdma-core's tools:
# reliable connections and datagrams, with what arrives compared.
#
# lab: pfs=1 vfs=2 cpus=2 mem=1536 release=13 timeout=300 soak=1
# lab: second-root=rdma-13
# lab-model-prop: eswitch=on,rdma=on

. "$(dirname "$0")/rdma.sh"

rdma_start || fatal "mlx5_ib takes a PF and two VFs"
ok "mlx5_ib takes a PF and two VFs"
for i in 0 1 2; do
	check "the address of device $i is a GID" wait_for 60 has_gid "${IB[i]}" "$(address "$i")"
done
check "a reliable connection from VF to PF" pingpong rc 1 0 -n 100
check "with messages of 60,000 bytes" pingpong rc 1 0 -n 30 -s 60000
check "with a path MTU of 256 bytes" pingpong rc 1 0 -n 30 -m 256
check "with events" pingpong rc 1 0 -n 30 -e
check "from one VF to another" pingpong rc 2 1 -n 100
check "datagrams from VF to PF" pingpong ud 1 0 -n 100
check "datagrams from one VF to another" pingpong ud 2 1 -n 100 -e
check "a queue that queue pairs share" pingpong srq 1 0 -n 100 -q 4
check "writes" perf ib_write_bw 1 0 -s 65536 -n 30 -m 1024
check "reads" perf ib_read_bw 1 0 -s 65536 -n 30 -m 1024
check "sends" perf ib_send_bw 1 0 -s 8192 -n 60 -m 1024
finish
