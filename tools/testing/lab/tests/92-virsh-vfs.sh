#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two hosts: "virsh migrate --live" takes a guest with four VFs from one to the other and
# back: one is an <interface> with an address of its own, one is not managed, and two are.
# The guest holds objects on each.
#
# lab: hosts=2 soak=1 saved-guest=1 pfs=1 vfs=4 mem=2048 kernel-root=13 timeout=1500
# lab-model-prop: eswitch=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

# shellcheck source=../libvirt/stages
. /src/tools/testing/lab/libvirt/stages
# shellcheck source=../libvirt/devices
. /src/tools/testing/lab/libvirt/devices

# Of <interface>, libvirt sets it on either host; of the others it is the administrator's
MAC=02:00:00:00:79:aa
UNMANAGED=1

# host_ready - VFs that have the same numbers and addresses on both hosts.
host_ready()
{
	libvirt_peer && host_vfs 02:00:00:00:77:{02,12,22,32} &&
		virsh -q nodedev-detach "$(vf_node "$UNMANAGED")"
}

restored()
{
	virsh -q restore /build/libvirt/guest.save && ask memory
}

all_plugged()
{
	plugged "$(interface_xml 0 "$MAC")" 0 &&
		plugged "$(hostdev_xml "$UNMANAGED" no)" "$UNMANAGED" &&
		plugged "$(hostdev_xml 2 yes)" 2 && plugged "$(hostdev_xml 3 yes)" 3
}

moved_to()
{
	virsh -q migrate-setmaxdowntime guest 600000 &&
		virsh -q migrate --live guest "qemu+tcp://$1/system"
}

# has_drivers UNMANAGED-DRIVER DRIVER - The VFs of this host.
has_drivers()
{
	is_bound "$(vf_bdf "$UNMANAGED")" "$1" && is_bound "$(vf_bdf 0)" "$2" &&
		is_bound "$(vf_bdf 2)" "$2" && is_bound "$(vf_bdf 3)" "$2"
}

# is_whole - As it was, on each of its VFs.
is_whole()
{
	whole_on_each 4 && ask memory && pings
}

check "the host is ready" host_ready
if [ "$LAB_HOST" = 0 ]; then
	check "the guest runs" restored
	check "four VFs are plugged in" all_plugged
	check "the guest holds objects on each" holds_on_each 4
	check "the guest brings one up" ask attach
	check "it answers a ping" pings
	wait_for 900 host_said ready || fatal "the other host is ready"
	[ "$TAP_FAILED" = 0 ] || fatal "there is a guest to move"
	check "the guest moves with four VFs" moved_to host2
	check "its VFs have their host's drivers again" has_drivers mlx5_vfio_pci mlx5_core
	host_says moved
	wait_for 900 host_said returned || fatal "the guest comes back"
else
	host_says ready
	wait_for 900 host_said moved || fatal "the guest comes"
fi
check "the guest runs here" [ "$(virsh domstate guest)" = running ]
check "its VFs have the variant" has_drivers mlx5_vfio_pci mlx5_vfio_pci
check "no object on any VF is lost, its memory is the same" is_whole
check "the interface has its address" has_address 0 "$MAC"
if [ "$LAB_HOST" = 1 ]; then
	check "it moves back" moved_to host1
	check "its VFs have their host's drivers again" has_drivers mlx5_vfio_pci mlx5_core
	host_says returned
else
	check "its interface goes down and up" ask bounce
	check "the guest's end" virsh -q destroy guest
	check "the VFs are free again" has_drivers mlx5_vfio_pci mlx5_core
fi
finish
