#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Binding on a host without driver_flavour: by hand through driver_override, by
# vfio-flavour, and by one write that udev hands to it. What goes wrong on the
# way leaves the device as it was, with an error that names cause and remedy.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 kernel-root=13,12 soak-root=13-backports timeout=240
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,addr=8

. "$(dirname "$0")/lib.sh"

PCI=/sys/bus/pci/devices
NIC=0000:00:08.0
UUID=00000000-0000-0000-0000-000000000000
ALIASES=/lib/modules/$(uname -r)/modules.alias
UPDATES=/lib/modules/$(uname -r)/updates
RULE=/etc/udev/rules.d/60-local.rules

# flavour ARGS... - Run vfio-flavour; what it says is kept for says().
flavour()
{
	vfio-flavour "$@" >/tmp/said 2>&1
}

# says REGEX... - Did it say each of them?
says()
{
	local regex

	for regex in "$@"; do
		grep -qE -- "$regex" /tmp/said || {
			echo "no '$regex' in:"
			cat /tmp/said
			return 1
		}
	done
}

# fails_saying BDF FLAVOUR REGEX... - It fails, says so, and nothing changes.
fails_saying()
{
	local bdf=$1 before
	before=$(state "$bdf")

	if flavour "$bdf" "$2"; then
		echo "it did not fail:"
		cat /tmp/said
		return 1
	fi
	shift 2
	says "$@" && [ "$(state "$bdf")" = "$before" ]
}

# state BDF - Driver and override, which a failure must not change.
state()
{
	[ ! -e "$PCI/$1" ] || echo "$(driver_of "$1") $(override "$1")"
}

override()
{
	cat "$PCI/$1/driver_override"
}

# becomes BDF FLAVOUR DRIVER [OVERRIDE] - By vfio-flavour.
becomes()
{
	flavour "$1" "$2" || { cat /tmp/said; return 1; }
	is_bound "$1" "$3" && [ "$(override "$1")" = "${4-(null)}" ] && says "$2.*$3"
}

# event BDF FLAVOUR DRIVER - By one write.
event()
{
	echo "change $UUID FLAVOUR=$2" >"$PCI/$1/uevent" &&
		udevadm settle -t 60 && is_bound "$1" "$3"
}

loaded()
{
	grep -q "^$1 " /proc/modules
}

group_of()
{
	basename "$(readlink "$PCI/$1/iommu_group")"
}

refuse "driver_flavour is not here" test -e "$PCI/$NIC/driver_flavour"
check "vfio-flavour installs" \
	make -s -C /src/tools/vfio O=/build/tools install
refuse "no module of VFIO is loaded" loaded vfio

# The documented path by hand, before anything of ours has been run.
by_hand()
{
	modprobe mlx5_vfio_pci &&
		wait_for 60 is_bound "$pf" mlx5_core &&
		echo 1 >"$PCI/$pf/sriov_numvfs" && vf=$(vf "$pf" 0) &&
		wait_for 60 is_bound "$vf" mlx5_core &&
		echo "$vf" >"$PCI/$vf/driver/unbind" &&
		echo mlx5_vfio_pci >"$PCI/$vf/driver_override" &&
		echo "$vf" >/sys/bus/pci/drivers_probe &&
		is_bound "$vf" mlx5_vfio_pci
}

back_by_hand()
{
	echo "$vf" >"$PCI/$vf/driver/unbind" &&
		echo >"$PCI/$vf/driver_override" &&
		echo "$vf" >/sys/bus/pci/drivers_probe &&
		is_bound "$vf" mlx5_core
}

pf=$(pf 0)
check "by hand: a VF gets mlx5_vfio_pci by driver_override" by_hand
vf=$(vf "$pf" 0)
check "by hand: and its native driver back" back_by_hand

