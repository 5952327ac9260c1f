#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In a host of the lab, for measure/traffic: streams of TCP between a PF and a VF of the
# model. Before and behind each of them it says so in a file and waits until that is gone:
# whoever takes it away looks at QEMU in between.
#
# usage: traffic.sh MIB

. "$(dirname "$0")/../tests/traffic.sh"

mib=${1:?MIB}
PORT=5001
MARK=/results/mark

# mark WORD... - Say it, and go on when it was heard.
mark()
{
	echo "$*" >$MARK.new && mv $MARK.new $MARK && wait_for 60 [ ! -e $MARK ]
}

# stream RECEIVER SENDER ADDRESS NAME - Words that run a command at either end
stream()
{
	local receiver=$1 sender=$2 address=$3 pid start end

	# shellcheck disable=SC2086
	$receiver socat -u -b 262144 "TCP-LISTEN:$PORT" OPEN:/dev/null &
	pid=$!
	wait_for 60 listens "$receiver" || return 1
	mark begin "$4"
	start=$EPOCHREALTIME
	# shellcheck disable=SC2086
	$sender socat -u -b 262144 "OPEN:/dev/zero,readbytes=$((mib << 20))" "TCP:$address:$PORT" &&
		wait $pid || return 1
	end=$EPOCHREALTIME
	mark end "$start" "$end"
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
