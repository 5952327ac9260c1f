#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A run per release's kernel: each says which it is.
#
# lab: pfs=0 mem=512 kernel-root=13,12 soak-root=13-backports timeout=60

echo "ok 1 - kernel ${KVER%%-*} of release $LAB_RELEASE is $(uname -r | cut -d- -f1)"
echo "1..1"
