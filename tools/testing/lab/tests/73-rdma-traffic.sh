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

# pingpong KIND SERVER CLIENT OPTION... - One of rdma-core's, whose server uses the device
# ${IB[SERVER]}, and whose client, in the namespace of VF CLIENT - 1, the other. Each uses
# its own link-local address.
pingpong()
{
	local kind=$1 server=$2 client=$3 pid run=user to=10.9.0.1
	shift 3

	[ "$server" = 0 ] || { run="vf_user $((server - 1))"; to=10.9.0.$((server + 1)); }
	$run timeout 60 "ibv_${kind}_pingpong" -d "${IB[server]}" -g 0 "$@" >/tmp/server 2>&1 &
	pid=$!
	wait_for 10 listens "$server" || { cat /tmp/server; return 1; }
	vf_user $((client - 1)) timeout 60 "ibv_${kind}_pingpong" -d "${IB[client]}" -g 0 "$@" \
		"$to" || { cat /tmp/server; return 1; }
	wait "$pid"
}

# listens SERVER - Somebody waits for a client where that device is.
listens()
{
	local run=()

	[ "$1" = 0 ] || run=(in_vf $(($1 - 1)))
	"${run[@]}" ss -Htln sport = :18515 | grep -q LISTEN
}

# perf WHAT OPTION... - One of perftest's, from the first VF to the PF.
perf()
{
	local what=$1 pid
	shift

	user timeout 90 "ib_$what" -d "${IB[0]}" -x 0 -F -p 18515 "$@" >/tmp/server 2>&1 &
	pid=$!
	wait_for 10 listens 0 || { cat /tmp/server; return 1; }
	vf_user 0 timeout 90 "ib_$what" -d "${IB[1]}" -x 0 -F -p 18515 "$@" 10.9.0.1 ||
		{ cat /tmp/server; return 1; }
	wait "$pid"
}

rdma_start || fatal "mlx5_ib takes a PF and two VFs"
ok "mlx5_ib takes a PF and two VFs"
check "a reliable connection from VF to PF" pingpong rc 0 1 -c -n 100
check "with messages of 60,000 bytes" pingpong rc 0 1 -c -n 30 -s 60000
check "with a path MTU of 256 bytes" pingpong rc 0 1 -c -n 30 -m 256
check "with events" pingpong rc 0 1 -c -n 30 -e
check "from one VF to another" pingpong rc 1 2 -c -n 100
check "datagrams from VF to PF" pingpong ud 0 1 -c -n 100
check "datagrams from one VF to another" pingpong ud 1 2 -n 100 -e
check "a queue that queue pairs share" pingpong srq 0 1 -c -n 100 -q 4
check "writes" perf write_bw -s 65536 -n 30 -m 1024
check "reads" perf read_bw -s 65536 -n 30 -m 1024
check "sends" perf send_bw -s 8192 -n 60 -m 1024
finish
