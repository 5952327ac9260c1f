#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vfio-flavour killed at each of its system calls that change something: either
# word then does what it would have done without that. And IOMMU groups of more
# than one device, which are taken as a whole or not at all.
#
# lab: pfs=1 vfs=1 mem=1536 release=13 kernel-root=13,12,13-backports soak=1 timeout=600
# lab-qemu-arg: -device
# lab-qemu-arg: virtio-rng-pci,addr=a
# lab-qemu-arg: -device
# lab-qemu-arg: pcie-pci-bridge,id=bridge,addr=9
# lab-qemu-arg: -device
# lab-qemu-arg: e1000,bus=bridge,addr=1
# lab-qemu-arg: -device
# lab-qemu-arg: e1000,bus=bridge,addr=2

. "$(dirname "$0")/lib.sh"

TESTS=$(dirname "$0")
PCI=/sys/bus/pci/devices
RNG=0000:00:0a.0
BRIDGE=0000:00:09.0
MODULES=/lib/modules/$(uname -r)
ALIASES=$MODULES/modules.alias
# So killat says that it has killed.
KILLED=200

# driver BDF / override BDF - Into DRIVER, OVERRIDE. Programs are dear in this
# machine, and this is asked often: nothing here starts one.
driver()
{
	local d

	DRIVER=
	for d in virtio-pci vfio-pci mlx5_vfio_pci mlx5_core; do
		[ ! "$PCI/$1/driver" -ef "/sys/bus/pci/drivers/$d" ] || DRIVER=$d
	done
}

override()
{
	read -r OVERRIDE <"$PCI/$1/driver_override"
}

# outcome BDF WORD - Do it; OUTCOME is its status, the driver, the override, and
# whether a user can open the device.
outcome()
{
	local status=0 open=closed

	vfio-flavour "$1" "$2" >/tmp/said 2>&1 || status=$?
	driver "$1"
	override "$1"
	case $DRIVER in
	*vfio*)	! vfioopen "$1" 2>/dev/null || open=open ;;
	esac
	OUTCOME="$status $DRIVER $OVERRIDE $open"
}

# sweep BDF START WORD POINTS - From where the function START brings the device,
# kill WORD at each point, then try both words: the outcome is that of a run
# that had never begun, or of one that had come to its end, or (native) it is
# NATIVE. There are POINTS or more, so that the sweep has seen some. THEN is
# run between the kill and the word after it.
sweep()
{
	local bdf=$1 start=$2 word=$3 least=$4 native=${5-} then=${6-:} n next status failed=0
	local begin=$SECONDS
	local -A never ended

	for next in vfio native; do
		"$start" && "$then" || return 1
		outcome "$bdf" "$next"
		never[$next]=$OUTCOME
		"$start" || return 1
		outcome "$bdf" "$word"
		"$then"
		outcome "$bdf" "$next"
		ended[$next]=$OUTCOME
	done
	for ((n = 1; ; n++)); do
		for next in vfio native; do
			"$start" || return 1
			status=0
			killat "$n" vfio-flavour "$bdf" "$word" >/tmp/killed 2>&1 || status=$?
			[ "$status" = "$KILLED" ] || break 2
			driver "$bdf"
			override "$bdf"
			"$then"
			outcome "$bdf" "$next"
			[ "$OUTCOME" != "${never[$next]}" ] || continue
			[ "$OUTCOME" != "${ended[$next]}" ] || continue
			[ "$next" != native ] || [ "$OUTCOME" != "$native" ] || continue
			failed=1
			echo "killed at change $n; $next then gives '$OUTCOME', not" \
				"'${never[$next]}' or '${ended[$next]}'"
			cat /tmp/said
		done
	done
	[ "$n" -gt "$least" ] || { echo "only $((n - 1)) points"; failed=1; }
	echo "# $((n - 1)) points, $((SECONDS - begin)) s" >&3
	return "$failed"
}
exec 3>&1

# bring BDF DRIVER OVERRIDE - By hand, from wherever it is.
bring()
{
	driver "$1"
	if [ "$DRIVER" != "$2" ]; then
		[ -z "$DRIVER" ] || echo "$1" >"$PCI/$1/driver/unbind"
		echo "$2" >"$PCI/$1/driver_override"
		[ -z "$2" ] || echo "$1" >/sys/bus/pci/drivers_probe
		driver "$1"
		[ "$DRIVER" = "$2" ] || { echo "'$DRIVER', not $2"; return 1; }
	fi
	echo "$3" >"$PCI/$1/driver_override"
}

