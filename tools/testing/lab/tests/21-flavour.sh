#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# driver_flavour: what it shows, which modules one write loads, which driver it
# picks, what it refuses, and that a refused or failed write changes nothing.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 kernel-root=13 soak-root=12,13-backports timeout=720
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,addr=0x10
# lab-qemu-arg: -device
# lab-qemu-arg: edu,addr=0x11
# lab-qemu-arg: -device
# lab-qemu-arg: pvpanic-pci,addr=0x12
# lab-qemu-arg: -chardev
# lab-qemu-arg: null,id=serial
# lab-qemu-arg: -device
# lab-qemu-arg: pci-serial,addr=0x13,chardev=serial
# lab-qemu-arg: -device
# lab-qemu-arg: pci-testdev,addr=0x14
# lab-qemu-arg: -object
# lab-qemu-arg: memory-backend-ram,id=shm,size=1M
# lab-qemu-arg: -device
# lab-qemu-arg: ivshmem-plain,addr=0x15,memdev=shm
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=disk,file=null-co://,format=raw
# lab-qemu-arg: -device
# lab-qemu-arg: virtio-blk-pci,addr=0x16,drive=disk
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-pci-bridge,addr=0x17,id=bridge
# lab-qemu-arg: -device
# lab-qemu-arg: e1000,bus=bridge,addr=1
# lab-qemu-arg: -device
# lab-qemu-arg: e1000,bus=bridge,addr=2
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-root-port,id=late-port,addr=0x18,chassis=24,slot=24

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flavour.sh"