# What a person runs.
check "a VF gets mlx5_vfio_pci" becomes "$vf" vfio mlx5_vfio_pci mlx5_vfio_pci
check "a second time changes nothing" becomes "$vf" vfio mlx5_vfio_pci mlx5_vfio_pci
check "and says so" says 'as before'
check "native gives it back to mlx5_core" becomes "$vf" native mlx5_core
short_address()
{
	flavour "${vf#0000:}" && says 'native, driven by mlx5_core'
}
check "an address without domain will do, and shows the present" short_address

check "the network card has its native driver" modprobe e1000e
dry_run()
{
	flavour --dry-run "$NIC" vfio && says 'would be driven by vfio-pci' &&
		is_bound "$NIC" e1000e
}
check "--dry-run tells and does nothing" dry_run
refuse "nor does it load a module" loaded vfio_pci
check "a plain device gets vfio-pci" becomes "$NIC" vfio vfio-pci vfio-pci

json()
{
	vfio-flavour --json "$NIC" native | python3 -c '
import json, sys
r = json.load(sys.stdin)
assert r["flavour"] == "native" and r["driver"] == "e1000e", r
assert r["changed"] and r["error"] is None and r["notes"], r'
}
check "native gives it back, told in JSON" json

# An override that somebody wrote.
echo vfio-pci >"$PCI/$vf/driver_override"
check "an override for another VFIO driver is followed" \
	becomes "$vf" vfio vfio-pci vfio-pci
check "and ends with native" becomes "$vf" native mlx5_core
echo pci-stub >"$PCI/$vf/driver_override"
check "one for a driver that is not VFIO's is respected" fails_saying "$vf" vfio \
	'driver_override says pci-stub, which is no VFIO driver' \
	"echo > $PCI/$vf/driver_override"
echo >"$PCI/$vf/driver_override"

no_autoprobe()
{
	echo 0 >"$PCI/$pf/sriov_drivers_autoprobe"
	becomes "$vf" vfio mlx5_vfio_pci mlx5_vfio_pci && flavour -v "$vf" native &&
		is_bound "$vf" '' && says 'driven by nothing' 'sriov_drivers_autoprobe'
}
check "without autoprobe no native driver takes a VF, which is told" no_autoprobe
echo 1 >"$PCI/$pf/sriov_drivers_autoprobe"
echo "$vf" >/sys/bus/pci/drivers_probe

# What cannot be.
check "an unknown device is told" fails_saying 0000:77:00.0 vfio \
	'no such device' 'lspci -D'
check "what is no address is told" fails_saying eth0 vfio 'not the address'
check "a bridge is told" fails_saying "$(basename "$(dirname "$(realpath "$PCI/$pf")")")" \
	vfio 'is a bridge'
check "a PF with VFs is told" fails_saying "$pf" vfio '1 virtual functions' \
	'echo 0 >.*sriov_numvfs'
wrong_usage()
{
	flavour "$NIC" virtio
	[ $? = 2 ]
}
check "an unknown flavour is wrong usage" wrong_usage

nic_name=$(ls "$PCI/$NIC/net")
ip link set "$nic_name" up
check "an interface that is up is in use" fails_saying "$NIC" vfio \
	"in use by network interface $nic_name"
ip link set "$nic_name" down

in_use()
{
	becomes "$vf" vfio mlx5_vfio_pci mlx5_vfio_pci && hold "$vf" &&
		fails_saying "$vf" native "in use by python3 \(pid $(holder)\)" 'stop that process'
}

group_in_use()
{
	exec 5<>"/dev/vfio/$(group_of "$vf")"
	fails_saying "$vf" native "in use by 28-udev.sh \(pid"
}

check "an open device is not unbound, its user is named" in_use
let_go
group_is_free()
{
	: <>"/dev/vfio/$(group_of "$vf")"
}
wait_for 10 group_is_free
check "nor is one whose group alone is open" group_in_use
exec 5>&-
check "closed, it goes back" becomes "$vf" native mlx5_core

