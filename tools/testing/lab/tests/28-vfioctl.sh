#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vfioctl where not all is well: a card that lets no VF migrate, a VF that has its
# native driver, kernels of other releases. What fails leaves all as it was.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 kernel-root=13,12,13-backports soak=1 timeout=300
# lab-qemu-arg: -set
# lab-qemu-arg: device.pf1.migratable=off

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vfioctl.sh"

PCI=/sys/bus/pci/devices

check "vfioctl installs" install_vfioctl
check "PFs" eval 'modprobe mlx5_core && pfs_are_up'
pf=$(pf 0) unwilling=$(pf 1)
check "VFs" eval 'make_vfs "$pf" 2 && make_vfs "$unwilling" 1'
vf=$(vf "$pf" 0) second=$(vf "$pf" 1) refused=$(vf "$unwilling" 0)
refuse "nothing of VFIO is loaded" grep -q ^vfio /proc/modules
vfioctl_looks "$pf" "$vf"
refuse "nor by that" grep -q ^vfio /proc/modules

one_refused()
{
	tool 1 enable "$vf" "$refused" &&
		says "^$refused: .*does not let it migrate: not allowed for this VF" &&
		[ ! -e "$PCI/$vf/driver" ] && [ ! -e "$PCI/$refused/driver" ]
}
check "one VF cannot migrate: none is enabled" one_refused

# Its native driver comes back, too.
native_again()
{
	echo 1 >"$PCI/$unwilling/sriov_drivers_autoprobe" &&
		echo "$refused" >/sys/bus/pci/drivers_probe && is_bound "$refused" mlx5_core &&
		tool 1 enable "$refused" && is_bound "$refused" mlx5_core
}
check "a VF with its native driver has it again" native_again

why_refused()
{
	tool 0 attach "$refused" && is_bound "$refused" mlx5_vfio_pci && tool 1 why "$refused" &&
		says '^FAILS  migration +the driver does not let it: not allowed' VF_MIGRATION_MODE &&
		tool 0 list && says "^$refused .* mlx5_vfio_pci +mlx5_vfio_pci +no "
}
check "attach is content with less, and why tells what" why_refused
vfioctl_moves "$pf" "$vf" "$second"
vfioctl_states "$vf" "$second"
vfioctl_watches "$vf"
vfioctl_compares "$vf" "$second"
vfioctl_selftests "$second"

detached()
{
	echo 1 >"$PCI/$pf/sriov_drivers_autoprobe" && tool 0 detach "$vf" "$refused" &&
		is_bound "$vf" mlx5_core && is_bound "$refused" mlx5_core
}
check "detach gives them back" detached
check "a dry run says what would be" eval 'tool 0 attach --dry-run "$vf" &&
	says "would be driven by mlx5_vfio_pci" && is_bound "$vf" mlx5_core'
dry_json()
{
	vfioctl attach --dry-run --json "$vf" | python3 -c '
import json, sys
assert [r["driver"] for r in json.load(sys.stdin)] == ["mlx5_vfio_pci"]'
}
check "in JSON, too" dry_json

# left OVERRIDE - Where a killed program could have left the VF: with no driver.
left()
{
	unbind "$vf" && echo "$1" >"$PCI/$vf/driver_override"
}

override()
{
	cat "$PCI/$vf/driver_override"
}

check "heal lets alone what has its driver" eval 'tool 0 heal "$vf" && says "as before" &&
	is_bound "$vf" mlx5_core'
check "heal: no driver" eval 'left "" && tool 0 heal "$vf" &&
	says "^$vf: it had no driver$" && is_bound "$vf" mlx5_core'
check "heal: an override that leads nowhere" eval 'left nosuch && tool 0 heal "$vf" &&
	says "driver_override said nosuch, which does not take it; it is cleared" &&
	is_bound "$vf" mlx5_core && [ "$(override)" = "(null)" ]'
check "heal: an override that leads somewhere" eval 'left vfio-pci && modprobe -r vfio_pci &&
	tool 0 heal "$vf" && says "its driver_override says vfio-pci" && is_bound "$vf" vfio-pci'
echo >"$PCI/$vf/driver_override"
killed()
{
	tool 0 detach "$vf" && tool 0 attach "$vf" && unbind "$vf" && tool 0 heal "$vf" &&
		says "a run that was killed had left it" && is_bound "$vf" mlx5_core &&
		[ "$(override)" = "(null)" ]
}
check "heal: what a killed run has left" killed

# A choice for VFs that come later.
check "udev runs" eval '/usr/lib/systemd/systemd-udevd --daemon && udevadm control --ping'
persists()
{
	tool 0 persist "$second" && tool 0 persist && says "^$second: vfio, whenever it appears$" &&
		echo 0 >"$PCI/$pf/sriov_numvfs" && echo 2 >"$PCI/$pf/sriov_numvfs" &&
		udevadm settle -t 60 && is_bound "$second" mlx5_vfio_pci &&
		wait_for 60 is_bound "$vf" mlx5_core
}
check "persist: the VF is VFIO's when it appears, and it alone" persists
forgotten()
{
	tool 0 persist --remove "pci/$second" && tool 0 persist && ! grep . /tmp/said &&
		echo 0 >"$PCI/$pf/sriov_numvfs" && echo 2 >"$PCI/$pf/sriov_numvfs" &&
		udevadm settle -t 60 && wait_for 60 is_bound "$second" mlx5_core
}
check "and no longer" forgotten
udevadm control --exit
check "what QEMU is told is what it takes" eval 'tool 0 qemu-args "$vf" &&
	says "^-device vfio-pci,host=$vf,(x-)?enable-migration=on$"'
check "the second VF is VFIO's again" tool 0 enable "$second"

# A PF that is being taken away with a VF in use: its lock is held.
no_hang()
{
	hold "$second" || return 1
	{ echo 0 >"$PCI/$pf/sriov_numvfs"; } >/tmp/removed 2>&1 &
	wait_for 60 eval '! [ -e "$PCI/$second/driver" ]' &&
		tool 0 list && says "^$second" && tool 0 who "$second" &&
		says "^$second: python3 .*for whom the driver's removal waits" &&
		tool 1 why "$second" && says "^note +users"
}
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
check "nothing that only looks hangs while a removal waits for a user" no_hang
let_go
wait_for 60 eval '! [ -e "$PCI/$second" ]'
echo 0 >"$PCI/$unwilling/sriov_numvfs"

# The lab's own modules have no signature; from here on the kernel asks for one,
# which it does to its end.
check "all goes out of memory" modprobe -r mlx5_vfio_pci vfio_pci
check "one more VF" make_vfs "$pf" 1
vf=$(vf "$pf" 0)
check "the kernel asks for signatures" eval 'echo Y >/sys/module/module/parameters/sig_enforce'
check "why: a module without a signature" eval 'tool 1 why "$vf" &&
	says "^FAILS  module +[a-z0-9_]+ has no signature, and this kernel asks for" \
		"to mend it: +enroll the key of dkms: mokutil --import$"'
unsigned()
{
	tool 1 enable "$vf" && says "cannot be loaded.*: (Key was rejected by service|Required key not available)" \
		"to mend it: sign .* with a key that the kernel trusts" &&
		[ ! -e "$PCI/$vf/driver" ] && ! grep -E "^mlx5_v|^vfio_pci_variant" /proc/modules
}
check "enable says so too, and the VF is as before" unsigned
check "vfio-pci has one, and is taken where that will do" eval \
	'tool 0 attach --fallback "$vf" && is_bound "$vf" vfio-pci'
echo 0 >"$PCI/$pf/sriov_numvfs"
finish
