# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the tests of switchdev mode: the PF ($PF) has a representor for each VF, by
# which the host is between the VFs' networks.

. "$(dirname "${BASH_SOURCE[0]}")/traffic.sh"

# port_of N - The devlink port of the N-th VF
port_of()
{
	devlink port show | sed -n "s,^\(pci/$PF/[0-9]*\): .*vfnum $1 .*,\1,p"
}

# rep_of N - Its representor's network device
rep_of()
{
	devlink port show "$(port_of "$1")" | sed -n 's/.* netdev \([^ ]*\) .*/\1/p'
}

switchdev()
{
	devlink dev eswitch set "pci/$PF" mode switchdev &&
		devlink dev eswitch show "pci/$PF" | grep -q 'mode switchdev'
}

has_ports()
{
	[ -n "$(port_of 0)" ] && [ -n "$(port_of 1)" ] && [ -n "$(rep_of 0)" ] &&
		[ -n "$(rep_of 1)" ]
}

# vf_routed N - In a network of its own, the host behind its representor
vf_routed()
{
	local bdf rep
	bdf=$(vf "$PF" "$1")
	rep=$(rep_of "$1")

	rebind "$bdf" mlx5_core && wait_for 60 has_netdev "$bdf" || return 1
	VF_DEV[$1]=$(netdev "$bdf")
	ip netns add "vf$1" 2>/dev/null
	ip link set "${VF_DEV[$1]}" netns "vf$1" &&
		in_vf "$1" ip addr add "10.9.$1.2/24" dev "${VF_DEV[$1]}" &&
		in_vf "$1" ip link set "${VF_DEV[$1]}" up &&
		in_vf "$1" ip route add default via "10.9.$1.1" &&
		ip addr add "10.9.$1.1/24" dev "$rep" && ip link set "$rep" up
}

vfs_up()
{
	vf_routed 0 && vf_routed 1 && echo 1 >/proc/sys/net/ipv4/ip_forward &&
		ip link set "$(netdev "$PF")" up
}
