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

# vfioctl_states VF OTHER - The state of one VF that VFIO has, for another one.
vfioctl_states()
{
	local vf=$1 other=$2 file=/tmp/state

	rm -f "$file" "$file".*
	check "save puts a VF's state into a file" eval "tool 0 save $vf $file &&
		says '^$vf: [0-9]+ bytes saved to $file in' && [ -s $file ]"
	check "and the VF can be saved again, in JSON" eval "tool 0 save --json $vf $file.2 &&
		python3 -c '
import json
r = json.load(open(\"/tmp/said\"))
assert r[\"done\"] and r[\"bytes\"] > 100 and r[\"error\"] is None, r'"
	check "a file that is there is not written over" eval "tool 1 save $vf $file &&
		says 'cannot be made: File exists'"
	check "load gives it to another VF" eval "tool 0 load $other $file &&
		says '^$other: [0-9]+ bytes loaded from $file in' &&
		grep -qx complete /sys/bus/pci/devices/$other/migration/result"
	truncate -s -100 "$file.2"
	check "a file that is cut off is refused, and no device is touched" eval \
		"tool 1 load $other $file.2 && says 'not as long as its head says' &&
			grep -qx complete /sys/bus/pci/devices/$other/migration/result"
	# Good as a file goes, and no state that the driver takes: it lacks the end.
	python3 - "$file" "$file.3" <<'END'
import struct, sys, zlib
whole = bytearray(open(sys.argv[1], 'rb').read())[:-100]
struct.pack_into('<IQ', whole, 12, zlib.crc32(whole[64:]), len(whole) - 64)
struct.pack_into('<I', whole, 60, zlib.crc32(whole[:60]))
open(sys.argv[2], 'wb').write(whole)
END
	check "a state that the driver refuses is told" eval "tool 1 load $other $file.3 &&
		says '^$other: it (refuses the state|does not go to STOP)' \
			'^$other: it was reset, and can be used'"
	check "and the VF takes a good one" tool 0 load "$other" "$file"
	printf x | dd of="$file.3" bs=1 seek=24 conv=notrunc status=none
	check "no damage is overlooked" eval "tool 1 load $other $file.3 && says 'head is damaged'"
	check "somebody has the VF" hold "$vf"
	check "what is in use is not saved" eval "tool 1 save $vf $file.4 &&
		says '^$vf: it is in use by (perhaps )?python3 \\(pid $(holder)\\)' && ! [ -e $file.4 ]"
	let_go
	rm -f "$file" "$file".*
}

# vfioctl_watches VF - Somebody looks on while VF is saved.
vfioctl_watches()
{
	local vf=$1 watch

	check "watch does not wait for ever" eval "tool 1 watch --wait 0 $vf &&
		says 'no migration has begun'"
	vfioctl watch --json --interval 10 --wait 60 "$vf" >/tmp/watched &
	watch=$!
	# Its first line is of what was there before.
	check "watch begins" wait_for 60 [ -s /tmp/watched ]
	rm -f /tmp/watched.state
	check "it is saved" tool 0 save "$vf" /tmp/watched.state
	check "watch ends by itself, and well" wait "$watch"
	check "what it has printed is JSON, line by line" python3 -c '
import json
lines = [json.loads(line) for line in open("/tmp/watched")]
last = lines[-1]
assert last["result"] == "complete" and last["role"] == "save", last
assert last["final_bytes"] > 100 and last["device"] == "'"$vf"'", last'
	rm -f /tmp/watched.state
}

# vfioctl_compares VF OTHER - Reports of two VFs of one PF that VFIO has.
vfioctl_compares()
{
	local vf=$1 other=$2

	check "report tells what the card is" eval "vfioctl report $vf >/tmp/source &&
		vfioctl report --size $other >/tmp/destination && python3 -c '
import json
source, destination = json.load(open(\"/tmp/source\")), json.load(open(\"/tmp/destination\"))
assert source[\"device\"] == \"$vf\" and source[\"can_migrate\"], source
assert source[\"bar_bytes\"] >= 4096 and source[\"vectors\"] > 0, source
assert source[\"firmware\"] and source[\"qemu\"] and source[\"kernel\"], source
assert destination[\"state_bytes\"] is None or destination[\"state_bytes\"] > 100, destination'"
	check "two VFs of one PF fit" eval "tool 0 compat /tmp/source /tmp/destination &&
		says '^ok +firmware +[0-9.]+' 'nothing is known by which a migration fails$'"
	sed -i 's/"bar_bytes": /&1/' /tmp/destination
	check "another BAR does not" eval "tool 1 compat /tmp/source /tmp/destination &&
		says '^FAILS  BAR 0' 'a migration fails: by 1 of these'"
	check "what is no report is refused" tool 1 compat /tmp/source /proc/version
	check "plan takes a report, by which nobody tells the pages" eval \
		"tool 1 plan -m 1G -b 1G /tmp/source && says '^FAILS +it does not end' &&
			tool 0 plan -m 1G -b 1G --limit 1100 /tmp/source &&
			says '^blackout +about' '^note +pages that the VF writes to are not told'"
	rm -f /tmp/source /tmp/destination
}

# vfioctl_selftests VF - Of the programs three, as the others have tests of their own.
vfioctl_selftests()
{
	local vf=$1 dir=/tmp/programs

	mkdir -p "$dir"
	cp "$SELFTESTS/feature_test" "$SELFTESTS/region_info_test" "$dir/"
	printf '#!/bin/sh\necho 1..1; echo "not ok 1 planted"\n' >"$dir/arc_test"
	chmod +x "$dir/arc_test"
	check "selftest runs programs, and tells of one that fails" eval \
		"tool 1 selftest --programs $dir --output /tmp/report $vf &&
			says '^feature_test +passed +[1-9][0-9]* passed, 0 failed' \
				'^region_info_test +passed +[1-9]' '^arc_test +FAILED .*: planted$' \
				'^data_fd_test +not run .*: No such file' \
				'^14 of 16 programs failed; all that they said is in /tmp/report$'"
	check "the report has what they said, the device and its log" eval \
		"grep -q '\"device\": \"$vf\"' /tmp/report && grep -q '^not ok 1 planted' /tmp/report &&
			grep -q '^mlx5_vfio_pci $vf: migration:' /tmp/report"
	rm -rf "$dir" /tmp/report
}
