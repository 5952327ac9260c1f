#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# rdma-core's own tests (pyverbs) on the PF and on a VF with the stock mlx5_ib. A test
# passes, or skips what the device does not offer, or is in pyverbs-known.txt with the
# reason why it cannot pass; what is there and passes fails here, too.
#
# lab: pfs=1 vfs=2 cpus=2 mem=1536 release=13 timeout=2400 soak=1
# lab: second-root=rdma-13
# lab-model-prop: eswitch=on,rdma=on
# lab-guest-error-allow: QP 0x[0-9a-f]+: bad request at 0x[0-9a-f]+, opcode 0x(1[12]|a), syndrome 4
# lab-guest-error-allow: QP 0x[0-9a-f]+: bad receive request, syndrome 4
# lab-guest-error-allow: MODIFY_CQ \(op_mod 0x1\) refused with status 0x9
# lab-guest-error-allow: destroying UAR 0x[0-9a-f]+, in use by [0-9]+

. "$(dirname "$0")/rdma.sh"

KNOWN=$(dirname "$0")/pyverbs-known.txt
SUITE=/tmp/pyverbs

# unpacked - Debian has the tests among rdma-core's documentation, most of them compressed.
unpacked()
{
	mkdir -p "$SUITE"
	cp /run/second/usr/share/doc/rdma-core/tests/* "$SUITE/" && gunzip -f "$SUITE/"*.gz &&
		ls "$SUITE/run_tests.py" && patient
}

# patient - Two of its processes wait for each other for 15 s at most, and for what both do for
# 30: on a machine that others keep busy they are not done by then.
patient()
{
	sed -i -e 's/Barrier(NUM_OF_PROCESSES, timeout=15)/Barrier(NUM_OF_PROCESSES, timeout=60)/' \
		-e 's/repeat_times=150 /repeat_times=600 /' "$SUITE/base.py"
	grep 'timeout=60)' "$SUITE/base.py" && grep 'repeat_times=600 ' "$SUITE/base.py"
}

# vf_at_home - The first VF's network device, back from its namespace, with an address of
# a network of its own: devlink tells the tests nothing of a device elsewhere.
vf_at_home()
{
	in_vf 0 ip link set "${VF_DEV[0]}" netns 1 &&
		ip addr add 10.9.1.1/24 dev "${VF_DEV[0]}" &&
		ip link set "${VF_DEV[0]}" up &&
		wait_for 60 has_gid "${IB[1]}" 10.9.1.1
}

# suite NAME DEV ADDRESS - All of them, with a device
suite()
{
	user timeout 1100 python3 -X faulthandler /src/tools/testing/lab/tests/run-pyverbs.py \
		"$SUITE" "/tmp/$1.verdicts" --dev "$2" --gid "$(gid_of "$2" "$3")" \
		>"/tmp/$1.log" 2>&1
	cp "/tmp/$1.verdicts" "/tmp/$1.log" /results/
	[ "$(wc -l <"/tmp/$1.verdicts")" -ge 300 ] || { tail -n 20 "/tmp/$1.log"; return 1; }
}

# known NAME - The tests that the table has for that function, or for both
known()
{
	sed -n "s/^\($1\|both\) \([^ ]*\) .*/\2/p" "$KNOWN" | sort
}

# verdicts NAME WORD
verdicts()
{
	sed -n "s/^\([^ ]*\) $2\( .*\)*\$/\1/p" "/tmp/$1.verdicts" | sort
}

# as_known NAME - What fails is what the table says, no more and no less.
as_known()
{
	diff <(known "$1") <(verdicts "$1" fail) >/tmp/diff && return 0
	# What is new, with its reason
	sed -n 's/^> //p' /tmp/diff | while read -r name; do
		grep -F "$name fail" "/tmp/$1.verdicts"
	done
	sed -n 's/^< \(.*\)/\1 is known to fail, and did not/p' /tmp/diff
	# Processes of theirs, whose reasons are in no verdict
	grep '^Player ' "/tmp/$1.log"
	return 1
}

# told NAME - How many passed; too few is no judgement.
told()
{
	local word counts=()

	for word in ok skip fail; do
		counts+=("$(verdicts "$1" "$word" | wc -l)")
	done
	echo "# $1: ${counts[0]} passed, ${counts[1]} skipped, ${counts[2]} failed" >>/tmp/told
	[ "${counts[0]}" -ge 100 ]
}

# clean - Nothing is left of all that they made.
clean()
{
	local i

	for i in 0 1; do
		user rdma res show "${IB[i]}" | grep ' qp 1 .* mr 0 ctx 0 ' || return 1
	done
}

rdma_start || fatal "mlx5_ib takes a PF and two VFs"
reached 10.9.0.2 || fatal "the network is up"
check "the tests are there" unpacked
check "the VF's network device comes back" vf_at_home
check "they run on the PF" suite pf "${IB[0]}" 10.9.0.1
check "enough of them pass on the PF" told pf
check "what fails on the PF is known" as_known pf
check "they run on a VF" suite vf "${IB[1]}" 10.9.1.1
check "enough of them pass on a VF" told vf
check "what fails on a VF is known" as_known vf
cat /tmp/told
check "and nothing is left of it" wait_for 60 clean
finish
