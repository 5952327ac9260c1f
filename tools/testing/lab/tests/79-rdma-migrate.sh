#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest whose VF and a PF of the host play RDMA ping-pong, by the stock mlx5_ib and
# ibv_rc_pingpong, migrates to another VF of the PF, to one of another PF, which a wire joins
# to the first, and back, then amid the guest's RDMA writes by ib_write_bw, and to another of
# that PF amid its datagrams by ib_send_bw: each goes on and ends well, what the guest sent
# has come, and others can be begun. Debian 12's QEMU does it by protocol v1.
#
# lab: pfs=2 vfs=2 mem=2048 release=13 timeout=1500 soak=1
# lab: kernel-root=13,12,13-backports second-root=rdma-13 guest=rdma
# lab-model-prop: eswitch=on,page-tracking=on,rdma=on
# lab-qemu-arg: -netdev
# lab-qemu-arg: hubport,id=wire0,hubid=0
# lab-qemu-arg: -netdev
# lab-qemu-arg: hubport,id=wire1,hubid=0
# lab-qemu-arg: -set
# lab-qemu-arg: device.pf0.netdev=wire0
# lab-qemu-arg: -set
# lab-qemu-arg: device.pf1.netdev=wire1
# lab-guest-error-allow: QUERY_[A-Z_]+ .op_mod 0x0. refused with status 0x5

exec "$(dirname "$0")/rdma-migrate.py"
