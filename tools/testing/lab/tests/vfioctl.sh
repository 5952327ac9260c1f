# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What vfioctl shows and does, in a machine of which lib.sh has been read. Sourced.

# says REGEX... - Did vfioctl say each of them?
says()
{
	local regex

	for regex in "$@"; do
		grep -qE -- "$regex" /tmp/said || { echo "no '$regex' in:"; cat /tmp/said; return 1; }
	done
}

# tool STATUS ARG... - Run it; what it says is kept for says().
tool()
{
	local want=$1 status=0
	shift

	timeout 60 vfioctl "$@" >/tmp/said 2>&1 || status=$?
	[ "$status" = "$want" ] || { echo "status $status:"; cat /tmp/said; return 1; }
}

# as_nobody ARG... - The same as somebody who is not root.
as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups vfioctl "$@" >/tmp/said 2>&1
}

install_vfioctl()
{
	make -s -C /src/tools/vfio O=/build/tools install
}

# listed PF VF DRIVER MIGRATES - As they stand in the list, which fits a terminal.
listed()
{
	local pf=$1 vf=$2 driver=$3 migrates=$4

	says "^DEVICE +WHAT +DRIVER +BEST +MIGRATES +GROUP$" \
		"^$pf +15b3:[0-9a-f]{4}, [0-9]+ VFs? +mlx5_core +vfio_pci +- +[0-9]+$" \
		"^$vf +VF 0 of ${pf#0000:} +$driver +mlx5_vfio_pci +$migrates +[0-9]+$" &&
		! grep -E '^.{81}' /tmp/said
}

# vfioctl_looks PF VF - A VF without a driver, seen by someone who is not root.
vfioctl_looks()
{
	local pf=$1 vf=$2

	check "list shows a VF that VFIO could have, also to who is not root" eval \
		"as_nobody list && listed $pf $vf - -"
	check "list --json can be read" eval \
		"vfioctl list --json | python3 -c '
import json, sys
r = {d[\"device\"]: d for d in json.load(sys.stdin)}[\"$vf\"]
assert r[\"pf\"] == \"$pf\" and r[\"vf\"] == 0 and r[\"best\"] == \"mlx5_vfio_pci\", r
assert r[\"driver\"] is None and not r[\"driver_migrates\"], r'"
	check "why tells the first thing to do" eval \
		"tool 1 why ${vf#0000:} && says '^FAILS  driver +it has none' \
			'QEMU says: +vfio $vf: Could not open' 'mend it: +vfioctl attach $vf' \
			'^$vf cannot migrate: 1 of these stands'"
	check "wrong usage is told" eval "tool 2 && says '^usage:' && tool 2 bind $vf &&
		says \"no command 'bind'\" && tool 2 why && tool 2 list $vf && tool 2 who"
	check "what is no device is told" eval "tool 1 why nonsense &&
		says 'not the address' && tool 1 enable 0000:7f:1f.7 && says 'no such device'"
}

# vfioctl_moves PF VF SECOND - Two VFs without a driver, whose PF's native one may have.
vfioctl_moves()
{
	local pf=$1 vf=$2 second=$3

	check "enable gives both to VFIO" eval "tool 0 enable $vf pci/$second &&
		says '^$vf: vfio, driven by mlx5_vfio_pci$' &&
		is_bound $vf mlx5_vfio_pci && is_bound $second mlx5_vfio_pci"
	check "list knows that they migrate" eval "tool 0 list && listed $pf $vf mlx5_vfio_pci yes"
	check "nothing stands against it" eval "tool 0 why $vf &&
		says '^ok +pre-copy' '^(ok|note) +pages +what the VF writes is' \
			'^$vf can migrate' && ! grep FAILS /tmp/said"
	check "who is not root is told so" eval "as_nobody why $vf &&
		says '^\\? +pre-copy +the kernel.s log is for root'"
	check "who: nobody" eval "tool 0 who $vf && says '^$vf: nobody seen from here'"
	check "somebody opens one" hold "$second"
	check "who tells the process" eval "tool 0 who $vf $second &&
		says '^$vf: nobody' '^$second: (perhaps )?python3 \\(pid $(holder)\\)'"
	check "detach of both fails, and both stay" eval "tool 1 detach $vf $second &&
		says 'in use by python3 \\(pid $(holder)\\)' &&
		is_bound $vf mlx5_vfio_pci && is_bound $second mlx5_vfio_pci"
	let_go
	check "a device that is not there: none goes" eval \
		"tool 1 detach $vf 0000:7f:1f.7 && is_bound $vf mlx5_vfio_pci"
}
