#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Eight VFs of one PF: bound while SR-IOV is still being switched on, by
# driver_flavour on two CPUs and by a rule of udev on one; and saved and loaded
# at the same time, with images large enough that the saves really overlap; and
# what depends on the size of images. The PF is shown as that of a BlueField-3.
#
# lab: pfs=1 vfs=8 cpus=2 mem=2048 release=13 timeout=480 soak=1
# lab-model-prop: image-pad=1048576,identity=bluefield-3

. "$(dirname "$0")/lib.sh"

PCI=/sys/bus/pci/devices
RULE=/etc/udev/rules.d/60-local.rules

# vfs - The addresses of all eight.
vfs()
{
	local i

	for i in {0..7}; do
		vf "$pf" "$i"
	done | xargs
}

# migrate_all - All eight VFs are ours, say so, and can be stopped and saved.
migrate_all()
{
	local i said

	for i in {0..7}; do
		is_bound "$(vf "$pf" "$i")" mlx5_vfio_pci || {
			echo "VF $i is driven by $(driver_of "$(vf "$pf" "$i")")"
			return 1
		}
	done
	said=$(dmesg | tac | sed '/made anew/q' | grep 'migration: ')
	[ "$(grep -c 'migration: stop-copy' <<<"$said")" = 8 ] || {
		echo "$said"
		return 1
	}
	VFIO_BDFS=$(vfs) "$SELFTESTS/parallel_test" -t sessions_do_not_mix >/tmp/parallel.log 2>&1
	cat /tmp/parallel.log
	grep -q '^# PASSED: 1 / 1' /tmp/parallel.log && ! grep -q SKIP /tmp/parallel.log
}

# made_anew - Starts to make eight VFs; the native driver probes them meanwhile.
made_anew()
{
	echo "made anew" >/dev/kmsg
	echo 8 >"$PCI/$pf/sriov_numvfs" &
}

gone_again()
{
	echo 0 >"$PCI/$pf/sriov_numvfs"
}

by_flavour()
{
	local i

	made_anew
	for i in {0..7}; do
		wait_for 60 test -e "$PCI/$pf/virtfn$i/driver_flavour" &&
			echo vfio >"$PCI/$pf/virtfn$i/driver_flavour" || return 1
	done
	migrate_all && wait
}

by_rule()
{
	local vf_id

	vf_id=$(cat "$PCI/$pf/sriov_vf_device")
	echo "SUBSYSTEM==\"pci\", ATTR{device}==\"0x$vf_id\", ENV{DRIVER_FLAVOUR}=\"vfio\"" >"$RULE"
	/usr/lib/systemd/systemd-udevd --daemon && udevadm control --ping || return 1
	echo 0 >/sys/devices/system/cpu/cpu1/online
	made_anew
	wait
	udevadm settle -t 120
	udevadm control --exit
	migrate_all
}

load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
modprobe driver_flavour || fatal "driver_flavour loads"
make -s -C /src/tools/vfio O=/build/tools install || fatal "vfio-flavour installs"
pf=$(pf 0)

check "mlx5_core drives a BlueField-3" is_device "$pf" 0xa2dc
check "eight VFs taken by driver_flavour as they appear migrate" by_flavour
check "SR-IOV is switched off again" gone_again
check "so do eight taken by a rule of udev, on one CPU" by_rule

[ "$TAP_FAILED" = 0 ] || finish
VFIO_BDFS=$(vfs)
export VFIO_BDFS
export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
kselftest parallel_test image_test data_fd_test mlx5_queue_test
finish
