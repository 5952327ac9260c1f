#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The stock driver's network devices on the model, PF and two VFs: traffic between
# them in all sizes, what ethtool and ip set and show, and what the PF sets for a
# VF (address, trust, state, virtual LAN, checked senders) holds.
#
# lab: pfs=1 vfs=2 cpus=2 mem=1536 release=13 kernel-root=13,12,13-backports timeout=500 soak=1
# lab-model-prop: eswitch=on

. "$(dirname "$0")/traffic.sh"

# set_vf N SETTING... - ip link set PF vf N SETTING
set_vf()
{
	ip link set "$PF_DEV" vf "$1" "${@:2}"
}

# stat_of DEV NAME - A number of ethtool -S
stat_of()
{
	ethtool -S "$1" | awk -v name="$2:" '$1 == name { print $2 }'
}

mtu_9000()
{
	ip link set "$PF_DEV" mtu 9000 && in_vf 0 ip link set "${VF_DEV[0]}" mtu 9000 &&
		reached 10.9.0.2 && pings 10.9.0.2 -M "do" -s 8900 && sends vf0 10.9.0.2 8 &&
		ip link set "$PF_DEV" mtu 1500 && in_vf 0 ip link set "${VF_DEV[0]}" mtu 1500 &&
		reached 10.9.0.2
}

# A tag that both ends put on themselves
tagged()
{
	ip link add link "$PF_DEV" name pf.100 type vlan id 100 &&
		ip addr add 10.9.1.1/24 dev pf.100 && ip link set pf.100 up &&
		in_vf 0 ip link add link "${VF_DEV[0]}" name vf.100 type vlan id 100 &&
		in_vf 0 ip addr add 10.9.1.2/24 dev vf.100 && in_vf 0 ip link set vf.100 up &&
		reached 10.9.1.2 && pings 10.9.1.2 && sends vf0 10.9.1.2 2
}

# What the device has put tags onto
tags_added()
{
	in_vf 0 ethtool -S "${VF_DEV[0]}" | awk '$1 == "tx_added_vlan_packets:" { print $2 }'
}

both_ways_of_tags()
{
	local side before by_device

	for side in off on; do
		in_vf 0 ethtool -K "${VF_DEV[0]}" rxvlan "$side" txvlan "$side" &&
			reached 10.9.1.2 && before=$(tags_added) && pings 10.9.1.2 || return 1
		by_device=off
		[ "$(tags_added)" = "$before" ] || by_device=on
		[ "$by_device" = "$side" ] || {
			echo "the device's help is $side, and it put tags: $by_device"
			return 1
		}
	done
}

# One queue, then two, and the hash over chosen fields; traffic goes on.
channels()
{
	in_vf 0 ethtool -L "${VF_DEV[0]}" combined 1 && reached 10.9.0.2 && pings 10.9.0.2 &&
		in_vf 0 ethtool -L "${VF_DEV[0]}" combined 2 && reached 10.9.0.2 &&
		in_vf 0 ethtool -G "${VF_DEV[0]}" rx 256 tx 256 && reached 10.9.0.2 &&
		in_vf 0 ethtool -N "${VF_DEV[0]}" rx-flow-hash tcp4 sdfn && pings 10.9.0.2
}

# Twenty connections come by both queues.
spread()
{
	local i queue before

	before=$(in_vf 0 ethtool -S "${VF_DEV[0]}" |
		awk '$1 ~ /^rx[01]_packets:/ { print $2 }' | xargs)
	for i in {1..20}; do
		# Refused, which is an answer, too.
		timeout 2 bash -c "echo >/dev/tcp/10.9.0.2/$((7000 + i))" 2>/dev/null
	done
	for queue in 0 1; do
		[ "$(in_vf 0 ethtool -S "${VF_DEV[0]}" |
			awk -v name="rx${queue}_packets:" '$1 == name { print $2 }')" -gt \
			"$(cut -d ' ' -f $((queue + 1)) <<<"$before")" ] || {
			echo "queue $queue got nothing ($before before)"
			return 1
		}
	done
}

# 6.1 takes its own values for those given with the change to fixed ones.
moderation()
{
	ethtool -C "$PF_DEV" adaptive-rx off adaptive-tx off &&
		ethtool -C "$PF_DEV" rx-usecs 50 rx-frames 16 &&
		ethtool -c "$PF_DEV" | grep -q '^rx-usecs:[[:space:]]*50$' && pings 10.9.0.2
}

