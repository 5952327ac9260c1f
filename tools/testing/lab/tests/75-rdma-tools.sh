#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# RDMA between PF and VFs by the stock mlx5_ib, in the ways that rdma-core's connection
# manager and perftest have and the model offers: sends, writes and reads of all sizes,
# atomics, datagrams, several queue pairs at once, shared queues of XRC.
#
# lab: pfs=1 vfs=2 cpus=2 mem=1536 release=13 kernel-root=13,12,13-backports timeout=900 soak=1
# lab: second-root=rdma-13
# lab-model-prop: eswitch=on,rdma=on,mkey-cache=on

. "$(dirname "$0")/rdma.sh"

# xsrq_clients CLIENT SERVER N - As many processes with one device, whose domain is one
xsrq_clients()
{
	local i pids=() status=0

	for ((i = 0; i < $3; i++)); do
		# shellcheck disable=SC2046 # words
		at "$1" timeout 100 ibv_xsrq_pingpong $(device "$1" -g) -n 50 \
			"$(address "$2")" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || status=1
	done
	return "$status"
}

# xsrq CLIENT SERVER N - A server sends to the queue of each of N clients by the
# connections of all of them in turn, and they answer.
xsrq()
{
	# shellcheck disable=SC2046 # words
	served "listens $2 18515" at "$2" timeout 100 \
		ibv_xsrq_pingpong $(device "$2" -g) -n 50 -c "$3" -- xsrq_clients "$@"
}

# Writes of 64 KiB, of many packets each, come to the second device as the first sends them.
counted()
{
	local before now

	before=("$(counter 1 rx_write_requests)" "$(port_counter 0 port_xmit_packets)"
		"$(port_counter 1 port_rcv_packets)")
	perf ib_write_bw 0 1 -n 100 || return 1
	now=("$(counter 1 rx_write_requests)" "$(port_counter 0 port_xmit_packets)"
		"$(port_counter 1 port_rcv_packets)")
	echo "${before[*]}, then ${now[*]}"
	[ $((now[0] - before[0])) -ge 100 ] && [ $((now[1] - before[1])) -ge 1600 ] &&
		[ $((now[2] - before[2])) -ge 1600 ] &&
		[ "$(counter 0 req_remote_access_errors)" = 0 ]
}

rdma_start || fatal "mlx5_ib takes a PF and two VFs"
for i in 1 2; do
	reached "$(address $i)" || fatal "the network is up"
done

for pair in "0 1" "1 0" "1 2"; do
	read -r a b <<<"$pair"
	check "a connection by its manager from $a to $b" rings "$a" "$b"
done
check "messages of one byte" pingpong rc 0 1 -n 50 -s 1
check "and of a megabyte" pingpong rc 0 1 -n 10 -s 1048576
check "by the newer calls of rdma-core" pingpong rc 1 2 -n 100 -N
check "writes, which are counted" counted
check "writes of all sizes" perf ib_write_bw 1 2 -n 10 -a
check "reads" perf ib_read_bw 0 1 -n 100
check "atomics" perf ib_atomic_bw 0 1 -n 100
check "sends" perf ib_send_bw 1 0 -n 100
check "sends of datagrams" perf ib_send_bw 0 1 -n 100 -c UD -s 1000
check "both ways at once" perf ib_write_bw 0 1 -n 50 -b
check "four queue pairs at once" perf ib_write_bw 0 1 -n 50 -q 4
check "messages without answers" pingpong uc 0 1 -n 50
check "writes without answers" perf ib_write_bw 1 2 -n 50 -c UC
check "shared queues of XRC, of the PF" xsrq 1 0 1
check "of a VF" xsrq 0 1 1
check "of three processes, by each other's connections" xsrq 1 2 3
check "and nothing is left of all" wait_for 60 clean
finish