rng_native()
{
	bring "$RNG" virtio-pci ''
}

rng_by_hand()
{
	bring "$RNG" virtio-pci vfio-pci
}

rng_vfio()
{
	rng_native && vfio-flavour "$RNG" vfio >/dev/null
}

# The driver that somebody has named refuses the device, each time.
rng_named_refuses()
{
	bring "$RNG" virtio-pci mlx5_vfio_pci
}

# A dry run that fails, for want of all modules, must not take anything for done.
failing_dry_run()
{
	local status=0

	mount -t tmpfs none "$MODULES"
	vfio-flavour --dry-run "$RNG" vfio >/tmp/said 2>&1 || status=$?
	umount "$MODULES"
	[ "$status" = 1 ] || { echo "the dry run did not fail:"; cat /tmp/said; return 1; }
}

# By an id in the driver's list, as vfio-pci.ids= does.
rng_by_id()
{
	bring "$RNG" vfio-pci ''
}

vf_other()
{
	bring "$vf" vfio-pci ''
}

vf_wanted()
{
	bring "$vf" vfio-pci mlx5_vfio_pci
}

check "vfio-flavour and the helpers are built" eval \
	"make -s -C /src/tools/vfio O=/build/tools install &&
		cc -O1 -Wall -Wextra -Werror -o /usr/local/bin/killat '$TESTS/killat.c' &&
		cc -O1 -Wall -Wextra -Werror -o /usr/local/bin/vfioopen '$TESTS/vfioopen.c'"
check "VFIO and the native drivers are there" modprobe -a mlx5_vfio_pci vfio-pci \
	vfio_iommu_type1 e1000
pf=$(pf 0)
check "a VF, without a driver" eval 'wait_for 60 is_bound "$pf" mlx5_core && make_vfs "$pf" 1'
vf=$(vf "$pf" 0)

# A driver that refuses the device, and one that takes it again.
cp "$ALIASES" /tmp/modules.alias
refusing()
{
	echo 'alias vfio_pci:v00001AF4d*sv*sd*bc00sc*i* mlx5_vfio_pci' >>"$ALIASES"
}

obliging()
{
	cp /tmp/modules.alias "$ALIASES"
}

rng_refused()
{
	rng_native && refusing
}

check "killed on the way to VFIO, or while it is undone as the driver refuses" \
	sweep "$RNG" rng_refused vfio 10 '' obliging
obliging
check "killed on the way back" sweep "$RNG" rng_vfio native 4
check "killed on the way to a driver by hand that refuses the device; a dry run fails after it" \
	sweep "$RNG" rng_named_refuses vfio 8 '' failing_dry_run

# The rest takes minutes, and it is the same program: not where it is run every time.
if [[ $(uname -r) != 6.12.* ]]; then
	check "killed on the way to the driver that somebody has named" \
		sweep "$RNG" rng_by_hand vfio 3 "0 virtio-pci vfio-pci closed"
	check "killed on the way from one VFIO driver to a better one" \
		sweep "$vf" vf_other vfio 4
	check "killed on the way from one VFIO driver to the one named" \
		sweep "$vf" vf_wanted vfio 3 "0  mlx5_vfio_pci closed"
	refusing
	check "killed while a driver refuses the device, and goes on to do so" \
		sweep "$RNG" rng_native vfio 6
	obliging
	rng_id=$(cat "$PCI/$RNG/vendor" "$PCI/$RNG/device" | tr '\n' ' ')
	echo "$rng_id" >/sys/bus/pci/drivers/vfio-pci/new_id
	check "killed on the way from a driver that has the device in its list" \
		sweep "$RNG" rng_by_id native 4
	echo "$rng_id" >/sys/bus/pci/drivers/vfio-pci/remove_id
fi

# A group of a bridge and two cards.
flavour()
{
	vfio-flavour "$@" >/tmp/said 2>&1
}

says()
{
	local regex

	for regex in "$@"; do
		grep -qE -- "$regex" /tmp/said ||
			{ echo "no '$regex' in:"; cat /tmp/said; return 1; }
	done
}

# drivers_are A B - Of the two cards.
drivers_are()
{
	is_bound "$first" "$1" && is_bound "$second" "$2"
}

