#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# driver_flavour on the platform bus, and on PCI of the same machine: QEMU's
# arm64 "virt" with virtio-mmio devices behind the SMMU (arch/arm64-dtb says
# which), busybox. The disks are files of the source, read-only.
#
# lab: arch=arm64 kernel-root=13,12,13-backports mem=1024 timeout=600
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d31,file=/src/COPYING,format=raw,read-only=on
# lab-qemu-arg: -device
# lab-qemu-arg: virtio-blk-device,drive=d31,bus=virtio-mmio-bus.31
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d30,file=/src/COPYING,format=raw,read-only=on
# lab-qemu-arg: -device
# lab-qemu-arg: virtio-blk-device,drive=d30,bus=virtio-mmio-bus.30
# lab-qemu-arg: -drive
# lab-qemu-arg: if=none,id=d29,file=/src/COPYING,format=raw,read-only=on
# lab-qemu-arg: -device
# lab-qemu-arg: virtio-blk-device,drive=d29,bus=virtio-mmio-bus.29
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,romfile=

PLATFORM=/sys/bus/platform
DISK=a003e00.virtio_mmio	# a reset handler serves it
OTHER=a003c00.virtio_mmio	# the same
BARE=a003a00.virtio_mmio	# no handler for its first compatible string
LONG=a003800.virtio_mmio	# the same, and no alias may be so long
NO_IOMMU=a003600.virtio_mmio

. "$(dirname "$0")/posix-lib.sh"

# attr DEVICE FILE
attr()
{
	echo "$PLATFORM/devices/$1/$2"
}

flavour_is()
{
	is "$(cat "$(attr "$1" driver_flavour)")" "$2"
}

override_is()
{
	is "$(cat "$(attr "$1" driver_override)")" "$2"
}

bound_to()
{
	is "$(basename "$(readlink "$(attr "$1" driver)")")" "$2"
}

# write DEVICE WORD - Prints what the kernel says when it refuses.
write()
{
	{ echo "$2" >"$(attr "$1" driver_flavour)"; } 2>&1
}

# refused DEVICE WORD ERROR - The write fails, with this error.
refused()
{
	if said=$(write "$1" "$2"); then
		echo "'$2' was taken"
		return 1
	fi
	case $said in
	*"$3"*) ;;
	*) echo "said: $said"; return 1 ;;
	esac
}

# undescribed - A platform device that neither the device tree nor ACPI knows.
undescribed()
{
	for dev in "$PLATFORM"/devices/*; do
		if [ ! -e "$dev/of_node" ] && [ ! -e "$dev/firmware_node" ]; then
			echo "${dev##*/}"
			return
		fi
	done
}

# disk_of DEVICE - Its block device, none if virtio_blk does not have it.
disk_of()
{
	ls "$(attr "$1" '')"/virtio*/block 2>/dev/null
}

# disk_works DEVICE - Past the cache: what is read comes from the device now.
disk_works()
{
	wait_for 60 disk_ready "$1" || { echo "no disk"; return 1; }
	echo 3 >/proc/sys/vm/drop_caches
	head -c 4096 "/dev/$(disk_of "$1")" | cmp - /tmp/expected
}

disk_ready()
{
	[ -b "/dev/$(disk_of "$1")" ] && [ -n "$(disk_of "$1")" ]
}

# native DEVICE - As if nobody had ever asked for VFIO.
native()
{
	bound_to "$1" virtio-mmio && override_is "$1" '(null)' &&
		flavour_is "$1" '[native] vfio' && disk_works "$1"
}

group_of()
{
	basename "$(readlink "$(attr "$1" iommu_group)")"
}

# vfio DEVICE
vfio()
{
	bound_to "$1" vfio-platform && override_is "$1" vfio-platform &&
		flavour_is "$1" 'native [vfio]' && [ -c "/dev/vfio/$(group_of "$1")" ]
}

# Modules in the order in which they came, as far as they are of VFIO.
vfio_modules()
{
	awk '$1 ~ /vfio|reset/ { print $1 }' /proc/modules | tac | xargs
}

asked_for()
{
	is "$(sed 's/^-q -- //' /tmp/asked | xargs)" "$1"
}

modes()
{
	is "$(stat -c %a "$(attr "$DISK" driver_flavour)")" 644
}

# 6.1 has vfio_virqfd apart from vfio, which is loaded first
expect_modules()
{
	virqfd=''
	! grep -q /vfio_virqfd.ko /lib/modules/"$KVER"/modules.dep || virqfd=vfio_virqfd
	for m in $(vfio_modules); do
		[ "$m" = vfio_virqfd ] || echo "$m"
	done | xargs >/tmp/modules
	is "$(cat /tmp/modules)" "$*" &&
		is "$(vfio_modules | tr ' ' '\n' | grep vfio_virqfd)" "$virqfd"
}

