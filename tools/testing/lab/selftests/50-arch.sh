#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A machine of another architecture, whose root the mirror may lack.
#
# lab: arch=ppc64el pfs=0 timeout=60

echo "ok 1 - not to be run"
