#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The PF in switchdev mode: each VF has a representor, by which what it sends
# comes to the host and what the host sends goes to it; and devlink sets what a VF
# is: its address, and whether it migrates, of which VFIO tells then.
#
# lab: pfs=1 vfs=2 cpus=2 mem=1536 release=13 kernel-root=13 soak-root=13-backports timeout=720
# lab-model-prop: eswitch=on

. "$(dirname "$0")/switchdev.sh"

# says N WORDS - Does devlink show that of the N-th VF's port?
says()
{
	devlink port show "$(port_of "$1")" | grep -q "$2"
}

# set_port N SETTING... - devlink port function set
set_port()
{
	devlink port function set "$(port_of "$1")" "${@:2}"
}

# what_came - The stream's 8 MiB, in packets of at most 1500 bytes, went to the VF, and
# what came of it is what it says to have sent. How many answers a stream has is luck.
what_came()
{
	local rep=/sys/class/net/$1/statistics sent

	sent=$(in_vf 0 cat "/sys/class/net/${VF_DEV[0]}/statistics/tx_packets") &&
		[ "$(cat "$rep/tx_packets")" -ge $((8 * 1024 * 1024 / 1500)) ] &&
		[ "$sent" -gt 0 ] && [ "$(cat "$rep/rx_packets")" -eq "$sent" ]
}

# What is shown of a representor is a while old.
counted()
{
	local dev
	dev=$(rep_of 0)

	wait_for 60 what_came "$dev" || {
		grep . "/sys/class/net/$dev/statistics/"?x_packets
		in_vf 0 ip -s link show "${VF_DEV[0]}"
		return 1
	}
	ethtool -S "$dev" | grep vport_rx_packets && ethtool -i "$dev" | grep mlx5e_rep
}

address()
{
	set_port 0 hw_addr 00:11:22:33:44:55 && says 0 00:11:22:33:44:55
}

# migration N WORDS - Does the log say that of the VF, when VFIO takes it?
migration()
{
	local bdf said
	bdf=$(vf "$PF" "$1")

	said=$(dmesg | wc -l)
	rebind "$bdf" mlx5_vfio_pci || return 1
	dmesg | tail -n +$((said + 1)) | grep "$bdf.*migration: $2"
}

echo 'blacklist mlx5_ib' >/etc/modprobe.d/lab.conf
load_mlx5 || fatal "mlx5_core drives the PF, and mlx5_vfio_pci is there"
PF=$(pf 0)
wait_for 60 has_netdev "$PF" || fatal "the PF has a network device"
make_vfs "$PF" 2 || fatal "the PF makes two VFs"

check "the PF goes to switchdev mode" switchdev
check "the VFs have ports and representors" wait_for 60 has_ports
devlink port show | sed -e 's/^/# /'
check "devlink gives a VF its address" address
check "a VF may migrate" set_port 0 migratable enable
check "which its port shows" says 0 'migratable enable'
check "another may not" set_port 1 migratable disable
check "which its port shows, too" says 1 'migratable disable'
check "there is no RoCE to be switched on" says 1 'roce disable'
check "VFIO offers migration of the one" migration 0 stop-copy
check "of the other it says why not" migration 1 "not allowed for this VF"
check "it may after all" set_port 1 migratable enable
check "and VFIO offers it" migration 1 stop-copy
vfs_up || fatal "the native driver takes both"
ok "the native driver takes both"
check "the VF has the address that it was given" \
	in_vf 0 grep -qx 00:11:22:33:44:55 "/sys/class/net/${VF_DEV[0]}/address"
check "a representor reaches its VF" reached 10.9.0.2
check "the other its own" reached 10.9.1.2
check "a VF reaches the other by the host" in_vf 0 ping -q -c 3 -i 0.1 -W 2 10.9.1.2
check "a stream of TCP arrives as it was sent" sends vf0 10.9.0.2 8
check "what went by is counted" counted
unbind "$(vf "$PF" 0)"
unbind "$(vf "$PF" 1)"
check "the PF goes back to legacy mode" devlink dev eswitch set "pci/$PF" mode legacy
finish
