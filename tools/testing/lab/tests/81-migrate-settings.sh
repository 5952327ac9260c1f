#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU's settings that the two sides of a migration may have alike or not: switchover-ack,
# multifd transfer, postcopy, background snapshot. What does not go together leaves the
# guest running where it was. Then the guest moves between two VFs, five times in a row.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 soak=1 timeout=1800
# lab-model-prop: eswitch=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec /src/tools/testing/lab/demo/migrate --tap --migrations 0 --matrix
