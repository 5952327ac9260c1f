#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# As 80, on a Debian 13 with kernel 7.3 and QEMU 11.1 from backports.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 kernel-root=13-backports soak=1 guest=1 timeout=1500
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec /src/tools/testing/lab/demo/migrate --tap --traffic --migrations 3 --downtime-limit 300
