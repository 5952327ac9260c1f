# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Does a stock mlx5_core say to the model what it says to any card with these
# capabilities? QEMU's trace of the command queue is compared, phase by phase,
# with recordings in traces/: same commands, same number, same order.
#
# Left out of the comparison, because nothing but time decides when and how
# often they come:
#   statistics		QUERY_Q_COUNTER, QUERY_VPORT_COUNTER, PPCNT (5008)
#   link and carrier	QUERY_VPORT_STATE, PAOS (5006), run from a work queue
#   moderation		MODIFY_CQ: DIM adapts to the traffic
# and, while an interface goes up or down, what the rx-mode work does for each
# multicast address that the stack joins: flow entries and the vport's lists.

TRACE_LOG=/results/qemu.log
TRACE_LOOKS=15
TRACE_GOLDEN=$(dirname "${BASH_SOURCE[0]}")/traces

# trace_lines - How long the trace is, once nothing was added for a second, and for as many
# looks as a machine has in it that nobody else keeps busy: what is still to come takes longer
# where they do.
trace_lines()
{
	local now last=-1 since looks=0 end=$((SECONDS + 120))

	while [ $SECONDS -lt $end ]; do
		now=$(wc -l <"$TRACE_LOG")
		if [ "$now" != "$last" ]; then
			last=$now
			since=$SECONDS
			looks=0
		fi
		looks=$((looks + 1))
		[ $((SECONDS - since)) -lt 2 ] || [ $looks -lt $TRACE_LOOKS ] || break
		sleep 0.1
	done
	echo "$last"
}

