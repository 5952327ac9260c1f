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

# shellcheck source=../libvirt/guest
. /src/tools/testing/lab/libvirt/guest

if [ "$LAB_HOST" = 0 ]; then
	guest_goes /src/Documentation/admin-guide/libvirt-upgrade.rst
fi
guest_host_ready
guest_comes
guest_is_whole
check "the VF is free again" is_bound "$GUEST_VF" mlx5_core
finish
