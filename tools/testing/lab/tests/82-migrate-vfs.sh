#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with two VFs, and one with four, goes to the VFs of another PF and back. QEMU
# takes all of them through PRE_COPY_P2P before it stops any. Objects are held on each.
#
# lab: pfs=2 vfs=4 mem=2048 release=13 soak=1 timeout=1800
# lab-model-prop: eswitch=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# moves N - With what the demo says as comments.
moves()
{
	/src/tools/testing/lab/demo/migrate --vfs "$1" --variant other-pf --migrations 2 \
		--results "/tmp/vfs$1" 2>&1 | sed -e 's/^/# /'
	return "${PIPESTATUS[0]}"
}

for n in 2 4; do
	if moves $n; then
		ok "a guest with $n VFs moves and comes back"
	else
		not_ok "a guest with $n VFs moves and comes back"
	fi
done
finish
