#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "virsh migrate --live" takes a guest with a VF from a host with Debian 12 to one with Debian
# 13: libvirt 9 and QEMU 7.2, by protocol v1, to libvirt 11 and QEMU 10, by protocol v2. The
# first host runs the commands of the admin guide; the second one looks at what arrives.
#
# lab: hosts=2 soak=1 saved-guest=1 pfs=1 vfs=3 mem=2048 kernel-root=12 other-root=13 timeout=1200
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

# shellcheck source=../libvirt/stages
. /src/tools/testing/lab/libvirt/stages

document=/src/Documentation/admin-guide/libvirt-upgrade.rst
pf=$(pf 0)
bus=${pf#*:}
bus=${bus%%:*}

# on_first - Ends by becoming the documents' tester, which says how it went.
on_first()
{
	export LIBVIRT_DOCUMENT=$document LIBVIRT_NAMES="s/'0x3b'/'0x$bus'/g"
	cd /tmp || exit 1
	printf '%s\t%s\t%s\n' >/tmp/exceptions \
		"$document" '^<hostdev' 'it is written to vf.xml, which the commands use'
	exec /src/tools/testing/lab/tests/docs.py --seconds 600 \
		--stages /src/tools/testing/lab/libvirt/stages \
		--exceptions /tmp/exceptions --name "qemu+ssh=qemu+tcp" \
		--name "0000:3b:00.2=${pf%.*}.2" --name "pci_0000_3b_00_2=pci_0000_${bus}_00_2" \
		"$document"
}

# The VF of the guest here is the third one.
on_second()
{
	check "the second host is ready" stage_migration_host
	host_says ready
	wait_for 900 host_said moved || fatal "the guest comes"
	check "the guest runs on the second host" \
		[ "$(virsh domstate guest)" = running ]
	check "libvirt has given its VF the variant" is_bound "$(vf "$pf" 2)" mlx5_vfio_pci
	check "no object on the VF is lost, its memory is the same" ask check
	check "it answers a ping" \
		ping -q -c 3 -w 200 -I "$(pf_netdev)" 192.168.79.2
	check "its interface goes down and up" ask bounce
	check "it gives its objects back" ask release
	virsh -q destroy guest
	check "the VF is free again" is_bound "$(vf "$pf" 2)" mlx5_core
	finish
}

if [ "$LAB_HOST" = 0 ]; then
	on_first
else
	on_second
fi
