# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the tests of driver_flavour: the attribute, what a write says, the
# modules that come with it, a VFIO device that is open. After lib.sh.

PCI=/sys/bus/pci/devices

# try TEXT CMD... - As check, but CMD runs in this very shell: it may start
# processes that go on, and wait for some.
try()
{
	local text=$1
	shift

	if "$@" >/run/try 2>&1; then
		ok "$text"
	else
		not_ok "$text"
		sed -e 's/^/# /' /run/try
	fi
}

# by_id VENDOR:DEVICE [N] - Address of the N-th (0, 1...) such function.
by_id()
{
	local dev

	for dev in "$PCI"/*; do
		[ "$(cat "$dev/vendor" "$dev/device")" = "0x${1%:*}"$'\n'"0x${1#*:}" ] ||
			continue
		echo "${dev##*/}"
	done | sed -n "$((${2:-0} + 1))p"
}

# flavour BDF [WORD] - Read the attribute, or write it; a failed write says why.
flavour()
{
	if [ $# -gt 1 ]; then
		echo "$2" >"$PCI/$1/driver_flavour"
	else
		cat "$PCI/$1/driver_flavour"
	fi
}

# reads BDF TEXT - Does the attribute say so?
reads()
{
	local have
	have=$(flavour "$1")

	[ "$have" = "$2" ] || { echo "reads '$have', not '$2'"; return 1; }
}

override()
{
	cat "$PCI/$1/driver_override"
}

# overrides BDF NAME - Write driver_override; an empty NAME clears it.
overrides()
{
	echo "$2" >"$PCI/$1/driver_override"
}

# state BDF - All that a failed write must leave alone.
state()
{
	echo "$(driver_of "$1") $(override "$1") $(flavour "$1")"
}

# fails_with ERROR BDF WORD - The write says ERROR and changes nothing.
fails_with()
{
	local before after said
	before=$(state "$2")

	if said=$(flavour "$2" "$3" 2>&1); then
		echo "the write succeeded"
		return 1
	fi
	[[ $said == *": $1" ]] || { echo "said: $said"; return 1; }
	after=$(state "$2")
	[ "$before" = "$after" ] ||
		{ echo "was: $before"; echo "is:  $after"; return 1; }
}

has_no_driver()
{
	[ -z "$(driver_of "$1")" ]
}

modules()
{
	cut -d' ' -f1 /proc/modules | sort
}

is_loaded()
{
	grep -q "^${1//-/_} " /proc/modules
}

# comes_with MODULE - It and all that modprobe loads with it, as in /proc/modules.
comes_with()
{
	modprobe --ignore-install --show-depends "$1" |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' |
		sed -e 's/.*\///' -e 's/\.ko.*//' -e 's/-/_/g' | sort -u
}

# loads_exactly BDF WORD MODULE... - The write succeeds, and what was not in
# memory before and is now are these modules and what they depend on.
loads_exactly()
{
	local bdf=$1 word=$2 before new wanted m
	shift 2

	before=$(modules)
	wanted=$(for m in "$@"; do comes_with "$m"; done | sort -u |
		comm -13 <(echo "$before") -)
	flavour "$bdf" "$word" || return 1
	new=$(modules | comm -13 <(echo "$before") -)
	[ "$new" = "$wanted" ] ||
		{ echo "loaded: ${new//$'\n'/ }"; echo "wanted: ${wanted//$'\n'/ }"; return 1; }
}

# no_vfio - Nothing of VFIO is in memory.
no_vfio()
{
	! modules | grep -E 'vfio|iommu_v2'
}

# unload_vfio - Stock VFIO's modules, with no device bound to them.
unload_vfio()
{
	modprobe -r vfio-pci
	modprobe -r vfio_iommu_type1 vfio
	# A module of its own in 6.1
	! is_loaded vfio_virqfd || modprobe -r vfio_virqfd
	! is_loaded vfio_pci
}

# vfio_open BDF - Keep the device open until vfio_close.
vfio_open()
{
	hold "$1" --group
}

vfio_close()
{
	let_go
}

# ended PID... - All end within a minute; else where they hang.
ended()
{
	local pid status=0

	for pid in "$@"; do
		if wait_for 60 is_gone "$pid"; then
			wait "$pid"
		else
			echo "process $pid hangs:"
			cat "/proc/$pid/stack"
			status=1
		fi
	done
	return "$status"
}

is_gone()
{
	! kill -0 "$1" || grep -q '^State:.*zombie' "/proc/$1/status"
}

# is_in PID FUNCTION - Does it sleep in that function of the kernel?
is_in()
{
	grep -qw "$2" "/proc/$1/stack"
}

# goes_to BDF WORD DRIVER
goes_to()
{
	flavour "$1" "$2" && is_bound "$1" "$3"
}

# both_ways BDF VFIO-DRIVER NATIVE-DRIVER - It works as if nothing had been.
both_ways()
{
	goes_to "$1" vfio "$2" && reads "$1" "native [vfio]" &&
		goes_to "$1" native "$3" && reads "$1" "[native] vfio" &&
		[ "$(override "$1")" = "(null)" ]
}

# mark - From here on, until the next one, is what said prints of the kernel's log.
mark()
{
	MARKS=$((${MARKS:-0} + 1))
	echo "mark $MARKS" >/dev/kmsg
}

said()
{
	dmesg | sed "1,/mark $MARKS\$/d"
}

# begin - driver_flavour loaded into a host without VFIO.
begin()
{
	no_vfio >/dev/null || fatal "no VFIO module is loaded in the beginning"
	modprobe driver_flavour || fatal "driver_flavour loads"
}
