#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The stock mlx5_ib on the model, PF and two VFs: it takes them and lets go of them,
# and what rdma-core's tools tell of them is so.
#
# lab: pfs=1 vfs=2 cpus=2 mem=1536 release=13 soak-root=12,13-backports timeout=720
# lab: second-root=rdma-13
# lab-model-prop: eswitch=on,rdma=on

. "$(dirname "$0")/rdma.sh"

# is_up DEV - A port that is up, on Ethernet, of one partition key, with RoCE version 2 alone
is_up()
{
	local words

	user ibv_devinfo -v -d "$1" >/tmp/devinfo || return 1
	for words in 'state:.*PORT_ACTIVE' 'link_layer:.*Ethernet' 'pkey_tbl_len:.*1$' \
		'vendor_id:.*0x02c9' 'GID\[.*RoCE v2'; do
		grep "$words" /tmp/devinfo || return 1
	done
	! grep 'GID\[.*RoCE v1' /tmp/devinfo
}

# comes_up DEV - The port and its addresses come by work queues, after the device.
comes_up()
{
	wait_for 60 is_up "$1" || { cat /tmp/devinfo; return 1; }
}

# A GUID is made of the address: the device's, or that which the PF gave a VF.
guids()
{
	local i macs=() guid

	macs=("$(cat "/sys/class/net/$PF_DEV/address")"
		"$(in_vf 0 cat "/sys/class/net/${VF_DEV[0]}/address")"
		"$(in_vf 1 cat "/sys/class/net/${VF_DEV[1]}/address")")
	for i in 0 1 2; do
		guid=$(tr -d : <"/sys/class/infiniband/${IB[i]}/node_guid")
		echo "${macs[i]} $guid"
		[ "${guid:0:6}${guid:10:6}" = "${macs[i]//:/}" ] ||
			[ "${guid:0:12}" = "${macs[i]//:/}" ] || return 1
	done
}

linked()
{
	local i

	for i in 0 1 2; do
		user rdma link show "${IB[i]}/1" | grep 'state ACTIVE physical_state LINK_UP' ||
			return 1
	done
	user rdma link show "${IB[0]}/1" | grep "netdev $PF_DEV"
}

# Each has its queue pair for management, which is ready.
managed()
{
	local i

	for i in 0 1 2; do
		user rdma res show qp link "${IB[i]}/1" | grep 'type GSI state RTS' || return 1
	done
}

lacks_gid()
{
	! has_gid "$@"
}

# Addresses come and go with those of the network device.
addresses()
{
	wait_for 60 has_gid "${IB[0]}" 10.9.0.1 && ip addr add 10.9.7.1/24 dev "$PF_DEV" &&
		wait_for 60 has_gid "${IB[0]}" 10.9.7.1 &&
		ip addr del 10.9.7.1/24 dev "$PF_DEV" &&
		wait_for 60 lacks_gid "${IB[0]}" 10.9.7.1
}

# What a user makes and lets go: domain, regions, completion queue, queue pairs
makes()
{
	user python3 - "$@" <<-END
	import sys
	from pyverbs.device import Context
	from pyverbs.pd import PD
	from pyverbs.mr import MR
	from pyverbs.cq import CQ
	from pyverbs.qp import QP, QPCap, QPInitAttr
	import pyverbs.enums as e
	for name in sys.argv[1:]:
	    with Context(name=name) as ctx, PD(ctx) as pd, CQ(ctx, 100) as cq:
	        mrs = [MR(pd, size, e.IBV_ACCESS_LOCAL_WRITE | e.IBV_ACCESS_REMOTE_READ)
	               for size in (1, 4096, 5 << 20) for i in range(8)]
	        for kind in e.IBV_QPT_RC, e.IBV_QPT_UD:
	            QP(pd, QPInitAttr(qp_type=kind, scq=cq, rcq=cq,
	                              cap=QPCap(max_recv_wr=10))).close()
	        for mr in mrs:
	            mr.close()
	END
}

# unloaded - The module goes, and the devices with it; mlx5_core stays.
unloaded()
{
	rmmod mlx5_ib && [ -z "$(ls -A /sys/class/infiniband)" ]
}

# loaded - And comes again
loaded()
{
	local i

	rdma_modules && wait_for 60 has_ibdev "$PF" || return 1
	for i in 0 1; do
		wait_for 60 has_ibdev "$(vf "$PF" "$i")" || return 1
	done
	comes_up "$(ibdev "$PF")" && comes_up "$(ibdev "$(vf "$PF" 0)")"
}

rdma_start || fatal "mlx5_ib takes a PF and two VFs"
ok "mlx5_ib takes a PF and two VFs"
for i in 0 1 2; do
	check "ibv_devinfo tells of ${IB[i]}" comes_up "${IB[i]}"
done
check "each has a GUID of its address" guids
check "rdma tells of links" linked
check "each has a queue pair for management" managed
check "addresses make GIDs" addresses
check "what a user needs is made on PF and VF" makes "${IB[0]}" "${IB[1]}"
check "and nothing is left of it" clean
check "mlx5_ib goes" unloaded
check "and comes again" loaded
check "the network goes on" reached 10.9.0.2
finish
