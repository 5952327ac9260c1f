#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with a VF goes to another VF of the PF, to a VF of another PF, and on; then
# its migration is cancelled or made to fail in each phase. One guest lives through
# all of it, since bringing one up is what takes long.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 timeout=1500
# lab-model-prop: eswitch=on

exec /src/tools/testing/lab/demo/migrate --tap --migrations 3 --fail
