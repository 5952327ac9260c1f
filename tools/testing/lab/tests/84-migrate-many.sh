#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest goes from card to card, twenty times in a row, while its CPU and its VF write to its
# memory. All pages are compared each time, all objects asked for. How long it stood still is
# told in the end: it must not depend on how often a VF or a driver was used before.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 soak=1 timeout=3600
# lab-model-prop: eswitch=on,page-tracking=on
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec /src/tools/testing/lab/demo/migrate --tap --variant other-pf --migrations 20 --loads busy \
	--traffic --compare-each --downtime-limit 300
