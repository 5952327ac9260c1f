#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# RDMA between two VFs of a PF in switchdev mode: each packet goes by a representor to the
# host, which routes it to the other's network.
#
# lab: pfs=1 vfs=2 cpus=2 mem=1536 release=13 kernel-root=13,12,13-backports timeout=400 soak=1
# lab: second-root=rdma-13
# lab-model-prop: eswitch=on,rdma=on

. "$(dirname "$0")/rdma.sh"
. "$(dirname "$0")/switchdev.sh"

# address I - Each VF has a network of its own here.
address()
{
	echo "10.9.$(($1 - 1)).2"
}

# routed - Has the host forwarded more than this many packets?
routed()
{
	[ "$(awk '$1 == "Ip:" && $4 + 0 > 0 { print $7 }' /proc/net/snmp)" -gt "$1" ]
}

echo 'blacklist mlx5_ib' >/etc/modprobe.d/lab.conf
{ load_mlx5 && rdma_modules; } || fatal "mlx5_core drives the PF, and mlx5_ib is there"
PF=$(pf 0)
wait_for 60 has_netdev "$PF" || fatal "the PF has a network device"
make_vfs "$PF" 2 || fatal "the PF makes two VFs"
check "the PF goes to switchdev mode" switchdev
check "the VFs have ports and representors" wait_for 60 has_ports
for i in 0 1; do
	check "VF $i gets an address, and a GUID with it" \
		devlink port function set "$(port_of $i)" hw_addr "02:00:00:00:09:0$i"
done
vfs_up || fatal "the native driver takes both"
for i in 0 1; do
	wait_for 60 has_ibdev "$(vf "$PF" $i)" || fatal "mlx5_ib takes both"
	IB[i + 1]=$(ibdev "$(vf "$PF" $i)")
done
ok "the native drivers take both"
check "a VF reaches the other by the host" wait_for 60 in_vf 0 ping -c 1 -W 1 10.9.1.2
check "messages of a connection" pingpong rc 1 2 -n 100
# Not ibv_ud_pingpong: its datagrams may not be routed (hop limit 1).
check "datagrams" perf ib_send_lat 1 2 -c UD -n 100 -s 1000
check "a connection by its manager" rings 1 2
check "writes" perf ib_write_bw 2 1 -n 20
check "the host has routed them" routed 500
unbind "$(vf "$PF" 0)"
unbind "$(vf "$PF" 1)"
check "the PF goes back to legacy mode" devlink dev eswitch set "pci/$PF" mode legacy
finish
