#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What libvirt does with a guest that has a VF, beside moving it: save and restore,
# managedsave, plugging and unplugging, managed or not, as <interface> with an address
# of its own, a reset, a reboot, several VFs. The guest holds objects on its VF through
# all of it.
#
# lab: soak=1 saved-guest=1 pfs=1 vfs=4 mem=2560 kernel-root=13 timeout=3000
# lab-model-prop: eswitch=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

# shellcheck source=../libvirt/stages
. /src/tools/testing/lab/libvirt/stages
# shellcheck source=../libvirt/devices
. /src/tools/testing/lab/libvirt/devices

MAC=02:00:00:00:79:aa

host_ready()
{
	stage_host && libvirt_device_nodes && libvirt_start &&
		host_vfs 02:00:00:00:77:{02,12,22,32}
}

# restored - The guest that was saved when it had booted; what it boots from when it is
# reset is named in its XML.
restored()
{
	local kernel="<kernel>/build/demo/vmlinux</kernel><initrd>/build/demo/initramfs.cpio</initrd>"

	kernel+="<cmdline>console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check random.trust_cpu=on rcupdate.rcu_expedited=1 audit=0 demo.memcheck=4 demo.address=192.168.79.2</cmdline>"
	virsh -q save-image-dumpxml /build/libvirt/guest.save |
		sed -e "s|</os>|$kernel</os>|" -e 's|<on_reboot>destroy|<on_reboot>restart|' >/tmp/restored.xml
	virsh -q restore /build/libvirt/guest.save --xml /tmp/restored.xml && ask memory
}

# is_off - A domain that libvirt was not told to keep is gone.
is_off()
{
	[ "$(virsh domstate guest 2>&1)" = "shut off" ] || ! virsh domstate guest
}

# saved COMMAND... - The VF has its host's driver then. QEMU writes memory until the rest goes
# within the downtime that is allowed, also of a guest that stands still; what a VF can
# write to may count as written for ever.
saved()
{
	virsh -q migrate-setmaxdowntime guest 600000 && virsh -q "$@" && is_off &&
		is_bound "$(vf_bdf 0)" mlx5_core
}

saved_and_restored()
{
	saved save guest /tmp/guest.save && virsh -q restore /tmp/guest.save &&
		rm /tmp/guest.save && ask check && pings
}

# kept - As "managedsave" does it, for a domain that libvirt knows when it is off.
kept()
{
	virsh dumpxml guest --migratable >/tmp/defined.xml && virsh -q define /tmp/defined.xml &&
		saved managedsave guest && virsh -q start guest && ask check && pings
}

# was_reset - As by a button: no driver of the guest knows.
was_reset()
{
	ask ready &
	virsh -q reset guest && wait $! && holds
}

was_rebooted()
{
	ask reboot && ask ready && holds
}

# four_vfs - Three more.
four_vfs()
{
	local n

	for n in 1 2 3; do
		plugged "$(hostdev_xml "$n" yes)" "$n" || return 1
	done
	holds_on_each 4
}

four_saved_and_restored()
{
	saved save guest /tmp/guest.save && is_bound "$(vf_bdf 3)" mlx5_core &&
		virsh -q restore /tmp/guest.save && rm /tmp/guest.save &&
		whole_on_each 4 && ask memory && pings
}

check "the host is ready" host_ready
check "the guest runs" restored
[ "$TAP_FAILED" = 0 ] || fatal "there is a guest to try it with"

device=$(hostdev_xml 0 yes)
check "managed=yes: the VF is plugged in" plugged "$device" 0
check "the guest holds objects on it" holds
check "save and restore" saved_and_restored
check "managedsave and start" kept
check "the guest's interface goes down and up" ask bounce
check "the guest gives its objects back" free_of_objects
check "the VF is unplugged" unplugged "$device"
check "managed=yes: its driver has it again" wait_for 60 is_bound "$(vf_bdf 0)" mlx5_core

device=$(hostdev_xml 1 no)
refuse "managed=no: not before it was detached" virsh -q attach-device guest "$device" --live
check "managed=no: detached by hand" virsh -q nodedev-detach "$(vf_node 1)"
check "managed=no: the VF is plugged in" plugged "$device" 1
check "managed=no: the guest holds objects on it" holds
check "managed=no: the guest gives them back" free_of_objects
check "managed=no: the VF is unplugged" unplugged "$device"
check "managed=no: our driver keeps it" is_bound "$(vf_bdf 1)" mlx5_vfio_pci
check "managed=no: given back by hand" virsh -q nodedev-reattach "$(vf_node 1)"

device=$(interface_xml 0 "$MAC")
check "interface: the VF is plugged in" plugged "$device" 0
check "interface: the guest holds objects on it" holds
check "interface: it has the address" has_address 0 "$MAC"
check "interface: save and restore" saved_and_restored
check "interface: it has the address again" has_address 0 "$MAC"
check "a reset: the guest comes up and holds objects" was_reset
check "a reboot: the guest comes up and holds objects" was_rebooted
check "save and restore after them" saved_and_restored
check "four VFs: the guest holds objects on each" four_vfs
check "four VFs: save and restore" four_saved_and_restored
check "the guest's end" virsh -q destroy guest
check "the VF is free again" wait_for 60 is_bound "$(vf_bdf 0)" mlx5_core
finish
