#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with a VF goes to another VF of the PF, to a VF of another PF, and on. No
# object on its VF may be lost and no page of its memory may differ.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 timeout=1500
# lab-model-prop: eswitch=on

exec /src/tools/testing/lab/demo/migrate --tap --migrations 3
