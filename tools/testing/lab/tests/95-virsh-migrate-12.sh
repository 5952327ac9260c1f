#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two hosts with Debian 12: "virsh migrate --live" of libvirt 9 takes a guest with a VF from
# one to the other, by protocol v1. The first host runs the commands of the admin guide; the
# second one looks at what arrives. The guest asks for objects that it has given back, too.
#
# lab: hosts=2 soak=1 saved-guest=1 pfs=1 vfs=3 mem=2048 kernel-root=12 timeout=1200
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

# shellcheck source=../libvirt/guest
. /src/tools/testing/lab/libvirt/guest

# bind_variant - What libvirt 9 has detached goes to its variant; see libvirt-debian12.rst.
bind_variant()
{
	modprobe driver_flavour && echo >"$STAGE_PCI/$GUEST_VF/driver_override" &&
		echo vfio >"$STAGE_PCI/$GUEST_VF/driver_flavour" &&
		is_bound "$GUEST_VF" mlx5_vfio_pci
}

[ "$LAB_HOST" = 1 ] ||
	guest_goes /src/Documentation/admin-guide/libvirt-migration-debian12.rst \
		'^<domain' 'the guest of this test has it, see ../libvirt/save'
guest_host_ready
wait_for 900 host_said detached || fatal "the first host detaches the VF"
check "the VF has its variant" bind_variant
host_says bound
guest_comes
guest_is_whole
finish