# trace_tokens FUNCTION FROM TO - Commands of a function between two lines of
# the trace: names, with the register of ACCESS_REG, the page of QUERY_HCA_CAP.
trace_tokens()
{
	awk -v fn="$1" -v from="$2" -v to="$3" '
	NR <= from || NR > to || $1 != "connectx_cmd" || $3 != fn { next }
	{
		name = $6
		om = $9
		sub(/^0x/, "", om)
		if (name == "ACCESS_REG") {
			reg = $14
			sub(/^\[0x0*/, "", reg)
			name = name ":" reg (om == "0" ? ":W" : ":R")
		}
		if (name == "QUERY_HCA_CAP")
			name = name ":" om
		print name
	}' "$TRACE_LOG" |
	grep -vE '^(QUERY_Q_COUNTER|QUERY_VPORT_COUNTER|QUERY_VPORT_STATE|MODIFY_CQ|ACCESS_REG:500[68]:.)$'
}

# without_rx_mode - See above.
without_rx_mode()
{
	grep -vE '^((SET|DELETE)_FLOW_TABLE_ENTRY|MODIFY_NIC_VPORT_CONTEXT)$'
}

# counted - Runs of the same command as "NAME xN".
counted()
{
	uniq -c | awk '{ print $2 ($1 > 1 ? " x" $1 : "") }'
}

# golden FILE PHASE
golden()
{
	awk -v phase="[$2]" '
	/^#/ || /^$/	{ next }
	/^\[/		{ on = $0 == phase; next }
	on' "$TRACE_GOLDEN/$1"
}

# same_as FILE PHASE - Is standard input what the recording says? Shows the
# difference: "<" is the recording, ">" the model.
same_as()
{
	local have
	have=$(counted)

	[ -n "$(golden "$1" "$2")" ] ||
		{ echo "$1 has no phase $2"; return 1; }
	diff <(golden "$1" "$2") - <<<"$have"
}

# probe_part / netdev_part - mlx5e's first command is ALLOC_PD.
probe_part()
{
	sed '/^ALLOC_PD$/,$d'
}

netdev_part()
{
	sed -n '/^ALLOC_PD$/,$p'
}

# check_born FILE FUNCTION FROM TO - Probe and netdev of a function.
check_born()
{
	check "$1: commands of the probe" same_as "$1" probe \
		< <(trace_tokens "$2" "$3" "$4" | probe_part)
	check "$1: commands that make the netdev" same_as "$1" netdev \
		< <(trace_tokens "$2" "$3" "$4" | netdev_part)
}

has_netdev()
{
	[ -n "$(ls "/sys/bus/pci/devices/$1/net" 2>/dev/null)" ]
}

# has_link_local NAME - Of which the stack knows that nobody else has it ("80", no longer "c0")
has_link_local()
{
	awk -v name="$1" '$6 == name && $1 ~ /^fe80/ && $5 == "80" { found = 1 }
		END { exit !found }' /proc/net/if_inet6
}

# netdev_up BDF - Up, with carrier, and with the address that the stack gives it then: how
# many flow entries are left at the removal depends on the group that is joined for it, which
# comes before the stack asks whether somebody has the address.
netdev_up()
{
	local name
	name=$(ls "/sys/bus/pci/devices/$1/net")

	ip link set "$name" up &&
		wait_for 60 grep -qx 1 "/sys/class/net/$name/carrier" &&
		wait_for 60 has_link_local "$name"
}

netdev_down()
{
	ip link set "$(ls "/sys/bus/pci/devices/$1/net")" down
}

# trace_life FILE - A PF from probe to removal. Who takes an interface down has its addresses
# looked at first, by a work that may come when the stack has left its groups already: their
# flow entries go then, and else at the removal.
trace_life()
{
	local pf born up down

	pf=$(pf 0)
	modprobe mlx5_core
	wait_for 60 has_netdev "$pf" || fatal "the PF has a netdev"
	born=$(trace_lines)
	check_born "$1" 0 0 "$born"

	check "carrier comes" netdev_up "$pf"
	up=$(trace_lines)
	check "$1: commands of open" same_as "$1" open \
		< <(trace_tokens 0 "$born" "$up" | without_rx_mode)

	check "the interface goes down" netdev_down "$pf"
	down=$(trace_lines)
	check "$1: commands of close" same_as "$1" close \
		< <(trace_tokens 0 "$up" "$down" | without_rx_mode)

	check "mlx5_core unloads" modprobe -r mlx5_core
	check "$1: commands of removal" same_as "$1" remove \
		< <(trace_tokens 0 "$up" "$down" | grep -x DELETE_FLOW_TABLE_ENTRY
		    trace_tokens 0 "$down" "$(trace_lines)")
}

# trace_vfs FILE N - N VFs with stock drivers, up, and away again.
trace_vfs()
{
	local pf before born up gone i

	pf=$(pf 0)
	modprobe mlx5_core
	wait_for 60 has_netdev "$pf" || fatal "the PF has a netdev"
	before=$(trace_lines)
	check "$2 VFs come" sh -c "echo $2 >/sys/bus/pci/devices/$pf/sriov_numvfs"
	for ((i = 0; i < $2; i++)); do
		wait_for 60 has_netdev "$(vf "$pf" $i)" ||
			fatal "VF $i has a netdev"
	done
	born=$(trace_lines)
	for ((i = 0; i < $2; i++)); do
		check_born "$1" $((i + 1)) "$before" "$born"
		check "carrier of VF $i comes" netdev_up "$(vf "$pf" $i)"
	done
	up=$(trace_lines)
	check "the VFs go" sh -c "echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs"
	gone=$(trace_lines)
	for ((i = 1; i <= $2; i++)); do
		check "$1: commands of open, VF $i" same_as "$1" open \
			< <(trace_tokens $i "$born" "$up" | without_rx_mode)
		check "$1: commands of removal, VF $i" same_as "$1" remove \
			< <(trace_tokens $i "$up" "$gone" | without_rx_mode)
	done
	check "$1: commands of the PF for its VFs" same_as "$1" pf \
		< <(trace_tokens 0 "$before" "$gone" |
		    grep -E '^(EN|DIS)ABLE_HCA$')
	check "mlx5_core unloads" modprobe -r mlx5_core
}
