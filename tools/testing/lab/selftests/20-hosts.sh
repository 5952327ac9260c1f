#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two machines reach each other; the second one fails with a word of the first.
#
# lab: pfs=0 mem=512 hosts=2 timeout=60

. "$(dirname "$0")/../tests/lib.sh"

other=192.168.77.$((2 - LAB_HOST))
check "the other is reached over $LAB_LINK" wait_for 60 ping -c1 -W1 "$other"
host_says ready
check "what the other said is seen" wait_for 60 host_said ready
[ "$LAB_HOST" = 0 ] || not_ok "this one fails"
finish
