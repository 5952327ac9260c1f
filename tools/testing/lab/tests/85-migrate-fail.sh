#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A migration that is cancelled or made to fail, in each of its phases, leaves the guest
# running at the source. One guest lives through all of it, since bringing one up is
# what takes long. It asks for objects that it has given back, too.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 soak=1 timeout=1500
# lab-model-prop: eswitch=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec /src/tools/testing/lab/demo/migrate --tap --migrations 0 --fail
