#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest goes from a VF of our driver to one of upstream's of the same kernel, and back,
# twice: each loads what the other saved, while the guest ran and after. QEMU does not
# map upstream's VFs (x-no-mmap), from which it could not migrate otherwise.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 soak=1 upstream=1 timeout=1200
# lab-model-prop: eswitch=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

load_upstream || fatal "upstream's driver loads"
exec /src/tools/testing/lab/demo/migrate --tap --variant other-pf --migrations 4 \
	--other-driver "$UPSTREAM"
