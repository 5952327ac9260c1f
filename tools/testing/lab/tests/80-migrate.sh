#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with a VF goes to another VF of the PF, to a VF of another PF, and on. No
# object on its VF may be lost and no page of its memory may differ. The VF has to be
# saved while the guest runs (PRE_COPY), and the guest to be stopped only when the
# destination has acknowledged that; a destination that knows no acknowledgement
# refuses, and the guest runs on. The guest asks for objects that it has given back,
# too, to see that the card does not know them.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 timeout=1500
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec /src/tools/testing/lab/demo/migrate --tap --traffic --migrations 3 --downtime-limit 300 \
	--matrix 'switchover-ack at the source alone'
