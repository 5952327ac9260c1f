#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A header that the lab does not understand.
#
# lab: pfs=0 hosts=3

echo "ok 1 - not to be run"
