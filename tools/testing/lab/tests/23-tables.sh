#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which devices a variant is for, and nothing else: the aliases of the modules,
# what an alias resolves to, and what comes into memory when a device of each
# kind is given to VFIO. A stock disk is never ours; a BlueField's is, as a
# device that does not migrate. Nor does a VF whose firmware does not allow it.
#
# lab: pfs=2 vfs=1 mem=1024 release=13 kernel-root=13 soak-root=12,13-backports timeout=480
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d0,file=null-co://,format=raw
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d1,file=null-co://,format=raw
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d2,file=null-co://,format=raw
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d3,file=null-co://,format=raw
# lab-qemu-arg: -device
# lab-qemu-arg: igd-standin,addr=0x10,aperture-size=1M
# lab-qemu-arg: -device
# lab-qemu-arg: v100-standin,addr=0x11,bar1-size=1M
# lab-qemu-arg: -device
# lab-qemu-arg: nvme,addr=0x12,drive=d0,serial=stock
# lab-qemu-arg: -device
# lab-qemu-arg: virtio-blk-pci,addr=0x13,drive=d1,disable-legacy=on
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-root-port,id=rps0,chassis=20,slot=20
# lab-qemu-arg: -device
# lab-qemu-arg: snap-nvme,bus=rps0,drive=d2,serial=snap
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-root-port,id=rps1,chassis=21,slot=21
# lab-qemu-arg: -device
# lab-qemu-arg: snap-virtio-blk,bus=rps1,drive=d3
# lab-qemu-arg: -set
# lab-qemu-arg: device.pf1.migratable=off

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tables.sh"

IGD=0000:00:10.0
V100=0000:00:11.0
NVME=0000:00:12.0
VIRTIO=0000:00:13.0
SNAP_NVME=$(find_pci 15b3 6001)
SNAP_VIRTIO=$(find_pci 1af4 1042 15b3)

if [ -z "$SNAP_NVME" ] || [ -z "$SNAP_VIRTIO" ]; then
	fatal "the machine has SNAP's stand-ins"
fi

mlx5_aliases="vfio_pci:v000015B3d0000101Esv000015B3sd*bc*sc*i*
vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*
vfio_pci:v000015B3d00006001sv000015B3sd*bc*sc*i*
vfio_pci:v00001AF4d00001042sv000015B3sd*bc*sc*i*"
check "modinfo shows the aliases of mlx5_vfio_pci" \
	same "$mlx5_aliases" modinfo -F alias mlx5_vfio_pci
check "so does modules.alias" same "$mlx5_aliases" alias_lines mlx5_vfio_pci
for module in igd_vfio_pci nvlink2_vfio_pci; do
	check "every alias of $module names vendor and device" exact_aliases "$module"
done

# resolves TEXT MODULE VENDOR DEVICE SUBVENDOR CLASS - Which module, if any of
# ours, an alias leads to; the stock one's wildcard fits each of them.
resolves()
{
	local alias

	alias=$(printf 'vfio_pci:v0000%sd0000%ssv0000%ssd00000001bc%ssc%si%s' \
		"$3" "$4" "$5" "${6:0:2}" "${6:2:2}" "${6:4:2}")
	check "$1: $2" resolves_to "$alias" "$2"
}

resolves "a VF" mlx5_vfio_pci 15B3 101E 15B3 020000
resolves "a VF of another maker's card" mlx5_vfio_pci 15B3 101E 1028 020000
resolves "SNAP's NVMe" mlx5_vfio_pci 15B3 6001 15B3 010802
resolves "SNAP's virtio disk" mlx5_vfio_pci 1AF4 1042 15B3 010000
resolves "the PF" vfio_pci 15B3 101D 15B3 020000
resolves "a stock virtio disk" vfio_pci 1AF4 1042 1AF4 010000
resolves "a transitional virtio disk" vfio_pci 1AF4 1001 15B3 010000
resolves "a virtio NIC of the same BlueField" vfio_pci 1AF4 1041 15B3 020000
resolves "a stock NVMe" vfio_pci 1B36 0010 1AF4 010802
resolves "Intel's GPU" igd_vfio_pci 8086 1912 8086 030000
resolves "another Intel function" vfio_pci 8086 10D3 8086 020000
resolves "a V100 with NVLink" nvlink2_vfio_pci 10DE 1DB1 10DE 030200
resolves "a V100 without" vfio_pci 10DE 1DB4 10DE 030200
resolves "the NVLink bridge" nvlink2_vfio_pci 1014 04EA 0000 068001

