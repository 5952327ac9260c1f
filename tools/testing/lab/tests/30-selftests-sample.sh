#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The library without mlx5: the uAPI tests on the sample variant, which migrates
# the memory of QEMU's ivshmem-plain. Each device is alone behind a root port,
# so that a bus reset resets it and nothing else; two more share an IOMMU group.
#
# lab: pfs=0 mem=1536 release=13 kernel-root=13 soak-root=12,13-backports,13-iommufd timeout=900
# lab-qemu-arg: -object
# lab-qemu-arg: memory-backend-ram,id=m0,size=2M,share=on
# lab-qemu-arg: -object
# lab-qemu-arg: memory-backend-ram,id=m1,size=2M,share=on
# lab-qemu-arg: -object
# lab-qemu-arg: memory-backend-ram,id=m2,size=2M,share=on
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-root-port,id=srp0,bus=pcie.0,chassis=20,slot=20
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-root-port,id=srp1,bus=pcie.0,chassis=21,slot=21
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-root-port,id=srp2,bus=pcie.0,chassis=22,slot=22
# lab-qemu-arg: -device
# lab-qemu-arg: ivshmem-plain,memdev=m0,bus=srp0
# lab-qemu-arg: -device
# lab-qemu-arg: ivshmem-plain,memdev=m1,bus=srp1
# lab-qemu-arg: -device
# lab-qemu-arg: ivshmem-plain,memdev=m2,bus=srp2
# lab-qemu-arg: -object
# lab-qemu-arg: memory-backend-ram,id=m3,size=2M,share=on
# lab-qemu-arg: -object
# lab-qemu-arg: memory-backend-ram,id=m4,size=2M,share=on
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-root-port,id=srp3,bus=pcie.0,chassis=23,slot=23
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-pci-bridge,id=sbr,bus=srp3
# lab-qemu-arg: -device
# lab-qemu-arg: ivshmem-plain,memdev=m3,bus=sbr,addr=1
# lab-qemu-arg: -device
# lab-qemu-arg: ivshmem-plain,memdev=m4,bus=sbr,addr=2

. "$(dirname "$0")/lib.sh"

kernel_said()
{
	dmesg | grep -- "$1"
}

check "sample_vfio_pci loads" modprobe sample_vfio_pci
bdfs=()
shared=()
for dev in /sys/bus/pci/devices/*; do
	[ "$(cat "$dev/vendor" "$dev/device")" = $'0x1af4\n0x1110' ] || continue
	group=("$dev"/iommu_group/devices/*)
	if [ ${#group[@]} -gt 1 ]; then
		shared+=("${dev##*/}")
	else
		bdfs+=("${dev##*/}")
	fi
	check "it binds to ${dev##*/}" rebind "${dev##*/}" sample_vfio_pci
done
[ ${#shared[@]} = 2 ] || fatal "there are 2 ivshmem devices in a group: ${shared[*]}"
check "the log says who tells dirty pages" \
	kernel_said "${bdfs[0]}: dirty pages: told by .*the type1 container"
# On 6.1 there is DMA logging for those all the same.
check "the log says why the container does not" \
	kernel_said "${shared[0]}: dirty pages: .*not .*other devices are in its IOMMU group"
[ ${#bdfs[@]} = 3 ] || fatal "there are 3 ivshmem devices: ${bdfs[*]}"

# A different content in each, or a mix-up would not be seen.
for i in "${!bdfs[@]}"; do
	python3 - "/sys/bus/pci/devices/${bdfs[i]}/resource2" "$i" <<-'PY'
	import mmap, random, sys
	with open(sys.argv[1], "r+b") as f:
	    m = mmap.mmap(f.fileno(), 2 << 20)
	    m[:] = random.Random(int(sys.argv[2])).randbytes(2 << 20)
	PY
done

export VFIO_BDFS="${bdfs[*]}" VFIO_SHARED_BDF=${shared[0]}
kselftest v1_test arc_test feature_test precopy_test sample_precopy_test sample_marks_test \
	sample_marks_map_test data_fd_test image_test \
	lifetime_test concurrent_test parallel_test stats_test stuck_user_test memory_test \
	throttled_user_test
check "a container that takes no marks is told of once" \
	eval '[ "$(dmesg | grep -c "the container takes no marks")" = 1 ]'
by_iommufd v1_test arc_test feature_test precopy_test data_fd_test image_test lifetime_test

without_region()
{
	modprobe -r sample_vfio_pci && modprobe -r vfio_pci_variant &&
		modprobe vfio_pci_variant migration_region=0 && modprobe sample_vfio_pci &&
		rebind "${bdfs[0]}" sample_vfio_pci
}
check "the region of protocol v1 is switched off" without_region
kselftest_part v1_test -t region_can_be_switched_off
finish
