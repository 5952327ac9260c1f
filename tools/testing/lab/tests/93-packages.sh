#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The Debian packages, in a host that was clean before apt installed them. What
# apt did, and what it does when something is missing, was seen when that host
# was made (debs/installed, debs/refused); here it boots, and a VF is given to
# VFIO in each of the ways that the packages bring.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 soak=1 timeout=300
# lab: kernel-root=installed-13,installed-12,installed-13-backports

. "$(dirname "$0")/lib.sh"

PCI=/sys/bus/pci/devices
UUID=00000000-0000-0000-0000-000000000000

# seen FILE - What was seen before this machine was booted.
seen()
{
	local line

	while read -r line; do
		case $line in
		'ok '*)		ok "${line#* - }" ;;
		'not ok '*)	not_ok "${line#* - }" ;;
		*)		echo "$line" ;;
		esac
	done <"$1"
}
seen /usr/src/lab/tap

is_dkms()
{
	local module

	for module in "$@"; do
		[[ $(modinfo -F filename "$module") == */updates/dkms/* ]] || return 1
	done
}

refuse "nothing of ours is loaded before it is asked for" \
	grep -E '^(driver_flavour|mlx5_vhca|vfio)' /proc/modules
check "mlx5_core is the kernel's own, and drives the PF" eval \
	'! is_dkms mlx5_core && modprobe mlx5_core && pfs_are_up'
pf=$(pf 0)
check "VFs" make_vfs "$pf" 2
first=$(vf "$pf" 0) second=$(vf "$pf" 1)

check "vfioctl enable gives a VF to VFIO, and it can migrate" eval \
	'vfioctl enable "$first" && is_bound "$first" mlx5_vfio_pci && vfioctl why "$first" &&
		dmesg | grep "$first.*migration: stop-copy"'
check "the modules are those of the package" \
	is_dkms driver_flavour vfio_pci_variant mlx5_vhca mlx5_vfio_pci
check "the package's selftests show that it can" eval 'vfioctl selftest --test stats_test \
	--output /tmp/report "$first" && grep "^== kernel log" /tmp/report'
check "one write gives the other one to VFIO" eval 'modprobe driver_flavour &&
	echo vfio >"$PCI/$second/driver_flavour" && is_bound "$second" mlx5_vfio_pci'
check "vfio-flavour gives it back" eval 'echo 1 >"$PCI/$pf/sriov_drivers_autoprobe" &&
	vfio-flavour "$second" native && is_bound "$second" mlx5_core'

by_event()
{
	/usr/lib/systemd/systemd-udevd --daemon && udevadm control --ping &&
		echo "change $UUID FLAVOUR=vfio" >"$PCI/$second/uevent" &&
		udevadm settle -t 60 && is_bound "$second" mlx5_vfio_pci
}
check "udev follows the package's rule" by_event
udevadm control --exit

check "all goes out of memory" eval 'echo 0 >"$PCI/$pf/sriov_numvfs" &&
	modprobe -r mlx5_vfio_pci igd_vfio_pci vfio_pci'
finish