# From here on devices change hands, and what that loads is looked at.
modprobe nvme && modprobe virtio_blk
# Until its disk is there the kernel itself has it open, to look for partitions.
wait_for 60 eval '[ "$(ls /dev/nvme?n1 | wc -l)" = 2 ]'
check "a stock NVMe is driven by nvme" is_bound "$NVME" nvme
check "SNAP's NVMe too" is_bound "$SNAP_NVME" nvme
check "a stock virtio disk is driven by virtio-pci" is_bound "$VIRTIO" virtio-pci
check "SNAP's virtio disk too" is_bound "$SNAP_VIRTIO" virtio-pci
check "driver_flavour loads" modprobe driver_flavour
check "none of this brought a variant, or VFIO" brought

check "Intel's GPU binds" to_vfio "$IGD" igd_vfio_pci
check "with its variant alone" brought igd_vfio_pci vfio_pci_variant
check "a V100 binds" to_vfio "$V100" nvlink2_vfio_pci
check "with its variant alone" brought nvlink2_vfio_pci
check "as a plain device, which the log says" in_log \
	"nvlink2_vfio_pci $V100: no GPU RAM, plain vfio: device tree property ibm,npu: missing"
check "a stock NVMe binds" to_vfio "$NVME" vfio-pci
check "with vfio-pci alone" brought vfio_pci
check "a stock virtio disk binds" to_vfio "$VIRTIO" vfio-pci
check "with nothing more" brought
check "SNAP's NVMe binds" to_vfio "$SNAP_NVME" mlx5_vfio_pci
check "with mlx5's variant alone" brought mlx5_core mlx5_vfio_pci mlx5_vhca
check "SNAP's virtio disk binds" to_vfio "$SNAP_VIRTIO" mlx5_vfio_pci
check "with nothing more" brought

for bdf in "$SNAP_NVME" "$SNAP_VIRTIO"; do
	check "the log tells why $bdf does not migrate" in_log \
		"mlx5_vfio_pci $bdf: no migration: not a virtual function"
	check "and that it does not" in_log "mlx5_vfio_pci $bdf: migration: no"
	export VFIO_BDFS=$bdf
	kselftest plain_test
done

check "mlx5_core drives the PF" wait_for 60 is_bound "$(pf 0)" mlx5_core
check "a VF appears" make_vfs "$(pf 0)" 1
vf=$(vf "$(pf 0)" 0)
check "it binds" to_vfio "$vf" mlx5_vfio_pci
check "with nothing more" brought
check "and can migrate" in_log "mlx5_vfio_pci $vf: migration: stop-copy, p2p"

forbidden()
{
	wait_for 60 is_bound "$(pf 1)" mlx5_core && make_vfs "$(pf 1)" 1 &&
		vf=$(vf "$(pf 1)" 0) && to_vfio "$vf" mlx5_vfio_pci &&
		in_log "mlx5_vfio_pci $vf: no migration: not allowed for this VF" &&
		in_log "mlx5_vfio_pci $vf: migration: no"
}
check "a VF that may not migrate binds as a plain device, and the log tells why" forbidden
check "and how to allow it by devlink, where the kernel can" in_log \
	"'devlink port function set pci/$(pf 1)/PORT migratable enable' (Linux 6.2 or later)"
check "and by the card's own settings, where it cannot" in_log \
	"allow it to all VFs by 'mstconfig -d $(pf 1) set VF_MIGRATION_MODE=2' and a restart"

check "SNAP's NVMe goes back to nvme" to_native "$SNAP_NVME" nvme
check "SNAP's virtio disk to virtio-pci" to_native "$SNAP_VIRTIO" virtio-pci
check "the stock NVMe to nvme" to_native "$NVME" nvme
check "the stock virtio disk to virtio-pci" to_native "$VIRTIO" virtio-pci
# The GPUs stay: the drivers that they would go back to want more than stand-ins.
finish
