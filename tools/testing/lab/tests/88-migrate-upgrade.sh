#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with a VF goes from the QEMU 7.2 of Debian 12 to the QEMU 10 of Debian 13: by protocol
# v1 at the source and v2 at the destination. It goes on from there, and back; with
# switchover-ack it may not. Both QEMUs run on one host with Debian 12.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 kernel-root=12 second-root=13 soak=1 guest=1 timeout=1500
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec /src/tools/testing/lab/demo/migrate --tap --traffic --migrations 0 \
	--upgrade /run/second --downtime-limit 300