offloads_off_and_on()
{
	local side

	for side in off on; do
		ethtool -K "$PF_DEV" tx "$side" rx "$side" tso "$side" gro "$side" rxhash "$side" &&
			sends vf0 10.9.0.2 1 || return 1
	done
}

counted()
{
	local before

	before=$(stat_of "$PF_DEV" tx_vport_unicast_packets)
	pings 10.9.0.2 || return 1
	[ "$(stat_of "$PF_DEV" tx_vport_unicast_packets)" -ge $((before + 3)) ] &&
		[ "$(ip -s link show "$PF_DEV" | grep -c '^ *RX: bytes')" = 2 ]
}

promiscuous()
{
	local before

	in_vf 1 ip link set "${VF_DEV[1]}" promisc on && set_vf 1 trust on || return 1
	before=$(in_vf 1 cat "/sys/class/net/${VF_DEV[1]}/statistics/rx_packets")
	# Nobody has that address: it leaves by the wire.
	ip neigh replace 10.9.0.77 lladdr 02:00:00:00:77:77 dev "$PF_DEV"
	ping -c 2 -i 0.1 -W 0.2 10.9.0.77
	ping -c 2 -i 0.1 -W 2 -b 10.9.0.255
	[ "$(in_vf 1 cat "/sys/class/net/${VF_DEV[1]}/statistics/rx_packets")" -gt "$before" ]
}

# macvlan sends with an address that the PF knows nothing of.
spoofer()
{
	in_vf 0 ip link add link "${VF_DEV[0]}" name mv type macvlan &&
		in_vf 0 ip addr add 10.9.0.9/24 dev mv && in_vf 0 ip link set mv up &&
		wait_for 60 in_vf 0 ping -c 1 -W 1 -I mv 10.9.0.1
}

spoof_check()
{
	set_vf 0 mac "$(in_vf 0 cat "/sys/class/net/${VF_DEV[0]}/address")" &&
		set_vf 0 spoofchk on && reached 10.9.0.2 && pings 10.9.0.2
}

# A tag that the VFs know nothing of; a VF without it is in another network.
hidden_tag()
{
	set_vf 0 vlan 100 && in_vf 0 ip addr add 10.9.1.12/24 dev "${VF_DEV[0]}" &&
		in_vf 0 ip link del vf.100 && reached 10.9.1.12 && pings 10.9.1.12
}

traffic_start || fatal "a PF and two VFs come up with mlx5_core"

check "the PF reaches the first VF" reached 10.9.0.2
check "and the second" reached 10.9.0.3
check "a VF reaches the other" in_vf 0 ping -q -c 3 -i 0.1 -W 2 10.9.0.3
check "pings of 64 KiB are put together" pings 10.9.0.2 -s 65000
check "a stream of TCP arrives as it was sent" sends vf0 10.9.0.2 16
sed -e 's/^/# /' /tmp/sum.received
check "frames of 9000 bytes" mtu_9000
check "a tagged network" tagged
check "with and without the device's help with tags" both_ways_of_tags
check "queues, rings and hash are changed under traffic" channels
check "connections are spread over the queues" spread
check "fewer events" moderation
check "offloads off and on" offloads_off_and_on
check "what goes by is counted" counted
check "the driver tests itself" ethtool -t "$PF_DEV"
check "the link is up again" reached 10.9.0.2
check "a promiscuous VF sees broadcasts" promiscuous
check "a VF sends by another address" spoofer
check "with spoofchk its own goes on" spoof_check
refuse "but not the other" in_vf 0 ping -c 1 -W 1 -I mv 10.9.0.1
check "until it is off" set_vf 0 spoofchk off
check "when both do" wait_for 20 in_vf 0 ping -c 1 -W 1 -I mv 10.9.0.1
check "the PF puts a VF into a network" hidden_tag
refuse "and out of the other" ping -c 1 -W 1 10.9.0.2
check "and back" set_vf 0 vlan 0
check "where it is reached" reached 10.9.0.2
check "the PF takes a VF's link down" set_vf 0 state disable
refuse "so that it is not reached" ping -c 1 -W 1 10.9.0.2
check "and up" set_vf 0 state auto
check "so that it is" reached 10.9.0.2
finish
