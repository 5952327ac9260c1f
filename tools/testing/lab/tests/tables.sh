# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For the tests of what binds to what: aliases, the module that fits a device
# best, and which modules a step has brought into memory.

# find_pci VENDOR DEVICE [SUBVENDOR] - Address of the first such function.
find_pci()
{
	local dev

	for dev in /sys/bus/pci/devices/*; do
		if [ "$(cat "$dev/vendor" "$dev/device")" = "0x$1"$'\n'"0x$2" ] &&
		   [ "${3:+0x$3}" = "${3:+$(cat "$dev/subsystem_vendor")}" ]; then
			echo "${dev##*/}"
			return
		fi
	done
}

# same EXPECTED CMD... - Do both have the same lines, in whatever order?
same()
{
	local expected got
	expected=$(sort <<<"$1")
	shift
	got=$("$@" | sort)

	[ "$got" = "$expected" ] || {
		echo "expected:"$'\n'"$expected"$'\n'"got:"$'\n'"$got"
		return 1
	}
}

# alias_lines MODULE - Its "vfio_pci:" patterns in the index.
alias_lines()
{
	sed -n "s/^alias \(vfio_pci:.*\) $1\$/\1/p" \
		"/lib/modules/$(uname -r)/modules.alias"
}

# exact_aliases MODULE - Has it aliases, each with vendor and device in full,
# and none by which it would bind on its own?
exact_aliases()
{
	local lines
	lines=$(modinfo -F alias "$1")

	grep -q '^vfio_pci:' <<<"$lines" &&
		! grep -vE '^vfio_pci:v0000[0-9A-F]{4}d0000[0-9A-F]{4}sv' <<<"$lines"
}

# best_module ALIAS - The module whose pattern fits with the fewest "*", the
# first of equals, with "_" for "-".
best_module()
{
	local pattern module stars best='' least=100

	while read -r _ pattern module; do
		# The pattern is one on purpose.
		# shellcheck disable=SC2053
		[[ $1 == $pattern ]] || continue
		stars=${pattern//[^*]/}
		if [ ${#stars} -lt "$least" ]; then
			least=${#stars}
			best=$module
		fi
	done < <(grep '^alias vfio_pci:' "/lib/modules/$(uname -r)/modules.alias")
	echo "${best//-/_}"
}

# resolves_to ALIAS MODULE - For modprobe and for the rule of fewest wildcards:
# nothing fits but MODULE and the stock module's wildcard.
resolves_to()
{
	local best
	best=$(best_module "$1")

	[ "$best" = "$2" ] || { echo "$1 fits '$best' best"; return 1; }
	same "$(printf '%s\n' "$2" vfio_pci | sort -u)" modules_of "$1"
}

# modules_of ALIAS - All that modprobe would load, each once though several of
# its patterns fit.
modules_of()
{
	modprobe -R "$1" | sort -u
}

# brought MODULE... - Since the last call, were these and no other modules of
# VFIO or mlx5 loaded? What every device needs is not counted.
brought()
{
	local now
	now=$(cut -d' ' -f1 /proc/modules | grep -E '^mlx5|vfio' |
		grep -vxE 'vfio|vfio_virqfd|vfio_pci_core|vfio_iommu_type1' | sort)
	# Kept in a file: "check" runs this in a shell of its own.
	[ -e /tmp/brought ] || : >/tmp/brought
	same "$(printf '%s\n' "$@" | sort)" comm -13 /tmp/brought - <<<"$now" &&
		echo "$now" >/tmp/brought
}

# to_vfio BDF DRIVER - By one write.
to_vfio()
{
	echo vfio >"/sys/bus/pci/devices/$1/driver_flavour" && is_bound "$1" "$2"
}

# to_native BDF [DRIVER]
to_native()
{
	echo native >"/sys/bus/pci/devices/$1/driver_flavour" && is_bound "$1" "${2-}"
}

# in_log TEXT - Does a line of the kernel log end or go on with TEXT?
in_log()
{
	dmesg | grep -qF -- "$1" || { dmesg | tail -n 5; return 1; }
}
