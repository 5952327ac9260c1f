#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What Documentation/admin-guide/loading.csv says of modules holds: a fresh
# measurement finds the same lists, and they keep what the text promises.
# Bytes and times differ from build to build and are not compared.
#
# lab: pfs=1 vfs=1 mem=1536 release=13 kernel-root=13 timeout=900 soak=1
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d0,file=null-co://,format=raw
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d1,file=null-co://,format=raw
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d2,file=null-co://,format=raw
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d3,file=null-co://,format=raw
# lab-qemu-arg: -device
# lab-qemu-arg: igd-standin,addr=0x10
# lab-qemu-arg: -device
# lab-qemu-arg: v100-standin,addr=0x11
# lab-qemu-arg: -device
# lab-qemu-arg: snap-nvme,addr=0x12,drive=d0,serial=lab0
# lab-qemu-arg: -device
# lab-qemu-arg: snap-virtio-blk,addr=0x13,drive=d1
# lab-qemu-arg: -device
# lab-qemu-arg: nvme,addr=0x14,drive=d2,serial=lab2
# lab-qemu-arg: -device
# lab-qemu-arg: virtio-blk-pci,addr=0x15,drive=d3
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,addr=0x16

. "$(dirname "$0")/lib.sh"

TABLE=/src/Documentation/admin-guide/loading.csv
FRESH=/tmp/loading.csv

measure()
{
	# The softdep scheme takes long, as it loads mlx5_core each time, and is the
	# same for every device: one stands for all.
	/src/tools/testing/lab/measure/loading.sh 1 stock softdep=nic flavour >"$FRESH"
}

# lists FILE - Device, way, driver and modules of each row, sorted.
lists()
{
	sed -e '/^device,/d' "$1" | awk -F, -v OFS=, '{ print $1, $2, $3, $6 }' | sort
}

same_lists()
{
	diff <(lists "$TABLE" | grep -E '^[^,]*,(stock|flavour),|^(nic|connectx-vf),') \
		<(lists "$FRESH")
}

# modules DEVICE WAY - As measured.
modules()
{
	awk -F, -v device="$1" -v way="$2" \
		'$1 == device && $2 == way { print $6 }' "$FRESH" | tr ' ' '\n'
}

# within DEVICE WAY1 WAY2 - Does WAY1 bring nothing that WAY2 does not?
within()
{
	! comm -23 <(modules "$1" "$2" | sort) <(modules "$1" "$3" | sort) | grep .
}

# only DRIVER DEVICE - Is the driver's module all that driver_flavour brings,
# with what it depends on, and what vfio itself asks for?
only()
{
	diff <(modules "$2" flavour | sort) <({
		modprobe -S "$(uname -r)" --show-depends "$1" |
			sed -n 's|^insmod .*/\([^/]*\)\.ko.*|\1|p' | tr - _
		echo vfio_iommu_type1
	} | grep -vxFf <(lsmod | cut -d' ' -f1) | sort -u)
}

no_mlx5()
{
	! awk -F, '$2 == "flavour" && $1 !~ /connectx|snap/ { print $1, $6 }' "$FRESH" |
		grep mlx5
}

check "a device of each kind is bound in three ways" measure
check "the table's lists of modules are what is measured" same_lists
check "without a ConnectX and its kin no module of mlx5 is loaded" no_mlx5
for device in nic connectx-vf; do
	check "$device: driver_flavour loads no more than the softdep scheme" \
		within "$device" flavour softdep
done
for device in nic stock-nvme stock-virtio-blk; do
	check "$device: driver_flavour loads what stock vfio-pci does" \
		within "$device" flavour stock
done
check "nic: vfio-pci and what it needs, nothing else" only vfio-pci nic
check "intel-vga: igd_vfio_pci and what it needs, nothing else" only igd_vfio_pci intel-vga
finish
