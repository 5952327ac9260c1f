#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Binding on a host without driver_flavour: by hand through driver_override, by
# vfio-flavour, and by one write that udev hands to it. What goes wrong on the
# way leaves the device as it was, with an error that names cause and remedy.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 kernel-root=13,12,13-backports soak=1 timeout=480
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

# Every way to write an address means the same device.
spellings()
{
	local net name short=${vf#0000:}

	net=$(basename "$PCI/$pf"/net/*)
	for name in "$short" "pci/$vf" "pci_$(tr :. __ <<<"$vf")" "$PCI/$vf" "$PCI/$vf/" \
		    "$(realpath "$PCI/$vf")"; do
		flavour "$name" && says "^$vf: native, driven by mlx5_core" || return 1
	done
	flavour "/sys/class/net/$net/device" && says "^$pf: native, driven by mlx5_core" &&
		vfio-flavour --json "$short" | grep -q "\"device\": \"$vf\""
}
check "an address can be written in each of the usual ways" spellings

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
check "it is for who wrote it to take it away" fails_saying "$vf" native \
	'driver_override says vfio-pci, which somebody else has written' \
	"echo > $PCI/$vf/driver_override"

# The same name as ours, written after us.
same_name()
{
	echo >"$PCI/$vf/driver_override"
	becomes "$vf" vfio mlx5_vfio_pci mlx5_vfio_pci &&
		echo mlx5_vfio_pci >"$PCI/$vf/driver_override" &&
		fails_saying "$vf" native 'mlx5_vfio_pci, which somebody else has written'
}
check "also when it is the name that vfio-flavour wrote" same_name
echo >"$PCI/$vf/driver_override"
check "without it the native driver comes back" becomes "$vf" native mlx5_core

# A VFIO driver that is not the best one, however the device came to it.
by_operator()
{
	unbind "$vf"
	echo vfio-pci >"$PCI/$vf/driver_override"
	echo "$vf" >/sys/bus/pci/drivers/vfio-pci/bind
	echo "${1-}" >"$PCI/$vf/driver_override"
	is_bound "$vf" vfio-pci
}

better()
{
	by_operator "${1-}" && becomes "$vf" vfio mlx5_vfio_pci mlx5_vfio_pci
}
check "a device of vfio-pci gets the driver that fits it better" better
check "and goes back" becomes "$vf" native mlx5_core
check "one whose override names the better driver gets that" better mlx5_vfio_pci
echo >"$PCI/$vf/driver_override"
check "and goes back, too" becomes "$vf" native mlx5_core

by_id()
{
	echo "15b3 101e" >/sys/bus/pci/drivers/vfio-pci/new_id
	unbind "$vf" && echo "$vf" >/sys/bus/pci/drivers/vfio-pci/bind &&
		is_bound "$vf" vfio-pci
}
check "vfio-pci has the VF in its list of ids" by_id
check "native takes it from there" becomes "$vf" native mlx5_core
check "and vfio finds the better driver again" eval \
	'by_operator && becomes "$vf" vfio mlx5_vfio_pci mlx5_vfio_pci &&
		becomes "$vf" native mlx5_core'
echo "15b3 101e" >/sys/bus/pci/drivers/vfio-pci/remove_id
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
check "what is no address is told" fails_saying eth0 vfio 'not the address' \
	'0000:3b:00.2, where 0000: may be left out'
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
wait_for 60 group_is_free
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
head -c 4096 /tmp/mlx5_vfio_pci.ko >"$UPDATES/mlx5_vfio_pci.ko"
check "a module that cannot be loaded is named, and nothing is changed" fails_saying "$vf" vfio \
	'mlx5_vfio_pci cannot be loaded: ' 'modprobe mlx5_vfio_pci and dmesg.*--fallback'
next_best()
{
	flavour --fallback "$vf" vfio && is_bound "$vf" vfio-pci &&
		says 'mlx5_vfio_pci cannot be loaded: .*next best'
}
check "vfio-pci is swapped in when that is asked for" next_best
check "and goes again, too" becomes "$vf" native mlx5_core
rm "$UPDATES/mlx5_vfio_pci.ko"
rmmod vfio_pci
echo 'install vfio-pci /bin/false' >/etc/modprobe.d/lab.conf
check "vfio-pci itself fails, and nothing is changed" fails_saying "$NIC" vfio \
	'vfio.pci cannot be loaded' 'modprobe vfio.pci'
rm /etc/modprobe.d/lab.conf
mv /tmp/mlx5_vfio_pci.ko "$UPDATES/"
echo 'blacklist mlx5_vfio_pci' >/etc/modprobe.d/lab.conf
check "a blacklisted module is not chosen" becomes "$vf" vfio vfio-pci vfio-pci
rm /etc/modprobe.d/lab.conf
check "native after that" becomes "$vf" native mlx5_core

echo 'alias vfio_pci:v00008086d*sv*sd*bc02sc*i* mlx5_vfio_pci' >>"$ALIASES"
check "a driver that refuses the device: the native one gets it back" \
	fails_saying "$NIC" vfio 'mlx5_vfio_pci refuses it' 'as it was'
check "the interface is there again" wait_for 60 test -d "$PCI/$NIC/net"
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
second=$(vf "$pf" 1)
no_rule_again()
{
	becomes "$second" native mlx5_core && udevadm trigger --action=add "$PCI/$second" &&
		udevadm settle -t 60 && is_bound "$second" mlx5_core
}
check "made native by hand it stays so when its event comes again" no_rule_again
check "and the rule holds when it appears again" persists "$second"
udevadm control --exit

# A user keeps a VF while its PF takes it away: everybody who asks is told so at once.
# in_time SECONDS CMD... - It has ended by then; one that hangs may not be killable.
in_time()
{
	local seconds=$1 pid
	shift

	"$@" >/tmp/in_time 2>&1 &
	pid=$!
	ended()
	{
		! [ -d "/proc/$pid" ] || grep -q '^State:.Z' "/proc/$pid/status"
	}
	wait_for "$seconds" ended || { echo "'$*' hangs"; return 1; }
	wait "$pid"
}

removal_waits()
{
	hold "$second" || return 1
	# This wait is meant.
	echo 0 >/proc/sys/kernel/hung_task_timeout_secs
	{ echo 0 >"$PCI/$pf/sriov_numvfs"; } >/tmp/removed 2>&1 &
	echo $! >/tmp/remover
	wait_for 60 eval "! [ -e '$PCI/$second/driver' ]"
}

shows_user()
{
	in_time 60 flavour "$second" &&
		says "vfio, its driver is being taken away, which waits for python3 \(pid $(cat /tmp/holder)\)" &&
		vfio-flavour --json "$second" | grep -q '"waits_for": "python3'
}

refuses()
{
	! in_time 60 flavour "$1" "$2" && says "$3"
}

check "a VF whose user stays is taken away" removal_waits
check "the VF is VFIO's until its user goes, who is named" shows_user
for word in vfio native; do
	check "$word does not wait for the user" refuses "$second" $word \
		"being taken away, which waits for python3 \(pid $(cat /tmp/holder)\)"
done
check "what its PF has is shown" eval \
	'in_time 60 flavour "$pf" && says "native, driven by mlx5_core"'
locked_pf()
{
	! in_time 60 flavour --dry-run "$pf" vfio && says 'its lock is held'
}
check "nor does who asks what could be done with the PF wait for the user" locked_pf
kill "$(cat /tmp/holder)"
check "without its user the VF is gone" wait_for 60 eval "! [ -e '$PCI/$second' ]"
wait_for 60 eval '! [ -d "/proc/$(cat /tmp/remover)" ]'

# Modules without a signature where the kernel asks for one; it does so until it reboots.
unload()
{
	rmmod mlx5_vfio_pci && rmmod mlx5_vhca vfio_pci_variant &&
		echo 1 >"$PCI/$pf/sriov_numvfs" && vf=$(vf "$pf" 0) &&
		wait_for 60 is_bound "$vf" mlx5_core &&
		echo 1 >/sys/module/module/parameters/sig_enforce
}
check "nothing of ours is in memory, and signatures are enforced" unload
vf=$(vf "$pf" 0)
unsigned="mlx5_vfio_pci cannot be loaded, as it needs [a-z0-9_]*: Key was rejected by service"
check "a module that is not signed is named" fails_saying "$vf" vfio "$unsigned" \
	'sign [a-z0-9_]* with a key that the kernel trusts; --fallback'
unsigned_dry_run()
{
	! flavour --dry-run "$vf" vfio && says "$unsigned"
}
check "--dry-run says so, too" unsigned_dry_run
unsigned_fallback()
{
	flavour --fallback "$vf" vfio && is_bound "$vf" vfio-pci && says "$unsigned"
}
check "vfio-pci is taken when that is asked for" unsigned_fallback
echo 0 >"$PCI/$pf/sriov_numvfs"
finish
