#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# nvlink2_vfio_pci on QEMU's ppc64el "pseries" machine: functions with the ids
# of a V100 and of a bridge, GPU RAM and an ATSD register at addresses that the
# kernel does not use. The kernel of this machine lets its device tree be
# changed at run time; the test program plays the firmware that way. The
# functions have a host bridge of their own, as all that is behind one is one
# IOMMU group and the lab's own devices are behind the other.
#
# lab: arch=ppc64el kernel-root=13 mem=1024 timeout=180
# lab-append: nowatchdog
# lab-qemu-arg: -device
# lab-qemu-arg: spapr-pci-host-bridge,index=1,id=npuphb
# lab-qemu-arg: -device
# lab-qemu-arg: v100-standin,bus=npuphb.0,addr=1,ram-addr=0x40000000000,ram-size=16M
# lab-qemu-arg: -device
# lab-qemu-arg: npu-standin,bus=npuphb.0,addr=2,atsd-addr=0x40100000000

. "$(dirname "$0")/posix-lib.sh"

# As the machine has them, above
export NVLINK2_RAM=0x40000000000 NVLINK2_RAM_BYTES=0x1000000
export NVLINK2_ATSD=0x40100000000

loaded()
{
	grep -q "^$1 " /proc/modules
}

check "the module loads" modprobe nvlink2_vfio_pci
check "the library came with it" loaded vfio_pci_variant
check "the container of this machine loads" modprobe vfio_iommu_spapr_tce
kselftest /build/selftests/nvlink2_test
finish
