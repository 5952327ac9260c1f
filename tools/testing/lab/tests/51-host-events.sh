#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What happens to the whole host while VFs are idle, open, saved and loaded: the
# PF's driver loaded anew by devlink, a reset of the PF, a firmware that dies, a
# suspend, and at last another kernel, for which this script runs a second time,
# in that kernel. The driver on the last VF, which plays a guest, goes on ringing
# doorbells when a reset has taken its objects from it. The PF is an eswitch manager, so
# that mlx5_core asks and sets all that it may of VFs before it enables them.
#
# lab: pfs=1 vfs=8 mem=1536 release=13 soak-root=12,13-backports suspend=1 timeout=480
# lab-model-prop: eswitch=on
# lab-guest-error-allow: fn 8: doorbell

. "$(dirname "$0")/lib.sh"

# Results of the first kernel, kept for the count of the second, and its report: with 7.3
# the virtio ports, by which it and the model's faults go, are mute after a suspend.
results=/results/first-kernel
report=/results/first-report

start()
{
	load_mlx5 || fatal "mlx5_vfio_pci loads and mlx5_core drives the PF"
	mapfile -t vfs < <(vfio_vfs "$(pf 0)" 8)
	[ ${#vfs[@]} = 8 ] || fatal "eight VFs bind to mlx5_vfio_pci"
	export VFIO_BDFS="${vfs[*]}"
	export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
}

# another_kernel - Execute it while VFs are in every state. Returns only if that fails.
another_kernel()
{
	echo "$TAP_COUNT $TAP_FAILED" >"$results"
	# The lab takes this for the other kernel's boot.
	rm /results/boot-seconds
	VFIO_KEXEC=/boot/vmlinuz-$(uname -r):/build/boot/initramfs \
		"$SELFTESTS/host_event_test" -f kexec >/tmp/kexec.log 2>&1
	cat "$report"
	not_ok "another kernel is executed"
	show_failures /tmp/kexec.log
}

# silent CONSOLE - Up to the second boot the kernel has not complained.
silent()
{
	! grep -E "$DMESG_BAD" "$1"
}

if ! grep -q executed-by-kexec /proc/cmdline; then
	start
	kselftest_part host_event_test -V suspend -V suspend_other_recovery >"$report"
	# 6.1 knows no virtio device that keeps its state.
	[ "$LAB_RELEASE" = 12 ] || export VFIO_SUSPEND=1
	kselftest_part host_event_test -v suspend -v suspend_other_recovery >>"$report"
	another_kernel
else
	cat "$report"
	read -r TAP_COUNT TAP_FAILED <"$results"
	ok "another kernel was executed with VFs in every state"
	# shellcheck source=../lib/boot.sh
	. /src/tools/testing/lab/lib/boot.sh
	if grep -qE "$DMESG_STALL" /results/console.log; then
		skip "the first one did not complain" "its CPU stalled"
	else
		check "the first one did not complain" silent /results/console.log
	fi
	start
	kselftest image_test
fi
finish
