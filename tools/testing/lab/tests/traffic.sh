# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the tests of traffic: a PF and two VFs with the native driver, each VF in
# a network namespace of its own.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PCI=/sys/bus/pci/devices

# netdev BDF - The network device of a function.
netdev()
{
	local dev

	for dev in "$PCI/$1/net/"*; do
		[ ! -e "$dev" ] || basename "$dev"
	done | head -n 1
}

has_netdev()
{
	[ -n "$(netdev "$1")" ]
}

# in_vf N CMD... - Run CMD where the N-th VF's network device is.
in_vf()
{
	ip netns exec "vf$1" "${@:2}"
}

# traffic_start - mlx5_core drives the first PF and two VFs of it: $PF, $PF_DEV,
# ${VF_DEV[0]}, ${VF_DEV[1]}, up, with 10.9.0.1, .2 and .3.
traffic_start()
{
	local i

	echo 'blacklist mlx5_ib' >/etc/modprobe.d/lab.conf
	modprobe mlx5_core && pfs_are_up || return 1
	PF=$(pf 0)
	wait_for 60 has_netdev "$PF" || return 1
	echo 2 >"$PCI/$PF/sriov_numvfs" || return 1
	PF_DEV=$(netdev "$PF")
	for i in 0 1; do
		wait_for 60 has_netdev "$(vf "$PF" $i)" || return 1
		VF_DEV[i]=$(netdev "$(vf "$PF" $i)")
		vf_up $i || return 1
	done
	ip addr add 10.9.0.1/24 dev "$PF_DEV" && ip link set "$PF_DEV" up
}

# vf_up N - Puts the N-th VF's device into its namespace and gives it an address.
vf_up()
{
	ip netns add "vf$1" 2>/dev/null
	ip link set "${VF_DEV[$1]}" netns "vf$1" &&
		in_vf "$1" ip addr add "10.9.0.$(($1 + 2))/24" dev "${VF_DEV[$1]}" &&
		in_vf "$1" ip link set "${VF_DEV[$1]}" up
}

# pings ADDRESS [OPTION...] - All of three requests are answered.
pings()
{
	ping -q -c 3 -i 0.1 -W 2 "${@:2}" "$1"
}

# reached ADDRESS - Wait for the first answer: links and neighbours take a while.
reached()
{
	wait_for 60 ping -c 1 -W 1 "$1"
}

# sends NAMESPACE ADDRESS MIB - A stream of TCP from here to a receiver in the
# namespace, whose sum is right at the other end.
sends()
{
	local sum

	python3 "$(dirname "${BASH_SOURCE[0]}")/stream.py" sum "$3" >/tmp/sum.sent
	ip netns exec "$1" timeout 120 python3 "$(dirname "${BASH_SOURCE[0]}")/stream.py" \
		receive "$2" >/tmp/sum.received &
	timeout 120 python3 "$(dirname "${BASH_SOURCE[0]}")/stream.py" send "$2" "$3"
	wait $! || return 1
	sum=$(cat /tmp/sum.received)
	echo "received $sum"
	[ "${sum%% *}" = "$(cat /tmp/sum.sent)" ]
}