# hide_modules REGEX - From modprobe and from driver_flavour, as if depmod had
# never seen them; empty shows them again.
hide_modules()
{
	for index in modules.dep modules.alias modules.symbols; do
		[ -e "/tmp/$index" ] || cp "/lib/modules/$KVER/$index" /tmp/
		grep -vE "${1:-^$}" "/tmp/$index" >"/lib/modules/$KVER/$index"
	done
}

# Debian's kernels have no vfio-platform: this is what they answer.
part_stock()
{
	hide_modules 'vfio-platform|virtio_mmio_reset'
	check "without vfio-platform: says that it cannot be loaded" \
		refused "$DISK" vfio "Exec format error"
	check "... and the device is as it was" native "$DISK"
	check "... and nothing of VFIO is in memory" is "$(vfio_modules)" ""
	hide_modules ''
}

part_files()
{
	check "loading the module loads nothing of VFIO" is "$(vfio_modules)" ""
	check "a device lists both flavours" flavour_is "$DISK" '[native] vfio'
	check "root alone may write" modes
	check "a device that nothing describes has no other than native" \
		flavour_is "$(undescribed)" '[native]'
	check "... and says so" refused "$(undescribed)" vfio "Operation not supported"
	check "another word is refused" refused "$DISK" fast "Invalid argument"
}

part_bind()
{
	: >/tmp/asked
	check "one write" write "$DISK" vfio
	check "... and vfio-platform has the device" vfio "$DISK"
	check "... with these modules and no other" \
		expect_modules vfio vfio_platform_base vfio_platform virtio_mmio_reset
	check "... which were asked for before vfio-platform looked" \
		asked_for "vfio-platform virtio_mmio_reset"
	check "a second write changes nothing" write "$DISK" vfio
	check "the other device needs no more" write "$OTHER" vfio
	check "... and nothing was asked for again" \
		asked_for "vfio-platform virtio_mmio_reset virtio_mmio_reset"
	check "... but it has its own group" vfio "$OTHER"
	check "the other goes back" write "$OTHER" native
	check "... to its disk" native "$OTHER"
}

part_use()
{
	modprobe vfio_iommu_type1
	kselftest /build/selftests/vfio_platform_test "$DISK"
	mkfifo /tmp/input
	/build/selftests/vfio_platform_test --hold "$DISK" </tmp/input >/tmp/output 2>&1 &
	holder=$!
	exec 9>/tmp/input
	check "a user opens the device" wait_for 60 grep -q open /tmp/output
	check "native is refused while it is open" \
		refused "$DISK" native "Device or resource busy"
	check "... and nothing changed" vfio "$DISK"
	exec 9>&-
	wait $holder
	check "native after the user closed it" write "$DISK" native
	check "... and the disk works" native "$DISK"
	exec 8<"/dev/$(disk_of "$DISK")"
	check "vfio is refused while the disk is open" \
		refused "$DISK" vfio "Device or resource busy"
	check "... and nothing changed" native "$DISK"
	exec 8<&-
}

# The parameter is vfio-platform's own; 6.1 fails for want of a handler even
# when it is off.
part_refused()
{
	: >/tmp/asked
	check "no reset handler: says that there is none" \
		refused "$BARE" vfio "No such file or directory"
	check "... and the device is as it was" native "$BARE"
	check "... and the kernel log names the reason" \
		dmesg_has "No reset function found for device $BARE"
	check "no handler's alias can be so long: the same" \
		refused "$LONG" vfio "No such file or directory"
	check "... and it has no driver, as before" no_driver "$LONG"
	check "no IOMMU: VFIO's own error" refused "$NO_IOMMU" vfio "Invalid argument"
	check "... and it has no driver, as before" no_driver "$NO_IOMMU"
	rmmod virtio_mmio_reset
	rmmod vfio-platform
	modprobe vfio-platform reset_required=0
	case $KVER in
	6.1.*)	check "6.1 demands a handler though reset_required=0" \
			refused "$BARE" vfio "No such file or directory" ;;
	*)	check "with reset_required=0 no handler is needed" write "$BARE" vfio
		check "... and vfio-platform has the device" vfio "$BARE"
		check "... which goes back" write "$BARE" native ;;
	esac
	check "... and works" native "$BARE"
	rmmod vfio-platform
}

no_driver()
{
	[ ! -e "$(attr "$1" driver)" ] && override_is "$1" '(null)' &&
		flavour_is "$1" '[native] vfio'
}

dmesg_has()
{
	dmesg | grep -qF "$1"
}