cards=("$PCI/$BRIDGE"/0000:*)
first=${cards[0]##*/} second=${cards[1]##*/}
bridge_driver=$(driver_of "$BRIDGE")
group=$(basename "$(readlink "$PCI/$first/iommu_group")")

one_of_two()
{
	flavour "$first" vfio && says "$second \(e1000\) of the same IOMMU group keeps users out" \
		"vfio-flavour --group $first vfio" && ! vfioopen "$first" 2>/dev/null
}
check "the sibling that is in the way is told" one_of_two

whole()
{
	flavour --group "$second" vfio && drivers_are vfio-pci vfio-pci && vfioopen "$first" &&
		vfioopen "$second" && says "^$first: vfio, driven by vfio-pci \(as before\)" \
		"^$second: vfio, driven by vfio-pci$" && is_bound "$BRIDGE" "$bridge_driver"
}
check "--group takes what is left, and the bridge stays" whole

group_json()
{
	vfio-flavour --json --group "$first" | python3 -c '
import json, sys
print(sorted(r["device"] for r in json.load(sys.stdin)))' | grep -F "$BRIDGE', '$first', '$second"
}
check "--json tells of each" group_json

group_busy()
{
	exec 5<>"/dev/vfio/$group"
	! flavour --group "$first" native && drivers_are vfio-pci vfio-pci &&
		says 'in use by .*\(pid [0-9]*\)'
}
check "a group that is in use stays as it is" group_busy
exec 5>&-
check "--group gives all back" eval \
	'flavour --group "$first" native && drivers_are e1000 e1000'

not_wanted()
{
	echo pci-stub >"$PCI/$second/driver_override"
	! flavour --group "$first" vfio && drivers_are e1000 e1000 &&
		says "^$second: .*pci-stub, which is no VFIO driver" "^$first: native, .*as before"
}
check "one that cannot go: none goes" not_wanted

rolled_back()
{
	echo mlx5_vfio_pci >"$PCI/$second/driver_override"
	! flavour -v --group "$first" vfio && drivers_are e1000 e1000 &&
		says "^$second: mlx5_vfio_pci refuses it" "^$first: goes back" &&
		override "$first" && [ "$OVERRIDE" = "(null)" ] &&
		override "$second" && [ "$OVERRIDE" = mlx5_vfio_pci ]
}
check "one that is refused: all go back" rolled_back
echo >"$PCI/$second/driver_override"
echo 0 >"$PCI/$pf/sriov_numvfs"

# From here on by the kernel's attribute, where its rule is the one that counts.
kept()
{
	rng_vfio && modprobe driver_flavour && flavour "$RNG" vfio && says 'as before' &&
		rng_is vfio-pci vfio-pci && flavour "$RNG" native && rng_is virtio-pci '(null)'
}

# rng_is DRIVER OVERRIDE
rng_is()
{
	driver "$RNG"
	override "$RNG"
	[ "$DRIVER $OVERRIDE" = "$1 $2" ] || { echo "it has '$DRIVER $OVERRIDE'"; return 1; }
}
check "with driver_flavour, vfio leaves what a run before it had brought, and native ends it" kept

rolled_back_by_kernel()
{
	unbind "$first"
	echo mlx5_vfio_pci >"$PCI/$second/driver_override"
	! flavour -v --group "$first" vfio && drivers_are '' e1000 &&
		says "^$first: goes back" "^$second: the kernel refuses" &&
		override "$first" && [ "$OVERRIDE" = "(null)" ]
}
check "one of a group is refused: the others are as before, also without a driver" \
	rolled_back_by_kernel
echo >"$PCI/$second/driver_override"

no_fallback()
{
	echo 'alias vfio_pci:v00001AF4d*sv*sd*bc00sc*i* no_such_vfio_pci' >>"$ALIASES"
	! flavour --fallback "$RNG" vfio && says 'no_such_vfio_pci cannot be loaded' &&
		rng_is virtio-pci '(null)' && ! says 'next best' >/dev/null
}
check "--fallback does nothing, and does not say that it does" no_fallback
obliging

no_blacklist()
{
	refusing
	echo 'blacklist mlx5_vfio_pci' >/etc/modprobe.d/lab.conf
	flavour --dry-run "$RNG" vfio && says 'would be driven by mlx5_vfio_pci'
}
check "--dry-run chooses what is blacklisted, as the kernel does" no_blacklist
rm /etc/modprobe.d/lab.conf
obliging
finish
