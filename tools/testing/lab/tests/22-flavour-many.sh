#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# driver_flavour many times over: writes and unplugging leave no memory behind,
# and whatever override and driver a device was left with, a write has the
# outcome that the documents name. And it is loaded while the locks of two devices
# are held for good.
#
# lab: pfs=1 vfs=1 mem=1536 release=13 kernel-root=13 soak=1 timeout=900
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,addr=0x10

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flavour.sh"

# objects - How many of each of kmalloc's caches are in use, when all is settled.
objects()
{
	local cache

	echo 3 >/proc/sys/vm/drop_caches
	# What waits for a grace period is freed after one, and this waits for it.
	modprobe -r flavour_test_nomatch
	modprobe flavour_test_nomatch
	echo 3 >/proc/sys/vm/drop_caches
	# Free objects of a CPU's own slabs count as used until they are given up.
	for cache in /sys/kernel/slab/kmalloc-[0-9]*; do
		echo 1 >"$cache/shrink"
	done
	awk '$1 ~ /^kmalloc-[0-9]/ { print $1, $2 }' /proc/slabinfo | sort
}

available()
{
	awk '/^MemAvailable/ { print $2 }' /proc/meminfo
}

# growth N CMD... - What N times CMD leave; fails for an object or more for every two
# of them in any cache, or 10 KiB each of memory.
growth()
{
	local n=$1 i before mem
	shift

	before=$(objects) mem=$(available)
	for ((i = 0; i < n; i++)); do
		"$@" || return 1
	done
	join <(echo "$before") <(objects) | awk -v n="$n" '
		{ grew = $3 - $2; printf "%s %+d, ", $1, grew; if (grew > n / 2) bad = 1 }
		END { print ""; exit bad }' || return 1
	mem=$((mem - $(available)))
	echo "$mem KiB less after $n times $*"
	[ "$mem" -lt $((n * 10)) ]
}

# no_growth N CMD... - Nothing grows with the number of times. What is available
# goes up and down by megabytes for the kernel's own reasons; a leak shows each
# time.
no_growth()
{
	local try

	for ((try = 0; try < 20; try++)); do
		"${@:2}" || return 1
	done
	for try in 1 2 3; do
		if growth "$@" >/run/grew; then
			sed 's/^/# /' /run/grew >&3
			return 0
		fi
	done
	cat /run/grew
	return 1
}

to_and_fro()
{
	flavour "$nic" vfio && flavour "$nic" native
}

remove_and_rescan()
{
	flavour "$nic" vfio && echo 1 >"$PCI/$nic/remove" && [ ! -e "$PCI/$nic" ] &&
		echo 1 >/sys/bus/pci/rescan && [ -e "$PCI/$nic/driver_flavour" ]
}

exec 3>&1
load_mlx5 || fatal "mlx5_vfio_pci loads"
nic=$(by_id 8086:10d3)
pf=$(pf 0)
vf=$(vfio_vfs "$pf" 1)
try "a VF is opened" vfio_open "$vf"
echo 0 >"$PCI/$pf/sriov_numvfs" &
taker=$!
check "who takes it away waits for its user" \
	wait_for 60 is_in $taker vfio_unregister_group_dev
modprobe driver_flavour &
loader=$!
check "driver_flavour is loaded meanwhile, and serves the other devices" \
	wait_for 60 reads "$nic" "[native] vfio"
check "who loads it waits for the rest" wait_for 60 is_in $loader walk_left_over
kill -KILL $loader
check "and can be killed" wait_for 60 is_gone $loader
try "the user closes the VF" vfio_close
try "and it goes" ended $taker
check "the native drivers come" flavour "$nic" native
check "200 times to VFIO and back leave nothing behind" no_growth 200 to_and_fro
check "nor does removing and finding it 100 times" no_growth 100 remove_and_rescan
check "it is in order after it" both_ways "$nic" vfio-pci e1000e

# left OVERRIDE DRIVER - The VF as somebody leaves it by hand.
left()
{
	unbind "$vf" && overrides "$vf" "$2" || return 1
	[ -z "$2" ] || echo "$vf" >/sys/bus/pci/drivers_probe
	[ "$(driver_of "$vf")" = "$2" ] && overrides "$vf" "$1"
}

# comes_out WORD OVERRIDE DRIVER - What a write then has to lead to: the driver
# and the override; one that fails leaves both as they were.
comes_out()
{
	case $1/$2/$3 in
	# It has that driver already, so nothing changes.
	vfio//mlx5_vfio_pci)		echo "$3 (null)" ;;
	vfio//*)			echo "mlx5_vfio_pci mlx5_vfio_pci" ;;
	vfio/nosuch/*)			echo "$3 $2" ;;
	vfio/*)				echo "$2 $2" ;;
	native//*)			echo "mlx5_core (null)" ;;
	native/*/mlx5_core)		echo "mlx5_core $2" ;;
	native/nosuch/*)		echo " nosuch" ;;
	native/*)			echo "$3 $2" ;;
	esac
}

# refused WORD OVERRIDE DRIVER - Is the override in the way?
refused()
{
	case $1/$2/$3 in
	vfio/nosuch/*)			return 0 ;;
	native/*_core | native//* | native/nosuch/*)
					return 1 ;;
	native/*)			return 0 ;;
	esac
	return 1
}

# combination WORD OVERRIDE DRIVER
combination()
{
	local said is

	left "$2" "$3" || { echo "cannot be left so"; return 1; }
	if refused "$@"; then
		fails_with "File exists" "$vf" "$1" || return 1
	else
		flavour "$vf" "$1" || return 1
	fi
	is="$(driver_of "$vf") $(override "$vf")"
	said=$(comes_out "$@")
	[ "$is" = "$said" ] || { echo "is '$is', not '$said'"; return 1; }
}

check "a VF appears" make_vfs "$pf" 1
echo 1 >"$PCI/$pf/sriov_drivers_autoprobe"
vf=$(vf "$pf" 0)
check "with the file" reads "$vf" "[native] vfio"
check "all drivers are there" modprobe -a mlx5_vfio_pci vfio-pci
for override in "" vfio-pci mlx5_vfio_pci nosuch; do
	for driver in "" mlx5_core vfio-pci mlx5_vfio_pci; do
		for word in vfio native; do
			check "left with override '$override' and driver '$driver': $word" \
				combination "$word" "$override" "$driver"
		done
	done
done
overrides "$vf" ""
check "it is in order after it" both_ways "$vf" mlx5_vfio_pci mlx5_core
check "VFs go away" make_vfs "$pf" 0
finish
