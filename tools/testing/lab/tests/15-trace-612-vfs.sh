#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Commands of the stock mlx5_core of 6.12 on the model: two VFs beside their PF.
# Two CPUs, as the recordings have two channels.
#
# lab: pfs=1 vfs=2 mem=1536 cpus=2 release=13 timeout=720
# lab-model-prop: eswitch=off
# lab-qemu-arg: -trace
# lab-qemu-arg: connectx_cmd
# lab-qemu-arg: -D
# lab-qemu-arg: /results/qemu.log

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trace.sh"

trace_vfs 612-vf 2
finish
