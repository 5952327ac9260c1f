#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Not run unless asked for; its exit status is not what its lines say.
#
# lab: pfs=0 mem=512 soak=1 timeout=60

echo "not ok 1 - a failure that its status hides"
