#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How mlx5_vfio_pci is found, what it brings with it, and which devices it
# takes: VFs of its table under driver_override, and nothing else whatever
# driver_override says. Then the same by vfioctl.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 soak-root=13-debug timeout=360

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vfioctl.sh"

driver=/sys/bus/pci/drivers/mlx5_vfio_pci

# has_all WANTED... - Is each of them a line of standard input?
has_all()
{
	local have word
	have=$(cat)

	for word in "$@"; do
		grep -qxF -- "$word" <<<"$have" || {
			echo "$word is not in:"
			echo "$have"
			return 1
		}
	done
}

has_alias()
{
	modinfo -F alias mlx5_vfio_pci | grep -q '^vfio_pci:v000015B3d0000101Esv'
}

no_plain_alias()
{
	! modinfo -F alias mlx5_vfio_pci | grep '^pci:'
}

alias_finds()
{
	modprobe --resolve-alias \
		vfio_pci:v000015B3d0000101Esv000015B3sd00000000bc02sc00i00 |
		has_all mlx5_vfio_pci
}

depends()
{
	modinfo -F depends mlx5_vfio_pci | tr ',' '\n' |
		has_all mlx5_vhca vfio_pci_variant
}

loaded()
{
	cut -d' ' -f1 /proc/modules | has_all "$@"
}

check "modinfo shows the vfio_pci: alias" has_alias
check "no alias lets it bind on its own" no_plain_alias
check "the alias finds the module" alias_finds
check "modinfo shows what it depends on" depends

refuse "mlx5_core is not loaded before" loaded mlx5_core
check "the module loads" modprobe mlx5_vfio_pci
check "the dependencies came with it" \
	loaded mlx5_core mlx5_vhca vfio_pci_variant vfio_pci_core
pf=$(pf 0)
check "stock mlx5_core drives the PF" wait_for 60 is_bound "$pf" mlx5_core
check "VFs appear" make_vfs "$pf" 2
vf=$(vf "$pf" 0)

bind_without_override()
{
	echo "$vf" >"$driver/bind"
}

group_is_there()
{
	[ -c "/dev/vfio/$(basename "$(readlink \
		"/sys/bus/pci/devices/$vf/iommu_group")")" ]
}

refuse "a VF is not taken without driver_override" bind_without_override
check "a VF is taken under driver_override" rebind "$vf" mlx5_vfio_pci
check "its VFIO group is there" group_is_there
power_is()
{
	[ "$(cat "/sys/bus/pci/devices/$vf/power/runtime_status")" = "$1" ]
}

reload()
{
	unbind "$vf" && modprobe -r mlx5_vfio_pci && modprobe vfio_pci_variant "$@" &&
		modprobe mlx5_vfio_pci && rebind "$vf" mlx5_vfio_pci
}

check "a VF that nobody has open is put to sleep" wait_for 60 power_is suspended
check "the library takes vfio-pci's options" reload disable_idle_d3=1
check "with disable_idle_d3 it stays awake" power_is active
check "without the option again" reload disable_idle_d3=0
check "it sleeps" wait_for 60 power_is suspended
check "it can be given up" unbind "$vf"
check "and taken again" rebind "$vf" mlx5_vfio_pci

# Any device that no driver has will do; the host bridge is always there.
refuse "the host bridge is refused under driver_override" \
	rebind 0000:00:00.0 mlx5_vfio_pci

add_id()
{
	echo 8086 29c0 >"$driver/new_id"
}

# Ids added at run time must not open the door either.
add_id 2>/dev/null
refuse "and after it was added as a new id" \
	rebind 0000:00:00.0 mlx5_vfio_pci
echo >/sys/bus/pci/devices/0000:00:00.0/driver_override

check "vfioctl installs" install_vfioctl
check "VFs without a driver" eval 'make_vfs "$pf" 0 && make_vfs "$pf" 2'
vf=$(vf "$pf" 0)
vfioctl_looks "$pf" "$vf"
vfioctl_moves "$pf" "$vf" "$(vf "$pf" 1)"

check "VFs go away while one is bound" make_vfs "$pf" 0
refuse "the PF is refused under driver_override" rebind "$pf" mlx5_vfio_pci
echo >"/sys/bus/pci/devices/$pf/driver_override"
check "stock mlx5_core takes the PF back" rebind "$pf" mlx5_core
finish