as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# The files of all devices.
everywhere()
{
	local dev
	for dev in "$PCI"/*; do
		[ -e "$dev/driver_flavour" ] || { echo "not at $dev"; return 1; }
	done
}

begin
nic=$(by_id 8086:10d3)
edu=$(by_id 1234:11e8)
panic=$(by_id 1b36:0011)
serial=$(by_id 1b36:0002)
testdev=$(by_id 1b36:0005)
shm=$(by_id 1af4:1110)
disk=0000:00:16.0
bridge=0000:00:18.0

check "every device has the attribute" everywhere
check "its mode is 0644" [ "$(stat -c %a "$PCI/$nic/driver_flavour")" = 644 ]
check "a user who is nobody reads it" as_nobody cat "$PCI/$nic/driver_flavour"
nobody_writes()
{
	as_nobody sh -c "echo native >'$PCI/$nic/driver_flavour'"
}
refuse "but does not write it" nobody_writes
check "a device without a driver reads as native" reads "$nic" "[native] vfio"
check "a bridge has no other flavour" reads "$bridge" "[native]"
check "and refuses one" fails_with "Operation not supported" "$bridge" vfio
for word in "" vfi VFIO "vfio " " vfio" "vfio native" none; do
	check "'$word' is no flavour" \
		fails_with "Invalid argument" "$nic" "$word"
done
refuse "driver_flavour stays loaded" rmmod driver_flavour
check "nothing of VFIO is loaded before the first write" no_vfio

# Devices that no variant matches.
check "native brings the native driver and its module" \
	loads_exactly "$nic" native e1000e
check "which is bound" is_bound "$nic" e1000e
netdev=$(ls "$PCI/$nic/net")
ip link set "$netdev" up
check "an interface that is up is in use" \
	fails_with "Device or resource busy" "$nic" vfio
ip link set "$netdev" down
unload_vfio
check "vfio brings vfio-pci, what it needs, and no variant" \
	loads_exactly "$nic" vfio vfio-pci
check "which is bound" is_bound "$nic" vfio-pci
check "and shown" reads "$nic" "native [vfio]"
check "and makes a struct vfio_device" ls "$PCI/$nic"/vfio-dev/vfio*
check "no module of mlx5 has come" eval '! modules | grep mlx5'
check "again changes nothing" flavour "$nic" vfio
try "an open VFIO device is left open" vfio_open "$nic"
check "it is in use" fails_with "Device or resource busy" "$nic" native
check "vfio, which it has, is no reason to complain" flavour "$nic" vfio
try "its user closes it" vfio_close
check "it is opened and not yet bound to an iommufd" \
	modprobe flavour_test_opener device="$nic"
check "which is in use, too" fails_with "Device or resource busy" "$nic" native
rmmod flavour_test_opener
check "then native takes it back" flavour "$nic" native
check "by its driver" is_bound "$nic" e1000e
check "and clears the override" [ "$(override "$nic")" = "(null)" ]
check "and shows it" reads "$nic" "[native] vfio"

# There is no udev here to load the driver of a virtio device.
modprobe virtio_blk
wait_for 60 [ -b /dev/vda ]
exec {held}</dev/vda
check "an open disk is in use" fails_with "Device or resource busy" "$disk" vfio
exec {held}<&-
check "a closed one is not" flavour "$disk" vfio
check "native brings the disk back" eval 'flavour "$disk" native && wait_for 60 [ -b /dev/vda ]'

sibling0=$(by_id 8086:100e 0) sibling1=$(by_id 8086:100e 1)
check "two devices share an IOMMU group" \
	[ "$PCI/$sibling0/iommu_group" -ef "$PCI/$sibling1/iommu_group" ]
# said_of_group BDF - Of what the log says since the mark.
said_of_group()
{
	said | grep -F " $1: in IOMMU group"
}

# cannot_open BDF - VFIO refuses, as its group is not its user's alone.
cannot_open()
{
	! vfio_open "$1" && grep -F "PermissionError: [Errno 1]" /tmp/held
}

mark
check "one of them goes to VFIO" eval 'flavour "$sibling0" native &&
	flavour "$sibling1" native && flavour "$sibling0" vfio'
check "one line says which other one is in the way" \
	[ "$(said_of_group "$sibling0" | wc -l)" = 1 ]
check "and its driver, and what to do" eval 'said_of_group "$sibling0" |
	grep -F "$sibling1" | grep -w e1000 |
	grep -F "echo vfio > $PCI/$sibling1/driver_flavour"'
check "until that one leaves its driver it cannot be opened" cannot_open "$sibling0"
mark
check "writing it again says it again" \
	eval 'flavour "$sibling0" vfio && said_of_group "$sibling0" | grep -F "$sibling1"'
check "it goes back, with the other one at a native driver" \
	eval 'flavour "$sibling0" native && is_bound "$sibling0" e1000'
unbind "$sibling1"
mark
check "one without a driver is not in the way, nor is the bridge" \
	eval 'flavour "$sibling0" vfio && ! said_of_group "$sibling0"'
try "as it can be opened" vfio_open "$sibling0"
try "it is closed" vfio_close
flavour "$sibling0" native
flavour "$sibling1" native
mark
check "both go to VFIO" eval 'flavour "$sibling0" vfio && flavour "$sibling1" vfio'
check "of the second one nothing is said" eval '! said_of_group "$sibling1"'
try "one is opened" vfio_open "$sibling0"
check "the other cannot leave the group that is in use" \
	fails_with "Device or resource busy" "$sibling1" native
try "it is closed" vfio_close
check "then it can" flavour "$sibling1" native
flavour "$sibling0" native

# Modules that disappoint.
check "vfio-pci is unloaded" unload_vfio
check "a variant that cannot be loaded is an error" \
	fails_with "Exec format error" "$edu" vfio
check "and nothing takes its place" no_vfio
check "a device that has no native driver has none after native" \
	eval 'flavour "$edu" native && has_no_driver "$edu"'
check "a module that does not match as its alias says is passed over" \
	loads_exactly "$panic" vfio flavour_test_nomatch vfio-pci
check "for vfio-pci" is_bound "$panic" vfio-pci
check "its native driver comes by its module" loads_exactly "$panic" native pvpanic-pci
check "and is bound" eval '[ -n "$(driver_of "$panic")" ] && reads "$panic" "[native] vfio"'
check "a serial port has its native driver" is_bound "$serial" serial
check "if the variant refuses the device, that comes back" \
	fails_with "Structure needs cleaning" "$serial" vfio
first=$(sed -n 's/^alias vfio_pci:v00001B36d00000005.* //p' \
	"/lib/modules/$KVER/modules.alias" | head -n 1)
check "modules.alias names a first of two equals" [ -n "$first" ]
check "of two modules that match equally that one is loaded alone" \
	loads_exactly "$testdev" vfio "$first"
check "and bound" is_bound "$testdev" "$first"
flavour "$testdev" native
check "the other one is loaded by hand" modprobe -a flavour_test_equal_a flavour_test_equal_b
check "with both there it is still the first" \
	eval 'flavour "$testdev" vfio && is_bound "$testdev" "$first"'
flavour "$testdev" native
rmmod "$first"
check "with the other one there it is still the first" \
	eval 'flavour "$testdev" vfio && is_bound "$testdev" "$first"'
flavour "$testdev" native

# What somebody wrote into driver_override.
unload_vfio
overrides "$nic" pci-stub
check "an override by hand is shown" reads "$nic" "[native] vfio override=pci-stub"
check "one for another driver is in the way" fails_with "File exists" "$nic" vfio
check "whose module is not loaded to find out" eval '! is_loaded pci-stub'
overrides "$nic" no-such-driver
check "so is one for no driver" fails_with "File exists" "$nic" vfio
overrides "$nic" sample_vfio_pci
check "one for a variant that refuses the device is followed, and undone" \
	fails_with "No such device" "$nic" vfio
overrides "$nic" vfio-pci
check "one for vfio-pci is followed, and loads it" loads_exactly "$nic" vfio vfio-pci
check "and stays" reads "$nic" "native [vfio] override=vfio-pci"
check "and keeps the device from native" fails_with "File exists" "$nic" native
overrides "$nic" ""
check "until it is cleared" flavour "$nic" native
overrides "$shm" vfio-pci
check "an override for vfio-pci goes before a variant" \
	eval 'flavour "$shm" vfio && is_bound "$shm" vfio-pci'
overrides "$shm" ""
check "without it the variant is better" \
	eval 'flavour "$shm" vfio && is_bound "$shm" sample_vfio_pci'
overrides "$shm" vfio-pci
check "an override of ours that was overwritten counts as written by hand" \
	reads "$shm" "native [vfio] override=vfio-pci"
overrides "$shm" ""
flavour "$shm" native
flavour "$shm" vfio
check "an override of ours is not shown" reads "$shm" "native [vfio]"
for times in once twice thrice; do
	overrides "$shm" sample_vfio_pci
	check "written again by hand, $times, it counts as written by hand" \
		reads "$shm" "native [vfio] override=sample_vfio_pci"
	check "and is not for native to clear" fails_with "File exists" "$shm" native
done
overrides "$shm" ""
flavour "$shm" native
overrides "$nic" no-such-driver
check "native with an override for no driver leaves none" \
	eval 'unbind "$nic"; flavour "$nic" native && has_no_driver "$nic"'
overrides "$nic" ""
flavour "$nic" native

# ConnectX: the PF by its native alias, a VF as it goes.
modprobe -r sample_vfio_pci
check "vfio-pci is unloaded" unload_vfio
pf=$(pf 0)
check "the PF's native driver comes by native" flavour "$pf" native
check "and is bound" is_bound "$pf" mlx5_core
check "a VF appears" make_vfs "$pf" 1
vf=$(vf "$pf" 0)
check "with the attribute" reads "$vf" "[native] vfio"
check "a PF with VFs is in use" fails_with "Device or resource busy" "$pf" vfio
check "which no native driver gets while the PF's drivers_autoprobe is off" \
	eval 'flavour "$vf" native && has_no_driver "$vf"'
echo 1 >"$PCI/$pf/sriov_drivers_autoprobe"
check "native binds the VF" eval 'flavour "$vf" native && is_bound "$vf" mlx5_core'
check "vfio brings mlx5_vfio_pci, what it needs, and nothing else" \
	loads_exactly "$vf" vfio mlx5_vfio_pci
check "vfio-pci is not loaded" eval '! is_loaded vfio_pci'
check "mlx5_vfio_pci is bound" is_bound "$vf" mlx5_vfio_pci
check "a struct vfio_device exists" ls "$PCI/$vf"/vfio-dev/vfio*
try "it can be opened" vfio_open "$vf"
check "and is in use then" fails_with "Device or resource busy" "$vf" native
try "it is closed" vfio_close
check "native binds the VF again" eval 'flavour "$vf" native && is_bound "$vf" mlx5_core'

# Who takes the VFs away holds the locks of the PF and of the VF until the VF's
# user has closed it. Readers do not wait for that, and writers can be killed.
all_read()
{
	cat "$PCI"/*/driver_flavour >/run/all_read 2>&1 &
	wait_for 60 is_gone $! && wait $!
}

