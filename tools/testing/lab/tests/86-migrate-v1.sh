#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# As 80, on Debian 12's host: its QEMU 7.2 migrates by the region of protocol v1, and knows
# neither P2P nor an acknowledgement. The VF has to be saved while the guest runs.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 kernel-root=12 soak=1 guest=1 timeout=1500
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec /src/tools/testing/lab/demo/migrate --tap --traffic --migrations 3 --downtime-limit 300
