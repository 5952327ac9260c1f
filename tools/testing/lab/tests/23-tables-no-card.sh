#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A host without any function of NVIDIA's networking: whatever it is made to
# load, and whichever device it gives to VFIO, no module of mlx5 comes.
#
# lab: pfs=0 mem=1024 release=13 kernel-root=13,12,13-backports timeout=360
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d0,file=null-co://,format=raw
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d1,file=null-co://,format=raw
# lab-qemu-arg: -device
# lab-qemu-arg: igd-standin,addr=0x10,aperture-size=1M
# lab-qemu-arg: -device
# lab-qemu-arg: v100-standin,addr=0x11,bar1-size=1M
# lab-qemu-arg: -device
# lab-qemu-arg: nvme,addr=0x12,drive=d0,serial=stock
# lab-qemu-arg: -device
# lab-qemu-arg: virtio-blk-pci,addr=0x13,drive=d1
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,addr=0x14

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tables.sh"

no_mlx5()
{
	! grep -E '^mlx(5|fw)' /proc/modules
}

no_card()
{
	! grep -l 0x15b3 /sys/bus/pci/devices/*/{vendor,subsystem_vendor}
}

# As udev does for each device when a host starts; drivers for graphics are of
# no interest here and are the largest there are.
coldplug()
{
	local dev

	for dev in /sys/bus/pci/devices/*; do
		case $(cat "$dev/class") in
		0x03*) ;;
		*) modprobe -abq "$(cat "$dev/modalias")" ;;
		esac
	done
	# Until its disk is there the kernel itself has it open, to look for partitions.
	wait_for 60 [ -b /dev/nvme0n1 ] && wait_for 60 is_bound 0000:00:14.0 e1000e
}

check "there is no function with NVIDIA's network ids" no_card
check "every device gets its native driver" coldplug
check "driver_flavour loads" modprobe driver_flavour
check "no module of mlx5 has come" no_mlx5

while read -r bdf driver; do
	check "$bdf binds to $driver" to_vfio "0000:00:$bdf" "$driver"
	check "and no module of mlx5 has come" no_mlx5
done <<'EOF'
10.0 igd_vfio_pci
11.0 nvlink2_vfio_pci
12.0 vfio-pci
13.0 vfio-pci
14.0 vfio-pci
EOF
# The GPUs stay: the drivers that they would go back to want more than stand-ins.
while read -r bdf driver; do
	check "$bdf goes back to $driver" to_native "0000:00:$bdf" "$driver"
done <<'EOF'
12.0 nvme
13.0 virtio-pci
14.0 e1000e
EOF
check "in the end still none" no_mlx5
finish