part_by_hand()
{
	echo virtio-mmio >"$(attr "$DISK" driver_override)"
	check "an override by hand is shown" \
		flavour_is "$DISK" '[native] vfio override=virtio-mmio'
	check "... and respected" refused "$DISK" vfio "File exists"
	echo vfio-platform >"$(attr "$DISK" driver_override)"
	check "one that names vfio-platform may be followed" write "$DISK" vfio
	check "... stays" override_is "$DISK" vfio-platform
	check "... is shown" flavour_is "$DISK" 'native [vfio] override=vfio-platform'
	check "... and is not ours to take back" refused "$DISK" native "File exists"
	echo >"$(attr "$DISK" driver_override)"
	check "the hand that set it clears it" write "$DISK" native
	check "... and the disk works" native "$DISK"
}

# spin N CMD... - CMD again and again, as the other loops do; it may fail.
spin()
{
	n=$1
	shift
	while [ "$n" -gt 0 ]; do
		"$@" >/dev/null 2>&1
		n=$((n - 1))
	done
}

write_both()
{
	write "$1" vfio
	write "$1" native
}

rebind()
{
	echo "$1" >"$(attr "$1" driver)/unbind"
	echo "$1" >"$PLATFORM/drivers_probe"
}

unplug()
{
	modprobe flavour_test_platform
	rmmod flavour_test_platform
}

read_it()
{
	cat "$(attr "$1" driver_flavour)"
}

part_races()
{
	# All that is asked for is loaded: modprobe would only slow the writers down
	echo /bin/true >/proc/sys/kernel/modprobe
	pids=
	for loop in "write_both $OTHER" "write_both $OTHER" "rebind $OTHER" \
		"read_it $OTHER"; do
		# shellcheck disable=SC2086 # words of a command
		spin 15 $loop &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086
	wait $pids
	check "two writers and who binds by hand: the device obeys" write "$OTHER" native
	check "... and works" native "$OTHER"
	check "... also for VFIO" write "$OTHER" vfio
	kselftest /build/selftests/vfio_platform_test "$OTHER"
	check "... and back" write "$OTHER" native

	check "a device that comes has the file" modprobe flavour_test_platform
	check "... with both flavours" flavour_is flavour-test '[native] vfio'
	check "... and is refused as it has no IOMMU" \
		refused flavour-test vfio "Invalid argument"
	rmmod flavour_test_platform
	spin 10 unplug &
	pids=$!
	spin 40 write_both flavour-test &
	pids="$pids $!"
	spin 40 write_both flavour-test &
	pids="$pids $!"
	# shellcheck disable=SC2086
	wait $pids
	check "writers while it is unplugged: none is left behind" \
		refuse_exists "$(attr flavour-test '')"
	echo /tmp/modprobe >/proc/sys/kernel/modprobe
}

refuse_exists()
{
	[ ! -e "$1" ]
}

# The same attribute for PCI, on this architecture.
part_pci()
{
	PLATFORM=/sys/bus/pci
	for nic in "$PLATFORM"/devices/*; do
		[ "$(cat "$nic/device")" != 0x10d3 ] || break
	done
	nic=${nic##*/}
	modprobe e1000e
	check "PCI: the native driver has the card" bound_to "$nic" e1000e
	: >/tmp/asked
	check "PCI: one write" write "$nic" vfio
	check "... and vfio-pci has it" bound_to "$nic" vfio-pci
	check "... by one request" asked_for vfio_pci
	check "... and its group is there" [ -c "/dev/vfio/$(group_of "$nic")" ]
	check "PCI: back" write "$nic" native
	check "... to the native driver" bound_to "$nic" e1000e
	ip link set "$(ls "$(attr "$nic" net)")" up
	check "PCI: refused while the interface is up" \
		refused "$nic" vfio "Device or resource busy"
	ip link set "$(ls "$(attr "$nic" net)")" down
	PLATFORM=/sys/bus/platform
}

KVER=$(uname -r)
head -c 4096 /src/COPYING >/tmp/expected
modprobe virtio_mmio
modprobe virtio_blk
: >/tmp/asked
# Every module that the kernel asks for is written down.
cat >/tmp/modprobe <<'EOF'
#!/bin/busybox sh
echo "$*" >>/tmp/asked
exec /sbin/modprobe "$@"
EOF
chmod 755 /tmp/modprobe
echo /tmp/modprobe >/proc/sys/kernel/modprobe
modprobe driver_flavour || fatal "driver_flavour does not load"

part_files
part_stock
part_bind
part_use
part_refused
if [ "$LAB_RELEASE" = 13-backports ]; then
	echo "# the rest does not depend on the kernel: releases 13 and 12 test it"
	finish
fi
part_by_hand
part_races
part_pci
finish