# Modules that are not there, broken, or refuse.
cp "$ALIASES" /tmp/modules.alias
sed -i '/^alias vfio_pci:/d' "$ALIASES"
no_alias()
{
	flavour -v "$vf" vfio && is_bound "$vf" vfio-pci && says 'no module has an alias'
}
check "no alias matches: vfio-pci is swapped in" no_alias
check "and goes again" becomes "$vf" native mlx5_core
cp /tmp/modules.alias "$ALIASES"

rmmod mlx5_vfio_pci
mv "$UPDATES/mlx5_vfio_pci.ko" /tmp/
broken()
{
	head -c 4096 /tmp/mlx5_vfio_pci.ko >"$UPDATES/mlx5_vfio_pci.ko"
	flavour -v "$vf" vfio && is_bound "$vf" vfio-pci &&
		says 'mlx5_vfio_pci matches but cannot be loaded: '
}
check "a module that cannot be loaded: vfio-pci is swapped in" broken
check "and goes again, too" becomes "$vf" native mlx5_core
rm "$UPDATES/mlx5_vfio_pci.ko"
rmmod vfio_pci
echo 'install vfio-pci /bin/false' >/etc/modprobe.d/lab.conf
check "with vfio-pci failing as well nothing is changed" fails_saying "$vf" vfio \
	'vfio-pci cannot be loaded' 'modprobe vfio-pci'
rm /etc/modprobe.d/lab.conf
mv /tmp/mlx5_vfio_pci.ko "$UPDATES/"
echo 'blacklist mlx5_vfio_pci' >/etc/modprobe.d/lab.conf
check "a blacklisted module is not chosen" becomes "$vf" vfio vfio-pci vfio-pci
rm /etc/modprobe.d/lab.conf
check "native after that" becomes "$vf" native mlx5_core

echo 'alias vfio_pci:v00008086d*sv*sd*bc02sc*i* mlx5_vfio_pci' >>"$ALIASES"
check "a driver that refuses the device: the native one gets it back" \
	fails_saying "$NIC" vfio 'mlx5_vfio_pci refuses it' 'as it was'
check "the interface is there again" wait_for 10 test -d "$PCI/$NIC/net"
cp /tmp/modules.alias "$ALIASES"

# One write, by udev.
check "udev starts" /usr/lib/systemd/systemd-udevd --daemon
check "udev is ready" udevadm control --ping
check "one write: a VF gets mlx5_vfio_pci" event "$vf" vfio mlx5_vfio_pci
check "one write: a plain device gets vfio-pci" event "$NIC" vfio vfio-pci
check "one write: the VF goes back" event "$vf" native mlx5_core
check "one write: the plain device goes back" event "$NIC" native e1000e

event_fails()
{
	check_line="vfio-flavour: $vf: its driver_override says pci-stub"
	echo pci-stub >"$PCI/$vf/driver_override"
	event "$vf" vfio mlx5_core && dmesg | grep -qF "$check_line"
}
check "one write: why it failed is in the kernel's log" event_fails
echo >"$PCI/$vf/driver_override"

other_event()
{
	udevadm trigger --action=change "$PCI/$vf" && udevadm settle -t 60 &&
		is_bound "$vf" mlx5_core
}
check "other events of a device do nothing" other_event

# A choice for a device that is not there yet.
persists()
{
	local second=$1

	echo 0 >"$PCI/$pf/sriov_numvfs"
	echo 1 >"$PCI/$pf/sriov_drivers_autoprobe"
	echo "SUBSYSTEM==\"pci\", KERNEL==\"$second\", ENV{DRIVER_FLAVOUR}=\"vfio\"" >"$RULE"
	udevadm control --reload
	echo 2 >"$PCI/$pf/sriov_numvfs"
	udevadm settle -t 60
	is_bound "$second" mlx5_vfio_pci && wait_for 60 is_bound "$vf" mlx5_core
}
check "a rule holds for a VF that appears later, and for it alone" \
	persists "${vf%.*}.$((${vf##*.} + 1))"
udevadm control --exit
echo 0 >"$PCI/$pf/sriov_numvfs"
finish