# killed WORD BDF - A writer that waits is gone soon after a kill.
killed()
{
	local pid

	# One that hangs must not hold the pipe that check reads.
	flavour "$2" "$1" >/run/killed 2>&1 &
	pid=$!
	wait_for 60 is_in "$pid" driver_flavour_store || { echo "it does not wait"; return 1; }
	kill -KILL "$pid"
	wait_for 60 is_gone "$pid" || { cat "/proc/$pid/stack"; return 1; }
}

check "the VF is at VFIO" flavour "$vf" vfio
overrides "$pf" mlx5_core
check "the PF has an override" reads "$pf" "[native] vfio override=mlx5_core"
overrides "$vf" mlx5_vfio_pci
try "the VF is opened" vfio_open "$vf"
echo 0 >"$PCI/$pf/sriov_numvfs" &
taker=$!
check "who takes it away waits for its user" \
	wait_for 60 is_in $taker vfio_unregister_group_dev
check "all files can be read meanwhile" all_read
check "the PF's with what was known" reads "$pf" "[native] vfio override=mlx5_core"
check "the VF's with what was written before" \
	reads "$vf" "native [vfio] override=mlx5_vfio_pci"
check "a writer for the VF that waits can be killed" killed native "$vf"
check "so can the next one" killed vfio "$vf"
check "and one for the PF" killed vfio "$pf"
check "it still waits" is_in $taker vfio_unregister_group_dev
try "the user closes the VF" vfio_close
try "and the VFs are gone" ended $taker
check "really" [ ! -e "$PCI/$vf" ]
overrides "$pf" ""
check "the PF is in order" eval 'flavour "$pf" vfio && flavour "$pf" native &&
	is_bound "$pf" mlx5_core && [ "$(override "$pf")" = "(null)" ]'
