#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two hosts: "virsh migrate --live" takes a guest with a VF from one to the other, and
# what goes wrong leaves it where it was. The first host runs the commands of the admin
# guide; the second one looks at what arrives. The guest asks for objects that it has given
# back, too.
#
# lab: hosts=2 soak=1 saved-guest=1 pfs=1 vfs=3 mem=2048 kernel-root=13 timeout=1200
# lab-model-prop: eswitch=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

# shellcheck source=../libvirt/guest
. /src/tools/testing/lab/libvirt/guest

waits_for_the_first_image()
{
	grep -q '"capability":"switchover-ack","state":true' "$LIBVIRT_MONITOR_LOG"
}

[ "$LAB_HOST" = 1 ] || guest_goes /src/Documentation/admin-guide/libvirt-migration.rst \
	'^<domain' 'the guest of this test has it, see ../libvirt/guest.xml'
guest_host_ready
guest_comes
check "libvirt has QEMU wait for the VF's first image" waits_for_the_first_image
guest_is_whole
check "the VF is free again" is_bound "$GUEST_VF" mlx5_core
finish
