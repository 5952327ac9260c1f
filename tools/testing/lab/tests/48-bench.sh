#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What our driver's work costs, counted in instructions: no figure may be more than 5 %
# above the one on record. One that is less is good news, to be put on record.
#
# Only what is work is on record: the time that an image takes from end to end (move_ns) has
# the model's pauses in it, and by how much depends on what else the host does.
#
# The record is made of what this test prints ("make vm TESTS=48-bench"). It is of one
# kernel, as much of what is counted is the kernel's own: with another it says nothing.
#
# lab: pfs=1 vfs=1 mem=1536 release=13 timeout=300 icount=1
# lab-model-prop: image-pad=25165824,chunks=on

. "$(dirname "$0")/lib.sh"

RECORD=$(dirname "$0")/bench-record.csv
MEASURE=$(dirname "$0")/../measure/migration.sh
ROUNDS=2
WORSE_PERCENT=5

# median KIND METRIC - Of all rounds, once the first ones have warmed the machine up.
median()
{
	awk -v kind="$1" -v metric="$2" '$4 == kind && $5 == metric { print $6 }' /tmp/figures |
		tail -n "$ROUNDS" | sort -n | sed -n "$(((ROUNDS + 1) / 2))p"
}

# is_kept KIND METRIC WAS - Is the figure at most so much worse?
is_kept()
{
	local is

	is=$(median "$1" "$2")
	echo "$1 $2: $is, on record $3"
	[ -n "$is" ] && [ $((is * 100)) -le $(($3 * (100 + WORSE_PERCENT))) ]
}

check "one VF is saved and loaded" eval "$MEASURE $ROUNDS 1:none ours >/tmp/figures"
[ "$TAP_FAILED" = 0 ] || finish

while IFS=, read -r kernel kind metric was; do
	[ "$kernel" != kernel ] || continue
	echo "# $(uname -r),$kind,$metric,$(median "$kind" "$metric")"
	if [ "$kernel" = "$(uname -r)" ]; then
		check "$kind $metric: at most $WORSE_PERCENT % above $was" \
			is_kept "$kind" "$metric" "$was"
	else
		skip "$kind $metric" "on record is kernel $kernel"
	fi
done <"$RECORD"
finish
