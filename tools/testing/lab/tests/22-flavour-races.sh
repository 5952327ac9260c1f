#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# driver_flavour while other things happen: more writers for one device and for
# many, SR-IOV going away, the PF losing its driver, unplugging, a system
# suspend. A write may fail then, but nothing hangs, and every device that is
# there in the end goes to VFIO and back.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 kernel-root=13,12,13-backports soak-root=13-debug soak=1 timeout=480
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-root-port,id=nic-port,addr=0x18,chassis=24,slot=24
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,id=nic,bus=nic-port
# lab-qemu-arg: -device
# lab-qemu-arg: i6300esb,addr=0x19

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flavour.sh"

slow_go=/sys/module/flavour_test_slow/parameters/go

# writer BDF - Write one flavour after the other until told to stop. The
# device may not be there.
writer()
{
	local word

	until [ -e /run/stop ]; do
		for word in vfio native; do
			[ -e "$PCI/$1" ] && flavour "$1" "$word"
		done
	done
} 2>/dev/null

reader()
{
	until [ -e /run/stop ]; do
		cat "$PCI"/*/driver_flavour
	done
} >/dev/null 2>&1

# during ACTION BDF... - Run ACTION while a writer for each device, a second one
# for the first device, and a reader are busy. All of them end in time.
during()
{
	local action=$1 status=0 bdf pids=()
	shift

	rm -f /run/stop
	for bdf in "$1" "$@"; do
		writer "$bdf" & pids+=($!)
	done
	reader & pids+=($!)
	"$action" || status=$?
	touch /run/stop
	ended "${pids[@]}" || status=1
	return "$status"
}

begin
nic=$(by_id 8086:10d3)
slow=$(by_id 8086:25ab)
pf=$(pf 0)
check "the native drivers come" eval 'flavour "$nic" native && flavour "$pf" native'
check "the PF is there" is_bound "$pf" mlx5_core
check "and two VFs of it" make_vfs "$pf" 2
echo 1 >"$PCI/$pf/sriov_drivers_autoprobe"
mapfile -t vfs < <(for i in 0 1; do vf "$pf" $i; done)

# From a host without VFIO, so that all of them want to load the same modules.
at_once()
{
	local bdf pids=() status=0

	for bdf in "$nic" "${vfs[@]}" "$nic" "${vfs[@]}"; do
		flavour "$bdf" vfio & pids+=($!)
	done
	for bdf in "${pids[@]}"; do
		wait "$bdf" || status=1
	done
	return "$status"
}

all_bound()
{
	local bdf

	is_bound "$nic" vfio-pci || return 1
	for bdf in "${vfs[@]}"; do
		is_bound "$bdf" mlx5_vfio_pci || return 1
	done
}

check "six writers for three devices at once all succeed" at_once
check "and each device has its driver" all_bound
check "one goes back" goes_to "$nic" native e1000e

# Nothing but writers: each write succeeds.
turns()
{
	local i

	for i in 1 2 3; do
		flavour "$nic" vfio && flavour "$nic" native || return 1
	done
}

three_writers()
{
	local pids=() pid status=0

	for _ in 1 2 3; do
		turns & pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	return "$status"
}

check "three writers for one device never see an error" three_writers
check "and leave it in order" both_ways "$nic" vfio-pci e1000e

sriov_off_and_on()
{
	local n

	for n in 0 2 0 2; do
		echo "$n" >"$PCI/$pf/sriov_numvfs" || return 1
	done
}

check "SR-IOV is turned off and on during writes" during sriov_off_and_on "${vfs[@]}"
check "a VF is in order after it" both_ways "${vfs[0]}" mlx5_vfio_pci mlx5_core

pf_unbind_and_bind()
{
	unbind "$pf" && echo "$pf" >/sys/bus/pci/drivers/mlx5_core/bind &&
		is_bound "$pf" mlx5_core
}

check "the PF loses its driver and gets it again during writes" \
	during pf_unbind_and_bind "${vfs[@]}"
echo 2 >"$PCI/$pf/sriov_numvfs" 2>/dev/null
check "a VF is in order after it" both_ways "$(vf "$pf" 1)" mlx5_vfio_pci mlx5_core

# is_there BDF; the link partner of "remove" and "rescan"
is_there()
{
	[ -e "$PCI/$1/driver_flavour" ]
}

remove_and_rescan()
{
	for _ in 1 2 3; do
		echo 1 >"$PCI/$nic/remove" || return 1
		echo 1 >/sys/bus/pci/rescan
		is_there "$nic" || return 1
	done
}

check "a device is removed and found again during writes" during remove_and_rescan "$nic"
check "it is in order after it" both_ways "$nic" vfio-pci e1000e

# plug_nic - Refused while QEMU still has the one that the kernel has given up.
plug_nic()
{
	qmp device_add '{"driver": "e1000e", "bus": "nic-port", "id": "nic"}' >/dev/null 2>&1
}

unplug_and_plug()
{
	qmp device_del '{"id": "nic"}' && wait_for 60 eval '! is_there "$nic"' &&
		wait_for 60 plug_nic && wait_for 60 is_there "$nic"
}

check "a device is unplugged and plugged in during writes" during unplug_and_plug "$nic"
# The slot's driver may still be at it when the attribute is there.
check "it is in order after it" wait_for 60 both_ways "$nic" vfio-pci e1000e

# begin_slow - A write that waits for modprobe until $slow_go is written.
begin_slow()
{
	modprobe -rq flavour_test_slow
	flavour "$slow" vfio 2>/run/slow.said &
	slow_pid=$!
	wait_for 60 [ -e "$slow_go" ]
}

end_slow()
{
	echo 1 >"$slow_go"
	wait "$slow_pid"
}

try "a write waits for modprobe" begin_slow
flavour "$slow" native &
second=$!
check "a second writer waits for the first" \
	wait_for 60 is_in $second driver_flavour_store
check "and readers do not" reads "$slow" "[native] vfio"
kill -TERM $second
try "a signal ends its wait" ended $second
check "the device is removed under the first one" \
	timeout 30 sh -c "echo 1 >'$PCI/$slow/remove'"
refuse "which fails when modprobe is done" end_slow
check "as the device is gone" grep "No such device" /run/slow.said
echo 1 >/sys/bus/pci/rescan
check "the device that is found again is in order" \
	eval 'goes_to "$slow" vfio flavour_test_slow && flavour "$slow" native &&
		[ "$(override "$slow")" = "(null)" ]'

# The last who writes driver_override is right, also over a write that is at it and then fails.
flavour "$slow" native
native=$(driver_of "$slow")
overrides "$slow" flavour_test_slow
try "a write follows an override, and waits for its module" begin_slow
overrides "$slow" pci-stub
refuse "with another override written meanwhile it fails" end_slow
check "and leaves what was written" reads "$slow" "[native] vfio override=pci-stub"
check "at the native driver from before" eval '[ -n "$native" ] && is_bound "$slow" "$native"'
overrides "$slow" ""

# A suspend as far as all tasks frozen, one second long.
echo freezer >/sys/power/pm_test
echo 1 >/sys/module/suspend/parameters/pm_test_delay
try "another write waits for modprobe" begin_slow
echo freeze >/sys/power/state &
suspend=$!
check "a suspend waits for the write" wait_for 60 is_in $suspend hold_notify
flavour "$nic" vfio &
second=$!
check "a later write waits for the suspend" wait_for 60 is_in $second flavour_write_begin
try "the first write succeeds" end_slow
try "then the suspend does" wait $suspend
try "then the later write does" wait $second
check "each device has what was written" \
	eval 'is_bound "$slow" flavour_test_slow && is_bound "$nic" vfio-pci'
flavour "$slow" native

suspend_now()
{
	echo freeze >/sys/power/state
}

check "the system suspends during writes" during suspend_now "$nic" "${vfs[0]}"
echo none >/sys/power/pm_test
check "all is in order in the end" eval 'both_ways "$nic" vfio-pci e1000e &&
	both_ways "${vfs[0]}" mlx5_vfio_pci mlx5_core'
check "VFs go away" make_vfs "$pf" 0
finish
