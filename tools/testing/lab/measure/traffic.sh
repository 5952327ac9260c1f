#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In a host of the lab, for measure/traffic: streams of TCP between a PF and a VF of the
# model, a line before and behind each. Whoever reads them looks at QEMU meanwhile.
#
# usage: traffic.sh MIB

. "$(dirname "$0")/../tests/traffic.sh"

mib=${1:?MIB}
PORT=5001

# stream RECEIVER SENDER ADDRESS - Words that run a command at either end
stream()
{
	local receiver=$1 sender=$2 address=$3 pid start

	# shellcheck disable=SC2086
	$receiver socat -u -b 262144 "TCP-LISTEN:$PORT" OPEN:/dev/null &
	pid=$!
	# shellcheck disable=SC2086
	wait_for 60 listens "$receiver" || return 1
	echo "traffic: begin $4"
	start=$EPOCHREALTIME
	# shellcheck disable=SC2086
	$sender socat -u -b 262144 "OPEN:/dev/zero,readbytes=$((mib << 20))" "TCP:$address:$PORT" &&
		wait $pid || return 1
	echo "traffic: end $start $EPOCHREALTIME"
}

# listens WORDS - Does the receiver at that end wait for a connection?
listens()
{
	# shellcheck disable=SC2086
	$1 ss -Hltn "sport = $PORT" | grep -q .
}

set_mtu()
{
	ip link set "$PF_DEV" mtu "$1" && in_vf 0 ip link set "${VF_DEV[0]}" mtu "$1" &&
		reached 10.9.0.2
}

traffic_start && reached 10.9.0.2 || exit 1
for mtu in 1500 9000; do
	set_mtu $mtu &&
		stream "ip netns exec vf0" "" 10.9.0.2 "$mtu PF-to-VF" &&
		stream "" "ip netns exec vf0" 10.9.0.1 "$mtu VF-to-PF" || exit 1
done
