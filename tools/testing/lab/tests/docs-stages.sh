# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the documents' comments "test: STAGE" mean (see docs.py): each brings the
# machine to where the text begins.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STAGE_PCI=/sys/bus/pci/devices

# stage_host - A host as it comes up: a ConnectX PF with two VFs and a network
# card, each with its native driver; udev runs; nothing of VFIO is loaded.
stage_host()
{
	local pf m
	pf=$(pf 0)

	if [ -e "$STAGE_PCI/$pf/driver" ]; then
		echo 0 >"$STAGE_PCI/$pf/sriov_numvfs"
	fi
	while m=$(awk '$1 ~ /vfio|vhca/ && $3 == 0 { print $1 }' /proc/modules) && [ -n "$m" ]; do
		# shellcheck disable=SC2086 # words
		rmmod $m || return 1
	done
	rm -f /etc/udev/rules.d/60-flavour.rules
	# A folder of systemd, which a host has and the lab has not.
	mkdir -p /etc/modules-load.d
	# The RDMA drivers are in none of the texts, and slow to load.
	echo 'blacklist mlx5_ib' >/etc/modprobe.d/lab.conf
	udevadm control --ping 2>/dev/null || /usr/lib/systemd/systemd-udevd --daemon
	modprobe mlx5_core && modprobe e1000e &&
		wait_for 60 is_bound "$pf" mlx5_core &&
		echo 1 >"$STAGE_PCI/$pf/sriov_drivers_autoprobe" &&
		echo 2 >"$STAGE_PCI/$pf/sriov_numvfs" &&
		wait_for 60 is_bound "$(vf "$pf" 1)" mlx5_core &&
		udevadm settle -t 60
}

# stage_no_vfs PF - The PF's VFs are not made yet.
stage_no_vfs()
{
	echo 0 >"$STAGE_PCI/$1/sriov_numvfs"
}

# stage_guest BDF - Somebody has the VFIO device open; its driver is bound for it.
stage_guest()
{
	is_bound "$1" mlx5_vfio_pci || vfio-flavour "$1" vfio || return 1
	hold "$1"
}

# stage_no_guest - It has ended.
stage_no_guest()
{
	let_go
}
