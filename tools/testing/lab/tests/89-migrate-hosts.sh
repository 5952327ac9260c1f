#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two hosts with a card each: a guest with a VF goes from one to the other over the network, and
# back, under traffic with a peer on the first host. No object on its VF may be lost, no page of
# its memory differ, no byte of the traffic be another one; and the VF has to be saved while the
# guest runs. The second host does what the first one asks for, and nothing of it may be left
# running there.
#
# lab: hosts=2 soak=1 pfs=1 vfs=1 mem=2048 release=13 timeout=1800
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

if [ "$LAB_HOST" = 0 ]; then
	exec /src/tools/testing/lab/demo/migrate --tap --hosts --migrations 4 --compare-each \
		--downtime-limit 300
fi
exec /src/tools/testing/lab/demo/remote
