#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# RDMA between PF and VF and between two VFs, by the stock mlx5_ib and rdma-core's tools:
# reliable connections and datagrams, with what arrives compared. Users that are killed
# amid messages leave nothing behind, and who has something under way to them is told.
#
# lab: pfs=1 vfs=2 cpus=2 mem=1536 release=13 timeout=600 soak=1
# lab: second-root=rdma-13
# lab-model-prop: eswitch=on,rdma=on

. "$(dirname "$0")/rdma.sh"

# pairs I - What a user there has: connected queue pairs, of which some only answer
pairs()
{
	user rdma res show qp link "${IB[$1]}/1" | grep 'type RC state RT[RS]'
}

# sends I - Have messages left there since it was asked first?
sends()
{
	local now
	now=$(pairs "$1")

	[ -n "$now" ] && [ "$now" != "${FIRST:=$now}" ]
}

# user_of I - The process that has them
user_of()
{
	pairs "$1" | sed -n 's/.* pid \([0-9]*\) .*/\1/p' | head -n 1
}

# under_way TOOL OPTION CLIENT SERVER [OPTION...] - Both ends run, and messages go.
under_way()
{
	local tool=$1 option=$2 client=$3 server=$4
	shift 4

	FIRST=
	# shellcheck disable=SC2046 # words
	at "$server" timeout 60 "$tool" $(device "$server" "$option") "$@" >/tmp/server 2>&1 &
	SERVER=$!
	wait_for 60 listens "$server" 18515 || return 1
	# shellcheck disable=SC2046 # words
	at "$client" timeout 60 "$tool" $(device "$client" "$option") "$@" \
		"$(address "$server")" >/tmp/client 2>&1 &
	CLIENT=$!
	wait_for 60 sends "$client"
}

# fails JOB - It ends, in an error that it has seen itself.
fails()
{
	local status=0

	wait "$1" || status=$?
	[ "$status" != 0 ] && [ "$status" != 124 ] && [ "$status" != 137 ]
}

# What a client writes to is gone: it gives up as nobody answers (12).
server_dies()
{
	under_way ib_write_bw -x "$1" "$2" -F -D 50 && kill -9 "$(user_of "$2")" && fails "$CLIENT" &&
		grep 'Failed status 12' /tmp/client && wait_for 60 clean && return
	cat /tmp/client /tmp/server
	return 1
}

client_dies()
{
	under_way ib_write_bw -x "$1" "$2" -F -D 50 && kill -9 "$(user_of "$1")" && fails "$SERVER" &&
		wait_for 60 clean && return
	cat /tmp/client /tmp/server
	return 1
}

# both_die TOOL CLIENT SERVER [OPTION...] - At once: who waits for a message of a peer that
# is gone is told nothing.
both_die()
{
	local tool=$1 client=$2 server=$3
	shift 3

	under_way "$tool" -g "$client" "$server" -n 10000000 "$@" &&
		kill -9 "$(user_of "$client")" "$(user_of "$server")" && wait_for 60 clean && return
	cat /tmp/client /tmp/server
	return 1
}

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
check "a user of the PF dies, and its peer is told" server_dies 1 0
check "so does one of a VF" server_dies 0 1
check "a user of a VF dies amid its writes" client_dies 1 0
check "so does one of the PF" client_dies 0 1
for tool in rc srq; do
	check "both users of ibv_${tool}_pingpong die" both_die ibv_${tool}_pingpong 2 0
	check "and those that wait for events" both_die ibv_${tool}_pingpong 0 1 -e
done
finish
