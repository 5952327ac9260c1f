# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Memory that nobody has a pointer to any more, where the kernel has kmemleak, as told
# after all modules are gone: what they forgot then counts, too. A report's trace no
# longer has their names then, hence the list of where they were.

KMEMLEAK=/sys/kernel/debug/kmemleak
MODULES_THAT_WERE=/run/modules-that-were

can_find_leaks()
{
	[ -e "$KMEMLEAK" ]
}

# remember_modules - Where they are, to be asked before they are unloaded.
remember_modules()
{
	cut -d' ' -f1,2,6 /proc/modules >>"$MODULES_THAT_WERE"
}

# find_leaks MODULE... - Prints each report whose trace has one of these modules. Fails
# if there is one, or if the kernel has stopped to keep an account. A test may unload
# modules itself, so an address where no known module was is taken for one of these.
find_leaks()
{
	# It tells of nothing that is younger than 5 s.
	sleep 6
	if ! echo scan >"$KMEMLEAK" || ! echo scan >"$KMEMLEAK"; then
		echo "kmemleak is off: $(dmesg | grep -i kmemleak | tail -n 1)"
		return 1
	fi
	python3 - "$KMEMLEAK" "$MODULES_THAT_WERE" "$@" <<-'END'
	import re, sys

	were = []
	with open(sys.argv[2]) as f:
	    for line in f:
	        name, size, at = line.split()
	        were.append((int(at, 16), int(size), name))
	ours = set(sys.argv[3:])

	def of_ours(line):
	    named = re.search(r"\[(\w+)\]$", line)
	    if named:
	        return named[1] in ours
	    bare = re.match(r"\s+(?:\[<\w+>\] )?0x(ffffffff[a-f]\w{7})$", line)
	    if not bare:
	        return False
	    names = {n for a, s, n in were if a <= int(bare[1], 16) < a + s}
	    return not names or bool(names & ours)

	with open(sys.argv[1]) as f:
	    reports = re.split(r"^(?=unreferenced object)", f.read(), flags=re.M)
	bad = [r for r in reports if any(map(of_ours, r.splitlines()))]
	print("".join(bad), end="")
	print(f"{len([r for r in reports if r])} leaks, {len(bad)} of them ours")
	sys.exit(bool(bad))
	END
}
