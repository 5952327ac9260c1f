#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two machines of different releases reach each other, and see one more root beside their
# own; the second one fails with a word of the first.
#
# lab: pfs=0 mem=512 hosts=2 other-root=12 second-root=12 timeout=60

. "$(dirname "$0")/../tests/lib.sh"

# release CHROOT... - What a root says that it is.
release()
{
	"$@" sed -n 's/^VERSION_ID="\(.*\)"/\1/p' /etc/os-release
}

check "its kernel is of release $LAB_RELEASE" [ "$(uname -r)" = "$KVER" ]
check "its root is of release $LAB_RELEASE" [ "$(release)" = "$LAB_RELEASE" ]
check "the second root is of release 12" [ "$(release chroot /run/second)" = 12 ]
other=192.168.77.$((2 - LAB_HOST))
check "the other is reached over $LAB_LINK" wait_for 60 ping -c1 -W1 "$other"
host_says ready
check "what the other said is seen" wait_for 60 host_said ready
[ "$LAB_HOST" = 0 ] || not_ok "this one fails"
finish