modprobe -r mlx5_vfio_pci

# A host on which modprobe, or the text of modules.alias, is not there.
unload_vfio
modprobe=$(cat /proc/sys/kernel/modprobe)
echo /bin/false >/proc/sys/kernel/modprobe
check "a modprobe that fails is an error" fails_with "Exec format error" "$nic" vfio
check "for native it is none" eval 'flavour "$edu" native && has_no_driver "$edu"'
echo "$modprobe" >/proc/sys/kernel/modprobe
mv "/lib/modules/$KVER/modules.alias" /tmp/
check "without modules.alias modprobe chooses, and the variant is bound" \
	eval 'flavour "$shm" vfio && is_bound "$shm" sample_vfio_pci'
flavour "$shm" native
check "or vfio-pci if there is none" eval 'flavour "$nic" vfio && is_bound "$nic" vfio-pci'
flavour "$nic" native
mv /tmp/modules.alias "/lib/modules/$KVER/"

# A device that comes later.
check "a device is plugged in" \
	qmp device_add '{"driver": "e1000e", "bus": "late-port", "id": "late"}'
late_is_there()
{
	late=$(by_id 8086:10d3 1)
	[ -n "$late" ]
}
check "and found" wait_for 60 late_is_there
late=$(by_id 8086:10d3 1)
check "with the attribute" eval 'flavour "$late" | grep -F "[native] vfio"'
check "it goes to VFIO" eval 'flavour "$late" vfio && is_bound "$late" vfio-pci'
check "it is unplugged" qmp device_del '{"id": "late"}'
check "and gone" wait_for 60 [ ! -e "$PCI/$late" ]

# It cannot be turned off again, and ours are not signed.
modprobe -r sample_vfio_pci
unload_vfio
echo 1 >/sys/module/module/parameters/sig_enforce
mark
check "where modules must be signed one that is not is an error" \
	fails_with "Exec format error" "$shm" vfio
check "whose log names module and cause" \
	eval 'said | grep -F "module sample_vfio_pci" | grep -F module.sig_enforce'
check "and nothing takes its place" eval '! is_loaded vfio_pci && has_no_driver "$shm"'
check "vfio-pci, which is signed, is loaded" eval 'flavour "$nic" vfio &&
	is_bound "$nic" vfio-pci && flavour "$nic" native'
finish
