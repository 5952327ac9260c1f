#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# loading.sh REPEATS [WAY[=DEVICE]...] - In L1: which modules come into memory when a
# device of each kind is given to VFIO, how large they are and how long it
# takes, by different ways:
#
#   flavour  one write to driver_flavour
#   softdep  a vfio-pci that pulls in every variant by softdep, then the variant
#            is bound: what was proposed once, and rejected
#   stock    vfio-pci, by driver_override
#
# With =DEVICE the way is taken for this device and the VF alone.
# Prints "DEVICE,WAY,DRIVER,BYTES,MS,MODULE MODULE..." for each, MS being the
# median, and "host,flavour,,BYTES,0,driver_flavour" for that module itself. Each time starts without a module of VFIO in memory. All devices but
# the VF are measured while the host has no ConnectX: it is unplugged.

. "$(dirname "$0")/../tests/lib.sh"

PCI=/sys/bus/pci/devices
VF=connectx-vf
# Addresses: see LOADING_DEVICES of scripts/measure-loading
DEVICES=(
	"snap-nvme 0000:00:12.0"
	"snap-virtio-blk 0000:00:13.0"
	"intel-vga 0000:00:10.0"
	"v100 0000:00:11.0"
	"nic 0000:00:16.0"
	"stock-nvme 0000:00:14.0"
	"stock-virtio-blk 0000:00:15.0"
)

# variants - The modules, besides vfio-pci, that are a VFIO driver, without
# those that only tests load.
variants()
{
	local alias pattern module

	while read -r alias pattern module; do
		[ "$module" = vfio_pci ] ||
			modinfo -F description "$module" | grep -qE '^(Sample|Test) ' ||
			echo "$module"
	done < <(grep '^alias vfio_pci:' "/lib/modules/$(uname -r)/modules.alias") |
		sort -u
}

# best BDF - The variant that the rule chooses, else vfio-pci.
best()
{
	(exec -a vfio-flavour /build/tools/vfioctl --dry-run --json "$1" vfio) |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["driver"])'
}

bind_override()
{
	echo "$2" >"$PCI/$1/driver_override"
	[ ! -e "$PCI/$1/driver" ] || echo "$1" >"$PCI/$1/driver/unbind"
	echo "$1" >/sys/bus/pci/drivers_probe
}

way_flavour()
{
	echo vfio >"$PCI/$1/driver_flavour"
}

way_softdep()
{
	modprobe vfio-pci && bind_override "$1" "$2"
}

way_stock()
{
	modprobe vfio-pci && bind_override "$1" vfio-pci
}

# undo BDF - Leave the device as it is found, without a VFIO driver.
undo()
{
	echo "$1" >"$PCI/$1/driver/unbind"
	echo >"$PCI/$1/driver_override"
}

# unload KEEP - Take modules away that are not in the file KEEP.
unload()
{
	local m removed=y

	while [ -n "$removed" ]; do
		removed=
		for m in $(cut -d' ' -f1 /proc/modules | sort | comm -23 - "$1"); do
			! rmmod "$m" 2>/dev/null || removed=y
		done
	done
	[ -z "$(cut -d' ' -f1 /proc/modules | sort | comm -23 - "$1")" ]
}

# size_of MODULES - Their bytes in memory, as /proc/modules has them.
size_of()
{
	awk 'NR == FNR { is[$1]; next } $1 in is { sum += $2 } END { print sum + 0 }' \
		<(echo "$1") /proc/modules
}

microseconds()
{
	echo "${EPOCHREALTIME/[.,]/}"
}

# measure KIND BDF WAY - One line of the result.
measure()
{
	local kind=$1 bdf=$2 way=$3 want driver start bytes modules n times=()

	[ "$way" != softdep ] || want=$(best "$bdf")
	cut -d' ' -f1 /proc/modules | sort >/tmp/before
	for ((n = 0; n < REPEATS; n++)); do
		start=$(microseconds)
		"way_$way" "$bdf" "$want" || return 1
		times+=($(($(microseconds) - start)))
		driver=$(driver_of "$bdf")
		modules=$(cut -d' ' -f1 /proc/modules | sort | comm -23 - /tmp/before)
		bytes=$(size_of "$modules")
		undo "$bdf"
		unload /tmp/before || { echo "$kind $way: modules stay" >&2; return 1; }
	done
	printf '%s,%s,%s,%s,%s,%s\n' "$kind" "$way" "$driver" "$bytes" \
		"$(median "${times[@]}")" "$(paste -sd' ' <<<"$modules")"
}

# median MICROSECONDS... - In milliseconds.
median()
{
	printf '%s\n' "$@" | sort -n | awk '{ t[NR] = $1 }
		END { printf "%.0f", t[int((NR + 1) / 2)] / 1000 }'
}

# prepare WAY - What has to be there beforehand, once.
prepare()
{
	rm -f /etc/modprobe.d/measure.conf
	case $1 in
	flavour) modprobe driver_flavour
		 echo "host,flavour,,$(size_of driver_flavour),0,driver_flavour" ;;
	softdep) echo "softdep vfio-pci post: $(variants | paste -sd' ')" \
			>/etc/modprobe.d/measure.conf ;;
	esac
}

REPEATS=$1
shift
# driver_flavour cannot be unloaded: it comes last.
[ $# -gt 0 ] || set -- stock softdep flavour

pf=$(pf 0)
echo 1 >"$PCI/$pf/remove"
for arg in "$@"; do
	way=${arg%=*}
	prepare "$way"
	for device in "${DEVICES[@]}"; do
		[ "$way" = "$arg" ] || [ "${device% *}" = "${arg#*=}" ] || continue
		# shellcheck disable=SC2086 # two words
		measure $device "$way" || exit 1
	done
done

# The ConnectX comes back; a host with one has mlx5_core in memory.
echo 1 >/sys/bus/pci/rescan
modprobe mlx5_core && wait_for 60 is_bound "$pf" mlx5_core || exit 1
echo 0 >"$PCI/$pf/sriov_drivers_autoprobe"
echo 1 >"$PCI/$pf/sriov_numvfs"
for way in "${@%=*}"; do
	prepare "$way" >/dev/null
	measure "$VF" "$(vf "$pf" 0)" "$way" || exit 1
done
echo 0 >"$PCI/$pf/sriov_numvfs"
