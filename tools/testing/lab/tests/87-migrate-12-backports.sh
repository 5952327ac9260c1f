#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# As 80, on a Debian 12 with kernel 6.12 and QEMU 10 from backports, both ends by protocol v2.
# The root of it is made for this test alone, when it is first run.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 kernel-root=12-backports soak=1 guest=1 timeout=1500
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec /src/tools/testing/lab/demo/migrate --tap --traffic --migrations 3 --downtime-limit 300
